/**
 * Hears protected servers and runs the failover machine for each: what comes over the peer channel, the clock and people
 * become events, its effects go out in order.
 *
 * Belongs here: which servers are watched, from events of the channel to events of the machine, ticks. Does not: the
 * decisions (failover/machine.ts), what an effect leads to (control/failover-effects.ts).
 */
import type { Cancel, Clock } from '../core/clock.ts';
import { assertNever } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Running } from '../core/running.ts';
import { durationMs } from '../core/units.ts';
import type { StreamRef } from '../failover/cover-reasons.ts';
import type { Effect, Happening, Policy, State, Step } from '../failover/machine-types.ts';
import { initialState, step } from '../failover/machine.ts';
import { needsSaving, resume, savedOf } from '../failover/saved-state.ts';
import type { SavedState } from '../failover/saved-state.ts';
import type { PeerGoodbye, PeerHello, PeerKeepAlive } from '../wire/peer-protocol.ts';

/** What the peer channel tells of one server, in order of arrival. */
export type HeardEvent = { readonly peerId: string } & (
  | { readonly kind: 'up' }
  | { readonly kind: 'hello'; readonly hello: Pick<PeerHello, 'instance'> }
  | { readonly kind: 'beat' }
  | { readonly kind: 'keep-alive'; readonly keepAlive: Pick<PeerKeepAlive, 'media' | 'streams' | 'volumes'> }
  | { readonly kind: 'goodbye'; readonly goodbye: Pick<PeerGoodbye, 'reason' | 'message'> }
  | { readonly kind: 'down'; readonly cause: string }
  | { readonly kind: 'key-changed' }
);

export type WatchDeps = {
  readonly clock: Clock;
  readonly log: Log;
  readonly policy: () => Policy;
  /** By the newest settings backup; `undefined`: there is none, and what was known before counts on. */
  readonly rosterOf: (serverId: string) => readonly StreamRef[] | undefined;
  /** Of the run before. */
  readonly kept: (serverId: string) => SavedState | undefined;
  /** Durable when it returns; called before the effects of a step are carried out. */
  readonly keep: (states: readonly SavedState[]) => void;
  /** In order; may call `tell`: that comes behind. */
  readonly onEffect: (serverId: string, effect: Effect) => void;
};
export type Watch = Running & {
  /** The servers to be watched from now on; others are let go and forgotten. */
  readonly watch: (serverIds: readonly string[]) => void;
  readonly hear: (event: HeardEvent) => void;
  /** False: this server is not watched. */
  readonly tell: (serverId: string, happening: Happening) => boolean;
  readonly stateOf: (serverId: string) => State | undefined;
  readonly states: () => readonly State[];
};

/** Well below `BEAT_MS`: suspicion is as exact as that. */
const TICK_MS = 100;

export function startWatch(deps: WatchDeps): Watch {
  const { clock } = deps;
  const machines = createMachines(deps);
  const { tell } = machines;
  let cancelTicks: Cancel | undefined;
  /** Whoever watches nobody sleeps. */
  const setTicking = (on: boolean): void => {
    if (!on) cancelTicks?.();
    const start = (): Cancel =>
      startTicks(clock, (loopDelayMs) => {
        for (const { serverId } of machines.states()) tell(serverId, { kind: 'tick', loopDelayMs });
      });
    cancelTicks = on ? (cancelTicks ?? start()) : undefined;
  };
  return {
    watch: (serverIds) => {
      for (const { serverId } of machines.states()) if (!serverIds.includes(serverId)) machines.forget(serverId);
      for (const serverId of serverIds) if (machines.stateOf(serverId) === undefined) machines.begin(serverId);
      setTicking(serverIds.length > 0);
    },
    hear: (event) => {
      const happening = happeningOf(event);
      if (happening !== undefined) tell(event.peerId, happening);
    },
    tell,
    stateOf: machines.stateOf,
    states: machines.states,
    stop: async () => {
      setTicking(false);
      await Promise.resolve();
    },
  };
}

type Machines = Pick<Watch, 'tell' | 'stateOf' | 'states'> & {
  readonly begin: (serverId: string) => void;
  readonly forget: (serverId: string) => void;
};

