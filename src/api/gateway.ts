/**
 * The way from a browser through this server, the host, to a member: `/api/v1/servers/{id}/api/<path>` here is `/api/v1/<path>` there
 * (docs/design/site-gateway.md). Whoever is signed in may ask; the member decides.
 *
 * Belongs here: which headers and media types pass, both ways. Does not: reaching the member (control/site-gateway.ts).
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import { pipeline } from 'node:stream';
import type { Context, Middleware } from 'koa';
import type { GatewayAnswer } from '../control/gateway-types.ts';
import type { SiteGateway } from '../control/site-gateway.ts';
import { notSignedIn, signalOf } from './admission.ts';
import type { AdmissionDeps } from './admission.ts';
import type { SignedIn } from './caller.ts';
import { isCarriedPath, notCarried } from './gateway-paths.ts';
import { HttpError } from './problem.ts';

export type GatewayDeps = Pick<AdmissionDeps, 'authenticate' | 'viaHost'> & {
  readonly gateway: Pick<SiteGateway, 'request' | 'socket'> | undefined;
  readonly ownId: () => string;
};

const PLACE = /^\/api\/v1\/servers\/([^/]+)\/api(\/[^?]*)(\?.*)?$/;
/** Of the request of a browser; nothing of its sign-in here, of this host, of the connection. */
const ASKED = [
  'accept',
  'accept-language',
  'content-type',
  'content-length',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'last-event-id',
  'range',
] as const;
const ASKED_OF_SOCKET = [
  'sec-websocket-key',
  'sec-websocket-version',
  'sec-websocket-protocol',
  'sec-websocket-extensions',
];
const ANSWERED = [
  'accept-ranges',
  'allow',
  'cache-control',
  'content-disposition',
  'content-length',
  'content-range',
  'etag',
  'last-modified',
  'retry-after',
  'understudy-picture-time',
  'vary',
  'x-accel-buffering',
] as const;
const ANSWERED_BY_SOCKET = ['sec-websocket-accept', 'sec-websocket-protocol', 'sec-websocket-extensions'];
/** Nothing that a browser would run, style or show as a page of this host: a member is not trusted with that. */
const MEDIA_TYPE =
  /^(application\/(json|problem\+json|octet-stream|vnd\.apple\.mpegurl|zip)|video\/mp4|image\/jpeg|text\/(csv|plain|event-stream))(;|$)/i;

export type GatewayPlace = { readonly serverId: string; readonly path: string; readonly query: string };
/** Undefined: it is for this server itself. @throws HttpError 400, 403 gateway/not-carried */
export function placeIn(url: string): GatewayPlace | undefined {
  const match = PLACE.exec(url);
  if (match === null) return undefined;
  const [, serverId = '', path = '', query = ''] = match;
  if (!isCarriedPath(path)) throw notCarried(path);
  return { serverId: serverId.toLowerCase(), path, query };
}

/** Behind the checks of host and origin, before the routes. `headers` go out with every answer. */
export function carryToMembers(deps: GatewayDeps, headers: Readonly<Record<string, string>>): Middleware {
  return async (ctx, next) => {
    const place = placeIn(ctx.url);
    if (place === undefined) {
      await next();
      return;
    }
    if (deps.viaHost(ctx.req) !== undefined) throw notCarried(ctx.path);
    if (place.serverId === deps.ownId()) {
      ctx.url = ownUrl(place);
      await next();
      return;
    }
    const caller = await signedIn(deps, ctx.req);
    const left = new AbortController();
    ctx.res.once('close', () => left.abort());
    const answer = await gatewayOf(deps).request(place.serverId, {
      method: ctx.method,
      path: `${place.path}${place.query}`,
      caller,
      headers: only(ctx.req, ASKED),
      body: hasBody(ctx.req) ? ctx.req : undefined,
      signal: signalOf(left.signal, caller),
    });
    send(ctx, answer, { ...headers, ...answered(answer, place.serverId) });
  };
}

const ownUrl = ({ path, query }: GatewayPlace): string => `/api/v1${path}${query}`;

