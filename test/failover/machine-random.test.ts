/** Random events in random order, over restarts of F: what must hold whatever happens (invariants of docs/design/failover-machine.md). */
import test from 'ava';
import { epochMs, monotonicMs } from '../../src/core/units.ts';
import { keyOf } from '../../src/failover/cover-reasons.ts';
import { initialState, step } from '../../src/failover/machine.ts';
import type { Event, Happening, Policy, Report, State } from '../../src/failover/machine-types.ts';
import { resume, savedOf, savedStateSchema } from '../../src/failover/saved-state.ts';
import { FIRST_CONTACT_MS, KEEP_ALIVE_SUSPICION_MS, troubleOf } from '../../src/failover/trouble.ts';
import { createRandom, forSeeds } from '../support/seeded-random.ts';
import type { Random } from '../support/seeded-random.ts';
import { POLICY, SERVER, START_WALL, STREAMS } from './machine-rig.ts';
import { createWatchman, must } from './watchman.ts';
import type { Watchman } from './watchman.ts';

const CAUSES = [undefined, 'camera-unreachable', 'camera-refused', 'volume-gone', 'no-key-frame'] as const;
const GOODBYES = ['shutdown', 'restart', 'update', 'error', 'deauthorized', 'refused'] as const;
/** Of 150 events each. */
const ROUNDS = Number(process.env['ROUNDS'] ?? 2000);
/** Longer than any wait for a first contact, a keep-alive or a grace. */
const SILENCE_BOUND_MS = Math.max(FIRST_CONTACT_MS, KEEP_ALIVE_SUSPICION_MS) + 1500;

/** What R says while the only session of its first camera is taken, and it is well otherwise. */
function streamsOfShutOut(random: Random) {
  return STREAMS.map((stream, index) => {
    const state = index > 0 ? ('recording' as const) : random.chance(0.8) ? ('failed' as const) : ('waiting' as const);
    const cause = state === 'failed' ? ('camera-refused' as const) : undefined;
    return { ...stream, state, cause, durableUntil: START_WALL, idleMs: index > 0 ? 300 : undefined };
  });
}

function streamsOf(random: Random) {
  return STREAMS.filter(() => random.chance(0.9)).map((stream) => ({
    ...stream,
    state: random.pick(['recording', 'recording', 'recording', 'waiting', 'failed'] as const),
    cause: random.chance(0.8) ? undefined : random.pick(CAUSES),
    durableUntil: random.chance(0.8) ? START_WALL : undefined,
    idleMs: random.chance(0.9) ? random.int(0, random.chance(0.8) ? 1500 : 9000) : undefined,
  }));
}

type Draw = (random: Random, state: State, wall: number) => Happening;
/** How often of a hundred, and what. */
const DRAWS: readonly (readonly [number, Draw])[] = [
  [40, (random) => ({ kind: 'tick', loopDelayMs: random.chance(0.95) ? random.int(0, 90) : random.int(100, 5000) })],
  [15, () => ({ kind: 'beat' })],
  [15, (random) => ({ kind: 'keep-alive', report: reportOf(random) })],
  [3, () => ({ kind: 'connected' })],
  [3, (random) => ({ kind: 'hello', instance: `run-${random.int(1, 3)}` })],
  [3, (random) => ({ kind: 'disconnected', by: random.pick(['peer', 'silence']) })],
  [2, (random) => ({ kind: 'goodbye', reason: random.pick(GOODBYES), message: 'random' })],
  [3, (random) => ({ kind: 'roster', streams: STREAMS.filter(() => random.chance(0.9)) })],
  [4, (random) => ({ kind: 'cover-progress', streams: streamsOf(random) })],
  [6, confirmedOf],
  [1, (random, state) => ({ kind: 'footage-settled', incident: random.pick([...state.restoring, 'incident-none']) })],
  [1, () => ({ kind: 'handover-asked', id: 'request' })],
  [
    4,
    (random) => ({
      kind: random.pick(['take-over', 'restore', 'abandon', 'enable', 'disable', 'key-changed'] as const),
    }),
  ],
];

function happeningOf(random: Random, state: State, wall: number): Happening {
  let left = random.int(0, 99);
  for (const [share, draw] of DRAWS) {
    if (left < share) return draw(random, state, wall);
    left -= share;
  }
  return { kind: 'beat' };
}

const reportOf = (random: Random): Report => ({
  media: random.chance(0.9) ? 'up' : 'down',
  volumes: [{ id: 'v', cause: random.chance(0.9) ? undefined : 'volume-gone' }],
  streams: streamsOf(random),
});

function confirmedOf(random: Random, state: State, wall: number): Happening {
  return {
    kind: 'confirmed',
    ask: state.asks + (random.chance(0.8) ? 0 : random.int(-2, 2)),
    noRoom: random.chance(0.3) ? undefined : STREAMS.filter(() => random.chance(0.8)),
    streams: STREAMS.filter(() => random.chance(0.8)).map((stream) => ({
      ...stream,
      since: wall - random.int(0, 4000),
      until: wall,
      idleMs: random.int(0, 3000),
      epoch: random.int(1, 1000),
    })),
  };
}

