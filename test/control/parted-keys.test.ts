import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { MAX_PARTED, openPartedKeys } from '../../src/control/parted-keys.ts';
import { silentLog } from '../../src/core/log.ts';
import { tempDir } from '../support/temp-dir.ts';

const key = (number: number): string => number.toString(16).padStart(64, '0');

test('who was deauthorized is known after a restart; of too many the newest', async (t) => {
  const dir = await tempDir(t, 'parted');
  const keys = openPartedKeys(dir, silentLog);
  for (let number = 0; number <= MAX_PARTED; number += 1) keys.add(key(number));
  keys.add(key(1));
  const again = openPartedKeys(dir, silentLog);
  t.false(again.has(key(0)));
  t.true(again.has(key(1)));
  t.true(again.has(key(MAX_PARTED)));
  t.is(
    (JSON.parse(readFileSync(join(dir, 'deauthorized.json'), 'utf8')) as { fingerprints: string[] }).fingerprints
      .length,
    MAX_PARTED,
  );
});

test('a file that cannot be read, or not be written, stops nothing', async (t) => {
  const dir = await tempDir(t, 'parted');
  writeFileSync(join(dir, 'deauthorized.json'), '{"fingerprints":["short"]}');
  const keys = openPartedKeys(dir, silentLog);
  t.false(keys.has(key(1)));
  const away = openPartedKeys(join(dir, 'not-there'), silentLog);
  t.notThrows(() => away.add(key(1)));
  t.true(away.has(key(1)));
});