/** @throws HttpError 401 */
async function signedIn({ authenticate }: GatewayDeps, { headers }: IncomingMessage): Promise<SignedIn> {
  const { cookie, authorization } = headers;
  const caller = await authenticate({ cookie, authorization });
  if (caller.kind === 'anonymous') throw notSignedIn(caller);
  return caller;
}

function gatewayOf({ gateway }: GatewayDeps): NonNullable<GatewayDeps['gateway']> {
  if (gateway !== undefined) return gateway;
  throw new HttpError(404, 'site/unknown-server', 'This server asks no other one.');
}

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

const only = ({ headers }: IncomingMessage, names: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(
    names.flatMap((name) => {
      const value = headers[name];
      return typeof value === 'string' ? [[name, value]] : [];
    }),
  );

function answered({ headers }: GatewayAnswer, serverId: string): Readonly<Record<string, string>> {
  const passed = ANSWERED.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]]));
  const { location, 'content-type': type } = headers;
  return {
    'cache-control': 'no-store',
    ...Object.fromEntries(passed),
    ...(type === undefined ? {} : { 'content-type': MEDIA_TYPE.test(type) ? type : 'application/octet-stream' }),
    ...(location?.startsWith('/api/v1/') ? { location: `/api/v1/servers/${serverId}/api${location.slice(7)}` } : {}),
  };
}

function send(ctx: Context, { status, body }: GatewayAnswer, headers: Readonly<Record<string, string>>): void {
  ctx.respond = false; // Koa would buffer nothing either, but it leaves an answer open whose source breaks
  const response: ServerResponse = ctx.res;
  for (const name of response.getHeaderNames()) response.removeHeader(name);
  response.writeHead(status, headers);
  response.flushHeaders(); // a stream of events may say nothing for long
  pipeline(body, response, () => undefined); // either end that breaks ends the other
}

export type GatewayUpgrade = {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Uint8Array;
};
/**
 * A WebSocket of a member; false: it is for this server itself, by the URL that the request has then.
 * @throws HttpError, and what the gateway throws
 */
export async function upgradeToMember(deps: GatewayDeps, { request, socket, head }: GatewayUpgrade): Promise<boolean> {
  const place = placeIn(request.url ?? '/');
  if (place === undefined) return false;
  if (deps.viaHost(request) !== undefined) throw notCarried(place.path);
  if (place.serverId === deps.ownId()) {
    request.url = ownUrl(place);
    return false;
  }
  const caller = await signedIn(deps, request);
  const left = new AbortController();
  socket.once('close', () => left.abort());
  const there = await gatewayOf(deps).socket(place.serverId, {
    method: 'GET',
    path: `${place.path}${place.query}`,
    caller,
    headers: only(request, ASKED_OF_SOCKET),
    signal: signalOf(left.signal, caller),
  });
  if (there.kind === 'refused') {
    await refuseAs(socket, there);
    return true;
  }
  socket.write(headOf('101 Switching Protocols', { ...UPGRADED, ...picked(there.headers, ANSWERED_BY_SOCKET) }));
  if (there.head.length > 0) socket.write(there.head);
  if (head.length > 0) there.socket.write(head);
  pipeline(socket, there.socket, () => undefined);
  pipeline(there.socket, socket, () => undefined);
  return true;
}

const UPGRADED = { connection: 'Upgrade', upgrade: 'websocket' };
const picked = (headers: Readonly<Record<string, string>>, names: readonly string[]): Record<string, string> =>
  Object.fromEntries(names.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])));
const headOf = (status: string, headers: Readonly<Record<string, string>>): string =>
  `HTTP/1.1 ${status}\r\n${Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}\r\n`;

/** Problems are short. */
const MAX_REFUSAL_BYTES = 16_384;
async function refuseAs(socket: Duplex, { status, body }: GatewayAnswer): Promise<void> {
  const text = await textOf(body);
  const headers = {
    'content-type': 'application/problem+json',
    connection: 'close',
    'content-length': String(Buffer.byteLength(text)),
  };
  socket.end(headOf(`${status} Refused`, headers) + text, () => socket.destroy());
}

async function textOf(body: Readable): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of body as AsyncIterable<Uint8Array>) {
    length += part.length;
    if (length > MAX_REFUSAL_BYTES) break;
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}
