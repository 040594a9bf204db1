/**
 * The numbered stream of events of this process: kept in a ring, so that control may come back and go on where it was.
 * Belongs here: numbers and what is kept. Does not: sockets (media-server.ts), what survives a kill (gap-journal.ts).
 */
import type { MediaEvent, NumberedEvent } from '../wire/media-protocol.ts';

/** 48 cameras make about 100 events a second in 10 batches: half an hour of absence and more. */
export const MAX_KEPT_EVENTS = 20_000;
/** Reports of fragments are large; together they stay below this many fragments. */
export const MAX_KEPT_FRAGMENTS = 100_000;

export type EventRing = {
  readonly push: (event: MediaEvent) => void;
  /** Everything behind `after`, or all that is kept; `reset` if something in between is gone or was of another process. */
  readonly since: (
    instance: string | undefined,
    after: number,
  ) => { readonly reset: boolean; readonly events: readonly NumberedEvent[] };
  /** Called for every event from now on; the result ends it. */
  readonly listen: (listener: (event: NumberedEvent) => void) => () => void;
  readonly instance: string;
};

export function createEventRing(instance: string): EventRing {
  let kept: NumberedEvent[] = [];
  let first = 0;
  let fragments = 0;
  let seq = 0;
  const listeners = new Set<(event: NumberedEvent) => void>();

  const weightOf = (event: MediaEvent): number => (event.kind === 'fragments-written' ? event.fragments.length : 0);
  const trim = (): void => {
    while (kept.length - first > MAX_KEPT_EVENTS || fragments > MAX_KEPT_FRAGMENTS) {
      const oldest = kept[first];
      if (oldest !== undefined) fragments -= weightOf(oldest.event);
      first += 1;
    }
    // Compacted now and then: shifting each time would cost the length of the ring.
    if (first > 1000 && first * 2 > kept.length) {
      kept = kept.slice(first);
      first = 0;
    }
  };
  return {
    instance,
    push: (event) => {
      const numbered = event.kind === 'stats' ? { seq, event } : { seq: (seq += 1), event };
      if (event.kind !== 'stats') {
        kept.push(numbered);
        fragments += weightOf(event);
        trim();
      }
      for (const listener of listeners) listener(numbered);
    },
    since: (theirs, after) => {
      const oldest = kept[first]?.seq ?? seq + 1;
      const known = theirs === instance && after + 1 >= oldest && after <= seq;
      const events = kept.slice(first);
      if (!known) return { reset: theirs !== undefined || oldest > 1, events };
      return { reset: false, events: events.filter((entry) => entry.seq > after) };
    },
    listen: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
