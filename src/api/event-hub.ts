/**
 * Live events: numbered, the last ones kept so that a browser that lost its connection resumes without a hole.
 * Belongs here: the ring and its subscribers. Does not: server-sent events as bytes (routes/events.ts).
 */
import type { Cancel } from '../core/clock.ts';
import type { LiveEvent } from './contract/events.ts';

/** About a minute of a busy box with 128 cameras. */
export const MAX_KEPT_EVENTS = 8192;

export type HubEvent = { readonly id: number; readonly event: LiveEvent };
export type EventHub = {
  readonly publish: (event: LiveEvent) => void;
  /** Events after `id`; undefined when some of them are gone. */
  readonly after: (id: number) => readonly HubEvent[] | undefined;
  readonly lastId: () => number;
  readonly subscribe: (listener: (event: HubEvent) => void) => Cancel;
};

/** Ids begin at `firstId`: a restart must not repeat ids, so the root passes the wall time in milliseconds. */
export function createEventHub(firstId: number): EventHub {
  let next = firstId;
  let kept: HubEvent[] = [];
  const listeners = new Set<(event: HubEvent) => void>();
  return {
    publish: (event) => {
      const numbered = { id: next++, event };
      kept.push(numbered);
      if (kept.length > MAX_KEPT_EVENTS * 1.25) kept = kept.slice(-MAX_KEPT_EVENTS);
      for (const listener of listeners) listener(numbered);
    },
    after: (id) => {
      if (id >= next) return undefined;
      const oldest = kept[0]?.id ?? next;
      if (id < oldest - 1) return undefined;
      return kept.slice(id - oldest + 1);
    },
    lastId: () => next - 1,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
