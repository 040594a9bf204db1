import test from 'ava';
import { createRecordingProgress } from '../../src/control/recording-progress.ts';
import type { RecordingProgress } from '../../src/control/recording-progress.ts';
import type { FragmentReport, VolumeState } from '../../src/wire/media-protocol.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { forSeeds } from '../support/seeded-random.ts';

const MAIN = { cameraId: 'cam-door', stream: 'main' } as const;

/** Of a report, what is looked at here. */
function write(progress: RecordingProgress, start: number, end: number, more: Partial<FragmentReport> = {}): void {
  const fragment = { ...MAIN, start, end, continuous: true, ...more } as FragmentReport;
  progress.push({ kind: 'fragments-written', at: end, fragments: [fragment] });
}

test('a run begins with its first fragment and ends with its newest durable one', async (t) => {
  const clock = createFakeClock();
  const progress = createRecordingProgress(clock);
  t.is(progress.runOf(MAIN), undefined);
  write(progress, 1000, 2000, { continuous: false });
  await clock.advance(400);
  write(progress, 2000, 3000);
  await clock.advance(150);
  t.deepEqual(progress.runOf(MAIN), { since: 1000, until: 3000, idleMs: 150 });
  t.is(progress.runOf({ ...MAIN, stream: 'sub' }), undefined);
});

test('a hole begins a new run; jitter between two connections does not', (t) => {
  const progress = createRecordingProgress(createFakeClock());
  write(progress, 1000, 2000);
  write(progress, 2020, 3000, { continuous: false });
  t.like(progress.runOf(MAIN), { since: 1000 });
  write(progress, 3500, 4000, { continuous: false });
  t.like(progress.runOf(MAIN), { since: 3500, until: 4000 });
});

test('another media process begins runs anew: nothing of the old one is vouched for', (t) => {
  const progress = createRecordingProgress(createFakeClock());
  write(progress, 1000, 2000);
  progress.restarted();
  t.is(progress.runOf(MAIN), undefined);
  write(progress, 2000, 3000);
  t.like(progress.runOf(MAIN), { since: 2000 });
});

test('what a keep-alive says of a stream: recording, waiting, or failed with its cause', (t) => {
  const progress = createRecordingProgress(createFakeClock());
  const failed = { kind: 'failed', cause: 'camera-unreachable', message: 'no answer', retryAt: 1 } as const;
  t.like(progress.progressOf(MAIN, undefined), { state: 'waiting', cause: undefined, durableUntil: undefined });
  t.like(progress.progressOf(MAIN, { kind: 'starting' }), { state: 'waiting', idleMs: undefined });
  t.like(progress.progressOf(MAIN, failed), { state: 'failed', cause: 'camera-unreachable' });
  write(progress, 1000, 2000);
  t.like(progress.progressOf(MAIN, { kind: 'recording' }), {
    ...MAIN,
    state: 'recording',
    durableUntil: 2000,
    idleMs: 0,
  });
});

test('a stream whose disk hangs fails for others until it writes again; on another disk it goes on', (t) => {
  const progress = createRecordingProgress(createFakeClock());
  const recording = { kind: 'recording' } as const;
  const wait = (waiting: boolean): boolean =>
    progress.push({ kind: 'volume-waiting', at: 1, volumeId: 'vol-1', waiting });
  write(progress, 1000, 2000, { volumeId: 'vol-1' });
  write(progress, 1000, 2000, { volumeId: 'vol-2', stream: 'sub' });
  t.true(wait(true), 'to be told at once');
  t.false(wait(true), 'once');
  t.like(progress.progressOf(MAIN, recording), { state: 'failed', cause: 'volume-error', durableUntil: 2000 });
  t.like(progress.progressOf({ ...MAIN, stream: 'sub' }, recording), { state: 'recording', cause: undefined });
  t.is(progress.troubleOf('vol-1'), 'volume-error');
  const off = { kind: 'failed', cause: 'camera-unreachable', message: '', retryAt: 1 } as const;
  t.like(progress.progressOf(MAIN, off), { cause: 'camera-unreachable' }, 'no fault of the server');
  write(progress, 2000, 3000, { volumeId: 'vol-2' });
  t.like(progress.progressOf(MAIN, recording), { state: 'recording' });
  write(progress, 3000, 4000, { volumeId: 'vol-1' });
  t.false(wait(false));
  t.like(progress.progressOf(MAIN, recording), { state: 'recording', cause: undefined });
  t.is(progress.troubleOf('vol-1'), undefined);
});

test('that a volume cannot be used is worth telling at once, and once', (t) => {
  const progress = createRecordingProgress(createFakeClock());
  const say = (state: VolumeState): boolean => progress.push({ kind: 'volume-state', at: 1, volumeId: 'vol-1', state });
  const usable: VolumeState = { kind: 'usable', freeBytes: 1, totalBytes: 2, directIo: true };
  const full: VolumeState = { kind: 'unusable', cause: 'volume-full', message: '', freeBytes: 1, totalBytes: 2 };
  t.false(say(usable));
  t.true(say(full));
  t.false(say({ ...full, freeBytes: 0 }));
  t.is(progress.troubleOf('vol-1'), 'volume-full');
  t.true(say({ ...full, cause: 'volume-gone' }));
  t.false(say(usable));
  t.is(progress.troubleOf('vol-1'), undefined);
  say(full);
  progress.restarted();
  t.is(progress.troubleOf('vol-1'), undefined, 'another media process tells it anew');
});

test('other events of media change nothing', (t) => {
  const progress = createRecordingProgress(createFakeClock());
  progress.push({ kind: 'gap-opened', ...MAIN, start: 1, cause: 'camera-unreachable', detail: '' });
  t.is(progress.runOf(MAIN), undefined);
});

test('of any fragments a run holds no hole larger than jitter', (t) => {
  forSeeds(100, (random, seed) => {
    const progress = createRecordingProgress(createFakeClock());
    let at = 0;
    let since = 0;
    for (let turn = 0; turn < 60; turn += 1) {
      const hole = turn === 0 || random.chance(0.3) ? random.int(0, 200) : 0;
      const start = at + hole;
      if (turn === 0 || hole > 30) since = start;
      at = start + random.int(100, 2000);
      write(progress, start, at, { continuous: hole === 0 && turn > 0 });
      const { since: told, until } = progress.runOf(MAIN) ?? { since: -1, until: -1 };
      t.deepEqual([told, until], [since, at], `seed ${seed}`);
    }
  });
});

test('a volume that fails stops a stream only when no other one takes its place', async (t) => {
  const clock = createFakeClock();
  const progress = createRecordingProgress(clock);
  write(progress, 1000, 2000, { volumeId: 'vol-1' });
  const state = { kind: 'unusable', cause: 'volume-full', message: '', freeBytes: 0, totalBytes: 1 } as const;
  progress.push({ kind: 'volume-state', at: 2000, volumeId: 'vol-1', state });
  t.is(progress.lostFor(MAIN), undefined, 'it may go on elsewhere');
  await clock.advance(1200);
  t.is(progress.lostFor(MAIN), 'volume-full');
  const begun = clock.monotonic();
  t.is(progress.lostFor(MAIN, begun), undefined, 'recorded anew since then: it may go elsewhere');
  await clock.advance(1200);
  t.is(progress.lostFor(MAIN, begun), 'volume-full');
  write(progress, 2000, 3000, { volumeId: 'vol-2' });
  await clock.advance(1200);
  t.is(progress.lostFor(MAIN), undefined);
});
