/**
 * Whose clock is off, and since when: told once when it goes wrong and once when it is right again, not with each beat.
 * Belongs here: the judgement. Does not: measuring (peer/clock-offset.ts), what is said of it (control/clock-words.ts).
 */
import type { Clock } from '../core/clock.ts';
import type { EpochMs, MonotonicMs } from '../core/units.ts';

/** Of NTP milliseconds are usual; what was recorded twice is told apart by less than this. */
export const MAX_CLOCK_OFFSET_MS = 2000;
/** Apart from the other, so that one that drifts about the limit is told once. */
export const RIGHT_AGAIN_MS = 1000;
/** The first beats of a connection, and a clock that is being set, settle within it. */
export const SETTLED_MS = 5000;

export type ServerClocksDeps = {
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly servers: () => readonly string[];
  /** Clock of that server minus ours, ms; undefined: not connected, or no beat was answered yet. */
  readonly offsetOf: (serverId: string) => number | undefined;
  readonly changed: (serverId: string, offsetMs: number, isOff: boolean) => void;
};
export type ClockOff = { readonly serverId: string; readonly offsetMs: number; readonly since: EpochMs };
export type ServerClocks = {
  /** A few times a second. */
  readonly look: () => void;
  /** Of those that are away: as it was when they were heard. */
  readonly off: () => readonly ClockOff[];
};

/** `turning`: since when it looks otherwise than what was told. */
type Known = { readonly off: ClockOff | undefined; readonly turning: MonotonicMs | undefined };
const RIGHT: Known = { off: undefined, turning: undefined };

export function createServerClocks({ clock, servers, offsetOf, changed }: ServerClocksDeps): ServerClocks {
  const known = new Map<string, Known>();
  const judge = (serverId: string, offsetMs: number): void => {
    const { off, turning } = known.get(serverId) ?? RIGHT;
    const isOff = Math.abs(offsetMs) > (off === undefined ? MAX_CLOCK_OFFSET_MS : RIGHT_AGAIN_MS);
    const now = clock.monotonic();
    if (isOff === (off !== undefined)) known.set(serverId, { off: off && { ...off, offsetMs }, turning: undefined });
    else if (turning === undefined || now - turning < SETTLED_MS) known.set(serverId, { off, turning: turning ?? now });
    else {
      const since = clock.now();
      known.set(serverId, { off: isOff ? { serverId, offsetMs, since } : undefined, turning: undefined });
      changed(serverId, offsetMs, isOff);
    }
  };
  return {
    look: () => {
      const ids = servers();
      for (const id of known.keys()) if (!ids.includes(id)) known.delete(id);
      for (const id of ids) {
        const offsetMs = offsetOf(id);
        if (offsetMs !== undefined) judge(id, offsetMs);
      }
    },
    off: () => [...known.values()].flatMap(({ off }) => (off === undefined ? [] : [off])),
  };
}
