/**
 * The sockets of one simulated camera: listens, refuses while it reboots, sends datagrams. What is said over them is
 * rtsp-connection.ts.
 */
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Running } from '../core/running.ts';
import { openDatagrams } from './datagrams.ts';
import type { OpenDatagrams } from './datagrams.ts';
import type { Wire } from './rtsp-answers.ts';
import type { Connection } from './rtsp-connection.ts';
import type { EndedBy } from './simulated-camera.ts';
import type { Datagrams } from './track-sender.ts';

/** Connections of one camera at once; real ones take about 20. */
export const MAX_CONNECTIONS = 256;

export type CameraServer = Running & {
  readonly port: number;
  readonly datagrams: () => Promise<Datagrams>;
  /** Closes the listener and every connection; `open` brings it back on the same port. */
  readonly close: (by: EndedBy) => Promise<void>;
  readonly open: () => Promise<void>;
  readonly hangUp: (by: EndedBy) => void;
  /** Raw bytes on every connection. */
  readonly writeAll: (bytes: Uint8Array) => void;
};

export type ServerOptions = {
  readonly host: string;
  readonly port: number;
  readonly tls: { readonly key: string; readonly cert: string } | undefined;
  readonly connect: (wire: Wire) => Connection;
};

export async function startCameraServer(options: ServerOptions): Promise<CameraServer> {
  const connections = new Map<Socket, Connection>();
  const listen = (port: number): Promise<Server> =>
    listenOn(options, port, (socket) => accept(socket, connections, options.connect));
  let datagrams: Promise<OpenDatagrams> | undefined;
  let server: Server | undefined = await listen(options.port);
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('a TCP server has a port');
  const { port } = address;
  const hangUp: CameraServer['hangUp'] = (by) => {
    for (const [socket, connection] of connections) {
      connection.end(by);
      // A reset after our own end is refused by the system, and the handle would stay open for ever.
      if (socket.writableEnded) socket.destroy();
      else socket.resetAndDestroy();
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
    port,
    datagrams: async () => (await (datagrams ??= openDatagrams(options.host))).datagrams,
    close,
    open: async () => {
      server ??= await listen(port);
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

async function listenOn(
  { host, tls }: ServerOptions,
  port: number,
  onConnection: (socket: Socket) => void,
): Promise<Server> {
  const server = tls === undefined ? createServer(onConnection) : createTlsServer({ ...tls }, onConnection);
  server.on('tlsClientError', () => undefined);
  server.listen({ host, port });
  await once(server, 'listening');
  return server;
}

function accept(socket: Socket, connections: Map<Socket, Connection>, connect: ServerOptions['connect']): void {
  if (connections.size >= MAX_CONNECTIONS) {
    socket.destroy();
    return;
  }
  socket.setNoDelay(true);
  const connection = connect({
    peer: (socket.remoteAddress ?? '').replace(/^::ffff:/, ''),
    write: (bytes) => {
      if (socket.writable) socket.write(bytes);
    },
    backlog: () => socket.writableLength,
    close: () => socket.destroySoon(),
  });
  connections.set(socket, connection);
  socket.on('data', (bytes) => void connection.receive(bytes));
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    connections.delete(socket);
    connection.end('disconnect');
  });
}
