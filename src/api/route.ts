/**
 * How a route is declared. From the same table come validation, permission checks, the role matrix test and the OpenAPI
 * document, so a route cannot have one without the others.
 *
 * Belongs here: the types and `route`, `socketRoute`. Does not: carrying a request to its route (app.ts, upgrade.ts).
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import type { z } from 'zod';
import type { Access, Caller } from './caller.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
type Headers = Readonly<Record<string, string>>;

/**
 * `path` begins with `/` and stands below `/api/v1` unless `root` is set; parameters are `:name`.
 * `params`, `query` and `body` are made strict: unknown keys are refused.
 */
export type RouteSpec<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType, R extends z.ZodType> = {
  readonly method: Method;
  readonly path: `/${string}`;
  readonly root?: true;
  /** One sentence for the OpenAPI document. */
  readonly summary: string;
  /** Weakest role that may call it; `public` needs no sign-in. There is no default. */
  readonly access: Access;
  /** The path parameter that names a camera: who may not see that camera gets 403 before anything else happens. */
  readonly camera?: string;
  /**
   * What is allowed although the host of this server locks it (docs/design/site-membership.md); reading always is. Absent: nothing. A function:
   * what it says yes to.
   */
  readonly whenLocked?: 'open' | ((asked: Asked) => boolean);
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  /** Of a body that may be larger than others (json-body.ts). */
  readonly maxBodyBytes?: number;
  /** Success: its status (200 unless said), and its JSON shape, or its media type when it is not JSON. */
  readonly response: { readonly status?: number; readonly json?: R; readonly mediaType?: string };
  /** Codes a caller should expect beside the general ones, for the document: `{ 409: 'volume/in-use' }`. */
  readonly problems?: Readonly<Record<number, string>>;
};
/** A request that was validated. */
export type Asked = { readonly params: unknown; readonly body: unknown; readonly caller: Caller };
export type AnyRouteSpec = RouteSpec<z.ZodObject, z.ZodObject, z.ZodType, z.ZodType>;

export type RouteRequest<P, Q, B> = {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly caller: Caller;
  /** Lower case name; the first of several. */
  readonly header: (name: string) => string | undefined;
  /** Address of the peer, for back-off and the log. */
  readonly address: string;
  /** Aborted when the client has left, the caller's session ended, or the server stops. */
  readonly signal: AbortSignal;
};

export type Reply<R> =
  | { readonly kind: 'json'; readonly body: R; readonly status?: number; readonly headers?: Headers }
  | { readonly kind: 'empty'; readonly status?: number; readonly headers?: Headers }
  | {
      readonly kind: 'bytes';
      readonly body: Readable | Uint8Array | string;
      readonly mediaType: string;
      readonly status?: number;
      readonly headers?: Headers;
    };

/** The usual answer. */
export const json = <R>(body: R, headers: Headers = {}): Reply<R> => ({ kind: 'json', body, headers });
export const empty = (headers: Headers = {}): Reply<never> => ({ kind: 'empty', headers });

export type Route = {
  readonly kind: 'http';
  readonly spec: AnyRouteSpec;
  readonly handle: (request: RouteRequest<never, never, never>) => Promise<Reply<unknown>> | Reply<unknown>;
};

/** A WebSocket. Origin, sign-in, role and camera are checked before `accept`; the handler does the handshake and owns `socket`. */
export type SocketRoute = {
  readonly kind: 'socket';
  readonly spec: AnyRouteSpec;
  readonly accept: (
    request: RouteRequest<never, never, undefined>,
    upgrade: { readonly request: IncomingMessage; readonly socket: Duplex; readonly head: Uint8Array },
  ) => Promise<void> | void;
};
export type AnyRoute = Route | SocketRoute;

type None = z.ZodObject<Readonly<Record<string, never>>>;
export function route<
  P extends z.ZodObject = None,
  Q extends z.ZodObject = None,
  B extends z.ZodType = z.ZodUndefined,
  R extends z.ZodType = z.ZodNever,
>(
  spec: RouteSpec<P, Q, B, R>,
  handle: (
    request: RouteRequest<z.output<P>, z.output<Q>, z.output<B>>,
  ) => Promise<Reply<z.input<R>>> | Reply<z.input<R>>,
): Route {
  return { kind: 'http', spec, handle };
}

export function socketRoute<P extends z.ZodObject = None, Q extends z.ZodObject = None>(
  spec: Omit<RouteSpec<P, Q, z.ZodUndefined, z.ZodNever>, 'method' | 'response'>,
  accept: (
    request: RouteRequest<z.output<P>, z.output<Q>, undefined>,
    upgrade: { readonly request: IncomingMessage; readonly socket: Duplex; readonly head: Uint8Array },
  ) => Promise<void> | void,
): SocketRoute {
  const whole = { ...spec, method: 'GET' as const, response: { status: 101 } };
  return { kind: 'socket', spec: whole, accept };
}
