/**
 * The HTTP application: middleware around the route table. Refuses foreign hosts, reads and validates, knows the caller, checks
 * role and camera, answers errors as problem+json, serves the UI for everything else.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import type { Duplex } from 'node:stream';
import { Router } from '@koa/router';
import Koa from 'koa';
import type { Context, Middleware } from 'koa';
import type { Clock } from '../core/clock.ts';
import { assertNever } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { admit, headerOf, pathOf, pathPattern, refuseIfLocked, signalOf } from './admission.ts';
import type { AdmissionDeps } from './admission.ts';
import type { SignedIn } from './caller.ts';
import { carryToMembers } from './gateway.ts';
import type { GatewayDeps } from './gateway.ts';
import { readJson } from './json-body.ts';
import { HttpError, isDefect, problemOf } from './problem.ts';
import { changesSomething, checkHost, checkOrigin } from './request-checks.ts';
import type { AnyRoute, AnyRouteSpec, Reply, Route, RouteRequest } from './route.ts';
import { openStaticFiles } from './static-files.ts';
import { createUpgrade } from './upgrade.ts';
import { validateBody } from './validate.ts';

export type AppDeps = Omit<AdmissionDeps, 'viaHost'> & {
  /** Other servers of the site, of a host. Absent: none is asked. */
  readonly gateway?: GatewayDeps['gateway'];
  readonly ownId: () => string;
  readonly clock: Clock;
  readonly log: Log;
  readonly routes: readonly AnyRoute[];
  /** Names and addresses under which this box may be reached, beside the address the connection came in on. Lower case. */
  readonly hosts: () => readonly string[];
  /** `dist/web`; undefined serves no UI. */
  readonly webRoot: string | undefined;
  /** For tests: an answer that does not fit its declared shape becomes a 500. */
  readonly validateResponses?: boolean;
};

/** `viaHost`: who asks, of what came through the host that manages this server (member-server.ts). */
export type App = {
  readonly request: (request: IncomingMessage, response: ServerResponse, viaHost?: SignedIn) => void;
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Uint8Array, viaHost?: SignedIn) => void;
};
/**
 * Scripts, styles and sockets from here alone; pictures and video also from memory. No HSTS: with a certificate that the user
 * accepted by hand it would take the way back in from them. The one style by hash is web/src/styles/boot.css, for the first paint.
 */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self' 'sha256-YN82qau8vXGIEYiEJGIKIUtbSohRG5TkyUiVSwpRKHo='; " +
    "img-src 'self' blob: data:; media-src 'self' blob: data:; " +
    "connect-src 'self'; font-src 'self'; manifest-src 'self'; worker-src 'self' blob:; base-uri 'none'; " +
    "form-action 'self'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=()',
};

export function createApp(given: AppDeps): App {
  const callers = new WeakMap<IncomingMessage, SignedIn>();
  const viaHost = (request: IncomingMessage): SignedIn | undefined => callers.get(request);
  const deps = { ...given, gateway: given.gateway, viaHost };
  const koa = new Koa();
  koa.silent = true; // errors are answered and logged below
  koa.use(answerErrors(deps));
  koa.use(async (ctx, next) => {
    ctx.set(SECURITY_HEADERS);
    if (viaHost(ctx.req) === undefined) {
      checkHost(headerOf(ctx.req), deps.hosts(), ctx.req.socket.localAddress);
      if (changesSomething(ctx.method)) checkOrigin(headerOf(ctx.req));
    }
    await next();
  });
  koa.use(carryToMembers(deps, SECURITY_HEADERS));
  const router = new Router();
  for (const route of deps.routes) {
    if (route.kind === 'http') router.register(pathOf(route.spec), [route.spec.method], carry(route, deps));
  }
  koa.use(router.routes() as unknown as Middleware);
  koa.use(noSuchRoute(deps.routes));
  if (deps.webRoot !== undefined) koa.use(openStaticFiles(deps.webRoot, deps.log));
  koa.use((ctx) => {
    throw new HttpError(404, 'http/not-found', `Nothing is at ${ctx.path.slice(0, 200)}.`);
  });
  const handle = koa.callback();
  const upgrade = createUpgrade(deps);
  return {
    request: (request, response, caller) => {
      if (caller !== undefined) callers.set(request, caller);
      if (isTarget(request.url)) void handle(request, response);
      else response.writeHead(400, { ...SECURITY_HEADERS, connection: 'close', 'content-length': 0 }).end();
    },
    upgrade: (request, socket, head, caller) => {
      if (caller !== undefined) callers.set(request, caller);
      upgrade(request, socket, head);
    },
  };
}

