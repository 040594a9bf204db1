/**
 * The TCP or TLS socket of one camera: read in the rhythm of `ReadSlots` into the shared buffer, or at once while a viewer
 * watches or the handshake runs.
 *
 * In the rhythm a TCP socket is read by read(2) on its descriptor. Starting and stopping libuv for each read costs two
 * calls of epoll_ctl, one wake for nothing (the next packet comes while nobody waits for it) and the way through two
 * streams: together twice the read itself. TLS has to take that way.
 *
 * Belongs here: the socket. Does not: RTSP (rtsp-connection.ts).
 */
import { createHash } from 'node:crypto';
import { readSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { systemCodeOf } from '../core/errors.ts';
import type { ReadSlots } from './read-slots.ts';

/** What all sockets read into: the largest read of one wake; 250 ms of 8 Mbit/s. */
export const READ_BUFFER_BYTES: number = 256 * 1024;
/** Full buffers that one camera may bring in one wake; the rest waits in the kernel. */
const MAX_READS_A_WAKE = 4;
/** Keep-alives and receiver reports that a camera does not take up; beyond, it is dead. */
const MAX_UNSENT: number = 64 * 1024;

export type SocketDeps = {
  readonly slots: Pick<ReadSlots, 'join' | 'everySecond'>;
  /** Shared by all sockets: contents are used up before the next read. */
  readonly readBuffer: Buffer;
};
export type SocketTarget = {
  readonly address: string;
  readonly port: number;
  /** RTSPS: the name asked for, and the SHA-256 that the certificate must have, in hex. */
  readonly tls: { readonly host: string; readonly fingerprint: string | undefined } | undefined;
};
export type SocketEvents = {
  /** `certificate`: SHA-256 in hex, RTSPS only. */
  readonly connected: (certificate: string | undefined) => void;
  readonly data: (bytes: Buffer, length: number) => void;
  /** Once; `reason` in words for a person. */
  readonly closed: (reason: string, kind: 'broken' | 'certificate') => void;
};
export type RtspSocket = {
  readonly write: (bytes: Uint8Array) => void;
  /** From now on in the rhythm of the slots, or at once again. */
  readonly setBatched: (batched: boolean) => void;
  readonly close: () => void;
  readonly remoteAddress: () => string | undefined;
};

export function openRtspSocket(deps: SocketDeps, target: SocketTarget, events: SocketEvents): RtspSocket {
  let batched = false;
  let ended = false;
  let leaveSlot: (() => void) | undefined;
  const finish = (reason: string, kind: 'broken' | 'certificate'): void => {
    if (ended) return;
    ended = true;
    leaveSlot?.();
    socket.destroy();
    events.closed(reason, kind);
  };
  /** Whether to read on at once: a full buffer means that more is waiting. */
  const take = (length: number): boolean => {
    if (!ended) events.data(deps.readBuffer, length);
    return !batched || length === deps.readBuffer.length;
  };
  const onread = { buffer: deps.readBuffer, callback: take };
  const socket = connectTo(target, onread);
  socket.on(target.tls === undefined ? 'connect' : 'secureConnect', () => {
    const certificate = target.tls === undefined ? undefined : fingerprintOf(socket);
    const pinned = target.tls?.fingerprint;
    if (pinned !== undefined && certificate !== pinned) {
      finish(
        'its certificate is not the one that was trusted: check the camera, then trust the new one',
        'certificate',
      );
    } else events.connected(certificate);
  });
  socket.on('error', (error) => finish(reasonOf(error), 'broken'));
  socket.on('end', () => finish('the camera closed the connection', 'broken'));
  socket.on('close', () => finish('the camera closed the connection', 'broken'));

  /** Everything that has come; where only libuv can read, as soon as it does. */
  const wake = (): void => {
    const fd = target.tls === undefined ? descriptorOf(socket) : undefined;
    if (fd === undefined) socket.resume();
    // Behind an end the descriptor may be somebody else's.
    else readAll(fd, deps.readBuffer, { take: (length) => take(length) && batched && !ended, finish });
  };

  return {
    write: (bytes) => {
      if (ended) return;
      if (socket.writableLength > MAX_UNSENT) finish('the camera takes nothing any more', 'broken');
      else socket.write(bytes);
    },
    setBatched: (wanted) => {
      if (ended || wanted === batched) return;
      batched = wanted;
      leaveSlot?.();
      leaveSlot = undefined;
      if (batched) {
        socket.pause();
        leaveSlot = deps.slots.join(wake);
      } else socket.resume();
    },
    close: () => {
      ended = true;
      leaveSlot?.();
      socket.destroySoon();
      // A camera that does not read would keep the socket open for its last bytes.
      socket.setTimeout(1000, () => socket.destroy());
    },
    remoteAddress: () => socket.remoteAddress,
  };
}

/** Of the connection below a `net.Socket`: not documented, there since Node 0.x; without it libuv reads. */
function descriptorOf(socket: Socket): number | undefined {
  const handle: unknown = '_handle' in socket ? socket._handle : undefined;
  if (typeof handle !== 'object' || handle === null || !('fd' in handle)) return undefined;
  return typeof handle.fd === 'number' && handle.fd >= 0 ? handle.fd : undefined;
}

type Reading = {
  readonly take: (length: number) => boolean;
  readonly finish: (reason: string, kind: 'broken') => void;
};
function readAll(fd: number, buffer: Buffer, { take, finish }: Reading): void {
  for (let reads = 0; reads < MAX_READS_A_WAKE; reads += 1) {
    const got = readAvailable(fd, buffer);
    if (got === 0) finish('the camera closed the connection', 'broken');
    else if (typeof got !== 'number') finish(reasonOf(got), 'broken');
    else if (got > 0 && take(got)) continue;
    return;
  }
}

/** Bytes read; 0 at the end, -1 if nothing is there, or why it is broken. */
function readAvailable(fd: number, buffer: Buffer): number | Error {
  try {
    return readSync(fd, buffer, 0, buffer.length, null);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return systemCodeOf(error) === 'EAGAIN' ? -1 : error;
  }
}

type ConnectOptions = {
  readonly host: string;
  readonly port: number;
  readonly noDelay: boolean;
  readonly onread: { readonly buffer: Buffer; readonly callback: (length: number) => boolean };
};
function connectTo(target: SocketTarget, onread: ConnectOptions['onread']): Socket {
  const options = { host: target.address, port: target.port, noDelay: true, onread };
  return target.tls === undefined ? connectTcp(options) : connectTls(tlsOptions(options, target.tls.host));
}

/** Cameras have certificates of their own making: the pinned fingerprint is what is checked, not a chain. */
const tlsOptions = (
  options: ConnectOptions,
  host: string,
): ConnectOptions & {
  readonly rejectUnauthorized: false;
  readonly servername: string;
  readonly minVersion: 'TLSv1';
} => ({
  ...options,
  rejectUnauthorized: false,
  servername: /^[\d.:]+$/.test(host) ? '' : host,
  minVersion: 'TLSv1',
});

function fingerprintOf(socket: Socket): string | undefined {
  const { raw } = (socket as TLSSocket).getPeerCertificate();
  return raw === undefined ? undefined : createHash('sha256').update(raw).digest('hex');
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens at that port: check the port, or whether RTSP is switched on',
  EHOSTUNREACH: 'nothing answers at that address: check the address and the cable',
  ENETUNREACH: 'there is no network to that address: check the network of this box',
  ETIMEDOUT: 'nothing answers at that address: check the address and the cable',
  ECONNRESET: 'the camera broke off the connection',
  EPIPE: 'the camera broke off the connection',
};

function reasonOf(error: Error): string {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return REASONS[code] ?? error.message;
}
