/**
 * A UDP socket on one interface for node-ssdp and multicast-dns, which take it for one of Node's: joins its group on this interface and
 * sends from it, lets in and out what it is told to, and stops whatever the libraries throw in its callbacks, which would otherwise end
 * the process.
 *
 * Belongs here: the socket and its containment. Does not: what may pass (lan-traffic.ts).
 */
import { createSocket } from 'node:dgram';
import type { RemoteInfo, Socket } from 'node:dgram';
import { EventEmitter } from 'node:events';
import type { LanInterface } from './lan-interfaces.ts';
import type { Peer } from './lan-traffic.ts';

export type Group = { readonly address: string; readonly port: number };

export type GuardedSocketDeps = {
  readonly link: LanInterface;
  readonly group: Group;
  /** 0 for a port of the system's choice. */
  readonly port: number;
  /** Hops a multicast may go: SSDP 2 at most (UPnP DA 2.0 §1.1.2), mDNS 255 (RFC 6762 §11). */
  readonly timeToLive: number;
  /** Whether the library may see a datagram. */
  readonly admits: (datagram: Uint8Array, from: Peer) => boolean;
  /** What leaves instead of a datagram of the library; `undefined` keeps it here. */
  readonly outgoing: (datagram: Uint8Array, to: Peer, answering: Question | undefined) => Uint8Array | undefined;
  readonly onReady: () => void;
  /** The socket is of no use any more: it must be closed and opened anew. */
  readonly onBroken: (error: Error) => void;
  /** After each datagram: `undefined` once sending works again. */
  readonly onSent: (error: Error | undefined) => void;
  /** The library threw; the datagram, if one was the reason, is lost. */
  readonly onThrown: (error: unknown) => void;
};

/** A datagram while the library looks at it: both libraries answer before they return. */
export type Question = { readonly length: number; readonly from: Peer };

export type GuardedSocket = {
  /** To be handed to a library. */
  readonly socket: Socket;
  /** Resolves once nothing waits to be sent. */
  readonly flushed: () => Promise<void>;
  readonly close: () => void;
};

type Callback = (error: Error | null, ...more: unknown[]) => void;

export function createGuardedSocket(deps: GuardedSocketDeps): GuardedSocket {
  const real = createSocket({ type: 'udp4', reuseAddr: true });
  const events = new EventEmitter();
  let closed = false;
  let answering: Question | undefined;

  const contained = (run: () => void): void => {
    try {
      run();
    } catch (error) {
      deps.onThrown(error);
    }
  };
  const deliver = (event: string, ...values: unknown[]): void => {
    for (const listener of events.rawListeners(event)) contained(() => Reflect.apply(listener, events, values));
  };
  const broken = (error: unknown): void => {
    if (closed) return;
    const reason = error instanceof Error ? error : new Error(String(error));
    deps.onBroken(reason);
    deliver('error', reason);
  };
  const sender = createSender(real, deps, { contained, isClosed: () => closed, answering: () => answering });
  const bind = (callback: unknown): void => {
    if (closed) return;
    if (typeof callback === 'function') events.once('listening', () => void Reflect.apply(callback, events, []));
    try {
      real.bind({ port: deps.port, address: '0.0.0.0' });
    } catch (error) {
      broken(error);
    }
  };
  const close = (): void => {
    if (closed) return;
    closed = true;
    real.close();
  };

  real.on('error', broken);
  real.on('message', (datagram: Buffer, from: RemoteInfo) => {
    if (closed || from.port === 0 || !deps.admits(datagram, from)) return;
    answering = { length: datagram.length, from };
    deliver('message', datagram, from);
    answering = undefined;
  });
  real.on('listening', () => {
    if (closed) return;
    try {
      join(real, deps);
    } catch (error) {
      return broken(error);
    }
    deliver('listening');
    contained(deps.onReady);
  });
  const closeAndTell = (callback?: () => void): void => {
    close();
    if (callback !== undefined) process.nextTick(() => contained(callback));
  };
  return { socket: facadeOf(events, deps, { bind, send: sender.send, closeAndTell }), flushed: sender.flushed, close };
}

function join(real: Socket, { group, link, timeToLive }: GuardedSocketDeps): void {
  real.addMembership(group.address, link.address);
  real.setMulticastInterface(link.address);
  real.setMulticastTTL(timeToLive);
  // Servers on the same machine, and avahi's cache on it, hear each other.
  real.setMulticastLoopback(true);
}

type SenderState = {
  readonly contained: (run: () => void) => void;
  readonly isClosed: () => boolean;
  readonly answering: () => Question | undefined;
};
type Sender = Pick<GuardedSocket, 'flushed'> & { readonly send: (...values: readonly unknown[]) => void };

function createSender(real: Socket, deps: GuardedSocketDeps, { contained, isClosed, answering }: SenderState): Sender {
  const idle: (() => void)[] = [];
  let sending = 0;
  /** As both libraries call it: buffer, offset, length, port, address, callback. */
  const send = (...values: readonly unknown[]): void => {
    const [buffer, offset, length, port, address, callback] = values as SendArguments;
    const done: Callback = (...results) => contained(() => callback?.(...results));
    const datagram = deps.outgoing(buffer.subarray(offset, offset + length), { address, port }, answering());
    if (isClosed() || datagram === undefined) return process.nextTick(done, null);
    sending += 1;
    const sent: Callback = (error) => {
      sending -= 1;
      // What became of an answer says something of the one who asked, not of this interface.
      if (!isClosed() && address === deps.group.address) deps.onSent(error ?? undefined);
      done(error);
      if (sending === 0) for (const resolve of idle.splice(0)) resolve();
    };
    try {
      real.send(datagram, port, address, sent);
    } catch (error) {
      sent(error instanceof Error ? error : new Error(String(error)));
    }
  };
  const flushed = (): Promise<void> =>
    new Promise((resolve) => {
      if (sending === 0) resolve();
      else idle.push(resolve);
    });
  return { send, flushed };
}
type SendArguments = readonly [Uint8Array, number, number, number, string, Callback | undefined];

type Calls = {
  readonly bind: (callback: unknown) => void;
  readonly send: Sender['send'];
  readonly closeAndTell: (callback?: () => void) => void;
};
type Listener = (...values: unknown[]) => void;

/** What of a `Socket` the two libraries call. */
function facadeOf(events: EventEmitter, { link, group }: GuardedSocketDeps, calls: Calls): Socket {
  const nothing = (): void => undefined;
  const facade = {
    on: (event: string, listener: Listener) => void events.on(event, listener),
    once: (event: string, listener: Listener) => void events.once(event, listener),
    removeListener: (event: string, listener: Listener) => void events.removeListener(event, listener),
    /** Where to bind stands in `deps`; the callback comes last. */
    bind: (...values: readonly unknown[]) => calls.bind(values.at(-1)),
    send: calls.send,
    address: () => ({ address: link.address, family: 'IPv4', port: group.port }),
    close: calls.closeAndTell,
    // Done by `join`, once and for this interface; the libraries do it on others, and throw.
    addMembership: nothing,
    dropMembership: nothing,
    setMulticastTTL: nothing,
    setMulticastInterface: nothing,
    setMulticastLoopback: nothing,
  };
  return facade as unknown as Socket;
}
