/** Browser tests ask a page until it shows what it shall (browser/shows.ts): one look races with the page, and fails once in a thousand runs. */
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import test from 'ava';

const ROOM = resolve(import.meta.dirname, 'browser');
const READS =
  'count|getAttribute|textContent|innerText|allTextContents|allInnerTexts|inputValue|isVisible|isHidden|isChecked|isDisabled|isEnabled|boundingBox';
const ONE_LOOK = new RegExp(String.raw`\bt\.\w+\(\s*\(*await [^;]*?\.(?:${READS})\(`, 'g');

test('no assertion takes one look at a page', (t) => {
  const files = readdirSync(ROOM).filter((name) => name.endsWith('.ts'));
  t.true(files.length > 20);
  const looks = files.flatMap((name) => {
    const source = readFileSync(resolve(ROOM, name), 'utf8');
    return [...source.matchAll(ONE_LOOK)].map(({ index }) => `${name}:${source.slice(0, index).split('\n').length}`);
  });
  t.deepEqual(looks, []);
});
