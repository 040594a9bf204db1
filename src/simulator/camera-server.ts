/**
 * The sockets of one simulated camera: listens, refuses while it reboots, sends datagrams. What is said over them is
 * rtsp-connection.ts.
 */
import { createSocket } from 'node:dgram';
import type { Socket as DatagramSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { UnderstudyError } from '../core/errors.ts';
import type { Running } from '../core/running.ts';
import type { Connection, Wire } from './rtsp-connection.ts';
import type { SessionRecord } from './simulator.ts';
import type { Datagrams } from './track-sender.ts';

/** Connections of one camera at once; real ones take about 20. */
export const MAX_CONNECTIONS = 256;
/** Tries to find an even port with a free neighbour. */
const PORT_TRIES = 50;

export type CameraServer = Running & {
  readonly port: number;
  readonly datagrams: () => Promise<Datagrams>;
  /** Closes the listener and every connection; `open` brings it back on the same port. */
  readonly close: (by: NonNullable<SessionRecord['endedBy']>) => Promise<void>;
  readonly open: () => Promise<void>;
  readonly hangUp: (by: NonNullable<SessionRecord['endedBy']>) => void;
  /** Raw bytes on every connection. */
  readonly writeAll: (bytes: Uint8Array) => void;
};

export type ServerOptions = {
  readonly host: string;
  readonly port: number;
  readonly tls: { readonly key: string; readonly cert: string } | undefined;
  readonly connect: (wire: Wire) => Connection;
};

export async function startCameraServer({ host, port, tls, connect }: ServerOptions): Promise<CameraServer> {
  const connections = new Map<Socket, Connection>();
  let datagrams: Promise<OpenDatagrams> | undefined;
  const accept = (socket: Socket): void => {
    if (connections.size >= MAX_CONNECTIONS) return void socket.destroy();
    socket.setNoDelay(true);
    const peer = (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
    const connection = connect({
      peer,
      write: (bytes) => void (socket.writable && socket.write(bytes)),
      backlog: () => socket.writableLength,
      close: () => void socket.destroySoon(),
    });
    connections.set(socket, connection);
    socket.on('data', (bytes) => void connection.receive(bytes));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      connections.delete(socket);
      connection.end('disconnect');
    });
  };
  const listen = async (at: number): Promise<Server> => {
    const made = tls === undefined ? createServer(accept) : createTlsServer({ ...tls }, accept);
    made.on('tlsClientError', () => undefined);
    made.listen({ host, port: at });
    await once(made, 'listening');
    return made;
  };
  let server: Server | undefined = await listen(port);
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('a TCP server has a port');
  const chosen = address.port;

  const hangUp: CameraServer['hangUp'] = (by) => {
    for (const [socket, connection] of connections) {
      connection.end(by);
      socket.resetAndDestroy();
    }
    connections.clear();
  };
  const close: CameraServer['close'] = async (by) => {
    const closing = server;
    server = undefined;
    hangUp(by);
    if (closing === undefined) return;
    closing.close();
    await once(closing, 'close');
  };
  return {
    port: chosen,
    datagrams: async () => (await (datagrams ??= openDatagrams(host))).datagrams,
    close,
    open: async () => {
      server ??= await listen(chosen);
    },
    hangUp,
    writeAll: (bytes) => {
      for (const socket of connections.keys()) if (socket.writable) socket.write(bytes);
    },
    stop: async () => {
      await close('stop');
      const open = await datagrams?.catch(() => undefined);
      open?.close();
    },
  };
}

type OpenDatagrams = { readonly datagrams: Datagrams; readonly close: () => void };

/** RTP on an even port, RTCP on the next (RFC 3550 §11). */
async function openDatagrams(host: string): Promise<OpenDatagrams> {
  for (let tries = 0; tries < PORT_TRIES; tries += 1) {
    const rtp = await bind(host, 0);
    const port = rtp?.address().port ?? 1;
    const rtcp = port % 2 === 0 ? await bind(host, port + 1) : undefined;
    if (rtp !== undefined && rtcp !== undefined) return pairOf(rtp, rtcp);
    rtp?.close();
  }
  throw new UnderstudyError('limit', 'simulator/ports', 'expected two neighbouring free UDP ports, found none');
}

async function bind(host: string, port: number): Promise<DatagramSocket | undefined> {
  const socket = createSocket({ type: host.includes(':') ? 'udp6' : 'udp4', sendBufferSize: 1024 * 1024 });
  try {
    socket.bind(port, host);
    await once(socket, 'listening');
    socket.on('error', () => undefined);
    return socket;
  } catch {
    socket.close();
    return undefined;
  }
}

function pairOf(rtp: DatagramSocket, rtcp: DatagramSocket): OpenDatagrams {
  const ears = new Map<string, () => void>();
  const keyOf = (host: string, port: number): string => `${host}:${port}`;
  for (const socket of [rtp, rtcp])
    socket.on('message', (_bytes, from) => ears.get(keyOf(from.address, from.port))?.());
  const datagrams: Datagrams = {
    ports: { rtp: rtp.address().port, rtcp: rtcp.address().port },
    send: (from, bytes, port, host) => (from === 'rtp' ? rtp : rtcp).send(bytes, port, host, () => undefined),
    hear: (host, ports, heard) => {
      const keys = [keyOf(host, ports.rtp), keyOf(host, ports.rtcp)];
      for (const key of keys) ears.set(key, heard);
      return () => keys.forEach((key) => ears.delete(key));
    },
  };
  return {
    datagrams,
    close: () => {
      rtp.close();
      rtcp.close();
    },
  };
}
