/**
 * Notices that a disk keeps its writer thread waiting: there is work, and not one call has come back for `WAITING_AFTER_MS`. Long before the
 * volume is called unusable, and without any consequence here: memory bridges. It is told, so that others may record meanwhile.
 *
 * Belongs here: when waiting begins and ends. Does not: what follows (writer.ts, recording-progress.ts in control), dead threads (writer.ts).
 */
import type { Cancel, Clock } from '../core/clock.ts';
import { durationMs } from '../core/units.ts';
import type { MonotonicMs } from '../core/units.ts';

/** Of one system call, not of a batch. The reasons stand in docs/design/failover-machine.md, "A disk that hangs". */
export const WAITING_AFTER_MS = 950;
/** Only while work is pending: never on a disk that answers within it. */
const LOOK_MS = 50;
/** Looks later than this mean that the whole process did not run; that time is not held against the disk. */
const FORGIVE_FROM_MS = 100;

export type DiskPulseDeps = {
  readonly clock: Pick<Clock, 'monotonic' | 'every'>;
  /** How many calls of the thread have come back so far; 0 until it has begun. */
  readonly steps: () => number;
  /** When the oldest batch without an answer was handed over. */
  readonly oldest: () => MonotonicMs | undefined;
  readonly onChange: (waiting: boolean) => void;
};
export type DiskPulse = {
  /** Work was handed over. */
  readonly expect: () => void;
  readonly stop: () => void;
};

export function createDiskPulse({ clock, steps, oldest, onChange }: DiskPulseDeps): DiskPulse {
  let cancel: Cancel | undefined;
  let waiting = false;
  let seen = 0;
  let since = 0;
  let lastLook = 0;
  const tell = (now: boolean): void => {
    if (now === waiting) return;
    waiting = now;
    onChange(now);
  };
  const stop = (): void => {
    cancel?.();
    cancel = undefined;
  };
  const look = (): void => {
    const at = clock.monotonic();
    const late = at - lastLook - LOOK_MS;
    lastLook = at;
    const pending = oldest();
    if (pending === undefined) {
      stop();
      return tell(false);
    }
    const count = steps();
    if (count !== seen || count === 0) [seen, since] = [count, at];
    else if (late > FORGIVE_FROM_MS) since = Math.min(at, since + late);
    if (at - since >= WAITING_AFTER_MS) tell(true);
    // One call came back: over only when what waited behind it is answered too.
    else if (at - pending < WAITING_AFTER_MS) tell(false);
  };
  return {
    expect: () => {
      if (cancel !== undefined) return;
      seen = steps();
      since = clock.monotonic();
      lastLook = since;
      cancel = clock.every(durationMs(LOOK_MS), look);
    },
    stop,
  };
}
