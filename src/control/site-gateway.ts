/**
 * The host's side of the site gateway: requests and WebSockets of somebody signed in here, carried to a member over connections that the
 * peer channel authenticates (docs/design/site-gateway.md). The member decides by its own route table what the caller may do.
 *
 * Belongs here: who is reached, how much at once, when it ends. Does not: one exchange (gateway-exchange.ts), how a connection is made
 * (peer/http-links.ts), the way in from the browser (api/gateway.ts), the member's side (api/member-server.ts).
 */
import { Agent } from 'node:http';
import type { Duplex } from 'node:stream';
import { isoOf } from '../core/clock.ts';
import { messageOf, UnderstudyError } from '../core/errors.ts';
import { epochMs } from '../core/units.ts';
import type { Settings } from '../settings/settings.ts';
import { isHost } from '../site/host-role.ts';
import { membersOf } from '../site/membership.ts';
import type { PeerRecord } from '../site/peer.ts';
import { exchange, isSafe, jsonOf } from './gateway-exchange.ts';
import type { Exchanged } from './gateway-exchange.ts';
import type { GatewayAnswer, GatewayRequest, GatewaySocket } from './gateway-types.ts';

/** Requests and WebSockets to one member at once: three walls of 64 live pictures and what pages ask for beside them. */
export const MAX_CARRIED_PER_SERVER = 256;
/** Of one account, so that nobody shuts the others out: a wall of 64 live pictures in two windows. */
export const MAX_CARRIED_PER_CALLER = 144;
/** Connections that wait for the next request, of one member. */
export const MAX_IDLE_CONNECTIONS = 4;
/** Shorter than the member waits (api/member-server.ts): it does not end one that is just being used. */
const IDLE_MS = 30_000;

export type SiteGateway = {
  /**
   * Whatever the member answers, 4xx and 5xx too.
   * @throws site/unknown-server (404), server/not-connected, server/broke-off (503), gateway/busy, gateway/cameras (429)
   */
  readonly request: (serverId: string, request: GatewayRequest) => Promise<GatewayAnswer>;
  /** JSON of a good answer. @throws as `request`, or the problem the member answers, with its code and words */
  readonly json: (serverId: string, request: GatewayRequest & { readonly json?: unknown }) => Promise<unknown>;
  /** A WebSocket handshake: `headers` are those of the browser's. @throws as `request` */
  readonly socket: (serverId: string, request: GatewayRequest) => Promise<GatewaySocket>;
  /** A member that is connected now. */
  readonly isReachable: (serverId: string) => boolean;
  /** Since when it is away, wall milliseconds; undefined: it is reachable, or was never seen. */
  readonly awaySince: (serverId: string) => number | undefined;
  /** How many requests it answered that may have changed something there. */
  readonly changesAt: (serverId: string) => number;
};

export type SiteGatewayDeps = {
  readonly settings: Pick<Settings, 'server' | 'peers'>;
  /** A new connection on which this side asks. */
  readonly connect: (serverId: string, signal: AbortSignal) => Promise<Duplex>;
  readonly isConnected: (serverId: string) => boolean;
  /** Wall milliseconds of its last sign of life. */
  readonly lastContactAt: (serverId: string) => number | undefined;
};
export type OwnedSiteGateway = SiteGateway & {
  /** The connection to this server is gone: all that is carried to it ends. */
  readonly lost: (serverId: string) => void;
  /** Servers or the role of the host changed. */
  readonly review: () => void;
  readonly stop: () => void;
};

type Member = {
  readonly agent: Agent;
  readonly connecting: AbortController;
  /** What ends each that is carried now. */
  readonly open: Set<() => void>;
  readonly byCaller: Map<string, number>;
};
type State = {
  readonly deps: SiteGatewayDeps;
  readonly members: Map<string, Member>;
  readonly changes: Map<string, number>;
};

export function createSiteGateway(deps: SiteGatewayDeps): OwnedSiteGateway {
  const state: State = { deps, members: new Map(), changes: new Map() };
  const lost = (serverId: string): void => drop(state, serverId);
  const isReachable = (serverId: string): boolean =>
    recordOf(deps, serverId) !== undefined && deps.isConnected(serverId);
  return {
    request: async (serverId, request) => {
      const exchanged = await carry(state, serverId, request);
      if (exchanged.kind === 'answer') return exchanged;
      exchanged.socket.destroy();
      throw new UnderstudyError('protocol', 'gateway/upgrade', `${nameOf(deps, serverId)} answered with a WebSocket.`);
    },
    json: async (serverId, { json, ...request }) => {
      const body = json === undefined ? request.body : Buffer.from(JSON.stringify(json));
      const type = json === undefined ? {} : { 'content-type': 'application/json' };
      const headers = { accept: 'application/json', ...type, ...request.headers };
      const exchanged = await carry(state, serverId, { ...request, headers, ...(body === undefined ? {} : { body }) });
      return await jsonOf(exchanged, nameOf(deps, serverId));
    },
    socket: async (serverId, request) => {
      const headers = { ...request.headers, connection: 'Upgrade', upgrade: 'websocket' };
      const exchanged = await carry(state, serverId, { ...request, method: 'GET', headers });
      return exchanged.kind === 'answer' ? { ...exchanged, kind: 'refused' } : exchanged;
    },
    isReachable,
    awaySince: (serverId) => (isReachable(serverId) ? undefined : deps.lastContactAt(serverId)),
    changesAt: (serverId) => state.changes.get(serverId) ?? 0,
    lost,
    review: () => {
      for (const id of state.members.keys()) if (recordOf(deps, id) === undefined) lost(id);
      for (const id of state.changes.keys()) if (recordOf(deps, id) === undefined) state.changes.delete(id);
    },
    stop: () => {
      for (const id of state.members.keys()) lost(id);
    },
  };
}

