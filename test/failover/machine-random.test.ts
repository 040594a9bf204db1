/** Random events in random order, over restarts of F: what must hold whatever happens (invariants of docs/design/failover-machine.md). */
import test from 'ava';
import { epochMs, monotonicMs } from '../../src/core/units.ts';
import { keyOf } from '../../src/failover/cover.ts';
import type { StreamRef } from '../../src/failover/cover.ts';
import { initialState, step } from '../../src/failover/machine.ts';
import type { Effect, Event, Happening, Policy, State } from '../../src/failover/machine-types.ts';
import { resume, savedOf, savedStateSchema } from '../../src/failover/saved-state.ts';
import { FIRST_CONTACT_MS, KEEP_ALIVE_SUSPICION_MS, troubleOf } from '../../src/failover/trouble.ts';
import { createRandom, forSeeds } from '../support/seeded-random.ts';
import type { Random } from '../support/seeded-random.ts';
import { POLICY, SERVER, START_WALL, STREAMS } from './machine-rig.ts';

const CAUSES = [undefined, 'camera-unreachable', 'volume-gone', 'no-key-frame'] as const;
const GOODBYES = ['shutdown', 'restart', 'update', 'error', 'deauthorized', 'refused'] as const;
/** Longer than any wait for a first contact, a keep-alive or a grace. */
const SILENCE_BOUND_MS = Math.max(FIRST_CONTACT_MS, KEEP_ALIVE_SUSPICION_MS) + 1500;

function streamsOf(random: Random) {
  return STREAMS.filter(() => random.chance(0.9)).map((stream) => ({
    ...stream,
    state: random.pick(['recording', 'recording', 'recording', 'waiting', 'failed'] as const),
    cause: random.chance(0.8) ? undefined : random.pick(CAUSES),
    durableUntil: random.chance(0.8) ? START_WALL : undefined,
    idleMs: random.chance(0.9) ? random.int(0, random.chance(0.8) ? 1500 : 9000) : undefined,
  }));
}

function happeningOf(random: Random, state: State, wall: number): Happening {
  const kind = random.int(0, 99);
  if (kind < 40) return { kind: 'tick', loopDelayMs: random.chance(0.95) ? random.int(0, 90) : random.int(100, 5000) };
  if (kind < 55) return { kind: 'beat' };
  if (kind < 70)
    return {
      kind: 'keep-alive',
      report: {
        media: random.chance(0.9) ? 'up' : 'down',
        volumes: [{ id: 'v', cause: random.chance(0.9) ? undefined : 'volume-gone' }],
        streams: streamsOf(random),
      },
    };
  if (kind < 73) return { kind: 'connected' };
  if (kind < 76) return { kind: 'hello', instance: `run-${random.int(1, 3)}` };
  if (kind < 79) return { kind: 'disconnected', by: random.pick(['peer', 'silence']) };
  if (kind < 81) return { kind: 'goodbye', reason: random.pick(GOODBYES), message: 'random' };
  if (kind < 84) return { kind: 'roster', streams: STREAMS.filter(() => random.chance(0.9)) };
  if (kind < 88) return { kind: 'cover-progress', streams: streamsOf(random) };
  if (kind < 94)
    return {
      kind: 'confirmed',
      ask: state.asks + (random.chance(0.8) ? 0 : random.int(-2, 2)),
      streams: STREAMS.filter(() => random.chance(0.8)).map((stream) => ({
        ...stream,
        since: wall - random.int(0, 4000),
        until: wall,
        idleMs: random.int(0, 3000),
        epoch: random.int(1, 1000),
      })),
    };
  if (kind < 95) return { kind: 'footage-settled', incident: random.pick([...state.restoring, 'incident-unknown']) };
  if (kind < 96) return { kind: 'handover-asked', id: 'request' };
  return { kind: random.pick(['take-over', 'restore', 'abandon', 'enable', 'disable', 'key-changed'] as const) };
}