type Entry = { readonly serverId: string; readonly happening: Happening | 'forget' };

/** One machine a server; events of all go through one queue, so that an effect that leads to an event does not overtake. */
function createMachines(deps: WatchDeps): Machines {
  const { clock, log } = deps;
  const states = new Map<string, State>();
  const queue: Entry[] = [];
  let busy = false;

  const settle = (serverId: string, { state, effects }: Step): void => {
    const before = states.get(serverId);
    states.set(serverId, state);
    if (before === undefined || needsSaving(before, state)) keepAll(deps, states);
    for (const effect of effects) {
      try {
        deps.onEffect(serverId, effect);
      } catch (error) {
        log.error('an effect of the failover machine failed', { serverId, effect: effect.kind, error });
      }
    }
  };
  const decide = ({ serverId, happening }: Entry): void => {
    const state = states.get(serverId);
    if (state === undefined) return;
    if (happening === 'forget') {
      states.delete(serverId);
      return keepAll(deps, states);
    }
    try {
      const event = { ...happening, at: clock.monotonic(), wall: clock.now() };
      settle(serverId, step(state, event, deps.policy()));
    } catch (error) {
      // A defect with one event of one server must not end the watch over all of them.
      log.error('the failover machine failed', { serverId, happening: happening.kind, error });
    }
  };
  const enqueue = (entry: Entry): boolean => {
    if (!states.has(entry.serverId)) return false;
    queue.push(entry);
    if (busy) return true;
    busy = true;
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) decide(next);
    busy = false;
    return true;
  };
  const tell: Watch['tell'] = (serverId, happening) => enqueue({ serverId, happening });
  return {
    tell,
    begin: (serverId) => {
      const kept = deps.kept(serverId);
      const [at, wall] = [clock.monotonic(), clock.now()];
      settle(serverId, kept ? resume(kept, at, wall) : { state: initialState(serverId, at, wall), effects: [] });
      const streams = deps.rosterOf(serverId);
      if (streams !== undefined) tell(serverId, { kind: 'roster', streams });
    },
    forget: (serverId) => {
      // Let go first: whatever is covered of it would be recorded for ever, by nobody's decision.
      tell(serverId, { kind: 'disable' });
      enqueue({ serverId, happening: 'forget' });
    },
    stateOf: (serverId) => states.get(serverId),
    states: () => [...states.values()],
  };
}

function keepAll({ keep, clock, log }: WatchDeps, states: ReadonlyMap<string, State>): void {
  try {
    keep([...states.values()].map((state) => savedOf(state, clock.monotonic())));
  } catch (error) {
    // A full system disk must not keep a camera from being covered.
    log.error('the state of failover cannot be kept on disk', { error });
  }
}

/** Says how late each tick comes: after a pause of our own what lies unread must be heard first. */
function startTicks(clock: Clock, tick: (loopDelayMs: number) => void): Cancel {
  let due = clock.monotonic() + TICK_MS;
  return clock.every(durationMs(TICK_MS), () => {
    const late = Math.max(0, clock.monotonic() - due);
    due = clock.monotonic() + TICK_MS;
    tick(late);
  });
}

function happeningOf(event: HeardEvent): Happening | undefined {
  switch (event.kind) {
    case 'up':
      return { kind: 'connected' };
    case 'hello':
      return { kind: 'hello', instance: event.hello.instance };
    case 'beat':
      return { kind: 'beat' };
    case 'keep-alive': {
      const { media, streams, volumes } = event.keepAlive;
      return { kind: 'keep-alive', report: { media, streams, volumes } };
    }
    case 'goodbye':
      return { kind: 'goodbye', reason: event.goodbye.reason, message: event.goodbye.message };
    case 'down':
      // We ended it ourselves: nothing is to be concluded from that.
      if (event.cause === 'stopped') return undefined;
      return { kind: 'disconnected', by: event.cause === 'silent' || event.cause === 'stuck' ? 'silence' : 'peer' };
    case 'key-changed':
      return { kind: 'key-changed' };
    default:
      return assertNever(event);
  }
}
