/** Access units that a recording lacks, held against what its ledger tells: whatever is lost must be told there. Pure. */
import type { LedgerView } from '../../src/demo/footage-check.ts';
import type { Hole } from './lost-units.ts';

type Ledger = Pick<LedgerView, 'spans'>;

/** The ledger counts whole milliseconds, a fragment ends where the next begins: a missing span lies inside a hole, give or take a frame. */
const TOLERANCE_MS = 40;

/** How many units are in holes of which the ledger does not tell. */
export const unbookedOf = (holes: readonly Hole[], ledger: Ledger): number =>
  holes
    .filter(
      ({ fromUs, toUs }) =>
        !missingSpans(ledger).some(
          ({ from, to }) => to > fromUs / 1000 - TOLERANCE_MS && from < toUs / 1000 + TOLERANCE_MS,
        ),
    )
    .reduce((sum, { units }) => sum + units, 0);

/** Missing spans in the time from `fromUs` to `toUs`. */
export const bookedBetween = (fromUs: number, toUs: number, ledger: Ledger): readonly Span[] =>
  missingSpans(ledger).filter(({ from, to }) => to > fromUs / 1000 + TOLERANCE_MS && from < toUs / 1000 - TOLERANCE_MS);

export function byCause(spans: readonly Span[]): Record<string, { spans: number; seconds: number }> {
  const sums: Record<string, { spans: number; seconds: number }> = {};
  for (const { cause, from, to } of spans) {
    const sum = (sums[cause] ??= { spans: 0, seconds: 0 });
    sum.spans += 1;
    sum.seconds += (to - from) / 1000;
  }
  return sums;
}

/** Wall milliseconds. */
export type Span = { readonly from: number; readonly to: number; readonly cause: string };
const missingSpans = ({ spans }: Ledger): readonly Span[] =>
  spans
    .filter(({ state }) => state === 'missing')
    .map(({ start, end, cause = '' }) => ({ from: Date.parse(start), to: Date.parse(end), cause }));
