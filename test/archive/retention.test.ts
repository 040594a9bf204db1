import test from 'ava';
import { ageBudgetOf, CLOCK_PROBATION, forecastDays, headroomOf, planRetention } from '../../src/archive/retention.ts';
import type { CameraRetention, RetentionCandidate, RetentionInput } from '../../src/archive/retention.ts';
import { forSeeds } from '../support/seeded-random.ts';

const DAY = 86_400_000;
const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 10, 21);

const segment = (
  camera: number,
  sequence: number,
  start: number,
  more: Partial<RetentionCandidate> = {},
): RetentionCandidate => ({
  cameraId: `cam-${camera}`,
  stream: 'main',
  volumeId: 'vol-1',
  path: `cam-${camera}/${sequence}`,
  start,
  end: start + HOUR,
  bytes: 100,
  firstSequence: sequence,
  ...more,
});
const input = (candidates: readonly RetentionCandidate[], more: Partial<RetentionInput> = {}): RetentionInput => ({
  now: NOW,
  candidates,
  cameras: new Map(),
  volumes: new Map([['vol-1', { freeBytes: 1e9, reserveBytes: 0, headroomBytes: 0 }]]),
  ageBudgetMs: Infinity,
  ...more,
});
const camera = (maxDays: number | undefined, maxBytes?: number, bytes = 0): CameraRetention => ({
  maxDays,
  maxBytes,
  bytes,
});
const plan = (given: RetentionInput): readonly string[] =>
  planRetention(given).map(({ segment: { path }, reason }) => `${path} ${reason}`);

test('footage older than a camera keeps goes, the rest stays', (t) => {
  const candidates = [segment(1, 1, NOW - 9 * DAY), segment(1, 2, NOW - 6 * DAY), segment(2, 1, NOW - 90 * DAY)];
  t.deepEqual(plan(input(candidates, { cameras: new Map([['cam-1', camera(7)]]) })), ['cam-1/1 age']);
});

test('a camera above its size loses its oldest, over both streams', (t) => {
  const candidates = [
    segment(1, 1, NOW - 3 * DAY, { stream: 'sub', path: 'sub' }),
    segment(1, 1, NOW - 4 * DAY),
    segment(1, 2, NOW - 2 * DAY),
  ];
  t.deepEqual(plan(input(candidates, { cameras: new Map([['cam-1', camera(undefined, 150, 300)]]) })), [
    'cam-1/1 size',
    'sub size',
  ]);
});

test('a volume short of space loses its oldest over all cameras until the headroom is free', (t) => {
  const candidates = [segment(1, 1, NOW - 3 * DAY), segment(2, 1, NOW - 4 * DAY), segment(1, 2, NOW - 1 * DAY)];
  const volumes = new Map([['vol-1', { freeBytes: 60, reserveBytes: 100, headroomBytes: 150 }]]);
  t.deepEqual(plan(input(candidates, { volumes })), ['cam-2/1 space', 'cam-1/1 space']);
});

test('what goes for its age counts for size and space', (t) => {
  const candidates = [segment(1, 1, NOW - 9 * DAY), segment(1, 2, NOW - 1 * DAY)];
  const volumes = new Map([['vol-1', { freeBytes: 0, reserveBytes: 100, headroomBytes: 0 }]]);
  t.deepEqual(plan(input(candidates, { volumes, cameras: new Map([['cam-1', camera(7, 150, 200)]]) })), [
    'cam-1/1 age',
  ]);
});

test('a volume that is not there keeps what it has', (t) => {
  const candidates = [segment(1, 1, NOW - 99 * DAY, { volumeId: 'gone' })];
  t.deepEqual(plan(input(candidates, { cameras: new Map([['cam-1', camera(1, 0, 1e9)]]) })), []);
});

test('footage dated in the future is not deleted for its age, and goes in its turn for space', (t) => {
  const candidates = [
    segment(1, 1, NOW - 2 * DAY),
    segment(1, 2, NOW + 900 * DAY),
    segment(1, 3, NOW - 1 * DAY),
    segment(2, 1, NOW - HOUR * 30),
  ];
  t.deepEqual(plan(input(candidates, { cameras: new Map([['cam-1', camera(30)]]) })), []);
  const volumes = new Map([['vol-1', { freeBytes: 0, reserveBytes: 300, headroomBytes: 0 }]]);
  t.deepEqual(plan(input(candidates, { volumes })), ['cam-1/1 space', 'cam-2/1 space', 'cam-1/2 space']);
});

