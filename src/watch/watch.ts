/**
 * Hears protected servers and runs the failover machine for each: what comes over the peer channel, the clock and people
 * become events, its effects go out in order.
 *
 * Belongs here: which servers are watched, from events of the channel to events of the machine, ticks. Does not: the
 * decisions (failover/machine.ts), what an effect means (cover, restoration; put together in control).
 */
import type { Cancel, Clock } from '../core/clock.ts';
import { assertNever } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Running } from '../core/running.ts';
import { durationMs } from '../core/units.ts';
import type { StreamRef } from '../failover/cover.ts';
import type { Effect, Event, Happening, Policy, State, Step } from '../failover/machine-types.ts';
import { BEAT_MS } from '../wire/peer-protocol.ts';
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
  readonly step: (state: State, event: Event, policy: Policy) => Step;
  /** A machine for a server seen for the first time; `kept`: what was saved of it before this process began. */
  readonly begin: (serverId: string, at: Pick<Event, 'at' | 'wall'>, kept: unknown) => Step;
  readonly policy: () => Policy;
  /** By the newest settings backup. */
  readonly rosterOf: (serverId: string) => readonly StreamRef[];
  readonly kept: (serverId: string) => unknown;
  /** In order; may call `tell` again: that is put behind. */
  readonly onEffect: (serverId: string, effect: Effect) => void;
  /** After each step that changed something worth keeping. */
  readonly onState: (state: State) => void;
};
export type Watch = Running & {
  /** The servers to be watched from now on; others are forgotten. */
  readonly watch: (serverIds: readonly string[]) => void;
  readonly hear: (event: HeardEvent) => void;
  /** False: this server is not watched. */
  readonly tell: (serverId: string, happening: Happening) => boolean;
  readonly stateOf: (serverId: string) => State | undefined;
  readonly states: () => readonly State[];
};

const TICK_MS = BEAT_MS;

export function startWatch(deps: WatchDeps): Watch {
  const { clock, log } = deps;
  const states = new Map<string, State>();
  const queue: { readonly serverId: string; readonly happening: Happening }[] = [];
  let busy = false;

  const settle = (serverId: string, { state, effects }: Step): void => {
    const before = states.get(serverId);
    states.set(serverId, state);
    if (before !== state) deps.onState(state);
    for (const effect of effects) {
      try {
        deps.onEffect(serverId, effect);
      } catch (error) {
        log.error('an effect of the failover machine failed', { serverId, effect: effect.kind, error });
      }
    }
  };
  const drain = (): void => {
    if (busy) return;
    busy = true;
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const state = states.get(next.serverId);
      if (state === undefined) continue;
      const event = { ...next.happening, at: clock.monotonic(), wall: clock.now() };
      settle(next.serverId, deps.step(state, event, deps.policy()));
    }
    busy = false;
  };
  const tell: Watch['tell'] = (serverId, happening) => {
    if (!states.has(serverId)) return false;
    queue.push({ serverId, happening });
    drain();
    return true;
  };
  const cancel = startTicks(clock, (loopDelayMs) => {
    for (const serverId of states.keys()) tell(serverId, { kind: 'tick', loopDelayMs });
  });
  return {
    watch: (serverIds) => {
      for (const serverId of states.keys()) if (!serverIds.includes(serverId)) states.delete(serverId);
      for (const serverId of serverIds) {
        if (states.has(serverId)) continue;
        settle(serverId, deps.begin(serverId, { at: clock.monotonic(), wall: clock.now() }, deps.kept(serverId)));
        tell(serverId, { kind: 'roster', streams: deps.rosterOf(serverId) });
      }
    },
    hear: (event) => {
      const happening = happeningOf(event);
      if (happening !== undefined) tell(event.peerId, happening);
    },
    tell,
    stateOf: (serverId) => states.get(serverId),
    states: () => [...states.values()],
    stop: async () => {
      cancel();
      await Promise.resolve();
    },
  };
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