/** What an observer outside knows; it follows effects and events, never the state. */
type Watchman = {
  covered: Set<string>;
  takeover: boolean;
  incidents: Set<string>;
  lastAsk: { readonly ask: number; readonly at: number; readonly keys: ReadonlySet<string> } | undefined;
};

function judge(
  watchman: Watchman,
  event: Event | undefined,
  before: State,
  effects: readonly Effect[],
  policy: Policy,
) {
  const must = (holds: boolean, what: string): void => {
    if (!holds) throw new Error(`${what}; event ${JSON.stringify(event)}`);
  };
  const keys = (streams: readonly StreamRef[]): readonly string[] => streams.map(keyOf);
  for (const effect of effects) {
    switch (effect.kind) {
      case 'cover':
        for (const key of keys(effect.streams)) watchman.covered.add(key);
        must(effect.streams.length > 0, 'a cover names streams');
        break;
      case 'confirm-handover':
        must(effect.ask > (watchman.lastAsk?.ask ?? 0), 'each question has a number of its own');
        watchman.lastAsk = { ask: effect.ask, at: event?.at ?? 0, keys: new Set(keys(effect.streams)) };
        break;
      case 'release':
        for (const key of keys(effect.streams)) {
          must(watchman.covered.delete(key), `${key} is released once, after it was covered`);
          if (effect.why !== 'confirmed') continue;
          must(event?.kind === 'confirmed', 'I1: released by confirmation, so by an answer');
          if (event?.kind !== 'confirmed') continue;
          const row = event.streams.find((stream) => keyOf(stream) === key);
          must(row !== undefined && row.until - row.since >= 2000 && row.idleMs <= 2000, 'I1: the answer says so');
          must(event.ask === watchman.lastAsk?.ask, 'I1: to the newest question');
          must(event.at - (watchman.lastAsk?.at ?? 0) <= 1500, 'I1: a young answer');
        }
        if (effect.why === 'removed') must(event?.kind === 'roster', 'removed by new settings only');
        if (effect.why === 'command') must(event?.kind === 'abandon', 'let go by command only');
        if (effect.why === 'disabled') must(event?.kind === 'disable', 'let go by switching off only');
        if (effect.why === 'deauthorized') must(event?.kind === 'goodbye', 'let go by its goodbye only');
        break;
      case 'declare-takeover': {
        must(effect.by === 'manual' || !watchman.takeover, 'a takeover is declared once');
        watchman.takeover = true;
        if (effect.by === 'manual') must(event?.kind === 'take-over', 'by hand: by command');
        else must(event !== undefined && event.at - before.lastSign >= 0, 'time goes on');
        if (effect.by === 'automatic') must(policy.automaticTakeover, 'I2: only if the policy says so');
        break;
      }
      case 'end-takeover':
        must(watchman.takeover, 'a takeover ends that was declared');
        watchman.takeover = false;
        break;
      case 'incident':
        if (effect.change.kind === 'opened') {
          must(!watchman.incidents.has(effect.change.incident), 'an incident is opened once');
          watchman.incidents.add(effect.change.incident);
        } else
          must(watchman.incidents.has(effect.change.incident), `${effect.change.kind} of an incident that is open`);
        if (effect.change.kind === 'closed') watchman.incidents.delete(effect.change.incident);
        break;
      case 'restore-footage':
        must(watchman.incidents.has(effect.incident) && effect.from <= effect.to, 'footage of an open incident');
        break;
      case 'handover-ready':
        must(before.planned !== undefined || event?.kind === 'handover-asked', 'asked before answered');
        break;
      case 'log':
        must(/^[A-Z].*\.$/s.test(effect.message), `a sentence: ${effect.message}`);
        break;
    }
  }
}

