/**
 * The numbered stream of events of this process: kept in a ring, so that control may come back and go on where it was.
 * Belongs here: numbers and what is kept. Does not: sockets (media-server.ts), what survives a kill (gap-journal.ts).
 */
import type { MediaEvent, NumberedEvent } from '../wire/media-protocol.ts';

/**
 * What control can read from the files again is kept for a restart of control, not for longer: reports of fragments take 190 bytes
 * each, so these two bounds cost 2.8 MB, compacting included; 48 cameras make about 100 a second.
 */
export const MAX_KEPT_FRAGMENTS = 9000;
export const MAX_KEPT_EVENTS = 5000;
/** Gaps stand in no file of footage: as many are kept as the two files of the journal hold (gap-journal.ts), and only when told. */
export const MAX_KEPT_GAPS = 10_000;

export type EventRing = {
  readonly push: (event: MediaEvent) => void;
  /** Everything behind `after` that is kept, or all of it; `reset` if something in between is gone or was of another process. */
  readonly since: (
    instance: string | undefined,
    after: number,
  ) => { readonly reset: boolean; readonly events: readonly NumberedEvent[] };
  /** Called for every event from now on; the result ends it. */
  readonly listen: (listener: (event: NumberedEvent) => void) => () => void;
  readonly instance: string;
};

export function createEventRing(instance: string): EventRing {
  const gaps = createKept(MAX_KEPT_GAPS, Infinity);
  const others = createKept(MAX_KEPT_EVENTS, MAX_KEPT_FRAGMENTS);
  let seq = 0;
  const listeners = new Set<(event: NumberedEvent) => void>();

  return {
    instance,
    push: (event) => {
      const numbered = event.kind === 'stats' ? { seq, event } : { seq: (seq += 1), event };
      if (event.kind !== 'stats') (isGap(event) ? gaps : others).push(numbered);
      for (const listener of listeners) listener(numbered);
    },
    since: (theirs, after) => {
      const lost = Math.max(gaps.lost(), others.lost());
      const same = theirs === instance && after <= seq;
      const events = [...gaps.all(), ...others.all()]
        .filter((entry) => !same || entry.seq > after)
        .toSorted((one, other) => one.seq - other.seq);
      return { reset: theirs === undefined ? lost > 0 : !same || after < lost, events };
    },
    listen: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

const isGap = ({ kind }: MediaEvent): boolean => kind === 'gap' || kind === 'gap-opened' || kind === 'gap-closed';
const fragmentsOf = ({ event }: NumberedEvent): number =>
  event.kind === 'fragments-written' ? event.fragments.length : 0;

type Kept = {
  readonly push: (event: NumberedEvent) => void;
  readonly all: () => readonly NumberedEvent[];
  /** Number of the newest event that was dropped; 0 if none was. */
  readonly lost: () => number;
};

function createKept(maxEvents: number, maxFragments: number): Kept {
  let kept: (NumberedEvent | undefined)[] = [];
  let first = 0;
  let fragments = 0;
  let lost = 0;
  const isOver = (): boolean => kept.length - first > maxEvents || fragments > maxFragments;
  const dropOldest = (): void => {
    const oldest = kept[first];
    kept[first] = undefined;
    first += 1;
    if (oldest === undefined) return;
    fragments -= fragmentsOf(oldest);
    lost = oldest.seq;
  };
  return {
    push: (event) => {
      kept.push(event);
      fragments += fragmentsOf(event);
      while (isOver()) dropOldest();
      // Compacted now and then: shifting each time would cost the length of the ring.
      if (first <= 1000 || first * 2 <= kept.length) return;
      kept = kept.slice(first);
      first = 0;
    },
    all: () => kept.filter((event) => event !== undefined),
    lost: () => lost,
  };
}
