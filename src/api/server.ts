/** The HTTPS server around the app: TLS, limits against slow and many clients, stopping without cutting answers short. */
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import type { Server } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { seconds } from '../core/clock.ts';
import type { Clock } from '../core/clock.ts';
import { messageOf, systemCodeOf, UnderstudyError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Running } from '../core/running.ts';
import type { App } from './app.ts';
import { createPlaces } from './places.ts';
import { networkOf } from './sign-in-guard.ts';

/** A wall of 64 live pictures for ten viewers, and room for as many slow ones. Measured: about 40 KB each. */
export const MAX_CONNECTIONS = 2048;
/** Of one address (IPv6: /64), so that a single machine cannot shut everybody else out. A reverse proxy is one address. */
export const MAX_CONNECTIONS_PER_ADDRESS = 1024;
const HEADERS_TIMEOUT_MS = 5000;
const REQUEST_TIMEOUT_MS = 30_000;
const KEEP_ALIVE_MS = 15_000;
const MAX_HEADER_BYTES = 16_384;
/** Answers under way when it stops may finish for so long. */
const GRACE_SECONDS = 2;

export type HttpsServerOptions = {
  readonly app: App;
  readonly tls: { readonly key: string; readonly certificate: string };
  readonly bind: string | undefined;
  /** 0: any free one. */
  readonly port: number;
  readonly clock: Clock;
  readonly log: Log;
};
export type HttpsServer = Running & { readonly port: number };

/** @throws UnderstudyError `server/port-taken`, `server/cannot-listen` */
export async function startHttpsServer(options: HttpsServerOptions): Promise<HttpsServer> {
  const { app, tls, log, clock } = options;
  const server = createServer(
    {
      key: tls.key,
      cert: tls.certificate,
      minVersion: 'TLSv1.2',
      honorCipherOrder: true,
      handshakeTimeout: HEADERS_TIMEOUT_MS,
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: 1000,
      maxHeaderSize: MAX_HEADER_BYTES,
      insecureHTTPParser: false,
    },
    app.request,
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.maxRequestsPerSocket = 10_000;
  const sockets = new Set<Socket>();
  const places = createPlaces({ all: MAX_CONNECTIONS, each: MAX_CONNECTIONS_PER_ADDRESS });
  server.on('connection', (socket: Socket) => {
    const leave = places.enter(networkOf(socket.remoteAddress ?? ''));
    if (leave === undefined) {
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.once('close', () => {
      sockets.delete(socket);
      leave();
    });
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => app.upgrade(request, socket, head));
  server.on('clientError', answerBadClient);
  server.on('error', (error) => log.error('https server', { error: messageOf(error) }));
  const port = await listen(server, options);
  let stopped: Promise<void> | undefined;
  return { port, stop: () => (stopped ??= stop(server, sockets, clock)) };
}

async function listen(server: Server, { bind, port }: HttpsServerOptions): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    const failed = (error: Error): void => reject(cannotListen(error, bind, port));
    server.once('error', failed);
    server.listen({ port, host: bind, exclusive: true }, () => {
      server.off('error', failed);
      resolve();
    });
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}

function cannotListen(error: Error, bind: string | undefined, port: number): UnderstudyError {
  const where = `${bind ?? 'all addresses'} port ${port}`;
  const code = systemCodeOf(error);
  if (code === 'EADDRINUSE') {
    const message = `${where} is taken by another program: stop it, or choose another one with --http-port.`;
    return new UnderstudyError('conflict', 'server/port-taken', message, { context: { port }, cause: error });
  }
  const message = `Cannot listen on ${where} (${code ?? error.message}): check --bind and --http-port.`;
  return new UnderstudyError('unavailable', 'server/cannot-listen', message, { context: { port }, cause: error });
}

function answerBadClient(error: Error, socket: Duplex): void {
  const code = systemCodeOf(error);
  const status = code === 'HPE_HEADER_OVERFLOW' ? 431 : code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400;
  const answer = `HTTP/1.1 ${status} Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;
  // A client that does not close its half must not keep the place.
  if (socket.writable) socket.end(answer, () => socket.destroy());
  else socket.destroy();
}

async function stop(server: Server, sockets: ReadonlySet<Socket>, clock: Clock): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const cancel = clock.after(seconds(GRACE_SECONDS), () => {
    for (const socket of sockets) socket.destroy(); // live pictures and event streams never end by themselves
  });
  await closed;
  cancel();
}
