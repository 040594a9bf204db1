import test from 'ava';
import * as fc from 'fast-check';
import { bitsBetween, buildPyramid, DAY_SECONDS, MISSING_BIT } from '../../../web/src/timeline/pyramid.ts';
import type { Run } from '../../../web/src/timeline/runs.ts';
import { stretchesOf } from '../../../web/src/timeline/segments.ts';

const DAY = Date.parse('2026-11-21T00:00:00Z');
const run = (from: number, to: number, state: Run['state']): Run => ({
  start: DAY + from * 1000,
  end: DAY + to * 1000,
  state,
  cause: state === 3 ? 'network-loss' : undefined,
});

test('a gap of one second is seen when the whole day is 800 pixels wide', (t) => {
  const runs = [run(0, 50_000, 0), run(50_000, 50_001, 3), run(50_001, DAY_SECONDS, 0)];
  const days = new Map([[DAY, buildPyramid(runs, DAY)]]);
  const gaps = stretchesOf(runs, days, { start: DAY, end: DAY + DAY_SECONDS * 1000 }, 800).filter(
    ({ state }) => state === 3,
  );
  t.is(gaps.length, 1);
  const middle = (gaps[0]?.x ?? 0) + (gaps[0]?.width ?? 0) / 2;
  t.true(Math.abs(middle - (50_000 / DAY_SECONDS) * 800) < 2);
});

test('a level never loses a bit of the seconds below it, and tells none that is farther than a cell away', (t) => {
  const span = fc.tuple(
    fc.nat(DAY_SECONDS - 1),
    fc.integer({ min: 1, max: 4000 }),
    fc.constantFrom<Run['state'][]>(0, 1, 2, 3, 4),
  );
  fc.assert(
    fc.property(
      fc.array(span, { maxLength: 20 }),
      fc.nat(DAY_SECONDS - 2),
      fc.integer({ min: 1, max: 20_000 }),
      (spans, from, length) => {
        const runs = spans.map(([start, seconds, state]) => run(start, start + seconds, state));
        const pyramid = buildPyramid(runs, DAY);
        const to = Math.min(DAY_SECONDS, from + length);
        const touching = (margin: number): number =>
          spans
            .filter(([start, seconds]) => start < to + margin && start + seconds > from - margin)
            .reduce((bits, [, , state]) => bits | (1 << state), 0);
        const bits = bitsBetween(pyramid, from, to);
        return (bits & touching(0)) === touching(0) && (bits & ~touching(length)) === 0;
      },
    ),
    { seed: 11, numRuns: 60 },
  );
  t.pass();
});

test('zoomed in to seconds the exact runs are drawn, zoomed out the cells; missing outweighs recorded', (t) => {
  const runs = [run(100, 110, 0), run(110, 112, 3)];
  const pyramid = buildPyramid(runs, DAY);
  const days = new Map([[DAY, pyramid]]);
  const near = stretchesOf(runs, days, { start: DAY + 100_000, end: DAY + 120_000 }, 1000);
  t.deepEqual(
    near.map(({ x, width, state }) => [x, width, state]),
    [
      [0, 500, 0],
      [500, 100, 3],
    ],
  );
  t.is(bitsBetween(pyramid, 64, 128) & MISSING_BIT, MISSING_BIT);
});

test('a month of a camera is drawn from few cells, and a gap of a second in it is still seen', (t) => {
  const days = new Map(
    Array.from({ length: 30 }, (_, day) => {
      const start = DAY + day * DAY_SECONDS * 1000;
      const gap = day === 17 ? [{ ...run(0, 1, 3), start: start + 5e6, end: start + 5_001_000 }] : [];
      return [start, buildPyramid([{ ...run(0, 1, 0), start, end: start + DAY_SECONDS * 1000 }, ...gap], start)];
    }),
  );
  const view = { start: DAY, end: DAY + 30 * DAY_SECONDS * 1000 };
  const found = stretchesOf([], days, view, 1200);
  t.is(found.filter(({ state }) => state === 3).length, 1);
  t.true((days.get(DAY)?.level(10).length ?? 0) < 100);
});

test('a day that is not loaded draws nothing', (t) => {
  t.deepEqual(stretchesOf([], new Map(), { start: DAY, end: DAY + 86_400_000 }, 500), []);
});
