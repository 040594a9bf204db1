/**
 * The peer port: who is let in. A certificate that is not pinned gets a goodbye and the end before anything of it is read.
 * Belongs here: accepting, bounds for strangers. Does not: what known peers say (connection.ts), pairing (pairing-exchange.ts).
 */
import { createServer } from 'node:tls';
import type { Server, TLSSocket } from 'node:tls';
import type { AddressInfo, Socket } from 'node:net';
import type { Cancel, Clock } from '../core/clock.ts';
import { messageOf, UnderstudyError } from '../core/errors.ts';
import { durationMs } from '../core/units.ts';
import { HANDSHAKE_WITHIN } from './dialler.ts';
import { HTTP_ALPN, PAIRING_ALPN, PEER_ALPN, peerTlsOptions, shownCertificate } from './peer-tls.ts';
import type { PeerAlpn, PeerIdentity, ShownCertificate } from './peer-tls.ts';

/** Connections that have not shown a known certificate yet; the oldest goes when one more comes. */
export const MAX_STRANGERS = 64;
export const MAX_STRANGERS_PER_ADDRESS = 8;
/** 256 peers with two connections each, and as many that replace them. */
const MAX_PEER_CONNECTIONS = 1024;
/** Of the site gateway, apart from the others: a host that carries much does not miss a sign of life. */
export const MAX_ALL_HTTP_CONNECTIONS = 1024;

export type ListenerDeps = {
  readonly clock: Pick<Clock, 'after'>;
  readonly identity: PeerIdentity;
  readonly bind: string;
  readonly port: number;
  /** True: it is a peer, which has taken over the socket. */
  readonly admit: (socket: TLSSocket, shown: ShownCertificate, alpn: PeerAlpn) => boolean;
  /** Wants to pair, or has no certificate that is known; stays counted as a stranger until its socket is closed. */
  readonly stranger: (socket: TLSSocket, shown: ShownCertificate | undefined, wish: 'pair' | 'peer') => void;
};
export type Listener = {
  readonly port: number;
  /** Resolves when it is closed; connections are for others to end. */
  readonly stop: () => Promise<void>;
};

/** @throws peer/listen */
export async function startListener(deps: ListenerDeps): Promise<Listener> {
  const strangers = createStrangers(deps.clock);
  const server = createServer({
    ...peerTlsOptions(deps.identity),
    ALPNProtocols: [PEER_ALPN, PAIRING_ALPN, HTTP_ALPN],
    handshakeTimeout: HANDSHAKE_WITHIN,
  });
  server.maxConnections = MAX_PEER_CONNECTIONS + MAX_ALL_HTTP_CONNECTIONS + MAX_STRANGERS;
  server.on('connection', (socket) => strangers.add(socket));
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  server.on('secureConnection', (socket) => {
    socket.on('error', () => socket.destroy());
    const shown = shownCertificate(socket);
    // A resumed session has proven its key only earlier; none is offered, so that no honest peer comes with one.
    if (socket.isSessionReused()) socket.destroy();
    else if (socket.alpnProtocol === PAIRING_ALPN) deps.stranger(socket, shown, 'pair');
    else if (socket.alpnProtocol === HTTP_ALPN) admitHttp(deps, strangers, { socket, shown });
    else if (socket.alpnProtocol === PEER_ALPN && shown !== undefined && deps.admit(socket, shown, PEER_ALPN))
      strangers.remove(socket);
    else deps.stranger(socket, shown, 'peer');
  });
  await listening(server, deps);
  return {
    port: (server.address() as AddressInfo).port,
    stop: async () => {
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      strangers.clear();
      await closed.promise;
    },
  };
}

type Came = { readonly socket: TLSSocket; readonly shown: ShownCertificate | undefined };
/** Nothing is said to a stranger: what it would understand is HTTP, and it has not been asked for anything. */
function admitHttp({ admit }: ListenerDeps, strangers: Strangers, { socket, shown }: Came): void {
  if (shown !== undefined && admit(socket, shown, HTTP_ALPN)) strangers.remove(socket);
  else socket.destroy();
}

async function listening(server: Server, { bind, port }: ListenerDeps): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('listening', resolve);
  server.once('error', reject);
  server.listen({ host: bind, port, backlog: 128 });
  try {
    await promise;
  } catch (cause) {
    const words = `The peer port ${port} at ${bind} cannot be opened: ${messageOf(cause)}`;
    throw new UnderstudyError('unavailable', 'peer/listen', words, { cause });
  }
  server.on('error', () => undefined); // of a single accept (EMFILE): the next one may succeed
}

type Strangers = {
  readonly add: (socket: Socket) => void;
  readonly remove: (socket: TLSSocket) => void;
  readonly clear: () => void;
};
type Stranger = { readonly socket: Socket; readonly address: string; readonly cancel: Cancel };
/** A TLS socket does not tell the socket below it, so they are found by their remote end. */
const remoteOf = (socket: Socket): string => `${socket.remoteAddress ?? ''} ${socket.remotePort ?? 0}`;
/** TLS and, when a code is shown, pairing fit in. */
const STRANGER_FOR = durationMs(4 * HANDSHAKE_WITHIN);

/** In the order they came. Eldest first out: a flood costs a newcomer nothing as long as its handshake is faster than the flood. */
function createStrangers(clock: Pick<Clock, 'after'>): Strangers {
  const strangers = new Map<string, Stranger>();
  const drop = (key: string): void => {
    strangers.get(key)?.cancel();
    strangers.delete(key);
  };
  const evict = (matches: (stranger: Stranger) => boolean, most: number): void => {
    const found = [...strangers].filter(([, stranger]) => matches(stranger));
    const [oldest] = found;
    if (oldest === undefined || found.length < most) return;
    drop(oldest[0]);
    oldest[1].socket.destroy();
  };
  return {
    add: (socket) => {
      const key = remoteOf(socket);
      const address = socket.remoteAddress ?? '';
      evict((other) => other.address === address, MAX_STRANGERS_PER_ADDRESS);
      evict(() => true, MAX_STRANGERS);
      const cancel = clock.after(STRANGER_FOR, () => socket.destroy());
      strangers.set(key, { socket, address, cancel });
      socket.once('close', () => {
        if (strangers.get(key)?.socket === socket) drop(key);
      });
    },
    remove: (socket) => drop(remoteOf(socket)),
    clear: () => {
      for (const { socket } of strangers.values()) socket.destroy();
    },
  };
}
