/**
 * The peer channel of one server: the peer port, one line a peer record, pairing.
 * Belongs here: records to lines, events to listeners. Does not: what happens on a line (peer-line.ts).
 */
import type { TLSSocket } from 'node:tls';
import { X509Certificate } from 'node:crypto';
import { UnderstudyError } from '../core/errors.ts';
import { plainFingerprint } from '../core/fingerprint.ts';
import { durationMs, epochMs } from '../core/units.ts';
import type { MonotonicMs } from '../core/units.ts';
import type { PeerRecord } from '../site/peer.ts';
import type { PeerSelf } from '../wire/pairing-protocol.ts';
import { BEAT_MS, KEEP_ALIVE_MS } from '../wire/peer-protocol.ts';
import type { PeerGoodbye } from '../wire/peer-protocol.ts';
import { lastWords } from './connection.ts';
import { refusal } from './conversation.ts';
import { dialPeer } from './dialler.ts';
import { encodeFrame, WATCH_LIMITS } from './frames.ts';
import { MAX_ALL_HTTP_CONNECTIONS, startListener } from './listener.ts';
import type { Listener } from './listener.ts';
import type { PeerEvent, PeerHandler, PeerNetwork, PeerNetworkDeps } from './network-types.ts';
import { answerPairing, askPairing, CODE_REFUSED } from './pairing-exchange.ts';
import { CODE_VALID_MS, createCode, isPairing, noPairing, openPairing, plainCode } from './pairing.ts';
import type { Pairing } from './pairing.ts';
import { createPeerLine, newsIn } from './peer-line.ts';
import type { PeerLine } from './peer-line.ts';
import { addressOf, HTTP_ALPN } from './peer-tls.ts';
import type { PeerAlpn, PeerEndpoint, ShownCertificate } from './peer-tls.ts';

/** Alarms and refusals: one a minute a peer and cause, whatever key is shown: keys cost a flood nothing. */
const TELL_AGAIN_MS = 60_000;

const STRANGER = 'This server does not know the other one: authorize it here, or pair the two with a code.';
const DEAUTHORIZED: PeerGoodbye = {
  kind: 'goodbye',
  reason: 'deauthorized',
  message: 'This server was told not to trust the other one any more.',
};

/** The state of a network, changed in place by its functions. */
type Network = {
  readonly deps: PeerNetworkDeps;
  readonly fingerprint: string;
  readonly lines: Map<string, PeerLine>;
  readonly handlers: Map<string, PeerHandler>;
  readonly listeners: Set<(event: PeerEvent) => void>;
  /** Bounded by the peers: what strangers say of themselves is not in the key. */
  readonly told: Map<string, MonotonicMs>;
  /** `addedAt` of the record that was revoked: the same record is not taken again. */
  readonly revoked: Map<string, number>;
  readonly stopping: AbortController;
  pairing: Pairing;
  port: number;
  ticks: number;
  parting: PeerGoodbye | undefined;
};

/** Listens and dials. @throws peer/listen */
export async function startPeerNetwork(deps: PeerNetworkDeps): Promise<PeerNetwork> {
  const network: Network = {
    deps,
    fingerprint: plainFingerprint(new X509Certificate(deps.identity.certificate).fingerprint256),
    lines: new Map(),
    handlers: new Map(),
    listeners: new Set(),
    told: new Map(),
    revoked: new Map(),
    stopping: new AbortController(),
    pairing: noPairing,
    port: deps.port,
    ticks: 0,
    parting: undefined,
  };
  const listener = await startListener({
    ...deps,
    admit: (socket, shown, alpn) => admit(network, socket, { shown, alpn }),
    stranger: (socket, shown, wish) => stranger(network, { socket, shown, wish }),
  });
  network.port = listener.port;
  const cancel = deps.clock.every(durationMs(BEAT_MS), () => tick(network));
  reconcile(network);
  return networkOf(network, async () => {
    cancel();
    await stop(network, listener);
  });
}