function play(random: Random, events: number): void {
  const policy: Policy = {
    ...POLICY,
    automaticTakeover: random.chance(0.8),
    automaticRestore: random.chance(0.8),
    timeouts: random.chance(0.5)
      ? POLICY.timeouts
      : { connected: 8000, started: 7000, keepAlive: 5000, normalShutdown: 9000, abnormalShutdown: 6000 },
  };
  let now = random.int(0, 1e6);
  let wall = START_WALL;
  let state = initialState(SERVER, monotonicMs(now), epochMs(wall));
  const watchman: Watchman = { covered: new Set(), takeover: false, incidents: new Set(), lastAsk: undefined };
  let wasQuietSince = now;
  for (let index = 0; index < events; index += 1) {
    const gap = random.chance(0.9) ? random.int(0, 300) : random.int(300, 4000);
    now += gap;
    wall += gap + (random.chance(0.01) ? random.int(-1e8, 1e8) : 0);
    const before = state;
    if (random.chance(0.01)) {
      const saved = savedStateSchema.parse(JSON.parse(JSON.stringify(savedOf(state, monotonicMs(now)))));
      now += random.int(0, 60_000);
      ({ state } = resume(saved, monotonicMs(now), epochMs(wall)));
      wasQuietSince = now;
      continue;
    }
    const happening = happeningOf(random, state, wall);
    const event: Event = { ...happening, at: monotonicMs(now), wall: epochMs(wall) };
    const result = step(state, event, policy);
    ({ state } = result);
    judge(watchman, event, before, result.effects, policy);
    if (isSign(happening) || happening.kind === 'roster' || ('loopDelayMs' in happening && happening.loopDelayMs > 90))
      wasQuietSince = now;
    check(state, watchman, { now, wasQuietSince }, policy, before);
  }
}

const isSign = ({ kind }: Happening): boolean =>
  ['connected', 'hello', 'beat', 'keep-alive', 'goodbye', 'enable', 'take-over'].includes(kind);

function check(
  state: State,
  watchman: Watchman,
  { now, wasQuietSince }: { readonly now: number; readonly wasQuietSince: number },
  policy: Policy,
  before: State,
): void {
  const wanted = Object.keys(state.wanted).toSorted();
  const must = (holds: boolean, what: string): void => {
    if (!holds) throw new Error(what);
  };
  must(
    JSON.stringify(wanted) === JSON.stringify([...watchman.covered].toSorted()),
    'effects and state agree on what is covered',
  );
  must((state.takeover !== undefined) === watchman.takeover, 'effects and state agree on the takeover');
  if (wanted.length > 0 && Object.values(state.wanted).some(({ reason }) => reason !== 'stream-camera'))
    must(state.incident !== undefined, 'what is covered has an incident');
  if (state.watching === 'on' && !state.abandoned && now - wasQuietSince > SILENCE_BOUND_MS)
    must(
      state.roster.every((stream) => state.wanted[keyOf(stream)] !== undefined),
      'I3: nothing heard for the bound, so all is covered',
    );
  if (before.takeover === undefined && state.takeover?.by === 'automatic') {
    const trouble = troubleOf(state, monotonicMs(now), policy);
    must(trouble !== undefined && now - trouble.since >= trouble.timeoutMs, 'I2: not before its timeout');
  }
}

test('random events break no invariant', (t) => {
  forSeeds(400, (random) => play(random, 150));
  t.pass();
});

test('the same events lead to the same decisions', (t) => {
  const run = (): string => {
    const random = createRandom(99);
    let state = initialState(SERVER, monotonicMs(0), epochMs(START_WALL));
    let text = '';
    for (let now = 0; now < 100_000; now += 100) {
      const event: Event = {
        ...happeningOf(random, state, START_WALL + now),
        at: monotonicMs(now),
        wall: epochMs(START_WALL + now),
      };
      const result = step(state, event, POLICY);
      ({ state } = result);
      text += JSON.stringify(result.effects);
    }
    return text;
  };
  t.is(run(), run());
});
