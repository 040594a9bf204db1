/**
 * The connections of one line: held while they live, told of by `PeerEvent`s, dialled. Carries out what links.ts decides.
 * Belongs here: from connections to events. Does not: requests and the life of the line (peer-line.ts).
 */
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../core/clock.ts';
import { assertNever, messageOf, UnderstudyError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { monotonicMs } from '../core/units.ts';
import type { MonotonicMs } from '../core/units.ts';
import type { PeerRecord } from '../site/peer.ts';
import type { PeerGoodbye, PeerHello } from '../wire/peer-protocol.ts';
import { createConnection } from './connection.ts';
import type { Connection, EndCause, ToldMessage } from './connection.ts';
import type { HttpLinks, HttpServing } from './http-links.ts';
import { activeLink, step } from './links.ts';
import type { Links, LinksEffect, LinksEvent, Purpose } from './links.ts';
import type { PeerEvent, PeerHandler, PeerStatus, RefusedCause } from './network-types.ts';
import { DEFAULT_PEER_PORT } from './peer-tls.ts';
import type { PeerAlpn, PeerEndpoint } from './peer-tls.ts';
import type { Outcome, Redial } from './redial.ts';

/** Two of each purpose while both sides have dialled, and as many that replace them. */
export const MAX_CONNECTIONS_PER_PEER = 8;
/** A connection that lived so long was no failure. */
const LIVED_MS = 2000;

export type LineDeps = {
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  /** Neither watches the other: signs of life are seldom. */
  readonly isCalm: (record: PeerRecord) => boolean;
  /** Of the timer of all lines so far. */
  readonly ticks: () => number;
  readonly selfId: string;
  readonly hello: () => Omit<PeerHello, 'kind' | 'protocol' | 'at' | 'purpose'>;
  readonly dial: (
    endpoint: PeerEndpoint,
    fingerprint: string,
    signal: AbortSignal,
    alpn?: PeerAlpn,
  ) => Promise<TLSSocket>;
  readonly serving: HttpServing;
  readonly handlerOf: (method: string) => PeerHandler | undefined;
  readonly emit: (event: PeerEvent) => void;
};
export type Held = {
  readonly connection: Connection;
  readyAt: MonotonicMs | undefined;
  /** Ticks without an open request. */
  idleTicks: number;
  /** Ticks since another connection took its place; 0: none did. */
  retiring: number;
};
export type Due = { readonly tick: number; readonly at: MonotonicMs };
/** At the next tick, and anew from there. */
export const NOW: Due = { tick: 0, at: monotonicMs(0) };
/** The state of a line, changed in place by its functions. */
export type Line = {
  readonly deps: LineDeps;
  readonly peerId: string;
  readonly held: Map<number, Held>;
  readonly stopping: AbortController;
  readonly redial: Redial;
  readonly bulkConnected: () => void;
  readonly http: HttpLinks;
  readonly handlerOf: (method: string) => PeerHandler | undefined;
  record: PeerRecord;
  calm: boolean;
  /** Asked no sooner, by either of the two, than something can be due. */
  due: Due;
  links: Links;
  lastId: number;
  /** Id of the last watch connection that was dialled here. */
  attempt: number | undefined;
  /** Said to everybody: this server is about to stop. */
  parting: PeerGoodbye | undefined;
  problem: string | undefined;
  /** By the other side, since there was a connection last. */
  refused: PeerStatus['refused'];
};

export const activeConnection = ({ links, held, deps }: Line, purpose: Purpose): Connection | undefined =>
  held.get(activeLink(links, purpose, deps.clock.monotonic()) ?? -1)?.connection;

export const endpointOf = ({ record: { host, peerPort } }: Line): PeerEndpoint | undefined =>
  host === undefined ? undefined : { host, port: peerPort ?? DEFAULT_PEER_PORT };

/** @throws peer/unreachable, peer/key-changed, peer/aborted */
export async function dial(line: Line, place: PeerEndpoint, purpose: Purpose): Promise<number | undefined> {
  return hold(line, await dialled(line, place, undefined), purpose);
}

/** TLS stands with the pinned key. @throws as `dial` */
export async function dialled(line: Line, place: PeerEndpoint, alpn: PeerAlpn | undefined): Promise<TLSSocket> {
  const { deps, peerId } = line;
  try {
    return await deps.dial(place, line.record.fingerprint, line.stopping.signal, alpn);
  } catch (error) {
    line.problem = messageOf(error);
    const fingerprint = error instanceof UnderstudyError ? error.context['fingerprint'] : undefined;
    const address = `${place.host} port ${place.port}`;
    if (typeof fingerprint === 'string')
      deps.emit({ kind: 'key-changed', peerId, at: deps.clock.monotonic(), fingerprint, address });
    throw error;
  }
}

/** The id of the connection that `socket` becomes; undefined: it was closed. `purpose` undefined: it was dialled there. */
export function hold(line: Line, socket: TLSSocket, purpose: Purpose | undefined): number | undefined {
  const { deps, held, peerId } = line;
  if (held.size >= MAX_CONNECTIONS_PER_PEER) {
    const oldest = [...held.values()].find(({ readyAt }) => readyAt === undefined);
    oldest?.connection.end('protocol', 'Too many connections of this server at once.');
  }
  if (line.stopping.signal.aborted || held.size >= MAX_CONNECTIONS_PER_PEER) {
    socket.destroy();
    return undefined;
  }
  line.lastId += 1;
  const connection = createConnection({
    ...deps,
    id: line.lastId,
    socket,
    peerId,
    purpose,
    caller: () => ({ id: peerId, record: line.record }),
    handlerOf: line.handlerOf,
    calm: () => line.calm,
    stirred: () => (line.due = NOW),
    told: (from, message) => told(line, from, message),
    ended: (which, cause, message) => ended(line, which, { cause, message }),
  });
  held.set(line.lastId, { connection, readyAt: undefined, idleTicks: 0, retiring: 0 });
  line.due = NOW;
  return line.lastId;
}

function told(line: Line, connection: Connection, message: ToldMessage): void {
  const { deps, peerId } = line;
  const at = deps.clock.monotonic();
  const watch = connection.purpose() === 'watch';
  switch (message.kind) {
    case 'hello':
      return greeted(line, connection, message);
    case 'beat':
      play(line, { kind: 'heard', at, id: connection.id, echoed: message.echo !== undefined });
      if (watch) deps.emit({ kind: 'beat', peerId, at, beat: message });
      return;
    case 'keep-alive':
      if (watch) deps.emit({ kind: 'keep-alive', peerId, at, keepAlive: message });
      return;
    case 'goodbye':
      if (message.reason === 'deauthorized') line.redial.settled(outcomeOf(line, 'deauthorized-by-peer'));
      if (watch && message.reason !== 'replaced') deps.emit({ kind: 'goodbye', peerId, at, goodbye: message });
      return;
    default:
      assertNever(message);
  }
}

function greeted(line: Line, { id, dialledBy }: Connection, { purpose, instance }: PeerHello): void {
  const at = line.deps.clock.monotonic();
  const entry = line.held.get(id);
  if (entry !== undefined) entry.readyAt = at;
  if (id === line.attempt) line.redial.connected();
  play(line, { kind: 'ready', at, link: { id, purpose, dialledBy, instance } });
  if (purpose === 'bulk') line.bulkConnected();
}

function ended(line: Line, { id, hello }: Connection, why: { cause: EndCause; message: string }): void {
  const { deps, held, redial } = line;
  const at = deps.clock.monotonic();
  const readyAt = held.get(id)?.readyAt;
  held.delete(id);
  line.due = NOW;
  if (hello() === undefined) notGreeted(line, why, at);
  else
    play(line, { kind: 'closed', at, id, cause: isRefusal(why.cause) ? 'goodbye' : why.cause, message: why.message });
  if (id !== line.attempt) return redial.consider();
  line.attempt = undefined;
  redial.settled(readyAt !== undefined && at - readyAt > LIVED_MS ? 'lived' : outcomeOf(line, why.cause));
}

function notGreeted(
  line: Line,
  { cause, message }: { readonly cause: EndCause; readonly message: string },
  at: MonotonicMs,
): void {
  const { deps, peerId } = line;
  line.problem = message;
  deps.log.debug('peer connection not greeted', { peerId, cause, reason: message });
  if (!isRefusal(cause)) return;
  if (cause === 'refused-by-peer' || cause === 'deauthorized-by-peer') line.refused = { cause, message };
  deps.emit({ kind: 'refused', peerId, at, cause, message });
}

function play(line: Line, event: LinksEvent): void {
  const next = step(line.links, event);
  line.links = next.state;
  for (const effect of next.effects) perform(line, effect, event.at);
}

function perform(line: Line, effect: LinksEffect, at: MonotonicMs): void {
  const { deps, held, peerId } = line;
  switch (effect.kind) {
    case 'up':
      return wentUp(line, held.get(effect.id)?.connection, at);
    case 'down':
      line.http.end(); // requests on it would wait for a server that is gone
      return deps.emit({ ...effect, peerId, at });
    case 'drop':
      return held.get(effect.id)?.connection.end('restarted', 'The same server came back as a new process.');
    case 'retire': {
      const old = held.get(effect.id);
      if (old !== undefined) old.retiring = 1;
      return;
    }
    default:
      assertNever(effect);
  }
}

function wentUp(line: Line, connection: Connection | undefined, at: MonotonicMs): void {
  const { deps, peerId } = line;
  const hello = connection?.hello();
  if (connection === undefined || hello === undefined) return;
  line.problem = undefined;
  line.refused = undefined;
  deps.emit({ kind: 'up', peerId, at, dialledBy: connection.dialledBy });
  deps.emit({ kind: 'hello', peerId, at, hello });
  if (line.parting !== undefined) connection.say(line.parting);
}

const REFUSALS: ReadonlySet<EndCause> = new Set<RefusedCause>([
  'version',
  'stranger',
  'wrong-server',
  'refused-by-peer',
  'deauthorized-by-peer',
]);
const isRefusal = (cause: EndCause): cause is RefusedCause => REFUSALS.has(cause);
/** Those whom a host introduced it ends, and introduces again: one of them may hear of it later than the other. */
const outcomeOf = ({ record }: Line, cause: EndCause): Outcome => {
  if (cause === 'deauthorized-by-peer' && !record.introduced) return 'deauthorized';
  return isRefusal(cause) ? 'refused' : 'failed';
};