/** RFC 9112 §3.2. What is no target at all makes Koa fail before any of our middleware is asked. */
const isTarget = (url = ''): boolean =>
  url.startsWith('/') ? URL.canParse(`https://host${url}`) : url === '*' || URL.canParse(url);

type Inside = AppDeps & AdmissionDeps;
function carry(route: Route, deps: Inside): Middleware {
  return async (ctx) => {
    const place = { params: { ...paramsOf(ctx) }, query: { ...ctx.query } };
    const { caller, params, query } = await admit(route, ctx.req, place, deps);
    const body = route.spec.body === undefined ? undefined : await readJson(ctx.req, route.spec.maxBodyBytes);
    const left = new AbortController();
    ctx.res.once('close', () => left.abort());
    const asked = { params, caller, body: validateBody(route.spec, body) };
    refuseIfLocked(route.spec, asked, { ...deps, request: ctx.req });
    const request: RouteRequest<never, never, never> = {
      ...asked,
      query,
      header: headerOf(ctx.req),
      address: ctx.req.socket.remoteAddress ?? '',
      signal: signalOf(left.signal, caller),
    };
    send(ctx, route.spec, await route.handle(request), deps.validateResponses === true);
  };
}

const paramsOf = (ctx: Context): object => (ctx as unknown as { readonly params?: object }).params ?? {};

function send(ctx: Context, spec: AnyRouteSpec, reply: Reply<unknown>, validate: boolean): void {
  ctx.status = reply.status ?? spec.response.status ?? (reply.kind === 'empty' ? 204 : 200);
  ctx.set({ 'cache-control': 'no-store', ...reply.headers });
  switch (reply.kind) {
    case 'empty':
      ctx.body = null; // null: Koa's word for no body
      return;
    case 'bytes':
      ctx.type = reply.mediaType;
      ctx.body = reply.body instanceof Uint8Array ? Buffer.from(reply.body) : reply.body;
      if (ctx.body instanceof Readable) ctx.body.on('error', () => ctx.res.destroy());
      return;
    case 'json':
      if (validate) spec.response.json?.parse(reply.body);
      ctx.type = 'application/json';
      ctx.body = JSON.stringify(reply.body);
      return;
    default:
      assertNever(reply);
  }
}

function answerErrors({ log }: AppDeps): Middleware {
  return async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      const { status, headers, problem } = problemOf(error);
      if (isDefect(status)) log.error('request failed', { method: ctx.method, path: ctx.path, error });
      ctx.status = status;
      ctx.set({ ...headers, 'cache-control': 'no-store' });
      ctx.type = 'application/problem+json';
      ctx.body = JSON.stringify(problem);
    }
  };
}

/** Below `/api` nothing falls through to the UI: 405 where the path exists for another method, else 404. */
function noSuchRoute(routes: readonly AnyRoute[]): Middleware {
  const places = routes.map(({ spec }) => ({ method: spec.method, matches: pathPattern(pathOf(spec)) }));
  return async (ctx, next) => {
    const methods = [...new Set(places.filter(({ matches }) => matches.test(ctx.path)).map(({ method }) => method))];
    if (methods.length > 0) {
      const allow = methods.join(', ');
      throw new HttpError(405, 'http/method', `${ctx.method} is not possible here, ${allow} is.`, {
        headers: { allow },
      });
    }
    if (ctx.path === '/api' || ctx.path.startsWith('/api/')) {
      throw new HttpError(404, 'http/not-found', `The API has nothing at ${ctx.path.slice(0, 200)}.`);
    }
    await next();
  };
}
