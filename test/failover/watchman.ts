/**
 * Watches a machine from outside: follows events and effects, holds the invariants of docs/design/failover-machine.md against
 * them, and never looks at how a decision was made.
 */
import { keyOf } from '../../src/failover/cover-reasons.ts';
import type { StreamRef } from '../../src/failover/cover-reasons.ts';
import type { Effect, Event, Policy, State } from '../../src/failover/machine-types.ts';

export type Watchman = {
  /** Throws if what was decided breaks an invariant. */
  readonly judge: (event: Event, before: State, effects: readonly Effect[]) => void;
  readonly covered: () => readonly string[];
  readonly hasTakeover: () => boolean;
};

export function must(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what);
}

type Seen = { readonly event: Event; readonly before: State };
const keysOf = (streams: readonly StreamRef[]): readonly string[] => streams.map(keyOf);
/** Which event may end a cover without an answer of R. */
const ENDED_BY: Readonly<Record<string, Event['kind']>> = {
  removed: 'roster',
  command: 'abandon',
  disabled: 'disable',
  deauthorized: 'goodbye',
};

export function createWatchman(policy: Policy): Watchman {
  const covered = new Set<string>();
  const incidents = new Set<string>();
  let takeover = false;
  let asked: { readonly ask: number; readonly at: number } | undefined;

  const confirmed = (key: string, { event }: Seen): void => {
    must(event.kind === 'confirmed', 'I1: released by confirmation, so by an answer');
    const row = event.streams.find((stream) => keyOf(stream) === key);
    must(row !== undefined && row.until - row.since >= 2000 && row.idleMs <= 2000, 'I1: the answer says so');
    must(asked !== undefined && event.ask === asked.ask, 'I1: to the newest question');
    must(event.at - asked.at <= 1500, 'I1: a young answer');
  };
  const rules: {
    readonly [Kind in Effect['kind']]: (effect: Extract<Effect, { readonly kind: Kind }>, seen: Seen) => void;
  } = {
    cover: ({ streams }) => {
      must(streams.length > 0, 'a cover names streams');
      for (const key of keysOf(streams)) covered.add(key);
    },
    'confirm-handover': ({ ask }, { event }) => {
      must(ask > (asked?.ask ?? 0), 'each question has a number of its own');
      asked = { ask, at: event.at };
    },
    release: ({ streams, why }, seen) => {
      for (const key of keysOf(streams)) {
        must(covered.delete(key), `${key} is released once, after it was covered`);
        if (why === 'confirmed') confirmed(key, seen);
      }
      if (why !== 'confirmed') must(seen.event.kind === ENDED_BY[why], `let go (${why}) by ${seen.event.kind}`);
    },
    'declare-takeover': ({ by }, { event }) => {
      must(by === 'manual' || !takeover, 'a takeover is declared once');
      must(by === 'automatic' ? policy.automaticTakeover : event.kind === 'take-over', 'I2: by policy or by command');
      takeover = true;
    },
    'end-takeover': () => {
      must(takeover, 'a takeover ends that was declared');
      takeover = false;
    },
    'restore-footage': ({ incident, from, to }) =>
      must(incidents.has(incident) && from <= to, 'footage of an open incident'),
    'handover-ready': (_effect, { event, before }) =>
      must(before.planned !== undefined || event.kind === 'handover-asked', 'asked before answered'),
    log: ({ message }) => must(/^[A-Z1-9].*\.$/s.test(message), `a sentence: ${message}`),
    incident: ({ change: { kind, incident } }) => {
      must(incidents.has(incident) !== (kind === 'opened'), `${kind} of an incident`);
      if (kind === 'opened') incidents.add(incident);
      if (kind === 'closed') incidents.delete(incident);
    },
  };
  return {
    judge: (event, before, effects) => {
      for (const effect of effects)
        (rules[effect.kind] as (effect: Effect, seen: Seen) => void)(effect, { event, before });
    },
    covered: () => [...covered].toSorted(),
    hasTakeover: () => takeover,
  };
}
