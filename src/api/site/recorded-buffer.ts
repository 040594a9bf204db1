/**
 * `recorded` events of many servers, a few a second: those of one camera that follow each other become one, and no more go out than
 * browsers can draw. Pure but for `publish`.
 */
import { parseIso } from '../../core/clock.ts';
import type { LiveEvent } from '../contract/events.ts';

/** Each time; the others wait for the next, and grow. */
export const MAX_RECORDED_AT_ONCE = 200;
/** Twice what the cameras of a full site say; more than that no honest member has. */
export const MAX_RECORDED_WAITING = 65_536;
/** Events of one camera come a second apart; what is further apart has a gap between. */
const JOINED_MS = 1000;

type Recorded = Extract<LiveEvent, { readonly kind: 'recorded' }>;

export function createRecordedBuffer(publish: (event: LiveEvent) => void): {
  readonly add: (event: Recorded) => void;
  readonly flush: () => void;
} {
  // The one that waits longest first.
  const waiting = new Map<string, Recorded>();
  return {
    add: (event) => {
      const key = `${event.serverId ?? ''} ${event.cameraId} ${event.stream}`;
      const before = waiting.get(key);
      if (before === undefined) {
        if (waiting.size < MAX_RECORDED_WAITING) waiting.set(key, event);
      } else if (follows(before, event)) waiting.set(key, { ...before, end: event.end });
      else {
        publish(before);
        waiting.set(key, event);
      }
    },
    flush: () => {
      const due = [...waiting].slice(0, MAX_RECORDED_AT_ONCE);
      for (const [key, event] of due) {
        waiting.delete(key);
        publish(event);
      }
    },
  };
}

function follows(before: Recorded, event: Recorded): boolean {
  const [until, from] = [parseIso(before.end), parseIso(event.start)];
  return until !== undefined && from !== undefined && from >= until - JOINED_MS && from <= until + JOINED_MS;
}
