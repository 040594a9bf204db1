/** One machine on a clock of its own, with a protected server that behaves as a test tells it; what it decides becomes a transcript. */
import { epochMs, monotonicMs } from '../../src/core/units.ts';
import { keyOf } from '../../src/failover/cover-reasons.ts';
import type { StreamRef } from '../../src/failover/cover-reasons.ts';
import { initialState, policyOf, step } from '../../src/failover/machine.ts';
import type { Effect, Event, Happening, Policy, State } from '../../src/failover/machine-types.ts';
import { resume, savedOf, savedStateSchema } from '../../src/failover/saved-state.ts';
import { failoverSettingsSchema } from '../../src/site/failover-settings.ts';
import type { MissingCause } from '../../src/ledger/causes.ts';

export const SERVER = '11111111-2222-4333-8444-555555555555';
export const START_WALL = 1_767_225_600_000;
export const POLICY: Policy = policyOf(failoverSettingsSchema.parse({}));
export const STREAMS: readonly StreamRef[] = [
  { cameraId: 'cam-a', stream: 'main' },
  { cameraId: 'cam-b', stream: 'main' },
];

/** What the protected server is doing; beats and keep-alives follow from it. */
export type Server = {
  media: 'up' | 'down';
  volumes: { readonly id: string; readonly cause: MissingCause | undefined }[];
  /** Streams that do not record, and why. */
  broken: Map<string, MissingCause | undefined>;
  /** Streams that hang since, in ms of the rig. */
  hung: Map<string, number>;
};

export function createRig(policy: Policy = POLICY) {
  let now = 10_000;
  let wallStep = 0;
  let state: State = initialState(SERVER, monotonicMs(now), epochMs(START_WALL + now));
  const begin = now;
  const lines: string[] = [];
  const all: Effect[] = [];
  const server: Server = { media: 'up', volumes: [{ id: 'v', cause: undefined }], broken: new Map(), hung: new Map() };
  const wall = () => epochMs(START_WALL + now + wallStep);
  const stamp = () => ((now - begin) / 1000).toFixed(2);

  const keep = (effects: readonly Effect[]): void => {
    for (const effect of effects) {
      all.push(effect);
      const line = lineOf(effect);
      if (line !== undefined) lines.push(`${stamp()} ${line}`);
    }
  };
  const say = (happening: Happening): void => {
    const event: Event = { ...happening, at: monotonicMs(now), wall: wall() };
    const result = step(state, event, policy);
    state = result.state;
    keep(result.effects);
  };
  const keepAlive = (): void =>
    say({
      kind: 'keep-alive',
      report: {
        media: server.media,
        volumes: server.volumes,
        streams: STREAMS.map((stream) => {
          const key = keyOf(stream);
          const hungSince = server.hung.get(key);
          const isBroken = server.broken.has(key);
          return {
            ...stream,
            state: isBroken ? ('failed' as const) : ('recording' as const),
            cause: server.broken.get(key),
            durableUntil: wall() - 500,
            idleMs: isBroken ? undefined : hungSince === undefined ? 300 : now - hungSince,
          };
        }),
      },
    });
  /** Time goes on; `loud`: beats and keep-alives come. */
  const run = (seconds: number, loud: boolean, loopDelayMs = 0): void => {
    const until = now + seconds * 1000;
    while (now < until) {
      now += Math.min(250, until - now);
      if (loud) say({ kind: 'beat' });
      if (loud && Math.round((now - begin) / 250) % 4 === 0) keepAlive();
      say({ kind: 'tick', loopDelayMs });
    }
  };
  const arrive = (instance = 'run-1'): void => {
    say({ kind: 'connected' });
    say({ kind: 'hello', instance });
    keepAlive();
  };
  return {
    server,
    say,
    keepAlive,
    arrive,
    /** Arrives and is heard recording for as long as it takes to be believed. */
    comeBack: (instance = 'run-2'): void => {
      arrive(instance);
      run(2, true);
    },
    /** Roster known, connected, alive for three seconds. */
    settle: (): void => {
      say({ kind: 'roster', streams: STREAMS });
      arrive();
      run(3, true);
    },
    alive: (seconds: number): void => run(seconds, true),
    silence: (seconds: number): void => run(seconds, false),
    /** F does not run for so long; what R said meanwhile comes after it in one go. */
    ownPause: (ms: number, beatsAfter = true): void => {
      now += ms;
      say({ kind: 'tick', loopDelayMs: ms });
      if (beatsAfter) for (let beat = 0; beat < ms / 250; beat += 1) say({ kind: 'beat' });
      if (beatsAfter) keepAlive();
    },
    /** F records all that is wanted. */
    recorded: (): void =>
      say({
        kind: 'cover-progress',
        streams: Object.values(state.wanted).map(({ stream }) => ({
          ...stream,
          state: 'recording',
          cause: undefined,
          durableUntil: wall(),
          idleMs: 100,
        })),
      }),
    /** R answers the newest question: it records for `ms`. */
    confirm: (ms = 2500, more: Confirming = {}): void =>
      say({
        kind: 'confirmed',
        ask: more.ask ?? state.asks,
        noRoom: more.noRoom,
        streams: STREAMS.filter((stream) => !server.broken.has(keyOf(stream))).map((stream) => ({
          ...stream,
          since: wall() - ms,
          until: wall(),
          idleMs: more.idleMs ?? 300,
          epoch: 512,
        })),
      }),
    restartF: (downMs: number): void => {
      const saved = savedStateSchema.parse(JSON.parse(JSON.stringify(savedOf(state, monotonicMs(now)))));
      now += downMs;
      const result = resume(saved, monotonicMs(now), wall());
      state = result.state;
      keep(result.effects);
    },
    stepWall: (ms: number): void => {
      wallStep += ms;
    },
    wait: (ms: number): void => {
      now += ms;
    },
    state: () => state,
    effects: () => all,
    logs: () => all.flatMap((effect) => (effect.kind === 'log' ? [effect.message] : [])),
    /** Since the last call. */
    transcript: () => lines.splice(0),
  };
}
type Confirming = {
  readonly idleMs?: number;
  readonly ask?: number;
  readonly noRoom?: readonly StreamRef[];
};
export type Rig = ReturnType<typeof createRig>;

const names = (streams: readonly StreamRef[]): string =>
  streams.length === STREAMS.length ? 'all' : streams.map(keyOf).join(' ');
const LINES: {
  readonly [Kind in Effect['kind']]: (effect: Extract<Effect, { readonly kind: Kind }>) => string | undefined;
} = {
  cover: ({ streams, reason }) => `cover ${names(streams)}: ${reason}`,
  release: ({ streams, why }) => `release ${names(streams)}: ${why}`,
  'confirm-handover': ({ streams }) => `ask ${names(streams)}`,
  'handover-ready': ({ missing }) => `handover ready${missing.length > 0 ? ` without ${names(missing)}` : ''}`,
  'declare-takeover': ({ by, reason }) => `takeover ${by}: ${reason}`,
  'end-takeover': () => 'takeover over',
  'restore-footage': ({ streams, from, to }) => `send home ${names(streams)}, ${((to - from) / 1000).toFixed(1)} s`,
  log: () => undefined,
  incident: ({ change }) =>
    change.kind === 'opened' || change.kind === 'closed' ? `incident ${change.kind}` : undefined,
};
const lineOf = (effect: Effect): string | undefined =>
  (LINES[effect.kind] as (effect: Effect) => string | undefined)(effect);
