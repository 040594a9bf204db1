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
import { activeConnection, dial, endpointOf, hold } from './line-connections.ts';
import type { Held, Line, LineDeps } from './line-connections.ts';
import { activeLink, CALM_DOUBT_MS, DOUBT_MS, initialLinks, isUp, wantsLink } from './links.ts';
import type {
  DownCause,
  KeepAliveFacts,
  PeerHandler,
  PeerReply,
  PeerRequestOptions,
  PeerStatus,
} from './network-types.ts';
import { createRedial } from './redial.ts';
import { aborted, ANSWER_WITHIN, late } from './requests.ts';

/** Keep-alives are left out while more is unsent: an old one tells nothing. */
const MAX_UNSENT_KEEP_ALIVE: number = 1024 * 1024;
/** Ticks after which a replaced connection ends although requests are open on it. */
const MAX_RETIRING_TICKS = 40;
/** A bulk connection without requests is ended by who dialled it, in ticks: 60 s. */
const MAX_IDLE_BULK_TICKS = 240;
/** On a calm line one of so many is sent. */
const CALM_KEEP_ALIVES = 20;
/** Asks the other side to dial a bulk connection. */
const DIAL_BULK = 'peer.bulk';

export type PeerLine = {
  readonly record: () => PeerRecord;
  /** Same id and fingerprint. */
  readonly update: (record: PeerRecord) => void;
  /** It dialled us; its certificate is the pinned one. */
  readonly adopt: (socket: TLSSocket) => void;
  /** Each `BEAT_MS`. */
  readonly tick: () => void;
  /** Each second. `isNews`: something became worse. */
  readonly keepAlive: (facts: KeepAliveFacts, isNews: boolean) => void;
  readonly leave: (goodbye: PeerGoodbye) => void;
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
    handlerOf: (method) => (method === DIAL_BULK ? dialBulkFor(line) : deps.handlerOf(method)),
    record,
    calm: deps.isCalm(record),
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
      const same = JSON.stringify(changed) === JSON.stringify(line.record);
      line.record = changed;
      setCalm(line, deps.isCalm(changed));
      if (!same) line.redial.reset();
    },
    adopt: (socket) => void hold(line, socket, undefined),
    tick: () => {
      for (const entry of line.held.values()) tickHeld(entry);
      line.redial.consider();
    },
    keepAlive: createKeepAlive(line),
    leave: (goodbye) => {
      line.parting = goodbye;
      activeConnection(line, 'watch')?.say(goodbye);
    },
    request: async (method, params, options) => await request(line, bulk, { method, params, options }),
    stop: (cause, message, last) => {
      line.stopping.abort();
      line.redial.stop();
      for (const { connection } of line.held.values())
        connection.end(cause, message, connection.purpose() === 'watch' ? last : undefined);
    },
    status: () => statusOf(line),
  };
}

/** On a calm line most are left out, unless they tell something else than the one before. */
function createKeepAlive(line: Line): PeerLine['keepAlive'] {
  let seq = 0;
  let left = 0;
  let told = '';
  return (facts, isNews) => {
    const connection = activeConnection(line, 'watch');
    if (connection === undefined || connection.unsent() > MAX_UNSENT_KEEP_ALIVE) return;
    left -= 1;
    if (line.calm) {
      const telling = `${connection.id} ${newsIn(facts)}`;
      if (left > 0 && telling === told && !isNews) return;
      told = telling;
    }
    left = CALM_KEEP_ALIVES;
    seq += 1;
    connection.say({ ...facts, kind: 'keep-alive', seq, at: line.deps.clock.now() });
  };
}
/** Whatever a host acts upon. */
const newsIn = ({ mode, media, settingsRevision, covering, channels }: KeepAliveFacts): string =>
  [
    mode,
    media,
    settingsRevision,
    channels.max,
    ...covering.map(({ serverId, state }) => `${serverId} ${state}`),
  ].join();

const doubtOf = (calm: boolean): number => (calm ? CALM_DOUBT_MS : DOUBT_MS);
function setCalm(line: Line, calm: boolean): void {
  if (line.calm === calm) return;
  line.calm = calm;
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
    ask: async () => {
      const watch = activeConnection(line, 'watch');
      if (watch === undefined) throw notConnected(line.record);
      await watch.requests.ask(DIAL_BULK, {}, {});
    },
  });
}

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

function tickHeld(entry: Held): void {
  const { connection } = entry;
  connection.tick();
  entry.idleTicks = connection.requests.open() === 0 ? entry.idleTicks + 1 : 0;
  if (entry.retiring > 0) entry.retiring += 1;
  if (isUnneeded(entry)) connection.end('goodbye', REPLACED.message, REPLACED);
}

/** One tick is left to requests that were on their way. */
function isUnneeded({ connection, idleTicks, retiring }: Held): boolean {
  if (retiring > MAX_RETIRING_TICKS || (retiring > 2 && idleTicks > 0)) return true;
  return connection.dialledBy === 'us' && connection.purpose() === 'bulk' && idleTicks > MAX_IDLE_BULK_TICKS;
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

const REPLACED: PeerGoodbye = { kind: 'goodbye', reason: 'replaced', message: 'Another connection took its place.' };
const notConnected = ({ name }: PeerRecord): UnderstudyError =>
  new UnderstudyError('unavailable', 'peer/not-connected', `There is no connection to ${name} now.`);
