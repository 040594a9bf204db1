/** When a child that ended is started again. Pure. */
import { durationMs } from '../core/units.ts';
import type { DurationMs, MonotonicMs } from '../core/units.ts';

/** A child that lived this long was well; its next end is a first one again. */
export const HEALTHY_AFTER_MS = 60_000;
const FIRST_DELAY_MS = 250;
export const MAX_DELAY_MS = 10_000;

/** Ends in a row, each after less than a healthy life. */
export type Failures = number;
export type Restart = { readonly delay: DurationMs; readonly failures: Failures };

/** The first restart comes at once, the following ones after 250 ms, doubling up to 10 s. */
export function restartOf(failures: Failures, startedAt: MonotonicMs, endedAt: MonotonicMs): Restart {
  const before = endedAt - startedAt >= HEALTHY_AFTER_MS ? 0 : failures;
  const delay = before === 0 ? 0 : Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** (before - 1));
  return { delay: durationMs(delay), failures: before + 1 };
}
