/**
 * How long this server itself did not run: after a stall timers run before sockets, so that what others said meanwhile is unread,
 * whatever happens first. Each stall is told once, to whom asks first.
 */
import type { Clock } from '../core/clock.ts';

/** How often what was heard of others may change who covers what. */
export const REVIEW_MS = 250;
/** Later than this is a stall, in milliseconds. */
const STALL_FROM_MS = 100;

export type ReviewStalls = {
  /** Milliseconds by which the next review is late and that were not told yet; 0: it is not. */
  readonly untold: () => number;
  /** The same at the review itself, which comes so much later than due. */
  readonly reviewed: (loopDelayMs: number) => number;
};

export function createReviewStalls(clock: Pick<Clock, 'monotonic'>): ReviewStalls {
  let due = clock.monotonic() + REVIEW_MS;
  /** Of the time since `due`. */
  let told = 0;
  const tell = (lateMs: number): number => {
    if (lateMs - told <= STALL_FROM_MS) return 0;
    const untold = lateMs - told;
    told = lateMs;
    return untold;
  };
  return {
    untold: () => tell(clock.monotonic() - due),
    reviewed: (loopDelayMs) => {
      const untold = tell(loopDelayMs);
      due = clock.monotonic() + REVIEW_MS;
      told = 0;
      return untold;
    },
  };
}
