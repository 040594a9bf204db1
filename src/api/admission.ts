/**
 * What requests and WebSockets have in common on their way to a route: finding it, sign-in, role, camera, path and query.
 * Belongs here: the way in. Does not: bodies and answers (app.ts), the handshake (upgrade.ts).
 */
import type { IncomingMessage } from 'node:http';
import { isoOf } from '../core/clock.ts';
import { epochMs } from '../core/units.ts';
import type { SessionEnd } from '../site/account.ts';
import { mayCall, maySeeCamera } from './caller.ts';
import type { Anonymous, Caller, SignedIn } from './caller.ts';
import { isCarried, notCarried } from './gateway-paths.ts';
import { HttpError } from './problem.ts';
import type { AnyRoute, AnyRouteSpec, Asked } from './route.ts';
import { validatePlace } from './validate.ts';

export type AdmissionDeps = {
  /** From the raw headers; anonymous when there is no valid session or token. */
  readonly authenticate: (credentials: {
    readonly cookie: string | undefined;
    readonly authorization: string | undefined;
  }) => Promise<Caller>;
  /** Name of the host that locks this server. */
  readonly lockedBy: () => string | undefined;
  /** Who asks through the host that manages this server; undefined: it came in at the HTTPS port. */
  readonly viaHost: (request: IncomingMessage) => SignedIn | undefined;
};

/** Below this all routes stand that are not `root`. */
export const API_PREFIX = '/api/v1';
export const pathOf = ({ path, root }: AnyRouteSpec): string => (root === true ? path : `${API_PREFIX}${path}`);

/** Lower case names; the first of several values. */
export const headerOf =
  ({ headers }: IncomingMessage): ((name: string) => string | undefined) =>
  (name) => {
    const value = headers[name];
    return Array.isArray(value) ? value[0] : value;
  };

/** Everything before the body: sign-in, role, path, camera. @throws HttpError 401, 403, 422 */
export async function admit(
  { spec }: AnyRoute,
  request: IncomingMessage,
  place: { readonly params: unknown; readonly query: unknown },
  deps: AdmissionDeps,
): Promise<{ readonly caller: Caller; readonly params: never; readonly query: never }> {
  const { cookie, authorization } = request.headers;
  const viaHost = deps.viaHost(request);
  const caller = viaHost ?? (await deps.authenticate({ cookie, authorization }));
  if (viaHost !== undefined && !isCarried(spec)) throw notCarried(pathOf(spec));
  if (!mayCall(caller, spec.access)) {
    if (caller.kind === 'anonymous') throw notSignedIn(caller);
    throw new HttpError(403, 'auth/role', `This needs the role ${spec.access}; ${caller.name} has ${caller.role}.`);
  }
  const params = place.params as Readonly<Record<string, string | undefined>>;
  if (spec.camera !== undefined && !maySeeCamera(caller, params[spec.camera] ?? '')) {
    throw new HttpError(403, 'auth/camera', 'This account has no permission for this camera.');
  }
  // What the host itself asks is what its lock is for.
  if (spec.whenLocked === undefined && viaHost === undefined) refuseLocked(spec, deps);
  return { caller, ...validatePlace(spec, place.params, place.query) };
}

/** For routes that must see the whole request to know. @throws HttpError 423 */
export function refuseIfLocked(
  spec: AnyRouteSpec,
  asked: Asked,
  deps: AdmissionDeps & { readonly request: IncomingMessage },
): void {
  if (deps.viaHost(deps.request) !== undefined) return;
  if (typeof spec.whenLocked === 'function' && !spec.whenLocked(asked)) refuseLocked(spec, deps);
}

/** Its host changes it, and nobody here (product A5). */
function refuseLocked({ method }: AnyRouteSpec, deps: AdmissionDeps): void {
  const host = method === 'GET' ? undefined : deps.lockedBy();
  if (host === undefined) return;
  const message = `${host} manages this server and locks it: nothing is changed here. Change it at ${host}, or unlock it there.`;
  throw new HttpError(423, 'server/locked', message);
}

const SIGN_IN = { headers: { 'www-authenticate': 'Bearer realm="understudy"' } };
const WHY_ENDED = {
  'site-empty': 'The last server of this site was detached, and everybody was signed out',
} as const satisfies Record<SessionEnd, string>;
export function notSignedIn({ ended }: Anonymous): HttpError {
  if (ended === undefined)
    return new HttpError(401, 'auth/required', 'Sign in first, or send a token: the session may have ended.', SIGN_IN);
  const message = `${WHY_ENDED[ended.reason]} (${isoOf(epochMs(ended.endedAt))}). Sign in again.`;
  return new HttpError(401, `session/${ended.reason}`, message, SIGN_IN);
}

/** The signal a handler gets: the client left, the session ended. */
export function signalOf(left: AbortSignal, caller: Caller): AbortSignal {
  return caller.kind === 'anonymous' ? left : AbortSignal.any([left, caller.ended]);
}

/** `/cameras/:id/live` with one group a parameter. */
export function pathPattern(path: string): RegExp {
  const pattern = path.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll(/:(\w+)/g, '(?<$1>[^/]+)');
  return new RegExp(`^${pattern}$`);
}
