/** WebSockets: the same checks as for requests, then the socket belongs to the route. A refusal is a plain HTTP answer. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { admit, headerOf, pathOf, pathPattern, signalOf } from './admission.ts';
import type { AdmissionDeps } from './admission.ts';
import type { Log } from '../core/log.ts';
import { upgradeToMember } from './gateway.ts';
import type { GatewayDeps } from './gateway.ts';
import { HttpError, isDefect, problemOf } from './problem.ts';
import { checkHost, checkOrigin } from './request-checks.ts';
import type { AnyRoute, SocketRoute } from './route.ts';

export type UpgradeDeps = AdmissionDeps &
  GatewayDeps & {
    readonly log: Log;
    readonly routes: readonly AnyRoute[];
    readonly hosts: () => readonly string[];
  };

export function createUpgrade(deps: UpgradeDeps): (request: IncomingMessage, socket: Duplex, head: Uint8Array) => void {
  const places = deps.routes
    .filter((route) => route.kind === 'socket')
    .map((route) => ({ route, pattern: pathPattern(pathOf(route.spec)) }));
  return (request, socket, head) => {
    socket.on('error', () => socket.destroy());
    accept(places, { request, socket, head }, deps).catch((error: unknown) => refuse(socket, error, deps));
  };
}

type Place = { readonly route: SocketRoute; readonly pattern: RegExp };
type Upgrade = { readonly request: IncomingMessage; readonly socket: Duplex; readonly head: Uint8Array };

async function accept(places: readonly Place[], upgrade: Upgrade, deps: UpgradeDeps): Promise<void> {
  const { request, socket } = upgrade;
  if (deps.viaHost(request) === undefined) {
    checkHost(headerOf(request), deps.hosts(), request.socket.localAddress);
    checkOrigin(headerOf(request));
  }
  if (await upgradeToMember(deps, upgrade)) return;
  const url = URL.parse(request.url ?? '/', 'https://host');
  if (url === null) throw new HttpError(400, 'http/path', 'The path is not properly encoded.');
  const found = places
    .map(({ route, pattern }) => ({ route, match: pattern.exec(url.pathname) }))
    .find(({ match }) => match !== null);
  if (found === undefined) throw new HttpError(404, 'http/not-found', 'No WebSocket is here.');
  if (request.method !== 'GET' || request.headers.upgrade?.toLowerCase() !== 'websocket') {
    throw new HttpError(400, 'http/upgrade', 'Expected a WebSocket handshake.');
  }
  const params = decoded(found.match?.groups ?? {});
  const query = Object.fromEntries(url.searchParams);
  const admitted = await admit(found.route, request, { params, query }, deps);
  const left = new AbortController();
  socket.once('close', () => left.abort());
  const signal = signalOf(left.signal, admitted.caller);
  const more = { header: headerOf(request), address: request.socket.remoteAddress ?? '', body: undefined, signal };
  await found.route.accept({ ...admitted, ...more }, upgrade);
}

function decoded(groups: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  try {
    return Object.fromEntries(Object.entries(groups).map(([name, value]) => [name, decodeURIComponent(value)]));
  } catch {
    throw new HttpError(400, 'http/path', 'The path is not properly encoded.');
  }
}

function refuse(socket: Duplex, error: unknown, { log }: UpgradeDeps): void {
  const { status, problem } = problemOf(error);
  if (isDefect(status)) log.error('upgrade failed', { error });
  if (!socket.writable) return;
  const body = JSON.stringify(problem);
  socket.end(
    `HTTP/1.1 ${status} ${problem.title}\r\nContent-Type: application/problem+json\r\nConnection: close\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    // No timeout of the HTTP server watches this socket any more, and the client need not close its half.
    () => socket.destroy(),
  );
}
