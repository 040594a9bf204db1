/**
 * Everything between this server and one other: requests, signs of life, who dials when, the end.
 * Belongs here: the life of a line. Does not: its connections one by one (line-connections.ts), other peers (peer-network.ts).
 */
import type { TLSSocket } from 'node:tls';
import { UnderstudyError } from '../core/errors.ts';
import { durationMs } from '../core/units.ts';
import type { DurationMs } from '../core/units.ts';
import type { PeerRecord } from '../site/peer.ts';
import type { PeerGoodbye } from '../wire/peer-protocol.ts';
import { createBulkDial } from './bulk-dial.ts';
import type { BulkDial } from './bulk-dial.ts';
import { offsetOf, roundTripOf } from './clock-offset.ts';
import type { Connection } from './connection.ts';
import { createHttpLinks } from './http-links.ts';
import type { HttpLinks } from './http-links.ts';
import { activeConnection, dial, dialled, endpointOf, hold, NOW } from './line-connections.ts';
import type { Line, LineDeps } from './line-connections.ts';
import { tick } from './line-ticks.ts';
import { activeLink, CALM_DOUBT_MS, DOUBT_MS, initialLinks, isUp, wantsLink } from './links.ts';
import type {
  DownCause,
  KeepAliveFacts,
  PeerHandler,
  PeerReply,
  PeerRequestOptions,
  PeerStatus,
} from './network-types.ts';
import { HTTP_ALPN } from './peer-tls.ts';
import { createRedial } from './redial.ts';
import { aborted, ANSWER_WITHIN, late } from './requests.ts';

/** Keep-alives are left out while more is unsent: an old one tells nothing. */
const MAX_UNSENT_KEEP_ALIVE: number = 1024 * 1024;
/** On a calm line one of so many is sent. */
const CALM_KEEP_ALIVES = 20;
/** Asks the other side to dial a bulk connection. */
const DIAL_BULK = 'peer.bulk';
/** Asks the other side, which this one manages, to dial for HTTP. */
const DIAL_HTTP = 'peer.http';

export type PeerLine = {
  readonly record: () => PeerRecord;
  /** Same id and fingerprint. */
  readonly update: (record: PeerRecord) => void;
  /** It dialled us; its certificate is the pinned one. */
  readonly adopt: (socket: TLSSocket) => void;
  readonly http: Pick<HttpLinks, 'adopt' | 'count'>;
  readonly openHttp: (signal: AbortSignal) => Promise<TLSSocket>;
  /** Each `BEAT_MS`. */
  readonly tick: () => void;
  /** Each second. `news`: whatever a host acts upon (`newsIn`). `isNews`: something became worse. */
  readonly keepAlive: (facts: KeepAliveFacts, news: string, isNews: boolean) => void;
  readonly leave: (goodbye: PeerGoodbye) => void;
  /** It is back, as somebody says: it is dialled now. */
  readonly hurry: () => void;
  readonly request: (method: string, params: unknown, options: PeerRequestOptions) => Promise<PeerReply>;
  /** `last`: on the watch connections. */
  readonly stop: (cause: DownCause, message: string, last: PeerGoodbye | 'as-said') => void;
  readonly status: () => PeerStatus;
};