/** Of a server that this one, the host, manages. */
function recordOf({ settings }: SiteGatewayDeps, serverId: string): PeerRecord | undefined {
  if (!isHost(settings.server.get())) return undefined;
  // Of 200 servers it is asked for each, often.
  const record = settings.peers.get().peers.find(({ id }) => id === serverId);
  return record?.enabled === true ? membersOf([record])[0] : undefined;
}
const nameOf = (deps: SiteGatewayDeps, serverId: string): string => recordOf(deps, serverId)?.name ?? 'The server';

async function carry(state: State, serverId: string, request: GatewayRequest): Promise<Exchanged> {
  const { deps } = state;
  const record = recordOf(deps, serverId);
  if (record === undefined) throw unknownServer(serverId);
  if (!deps.isConnected(serverId)) throw notConnected(record.name, deps.lastContactAt(serverId));
  const member = memberOf(state, serverId);
  const visit = enter(member, request, record.name);
  try {
    const exchanged = await exchange(member.agent, request, visit.signal);
    if (!isSafe(request.method)) state.changes.set(serverId, (state.changes.get(serverId) ?? 0) + 1);
    (exchanged.kind === 'answer' ? exchanged.body : exchanged.socket).once('close', visit.leave);
    return exchanged;
  } catch (error) {
    visit.leave();
    if (!(error instanceof UnderstudyError) || error.kind === 'unavailable') throw brokeOff(record.name, error);
    throw error;
  }
}

function memberOf({ deps, members }: State, serverId: string): Member {
  const known = members.get(serverId);
  if (known !== undefined) return known;
  const connecting = new AbortController();
  const agent = new Agent({
    keepAlive: true,
    maxSockets: MAX_CARRIED_PER_SERVER,
    maxFreeSockets: MAX_IDLE_CONNECTIONS,
    timeout: IDLE_MS,
  });
  agent.createConnection = (_options, made) => {
    deps.connect(serverId, connecting.signal).then(
      (socket) => made?.(null, socket), // null: the word of Node for no error
      (error: unknown) => made?.(error instanceof Error ? error : new Error(messageOf(error)), undefined as never),
    );
    return undefined;
  };
  const member: Member = { agent, connecting, open: new Set(), byCaller: new Map() };
  members.set(serverId, member);
  return member;
}

type Visit = { readonly signal: AbortSignal; readonly leave: () => void };
/** @throws gateway/busy */
function enter({ open, byCaller }: Member, { caller, signal }: GatewayRequest, name: string): Visit {
  const own = byCaller.get(caller.id) ?? 0;
  if (open.size >= MAX_CARRIED_PER_SERVER || own >= MAX_CARRIED_PER_CALLER) throw busy(name);
  const ending = new AbortController();
  const end = (): void => ending.abort();
  open.add(end);
  byCaller.set(caller.id, own + 1);
  if (signal.aborted) end();
  signal.addEventListener('abort', end, { once: true });
  let left = false;
  const leave = (): void => {
    if (left) return;
    left = true;
    open.delete(end);
    signal.removeEventListener('abort', end);
    const others = (byCaller.get(caller.id) ?? 1) - 1;
    if (others === 0) byCaller.delete(caller.id);
    else byCaller.set(caller.id, others);
  };
  return { signal: ending.signal, leave };
}

function drop({ members }: State, serverId: string): void {
  const member = members.get(serverId);
  if (member === undefined) return;
  members.delete(serverId);
  member.connecting.abort();
  for (const end of member.open) end();
  member.agent.destroy();
}

const unknownServer = (serverId: string): UnderstudyError =>
  new UnderstudyError(
    'not-found',
    'site/unknown-server',
    `Expected a server of the site that this one manages, not ${serverId.slice(0, 64)}.`,
  );
function notConnected(name: string, at: number | undefined): UnderstudyError {
  const since = at === undefined ? ' and was not heard since this server started' : ` since ${isoOf(epochMs(at))}`;
  return new UnderstudyError('unavailable', 'server/not-connected', `${name} is not connected${since}.`);
}
const brokeOff = (name: string, cause: unknown): UnderstudyError =>
  new UnderstudyError('unavailable', 'server/broke-off', `${name} did not answer: ${messageOf(cause)}`, { cause });
const busy = (name: string): UnderstudyError =>
  new UnderstudyError(
    'limit',
    'gateway/busy',
    `So much is asked of ${name} at once by this host that no more is taken; at most ${MAX_CARRIED_PER_CALLER} requests and live pictures of one account.`,
  );
