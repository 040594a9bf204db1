/**
 * Which server plays which part of a range: the owner what it has, then those that cover what it lacks. Pure.
 * Invariants: pieces are in time order and do not overlap; what is recorded anywhere is in a piece, but for slivers beside other footage.
 */
import { cutOut, disjoint, normalise, rangeOf } from '../../ledger/spans.ts';
import type { MillisecondRange } from '../footage-access.ts';

/** The owner's footage goes on over holes up to here: two clocks, or two ends of fragments, differ by as much. */
export const SLIVER_MS = 300;

export type HeldSpan = MillisecondRange & {
  readonly serverId: string;
  /** Equal for spans of one server that can stand in one playlist. */
  readonly layoutEpoch: string;
  readonly codec: string;
};

/** `held`: by server, the owner first. Parts of one server that follow one another become one piece, over time that nobody recorded. */
export function piecesOf(held: readonly (readonly HeldSpan[])[]): readonly HeldSpan[] {
  let pieces: readonly HeldSpan[] = [];
  for (const [index, spans] of held.entries()) {
    const ranges = disjoint(spans.map((span) => ({ ...span, ...rangeOf(span.start, span.end) })));
    const taken = normalise(
      pieces.map(({ start, end }) => rangeOf(start, end)),
      SLIVER_MS,
    );
    const whole = new Set(ranges);
    const free = cutOut(ranges, taken);
    pieces = [
      ...pieces,
      ...(index === 0 ? free : free.filter((span) => whole.has(span) || span.end - span.start > SLIVER_MS)),
    ];
  }
  return joined(pieces.toSorted((a, b) => a.start - b.start));
}

function joined(pieces: readonly HeldSpan[]): readonly HeldSpan[] {
  const result: HeldSpan[] = [];
  for (const piece of pieces) {
    const last = result.at(-1);
    if (last?.serverId === piece.serverId && last.layoutEpoch === piece.layoutEpoch)
      result[result.length - 1] = { ...last, end: piece.end };
    else result.push(piece);
  }
  return result;
}