export function createPeerLine(deps: LineDeps, record: PeerRecord): PeerLine {
  const line: Line = {
    deps,
    peerId: record.id,
    held: new Map(),
    stopping: new AbortController(),
    redial: createRedial({
      ...deps,
      watched: () => line.record.watched,
      wanted: () => wantsToDial(line),
      attempt: () => void attempt(line),
    }),
    bulkConnected: () => bulk.connected(),
    http: httpLinksOf(() => line, record.id, deps),
    handlerOf: (method) => ownHandlerOf(line, method) ?? deps.handlerOf(method),
    record,
    calm: deps.isCalm(record),
    due: NOW,
    links: initialLinks(deps.selfId < record.id, doubtOf(deps.isCalm(record))),
    lastId: 0,
    attempt: undefined,
    parting: undefined,
    problem: undefined,
    refused: undefined,
  };
  const bulk = bulkDialOf(line);

  line.redial.consider();
  return {
    record: () => line.record,
    update: (changed) => {
      const same = changed === line.record || JSON.stringify(changed) === JSON.stringify(line.record);
      line.record = changed;
      setCalm(line, deps.isCalm(changed));
      if (!same) line.redial.reset();
    },
    adopt: (socket) => void hold(line, socket, undefined),
    http: line.http,
    openHttp: async (signal) => await openHttp(line, signal),
    tick: () => tick(line),
    keepAlive: createKeepAlive(line),
    hurry: () => line.redial.hurry(),
    leave: (goodbye) => {
      line.parting = goodbye;
      activeConnection(line, 'watch')?.say(goodbye);
    },
    request: async (method, params, options) => await request(line, bulk, { method, params, options }),
    stop: (cause, message, last) => {
      line.stopping.abort();
      line.redial.stop();
      line.http.end();
      for (const { connection } of line.held.values())
        connection.end(cause, message, connection.purpose() === 'watch' ? last : undefined);
    },
    status: () => statusOf(line),
  };
}

/** @throws peer/not-connected */
async function openHttp({ links, record, http }: Line, signal: AbortSignal): ReturnType<PeerLine['openHttp']> {
  if (!isUp(links)) throw notConnected(record);
  return await http.open(signal);
}

/** On a calm line most are left out, unless they tell something else than the one before. */
function createKeepAlive(line: Line): PeerLine['keepAlive'] {
  let seq = 0;
  let left = 0;
  let told: { readonly id: number; readonly news: string } | undefined;
  return (facts, news, isNews) => {
    const connection = activeConnection(line, 'watch');
    if (connection === undefined) return;
    left -= 1;
    if (line.calm && left > 0 && told?.id === connection.id && told.news === news && !isNews) return;
    if (connection.unsent() > MAX_UNSENT_KEEP_ALIVE) return;
    told = { id: connection.id, news };
    left = CALM_KEEP_ALIVES;
    seq += 1;
    connection.say({ ...facts, kind: 'keep-alive', seq, at: line.deps.clock.now() });
  };
}

/** Whatever a host acts upon. */
export const newsIn = ({ mode, media, settingsRevision, covering, channels }: KeepAliveFacts): string =>
  [
    mode,
    media,
    settingsRevision,
    channels.max,
    ...covering.map(({ serverId, state, streams }) => `${serverId} ${state} ${streamsIn(streams)}`),
  ].join();

/** Who watches a camera at the host is carried to whoever records it (docs/design/site-views.md). */
const streamsIn = (streams: KeepAliveFacts['streams']): string =>
  streams.map(({ cameraId, stream, state }) => `${cameraId} ${stream} ${state}`).join(' ');

const doubtOf = (calm: boolean): number => (calm ? CALM_DOUBT_MS : DOUBT_MS);
function setCalm(line: Line, calm: boolean): void {
  if (line.calm === calm) return;
  line.calm = calm;
  line.due = NOW;
  line.links = { ...line.links, doubtMs: doubtOf(calm) };
}

const wantsToDial = (line: Line): boolean =>
  endpointOf(line) !== undefined &&
  line.parting === undefined &&
  wantsLink(line.links, 'watch', line.deps.clock.monotonic());

async function attempt(line: Line): Promise<void> {
  const place = endpointOf(line);
  try {
    line.attempt = place && (await dial(line, place, 'watch'));
  } catch {
    line.attempt = undefined; // told by dial()
  }
  if (line.attempt === undefined) line.redial.settled('failed');
}

