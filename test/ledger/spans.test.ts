import test from 'ava';
import { clip, disjoint, intersect, lengthOf, normalise, rangeOf, subtract, union } from '../../src/ledger/spans.ts';
import type { TimeRange } from '../../src/core/units.ts';
import { forSeeds } from '../support/seeded-random.ts';
import type { Random } from '../support/seeded-random.ts';

const pairs = (ranges: readonly TimeRange[]) => ranges.map(({ start, end }) => [start, end]);
const ranges = (...given: readonly (readonly [number, number])[]) => given.map(([start, end]) => rangeOf(start, end));

test('touching and overlapping ranges become one, empty ones vanish', (t) => {
  t.deepEqual(pairs(normalise(ranges([5, 7], [0, 2], [2, 3], [9, 9], [6, 8]))), [
    [0, 3],
    [5, 8],
  ]);
});

test('ranges no further apart than the tolerance become one', (t) => {
  t.deepEqual(pairs(normalise(ranges([0, 10], [13, 20], [24, 30]), 3)), [
    [0, 20],
    [24, 30],
  ]);
});

test('half-open ranges that only touch have nothing in common', (t) => {
  t.deepEqual(intersect(ranges([0, 5]), ranges([5, 9])), []);
});

test('one cut may reach over several ranges', (t) => {
  t.deepEqual(pairs(subtract(ranges([0, 4], [6, 9], [12, 14]), ranges([2, 13]))), [
    [0, 2],
    [13, 14],
  ]);
});

test('where two overlap the one that begins first keeps its time, and what it carries', (t) => {
  const spans = [
    { ...rangeOf(4, 9), name: 'b' },
    { ...rangeOf(0, 5), name: 'a' },
  ];
  t.deepEqual(
    disjoint(spans).map(({ start, end, name }) => [start, end, name]),
    [
      [0, 5, 'a'],
      [5, 9, 'b'],
    ],
  );
});

test('clipping keeps what a span carries', (t) => {
  t.deepEqual(clip([{ ...rangeOf(0, 10), name: 'a' }], rangeOf(3, 4)), [{ ...rangeOf(3, 4), name: 'a' }]);
});

/** Every whole millisecond of 0 to 59 that the ranges hold. */
const points = (given: readonly TimeRange[]) =>
  Array.from({ length: 60 }, (_, at) => given.some(({ start, end }) => start <= at && at < end));
const randomRanges = (random: Random) =>
  Array.from({ length: random.int(0, 8) }, () => {
    const start = random.int(0, 55);
    return rangeOf(start, start + random.int(0, 9));
  }).filter(({ end }) => end <= 60);

test('the arithmetic agrees with sets of points', (t) => {
  forSeeds(2000, (random) => {
    const a = randomRanges(random);
    const b = randomRanges(random);
    const pa = points(a);
    const pb = points(b);
    t.deepEqual(
      points(union(a, b)),
      pa.map((inA, at) => inA || pb[at] === true),
    );
    t.deepEqual(
      points(intersect(a, b)),
      pa.map((inA, at) => inA && pb[at] === true),
    );
    t.deepEqual(
      points(subtract(a, b)),
      pa.map((inA, at) => inA && pb[at] !== true),
    );
    for (const result of [union(a, b), intersect(a, b), subtract(a, b)]) {
      t.deepEqual(normalise(result), result);
      t.is(lengthOf(result), points(result).filter(Boolean).length);
    }
  });
});
