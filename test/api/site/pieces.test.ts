import test from 'ava';
import { piecesOf, SLIVER_MS } from '../../../src/api/site/pieces.ts';
import type { HeldSpan } from '../../../src/api/site/pieces.ts';
import { forSeeds } from '../../support/seeded-random.ts';
import type { Random } from '../../support/seeded-random.ts';

const held = (serverId: string, start: number, end: number, layoutEpoch = 'a'): HeldSpan => ({
  serverId,
  start,
  end,
  layoutEpoch,
  codec: 'avc1',
});
const brief = (pieces: readonly HeldSpan[]): readonly string[] =>
  pieces.map(({ serverId, start, end, layoutEpoch }) => `${serverId} ${start}-${end} ${layoutEpoch}`);

test('a hole of the owner is played from where it lies, and then the owner again', (t) => {
  const pieces = piecesOf([[held('R', 0, 10_000), held('R', 20_000, 30_000)], [held('F', 9000, 20_500)]]);
  t.deepEqual(brief(pieces), ['R 0-10000 a', 'F 10000-20000 a', 'R 20000-30000 a']);
});

test('without anybody in between footage of one server is one piece, as far as it has one layout', (t) => {
  const spans = [held('R', 0, 10_000), held('R', 20_000, 30_000), held('R', 30_000, 40_000, 'b')];
  t.deepEqual(brief(piecesOf([spans, []])), ['R 0-30000 a', 'R 30000-40000 b']);
});

test('slivers between two fragments of the owner are not fetched from elsewhere', (t) => {
  const pieces = piecesOf([[held('R', 0, 1000), held('R', 1000 + SLIVER_MS, 2000)], [held('F', 0, 2000 + SLIVER_MS)]]);
  t.deepEqual(brief(pieces), ['R 0-2000 a']);
});

test('two that cover follow each other', (t) => {
  const pieces = piecesOf([[], [held('F', 1000, 5000)], [held('G', 4000, 9000)]]);
  t.deepEqual(brief(pieces), ['F 1000-5000 a', 'G 5000-9000 a']);
});

const randomSpans = (random: Random, serverId: string): readonly HeldSpan[] =>
  Array.from({ length: random.int(0, 6) }, () => {
    const start = random.int(0, 20_000);
    return held(serverId, start, start + random.int(1, 6000), random.pick(['a', 'b']));
  });
const isIn = (spans: readonly HeldSpan[], ms: number): boolean =>
  spans.some(({ start, end }) => start <= ms && ms < end);

test('any footage: in order, no overlap, the owner first, nothing left out but slivers', (t) => {
  forSeeds(400, (random) => {
    const all = [randomSpans(random, 'R'), randomSpans(random, 'F'), randomSpans(random, 'G')];
    const pieces = piecesOf(all);
    for (const [index, { start, end }] of pieces.entries()) {
      const before = pieces[index - 1]?.end ?? -Infinity;
      if (start < before || end <= start) throw new Error(`${start}-${end} behind ${before}`);
    }
    for (let ms = 0; ms < 26_000; ms += 37) {
      const problem = problemAt(all, pieces, ms);
      if (problem !== undefined) throw new Error(`${problem} at ${ms}`);
    }
  });
  t.pass();
});

function problemAt(all: readonly (readonly HeldSpan[])[], pieces: readonly HeldSpan[], ms: number): string | undefined {
  const piece = pieces.find(({ start, end }) => start <= ms && ms < end);
  if (isIn(all[0] ?? [], ms)) return piece?.serverId === 'R' ? undefined : 'the owner is not played';
  if (piece !== undefined || !isIn(all.flat(), ms)) return undefined;
  return isIn(pieces, ms - SLIVER_MS) || isIn(pieces, ms + SLIVER_MS) ? undefined : 'left out';
}