function networkOf(network: Network, stopAll: () => Promise<void>): PeerNetwork {
  const { deps, fingerprint, lines, handlers, listeners } = network;
  let stopped: Promise<void> | undefined;
  return {
    port: network.port,
    fingerprint,
    listen: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    handle: (method, handler) => {
      if (handlers.has(method)) throw new TypeError(`two handlers for ${method}`);
      handlers.set(method, handler);
    },
    request: async (peerId, method, params, options = {}) => {
      const line = lines.get(peerId);
      if (line === undefined) throw unknownPeer(peerId);
      return await line.request(method, params, options);
    },
    openHttp: async (peerId, signal) => {
      const line = lines.get(peerId);
      if (line === undefined) throw unknownPeer(peerId);
      return await line.openHttp(signal);
    },
    nudge: () => sendKeepAlives(network, true),
    refresh: () => reconcile(network),
    hurry: (peerId) => lines.get(peerId)?.hurry(),
    revoke: (peerId) => revoke(network, peerId),
    leave: (reason, message) => leave(network, { kind: 'goodbye', reason, message }),
    statusOf: (peerId) => lines.get(peerId)?.status(),
    status: () => [...lines.values()].map((line) => line.status()),
    describe: () => {
      const { serverId: id, name, mode, httpsFingerprint, httpPort, clientAddress } = deps.self();
      const own = { id, name, mode, fingerprint, httpsFingerprint, httpPort, peerPort: network.port };
      return clientAddress === undefined ? own : { ...own, clientAddress };
    },
    openPairing: () => {
      const code = createCode();
      network.pairing = openPairing(plainCode(code) ?? code, deps.clock.monotonic());
      return { code, expiresAt: epochMs(deps.clock.now() + CODE_VALID_MS) };
    },
    closePairing: () => void (network.pairing = noPairing),
    pairWith: async (place, code, signal) => await pairWith(network, { place, code, signal }),
    stop: async () => {
      stopped ??= stopAll();
      await stopped;
    },
  };
}

/** One line for each record that may connect now. */
function reconcile(network: Network): void {
  const { deps, lines, revoked } = network;
  const records = new Map(deps.peers().map((record) => [record.id, record]));
  for (const [id, addedAt] of revoked) if (records.get(id)?.addedAt !== addedAt) revoked.delete(id);
  for (const [id, line] of lines) {
    const record = records.get(id);
    if (isWelcome(network, record) && record.fingerprint === line.record().fingerprint) line.update(record);
    else cut(network, id, line);
  }
  for (const record of records.values())
    if (!lines.has(record.id) && isWelcome(network, record)) lines.set(record.id, createLine(network, record));
}

const isWelcome = ({ deps, revoked, stopping }: Network, record: PeerRecord | undefined): record is PeerRecord =>
  record !== undefined &&
  record.enabled &&
  record.id !== deps.self().serverId &&
  !revoked.has(record.id) &&
  !stopping.signal.aborted;

function createLine(network: Network, record: PeerRecord): PeerLine {
  const { deps, handlers } = network;
  const line = createPeerLine(
    {
      ...deps,
      selfId: deps.self().serverId,
      isCalm: deps.isCalm ?? ((): boolean => false),
      ticks: () => network.ticks,
      serving: deps.serving ?? NO_HTTP,
      hello: () => ({ ...deps.self(), peerPort: network.port }),
      dial: async (endpoint, fingerprint, signal, alpn) =>
        await dialPeer({ ...deps, endpoint, fingerprint, signal, alpn }),
      handlerOf: (method) => handlers.get(method),
      emit: (event) => emit(network, event),
    },
    record,
  );
  if (network.parting !== undefined) line.leave(network.parting);
  return line;
}

function cut({ lines }: Network, id: string, line: PeerLine): void {
  lines.delete(id); // first: nothing of it is admitted any more while the ends are told
  line.stop('revoked', DEAUTHORIZED.message, DEAUTHORIZED);
}

function revoke(network: Network, peerId: string): void {
  const record = network.deps.peers().find(({ id }) => id === peerId);
  if (record !== undefined) {
    network.revoked.set(peerId, record.addedAt);
    network.deps.parted.add(record.fingerprint);
  }
  const line = network.lines.get(peerId);
  if (line !== undefined) cut(network, peerId, line);
}

const NO_HTTP: NonNullable<PeerNetworkDeps['serving']> = {
  serves: () => false,
  serve: (_peerId, socket) => void socket.destroy(),
};

type Shown = { readonly shown: ShownCertificate; readonly alpn: PeerAlpn };
function admit(network: Network, socket: TLSSocket, { shown: { fingerprint }, alpn }: Shown): boolean {
  reconcile(network); // a record that was just stored or removed counts
  const line = [...network.lines.values()].find((other) => other.record().fingerprint === fingerprint);
  if (alpn === HTTP_ALPN) return line !== undefined && admitHttp(network, line, socket);
  line?.adopt(socket);
  return line !== undefined;
}

function admitHttp({ lines }: Network, line: PeerLine, socket: TLSSocket): boolean {
  let all = 0;
  for (const { http } of lines.values()) all += http.count();
  if (all >= MAX_ALL_HTTP_CONNECTIONS) return false;
  line.http.adopt(socket);
  return true;
}

