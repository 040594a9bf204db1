import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { openRunCounter } from '../../src/recorder/run-counter.ts';
import { createRandom } from '../support/seeded-random.ts';
import { tempDir } from '../support/temp-dir.ts';

test('no number comes twice, wherever a kill came between writing and renaming', async (t) => {
  const path = join(await tempDir(t), 'run', 'media-starts');
  const random = createRandom(1);
  const seen = new Set<number>();
  let last = 0;
  for (let start = 0; start < 60; start += 1) {
    const before = existsSync(path) ? readFileSync(path) : undefined;
    const sequence = openRunCounter(path);
    const given = random.int(0, 5);
    // Killed before the rename: the file is as it was, the new one lies beside it, whole or cut short. No number was given then.
    if (before !== undefined && given === 0 && random.chance(0.5)) {
      writeFileSync(`${path}.new`, readFileSync(path).subarray(0, random.int(0, 3)));
      writeFileSync(path, before);
    }
    for (let count = 0; count < given; count += 1) {
      const next = sequence.next();
      t.true(next > last && !seen.has(next) && Number.isSafeInteger(next));
      seen.add(next);
      last = next;
    }
  }
});

for (const text of ['', '12', 'x\n', '-1\n', '12345678\n', '1\n2\n', '\0\0\0'])
  test(`a damaged counter is refused with what to do: ${JSON.stringify(text)}`, async (t) => {
    const path = join(await tempDir(t), 'media-starts');
    writeFileSync(path, text);
    t.throws(() => openRunCounter(path), { code: 'recorder/run-counter', message: /Write a number/ });
    t.is(readFileSync(path, 'utf8'), text);
  });

test('the last possible start is refused instead of losing exactness', async (t) => {
  const path = join(await tempDir(t), 'media-starts');
  writeFileSync(path, `${2 ** 21 - 2}\n`);
  t.true(Number.isSafeInteger(openRunCounter(path).next() + 2 ** 32 - 2));
  t.throws(() => openRunCounter(path), { code: 'recorder/run-counter' });
});
