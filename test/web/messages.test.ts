/** Every message exists in every language with the same places to fill, and every message that is asked for exists. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { MISSING_CAUSES } from '../../src/ledger/causes.ts';
import { de } from '../../web/src/messages/de.ts';
import { en } from '../../web/src/messages/en.ts';
import { roomWords } from '../../web/src/messages/messages.ts';

const SOURCES = join(import.meta.dirname, '../../web/src');
const places = (text: string): string =>
  [...text.matchAll(/\{\w+\}/g)]
    .map(([place]) => place)
    .sort()
    .join();

test('German says what English says', (t) => {
  t.deepEqual(Object.keys(de), Object.keys(en));
  for (const [key, text] of Object.entries(en)) t.is(places(de[key as keyof typeof en]), places(text), key);
});

const ROOMS = readdirSync(join(SOURCES, 'messages'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
for (const { name } of ROOMS) {
  test(`German says what English says in the room ${name}`, async (t) => {
    const words = async (language: string): Promise<Readonly<Record<string, string>>> => {
      const module = (await import(join(SOURCES, 'messages', name, `${language}.ts`))) as Record<string, unknown>;
      return module[language] as Readonly<Record<string, string>>;
    };
    const [english, german] = [await words('en'), await words('de')];
    t.deepEqual(Object.keys(german), Object.keys(english));
    for (const [key, text] of Object.entries(english)) t.is(places(german[key] ?? ''), places(text), key);
  });
}

test('every cause of missing footage has its words', (t) => {
  t.deepEqual(
    MISSING_CAUSES.filter((cause) => !(`cause.${cause}` in en)),
    [],
  );
});

test('a code without words, as a box of a later release may tell, stands for itself', (t) => {
  const room = roomWords({ 'reason.silent': 'silent' }, async () => ({ 'reason.silent': 'still' }));
  const told = (reason: string): string => room.t(`reason.${reason}` as 'reason.silent');
  t.is(told('silent'), 'silent');
  t.is(told('sun-spots'), 'sun-spots');
});

test('no page says a text of its own', (t) => {
  const pages = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.tsx'));
  const spoken = pages.flatMap((name) =>
    [
      ...readFileSync(join(SOURCES, name), 'utf8').matchAll(
        /(?:aria-label|title|placeholder|alt|label)="([^"{]*[a-z]{3}[^"]*)"/g,
      ),
    ].map(([whole]) => `${name}: ${whole}`),
  );
  t.deepEqual(
    spoken.filter((entry) => !/Understudy|rtsp:/.test(entry)),
    [],
  );
});
