/** Which footage of the ring goes: by its own length, never what a cover needs. */
import test from 'ava';
import { trimRing } from '../../src/cover/ring.ts';
import type { RingSegment, RingStream } from '../../src/cover/ring.ts';
import { forSeeds } from '../support/seeded-random.ts';
import { F, R1 } from './cover-rig.ts';

const segment = (number: number, start: number, end: number, more: Partial<RingSegment> = {}): RingSegment => ({
  cameraId: 'a',
  stream: 'main',
  volumeId: 'vol-1',
  path: String(number),
  serverId: F,
  start,
  end,
  open: false,
  firstSequence: number,
  ...more,
});
const ring = (segments: readonly RingSegment[], more: Partial<RingStream> = {}): RingStream => ({
  cameraId: 'a',
  stream: 'main',
  keepMs: 30_000,
  frozen: false,
  segments,
  covered: [],
  ...more,
});
const tens = (count: number): readonly RingSegment[] =>
  Array.from({ length: count }, (_, index) => segment(index + 1, 1e6 + index * 10_000, 1e6 + (index + 1) * 10_000));
const goes = (stream: RingStream, keptBefore?: number): readonly string[] =>
  trimRing([stream], { ownId: F, keptBefore }).map(({ path }) => path);

test('a hot ring keeps its length of the newest footage, whatever the clock says; the oldest goes first', (t) => {
  t.deepEqual(goes(ring(tens(6))), ['1', '2', '3']);
  t.deepEqual(goes(ring(tens(3))), []);
  // Half a segment short: one more stays.
  const short = [...tens(5), segment(6, 1e6 + 50_000, 1e6 + 55_000)];
  t.deepEqual(goes(ring(short)), ['1', '2']);
  // The clock was set back by an hour before the newest ones.
  const back = [
    ...tens(3),
    ...[4, 5, 6].map((n) => segment(n, 1e6 - 3_600_000 + n * 10_000, 1e6 - 3_590_000 + n * 10_000)),
  ];
  t.deepEqual(goes(ring(back)), ['1', '2', '3']);
});

test('of a stream that is not hot everything goes that is closed', (t) => {
  t.deepEqual(goes(ring([...tens(2), segment(3, 2e6, 2.1e6, { open: true })], { keepMs: 0 })), ['1', '2']);
});

test('what a cover needs, another server recorded, or is frozen stays', (t) => {
  t.deepEqual(goes(ring(tens(6), { frozen: true })), []);
  t.deepEqual(goes(ring(tens(6), { covered: [{ from: 1e6 + 15_000, to: Infinity }] })), ['1']);
  t.deepEqual(goes(ring(tens(6), { covered: [{ from: 1e6 - 5e5, to: 1e6 + 5000 }] })), ['2', '3']);
  t.deepEqual(goes(ring(tens(6).map((one) => ({ ...one, serverId: R1 })))), []);
  t.deepEqual(goes(ring(tens(6)), 1e6 + 10_000), ['2', '3']);
});

test('whatever comes: nothing that overlaps a cover goes, and the newest footage stays', (t) => {
  forSeeds(2000, (random) => {
    let at = 1_000_000;
    const segments = Array.from({ length: random.int(0, 30) }, (_, index) => {
      if (random.chance(0.05)) at += random.int(-5_000_000, 5_000_000);
      at += random.chance(0.2) ? random.int(0, 60_000) : 0;
      const start = at;
      at += random.int(0, 12_000);
      return segment(index, start, at, { open: index === 29 || random.chance(0.05) });
    });
    const covered = Array.from({ length: random.int(0, 3) }, () => {
      const from = random.int(500_000, 2_000_000);
      return { from, to: random.chance(0.3) ? Infinity : from + random.int(0, 100_000) };
    });
    const keepMs = random.pick([0, 10_000, 30_000]);
    const stream = ring(random.shuffle(segments), { keepMs, covered });
    const going = trimRing([stream], { ownId: F, keptBefore: undefined });
    for (const one of going) {
      if (one.open) throw new Error(`${one.path} is open`);
      if (covered.some(({ from, to }) => one.start < to && one.end > from)) throw new Error(`${one.path} is covered`);
      const newer = segments.filter(({ firstSequence }) => firstSequence > one.firstSequence);
      const kept = newer.reduce((sum, { start, end }) => sum + end - start, 0);
      if (kept < keepMs) throw new Error(`${one.path} goes, ${kept} ms stay`);
    }
  });
  t.pass();
});
