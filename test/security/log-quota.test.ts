/** Security row 24: what strangers can put into the log of events is bounded in number, in size, and in what it pushes out. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { createSignInGuard, MAX_TRACKED } from '../../src/api/sign-in-guard.ts';
import { CATALOGUE_FILE, openCatalogue } from '../../src/archive/catalogue.ts';
import { epochMs, monotonicMs } from '../../src/core/units.ts';
import { tempDir } from '../support/temp-dir.ts';

const TRIES = 1_000_000;

test('24: of a million wrong sign-ins from one network in three hours few are heard and booked', (t) => {
  let now = 0;
  const guard = createSignInGuard({ monotonic: () => monotonicMs(now) });
  let heard = 0;
  for (let index = 0; index < TRIES; index += 1) {
    if (guard.begin(`user-${index}`, '192.168.1.66') === 0) heard += 1;
    now += 10;
  }
  t.true(heard <= 100, `${heard}`);
  t.true(guard.tracked() <= MAX_TRACKED);
});

test('24: wrong sign-ins from everywhere take bounded memory', (t) => {
  const guard = createSignInGuard({ monotonic: () => monotonicMs(0) });
  for (let index = 0; index < TRIES / 5; index += 1)
    guard.begin(`user-${index}`, `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`);
  t.true(guard.tracked() <= MAX_TRACKED, `${guard.tracked()}`);
});

test('24: the log of events keeps its newest rows, and its file does not grow with what is trimmed', async (t) => {
  const folder = await tempDir(t, 'log');
  const catalogue = openCatalogue(folder, epochMs(0));
  t.teardown(() => catalogue.close());
  const message = 'A sign-in from 192.168.1.66 failed.';
  const [rounds, rows, kept] = [6, 20_000, 5000];
  const sizes: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    catalogue.transaction(() => {
      for (let index = 0; index < rows; index += 1) {
        const at = epochMs(round * rows + index);
        const more = { cameraId: undefined, volumeId: undefined, user: 'x'.repeat(64) };
        catalogue.log.add({ at, severity: 'warning', code: 'sign-in-failed', message, ...more });
      }
    });
    catalogue.log.trim(kept, epochMs(0));
    sizes.push(statSync(join(folder, CATALOGUE_FILE)).size);
  }
  const page = catalogue.log.find({ limit: 10_000 });
  t.is(page.length, kept);
  t.is(page[0]?.at, rounds * rows - 1, 'the newest are kept');
  t.true((sizes.at(-1) ?? 0) <= (sizes[1] ?? 0) * 1.25, sizes.join(' '));
});
