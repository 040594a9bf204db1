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
  /** How often a camera was left to R. */
  readonly gaveWay: () => number;
  /** F was: what it gave away it has forgotten. */
  readonly restarted: () => void;
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
  const giving = createGivingRules();

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
    cover: ({ streams, reason }, { event }) => {
      must(streams.length > 0, 'a cover names streams');
      giving.covered(keysOf(streams), reason, event.at);
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
        if (why === 'gave-way') giving.gave(key, seen, asked);
      }
      if (why !== 'confirmed' && why !== 'gave-way')
        must(seen.event.kind === ENDED_BY[why], `let go (${why}) by ${seen.event.kind}`);
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
      giving.follow(event, before);
      for (const effect of effects)
        (rules[effect.kind] as (effect: Effect, seen: Seen) => void)(effect, { event, before });
    },
    covered: () => [...covered].toSorted(),
    hasTakeover: () => takeover,
    gaveWay: giving.count,
    restarted: giving.restarted,
  };
}

const isIn = (streams: readonly StreamRef[], key: string): boolean => keysOf(streams).includes(key);
type Asked = { readonly ask: number; readonly at: number } | undefined;

/** I5, from what R said in its keep-alives. */
function createGivingRules() {
  /** Since when the camera refuses R. */
  const refused = new Map<string, number>();
  const gaveWay = new Map<string, number>();
  let instance: string | undefined;
  let count = 0;
  const hear = ({ report }: Extract<Event, { readonly kind: 'keep-alive' }>, at: number): void => {
    const told = new Map<string, (typeof report.streams)[number]>(report.streams.map((one) => [keyOf(one), one]));
    for (const key of refused.keys()) if (!told.has(key)) refused.delete(key);
    for (const [key, { state, cause }] of told) {
      const isRefused = state !== 'recording' && cause === 'camera-refused';
      const isTryingAgain = state === 'waiting' && cause === undefined;
      if (isRefused) refused.set(key, refused.get(key) ?? at);
      else if (!isTryingAgain) refused.delete(key);
      if (state === 'recording') gaveWay.delete(key);
    }
  };
  return {
    count: () => count,
    restarted: () => {
      gaveWay.clear();
      refused.clear();
    },
    follow: (event: Event, before: State): void => {
      if (before.trouble !== undefined) gaveWay.clear();
      if (event.kind === 'keep-alive') hear(event, event.at);
      if (event.kind === 'roster')
        gaveWay.forEach((_at, key) => void (isIn(event.streams, key) || gaveWay.delete(key)));
      if (event.kind !== 'hello') return;
      if (event.instance !== instance) refused.clear();
      ({ instance } = event);
    },
    gave: (key: string, { event, before }: Seen, asked: Asked): void => {
      must(event.kind === 'confirmed', 'I5: left to R by an answer');
      must(event.noRoom?.some((stream) => keyOf(stream) === key) === true, 'I5: it says that it gets no session');
      must(asked !== undefined && event.ask === asked.ask && event.at - asked.at <= 1500, 'I5: young, to the newest');
      must(event.at - (refused.get(key) ?? Infinity) >= 10_000, 'I5: refused for ten seconds');
      must(before.trouble === undefined && before.link.kind === 'alive', 'I5: well otherwise');
      must(before.planned === undefined && before.watching === 'on', 'I5: not while it is to be relieved');
      must(event.at - (gaveWay.get(key) ?? -Infinity) >= 600_000, 'I5: not again soon when it did not help');
      gaveWay.set(key, event.at);
      count += 1;
    },
    covered: (keys: readonly string[], reason: string, at: number): void => {
      if (reason !== 'stream-camera' && reason !== 'stream-stalled') return;
      for (const key of keys) must(at - (gaveWay.get(key) ?? -Infinity) >= 60_000, 'I5: left to R for a minute');
    },
  };
}