test('footage recorded while the clock was decades back is as old as what was recorded before it', (t) => {
  const candidates = [segment(1, 1, NOW - 1 * DAY), segment(1, 2, 1000), segment(1, 3, NOW - HOUR)];
  t.deepEqual(plan(input(candidates, { cameras: new Map([['cam-1', camera(7)]]) })), []);
});

test('after the clock was set back, footage goes in the order it was recorded', (t) => {
  const candidates = [segment(1, 1, NOW - 3 * HOUR), segment(1, 2, NOW - 9 * HOUR), segment(1, 3, NOW - 8 * HOUR)];
  const volumes = new Map([['vol-1', { freeBytes: 0, reserveBytes: 150, headroomBytes: 0 }]]);
  t.deepEqual(plan(input(candidates, { volumes })), ['cam-1/1 space', 'cam-1/2 space']);
});

test('a clock that jumped a year ahead costs at most eight times real time in the first day', (t) => {
  const candidates = Array.from({ length: 200 }, (_, index) => segment(1, index, NOW - (400 - index) * HOUR));
  const round = (steadyMs: number): number =>
    plan(
      input(candidates, {
        now: NOW + 365 * DAY,
        cameras: new Map([['cam-1', camera(30)]]),
        ageBudgetMs: ageBudgetOf(steadyMs, HOUR),
      }),
    ).length;
  t.is(round(0), 8);
  t.is(round(CLOCK_PROBATION - 1), 8);
  t.is(round(CLOCK_PROBATION), 200);
});

test('the headroom follows the rate within its bounds', (t) => {
  t.is(headroomOf(0, 1e12), 256 * 1024 * 1024);
  t.is(headroomOf(100e6, 1e12), 12e9);
  t.is(headroomOf(100e6, 1e9), 1e8);
});

test('the forecast counts what is used and what is free above the reserve', (t) => {
  const room = { freeBytes: 700, reserveBytes: 100, headroomBytes: 100 };
  t.is(forecastDays(500, room, 100), 10);
  t.is(forecastDays(500, room, 0), undefined);
  t.is(forecastDays(0, { ...room, freeBytes: 0 }, 10), 0);
});

test('whatever the clock did: nothing twice, no more than needed, in order of recording', (t) => {
  forSeeds(300, (random) => {
    const candidates = Array.from({ length: random.int(0, 40) }, (_, index) =>
      segment(random.int(1, 3), index, NOW + random.int(-40 * DAY, 5 * DAY), {
        bytes: random.int(1, 100),
        volumeId: random.pick(['vol-1', 'vol-2', 'gone']),
        path: `${index}`,
      }),
    );
    const volumes = new Map(
      ['vol-1', 'vol-2'].map((id) => [id, { freeBytes: random.int(0, 300), reserveBytes: 100, headroomBytes: 100 }]),
    );
    const cameras = new Map([['cam-1', camera(random.int(1, 30), random.int(0, 500), 600)]]);
    const deletions = planRetention(input(candidates, { volumes, cameras }));
    const gone = new Set(deletions.map((deletion) => deletion.segment));
    t.is(gone.size, deletions.length);
    t.false([...gone].some(({ volumeId }) => volumeId === 'gone'));
    t.false(deletions.some((deletion) => deletion.reason === 'age' && deletion.segment.start > NOW));
    for (const [volumeId, room] of volumes) {
      const spaced = deletions.filter(({ segment: each, reason }) => each.volumeId === volumeId && reason === 'space');
      const freed = [...gone].filter((each) => each.volumeId === volumeId).reduce((sum, { bytes }) => sum + bytes, 0);
      const last = spaced.at(-1)?.segment.bytes ?? 0;
      if (spaced.length > 0) t.true(room.freeBytes + freed - last < 200, 'the last deletion was needed');
      const order = spaced
        .filter(({ segment: each }) => each.cameraId === 'cam-2')
        .map((each) => each.segment.firstSequence);
      t.deepEqual(
        order,
        [...order].sort((a, b) => a - b),
      );
    }
  });
});
