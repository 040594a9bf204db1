import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { MEDIA_HEAD_START_MS, forgetMedia, mediaHasBegun } from '../../src/supervisor/media-first.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { tempDir } from '../support/temp-dir.ts';

const never = (): boolean => false;

test('control waits until media has begun, and no longer', async (t) => {
  const dataDir = await tempDir(t, 'media-first');
  await mkdir(join(dataDir, 'run'));
  const clock = createFakeClock();
  let begun = false;
  const waiting = mediaHasBegun(dataDir, clock, never).then(() => (begun = true));
  await clock.advance(300);
  t.false(begun);
  await writeFile(join(dataDir, 'run', 'media.sock'), '');
  await clock.advance(10);
  await waiting;
  t.true(begun);
});

test('of media that does not come control is not kept from starting', async (t) => {
  const clock = createFakeClock();
  let begun = false;
  const waiting = mediaHasBegun(await tempDir(t, 'media-first'), clock, never).then(() => (begun = true));
  await clock.advance(MEDIA_HEAD_START_MS - 10);
  t.false(begun);
  await clock.advance(10);
  await waiting;
  t.pass();
});

test('a service that is stopped meanwhile waits for nothing', async (t) => {
  const clock = createFakeClock();
  await mediaHasBegun(await tempDir(t, 'media-first'), clock, () => true);
  t.is(clock.pendingTimers(), 0);
});

test('the socket of a killed process is not taken for the new one', async (t) => {
  const dataDir = await tempDir(t, 'media-first');
  forgetMedia(dataDir);
  await mkdir(join(dataDir, 'run'));
  await writeFile(join(dataDir, 'run', 'media.sock'), '');
  forgetMedia(dataDir);
  t.false(existsSync(join(dataDir, 'run', 'media.sock')));
});