function bulkDialOf(line: Line): BulkDial {
  return createBulkDial({
    clock: line.deps.clock,
    active: () => activeLink(line.links, 'bulk', line.deps.clock.monotonic()),
    dial: async () => {
      const place = endpointOf(line);
      if (place !== undefined) await dial(line, place, 'bulk');
      return place !== undefined;
    },
    ask: async () => await askToDial(line, DIAL_BULK),
  });
}

async function askToDial(line: Line, method: string): Promise<void> {
  const watch = activeConnection(line, 'watch');
  if (watch === undefined) throw notConnected(line.record);
  await watch.requests.ask(method, {}, {});
}

const httpLinksOf = (line: () => Line, peerId: string, { clock, serving }: LineDeps): HttpLinks =>
  createHttpLinks({
    clock,
    peerId,
    serving,
    dial: async () => {
      const place = endpointOf(line());
      return place && (await dialled(line(), place, HTTP_ALPN));
    },
    ask: async () => await askToDial(line(), DIAL_HTTP),
  });

const ownHandlerOf = (line: Line, method: string): PeerHandler | undefined =>
  method === DIAL_BULK ? dialBulkFor(line) : method === DIAL_HTTP ? dialHttpFor(line) : undefined;

const dialHttpFor =
  (line: Line): PeerHandler =>
  async () => {
    await line.http.dialled();
    return { result: {} };
  };

const dialBulkFor =
  (line: Line): PeerHandler =>
  async () => {
    const place = endpointOf(line);
    if (place === undefined)
      throw new UnderstudyError('unsupported', 'peer/no-address', 'Neither server knows an address of the other one.');
    if (activeConnection(line, 'bulk') === undefined) await dial(line, place, 'bulk');
    return { result: {} };
  };

type Asked = { readonly method: string; readonly params: unknown; readonly options: PeerRequestOptions };
async function request(line: Line, bulk: BulkDial, { method, params, options }: Asked): Promise<PeerReply> {
  const { clock } = line.deps;
  const { timeoutMs = ANSWER_WITHIN, via = options.attachment === undefined ? 'watch' : 'bulk' } = options;
  if (!isUp(line.links)) throw notConnected(line.record);
  if (via === 'watch') return await ask(activeConnection(line, 'watch'), timeoutMs);
  const since = clock.monotonic();
  const id = await linkWithin(line, bulk, { timeoutMs, signal: options.signal });
  const left = durationMs(timeoutMs - (clock.monotonic() - since));
  if (options.signal?.aborted) throw aborted(method);
  if (id === undefined || left <= 0) throw late(method, timeoutMs);
  return await ask(line.held.get(id)?.connection, left);

  async function ask(connection: Connection | undefined, within: DurationMs): Promise<PeerReply> {
    if (connection === undefined) throw notConnected(line.record);
    return await connection.requests.ask(method, params, { ...options, timeoutMs: within });
  }
}

/** Undefined: not in time, or given up. */
async function linkWithin(
  { deps: { clock } }: Line,
  bulk: BulkDial,
  { timeoutMs, signal }: { readonly timeoutMs: DurationMs; readonly signal: AbortSignal | undefined },
): Promise<number | undefined> {
  const done = new AbortController();
  const waking = signal === undefined ? done.signal : AbortSignal.any([signal, done.signal]);
  try {
    return await Promise.race([bulk.link(), clock.sleep(timeoutMs, waking).then(() => undefined)]);
  } finally {
    done.abort();
  }
}

function statusOf(line: Line): PeerStatus {
  const connection = activeConnection(line, 'watch');
  const heard = connection?.clock();
  return {
    peerId: line.peerId,
    connected: connection !== undefined,
    address: connection?.address,
    hello: connection?.hello(),
    roundTripMs: heard && roundTripOf(heard),
    clockOffsetMs: heard && offsetOf(heard),
    problem: line.problem,
    refused: line.refused,
  };
}

const notConnected = ({ name }: PeerRecord): UnderstudyError =>
  new UnderstudyError('unavailable', 'peer/not-connected', `There is no connection to ${name} now.`);