type Stranger = {
  readonly socket: TLSSocket;
  readonly shown: ShownCertificate | undefined;
  readonly wish: 'pair' | 'peer';
};
function stranger(network: Network, { socket, shown, wish }: Stranger): void {
  const { deps, fingerprint } = network;
  const at = deps.clock.monotonic();
  if (wish === 'pair' && isPairing(network.pairing, at)) {
    const self = (): { server: PeerSelf & { peerPort: number }; fingerprint: string } => ({
      server: { ...deps.self(), peerPort: network.port },
      fingerprint,
    });
    const setPairing = (pairing: Pairing): void => void (network.pairing = pairing);
    const address = addressOf(socket);
    const refused = (isTry: boolean, message: string): void => {
      const cause = isTry ? 'pairing-code' : 'pairing';
      emit(network, { kind: 'refused', peerId: undefined, at: deps.clock.monotonic(), cause, message, address });
    };
    void answerPairing({ ...deps, self, pairing: () => network.pairing, setPairing, refused }, socket);
    return;
  }
  const line = wish === 'peer' && shown?.commonName !== undefined ? network.lines.get(shown.commonName) : undefined;
  const address = addressOf(socket);
  if (line !== undefined && shown !== undefined && shown.fingerprint !== line.record().fingerprint)
    emit(network, { kind: 'key-changed', peerId: line.record().id, at, fingerprint: shown.fingerprint, address });
  else {
    const [cause, message] = wish === 'pair' ? (['pairing', CODE_REFUSED] as const) : (['stranger', STRANGER] as const);
    emit(network, { kind: 'refused', peerId: undefined, at, cause, message, address });
  }
  lastWords(socket, deps.clock, encodeFrame(refusalOf(network, { shown, wish }), undefined, WATCH_LIMITS));
}

function refusalOf({ deps }: Network, { shown, wish }: Omit<Stranger, 'socket'>): PeerGoodbye {
  if (wish === 'pair') return refusal(CODE_REFUSED);
  return shown !== undefined && deps.parted.has(shown.fingerprint) ? DEAUTHORIZED : refusal(STRANGER);
}

type PairWith = { readonly place: PeerEndpoint; readonly code: string; readonly signal: AbortSignal | undefined };
async function pairWith(
  { deps, fingerprint, port, stopping }: Network,
  { place, code, signal }: PairWith,
): ReturnType<PeerNetwork['pairWith']> {
  if (plainCode(code) === undefined)
    throw new UnderstudyError('invalid', 'peer/pairing-code', 'Expected a pairing code such as 7KQ4M-2ZT9C.');
  const either = signal === undefined ? stopping.signal : AbortSignal.any([signal, stopping.signal]);
  const socket = await dialPeer({ ...deps, endpoint: place, fingerprint: undefined, signal: either });
  const self = { server: { ...deps.self(), peerPort: port }, fingerprint };
  return await askPairing({ ...deps, socket, place, self, typed: code });
}

function tick(network: Network): void {
  network.ticks += 1;
  const second = network.ticks % (KEEP_ALIVE_MS / BEAT_MS) === 0;
  if (second) reconcile(network);
  for (const line of network.lines.values()) line.tick();
  if (second) sendKeepAlives(network, false);
}

function sendKeepAlives({ deps, lines, stopping }: Network, isNews: boolean): void {
  if (lines.size === 0 || stopping.signal.aborted) return;
  try {
    const facts = deps.keepAlive();
    const news = newsIn(facts);
    for (const line of lines.values()) line.keepAlive(facts, news, isNews);
  } catch (error) {
    deps.log.error('keep-alive not sent', { error }); // beats go on; the other side sees that nothing more is told
  }
}

function leave(network: Network, goodbye: PeerGoodbye): void {
  network.parting = goodbye;
  for (const line of network.lines.values()) line.leave(goodbye);
}

async function stop(network: Network, listener: Listener): Promise<void> {
  const words = 'This server was stopped.';
  if (network.parting === undefined) leave(network, { kind: 'goodbye', reason: 'shutdown', message: words });
  network.stopping.abort();
  network.pairing = noPairing;
  for (const line of network.lines.values()) line.stop('stopped', words, 'as-said');
  network.lines.clear();
  await listener.stop();
}

function emit(network: Network, event: PeerEvent): void {
  if ((event.kind === 'key-changed' || event.kind === 'refused') && !isNews(network, event)) return;
  for (const listener of network.listeners) {
    try {
      listener(event);
    } catch (error) {
      network.deps.log.error('a listener to peers failed', { kind: event.kind, error });
    }
  }
}

function isNews({ told }: Network, event: Extract<PeerEvent, { kind: 'key-changed' | 'refused' }>): boolean {
  // Each is a guess at a code that a person had shown, and their number is bounded by it.
  if (event.kind === 'refused' && event.cause === 'pairing-code') return true;
  const key = `${event.peerId ?? ''} ${event.kind === 'refused' ? event.cause : event.kind}`;
  const before = told.get(key);
  if (before !== undefined && event.at - before < TELL_AGAIN_MS) return false;
  told.set(key, event.at);
  return true;
}

const unknownPeer = (peerId: string): UnderstudyError =>
  new UnderstudyError(
    'not-found',
    'peer/unknown',
    `Expected a server that this one knows, not ${peerId.slice(0, 64)}.`,
  );