function policyOf(random: Random): Policy {
  return {
    ...POLICY,
    automaticTakeover: random.chance(0.8),
    automaticRestore: random.chance(0.8),
    timeouts: random.chance(0.5)
      ? POLICY.timeouts
      : { connected: 8000, started: 7000, keepAlive: 5000, normalShutdown: 9000, abnormalShutdown: 6000 },
  };
}

/** Most of what happens while one camera is shut out; everything else comes between. */
function shutOutOf(random: Random, state: State, wall: number): Happening {
  const draw = random.int(0, 999);
  if (state.roster.length < STREAMS.length && draw < 100) return { kind: 'roster', streams: STREAMS };
  if (state.watching !== 'on' && draw < 100) return { kind: 'enable' };
  if (draw < 300) return { kind: 'tick', loopDelayMs: 0 };
  if (draw < 550) return { kind: 'beat' };
  if (draw < 850) {
    const streams = streamsOfShutOut(random);
    return { kind: 'keep-alive', report: { media: 'up', volumes: [{ id: 'v', cause: undefined }], streams } };
  }
  if (draw < 950) return confirmedOf(random, state, wall);
  if (draw < 997) return { kind: 'cover-progress', streams: STREAMS.map((stream) => ({ ...stream, ...RECORDED })) };
  return happeningOf(random, state, wall);
}
const RECORDED = { state: 'recording', cause: undefined, durableUntil: START_WALL, idleMs: 100 } as const;

/** How likely a long gap and a restart are at each event. */
const STORMY = { draw: happeningOf, gaps: 0.1, restarts: 0.01 };
const CALM = { draw: shutOutOf, gaps: 0.002, restarts: 0.001 };

function play(random: Random, events: number, { draw, gaps, restarts } = STORMY): number {
  const policy = policyOf(random);
  const watchman = createWatchman(policy);
  let now = random.int(0, 1e6);
  let wall = START_WALL;
  let state = initialState(SERVER, monotonicMs(now), epochMs(wall));
  let quietSince = now;
  for (let index = 0; index < events; index += 1) {
    const gap = random.chance(1 - gaps) ? random.int(0, 300) : random.int(300, 4000);
    now += gap;
    wall += gap + (random.chance(0.01) ? random.int(-1e8, 1e8) : 0);
    const before = state;
    if (random.chance(restarts)) {
      state = restarted(state, now, (now += random.int(0, 60_000)), wall);
      quietSince = now;
      watchman.restarted();
      continue;
    }
    const event: Event = { ...draw(random, state, wall), at: monotonicMs(now), wall: epochMs(wall) };
    const result = step(state, event, policy);
    ({ state } = result);
    watchman.judge(event, before, result.effects);
    if (disturbs(event)) quietSince = now;
    checkAgreement(state, watchman);
    checkSilence(state, now - quietSince);
    checkTimeout(before, state, now, policy);
  }
  return watchman.gaveWay();
}

function restarted(state: State, before: number, after: number, wall: number): State {
  const saved = savedStateSchema.parse(JSON.parse(JSON.stringify(savedOf(state, monotonicMs(before)))));
  return resume(saved, monotonicMs(after), epochMs(wall)).state;
}

/** After it, the bound for covering a silent server begins anew. */
const disturbs = (event: Event): boolean =>
  event.kind === 'tick'
    ? event.loopDelayMs > 90
    : ['connected', 'hello', 'beat', 'keep-alive', 'goodbye', 'enable', 'take-over', 'roster'].includes(event.kind);

function checkAgreement(state: State, watchman: Watchman): void {
  const wanted = Object.keys(state.wanted).toSorted();
  must(JSON.stringify(wanted) === JSON.stringify(watchman.covered()), 'effects and state agree on what is covered');
  must((state.takeover !== undefined) === watchman.hasTakeover(), 'effects and state agree on the takeover');
  const needsIncident = Object.values(state.wanted).some(({ reason }) => reason !== 'stream-camera');
  must(!needsIncident || state.incident !== undefined, 'what is covered has an incident');
}

function checkSilence(state: State, quietMs: number): void {
  if (state.watching !== 'on' || state.abandoned || quietMs <= SILENCE_BOUND_MS) return;
  const isCovered = state.roster.every((stream) => state.wanted[keyOf(stream)] !== undefined);
  must(isCovered, 'I3: nothing heard for the bound, so all is covered');
}

function checkTimeout(before: State, state: State, now: number, policy: Policy): void {
  if (before.takeover !== undefined || state.takeover?.by !== 'automatic') return;
  const trouble = troubleOf(state, monotonicMs(now), policy);
  must(trouble !== undefined && now - trouble.since >= trouble.timeoutMs, 'I2: not before its timeout');
}

test('random events break no invariant', (t) => {
  forSeeds(ROUNDS, (random) => play(random, 150));
  t.pass();
});

test('a camera that stays shut out: given away by the rules, whatever else happens', (t) => {
  let gaveWay = 0;
  forSeeds(Math.ceil(ROUNDS / 10), (random) => void (gaveWay += play(random, 1000, CALM)));
  t.true(gaveWay > 100, `${gaveWay} times`);
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
