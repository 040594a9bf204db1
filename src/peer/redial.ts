/**
 * When a peer is dialled: at once, then with growing waits; one attempt at a time.
 * Belongs here: attempts in a row and the wait between them. Does not: the attempt itself (dialler.ts).
 */
import type { Cancel, Clock } from '../core/clock.ts';
import { dialDelayOf } from './back-off.ts';

export type RedialDeps = {
  readonly clock: Pick<Clock, 'after'>;
  readonly random: () => number;
  readonly watched: () => boolean;
  readonly wanted: () => boolean;
  /** Ends with `settled`, now or later. */
  readonly attempt: () => void;
};
export type Outcome =
  /** The connection was good for a while. */
  | 'lived'
  | 'failed'
  | 'refused'
  /** Do not come back until somebody changes the record. */
  | 'deauthorized';
export type Redial = {
  /** Dials if a connection is wanted and nothing speaks against it. */
  readonly consider: () => void;
  /** The attempt has led to a connection that both sides greeted. */
  readonly connected: () => void;
  readonly settled: (outcome: Outcome) => void;
  /** Somebody heard that it is back: at once, and then as after the first failure. */
  readonly hurry: () => void;
  /** The record changed: everything before is forgotten. */
  readonly reset: () => void;
  readonly stop: () => void;
};

export function createRedial(deps: RedialDeps): Redial {
  let failures = 0;
  let attempting = false;
  let given = false;
  let stopped = false;
  let cancel: Cancel | undefined;

  const consider = (): void => {
    if (stopped || given || attempting || cancel !== undefined || !deps.wanted()) return;
    attempting = true;
    deps.attempt();
  };
  const again = (): void => {
    cancel = undefined;
    consider();
  };
  const hurry = (): void => {
    failures = 0;
    cancel?.();
    again();
  };
  return {
    consider,
    connected: () => (attempting = false),
    settled: (outcome) => {
      attempting = false;
      given ||= outcome === 'deauthorized';
      failures = outcome === 'lived' ? 0 : failures + 1;
      if (outcome === 'lived') return consider();
      const tried = { failures, watched: deps.watched(), refused: outcome === 'refused' };
      cancel?.();
      cancel = stopped ? undefined : deps.clock.after(dialDelayOf(tried, deps.random()), again);
    },
    hurry,
    reset: () => {
      given = false;
      hurry();
    },
    stop: () => {
      stopped = true;
      cancel?.();
    },
  };
}
