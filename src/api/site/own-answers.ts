/** What other servers are asked over the gateway, asked of this one: by its own routes, without a connection. */
import { UnderstudyError } from '../../core/errors.ts';
import { pathOf, pathPattern } from '../admission.ts';
import { API_PREFIX } from '../admission.ts';
import type { SignedIn } from '../caller.ts';
import type { AnyRoute, Route } from '../route.ts';
import { validatePlace } from '../validate.ts';

export type OwnAnswers = (path: string, caller: SignedIn, signal: AbortSignal) => Promise<unknown>;

/** `path` as below `/api/v1`, of a GET that answers JSON. @throws what the route throws */
export function createOwnAnswers(routes: () => readonly AnyRoute[]): OwnAnswers {
  let places: readonly { readonly route: Route; readonly pattern: RegExp }[] | undefined;
  return async (path, caller, signal) => {
    places ??= routes().flatMap((route) =>
      route.kind === 'http' && route.spec.method === 'GET' ? [{ route, pattern: pathPattern(pathOf(route.spec)) }] : [],
    );
    const { pathname, searchParams } = new URL(`${API_PREFIX}${path}`, 'https://host');
    for (const { route, pattern } of places) {
      const match = pattern.exec(pathname);
      if (match === null) continue;
      const params = Object.fromEntries(
        Object.entries(match.groups ?? {}).map(([name, value]) => [name, decodeURIComponent(value)]),
      );
      const place = validatePlace(route.spec, params, Object.fromEntries(searchParams));
      const none = { header: () => undefined, address: '', body: undefined as never };
      const reply = await route.handle({ ...place, ...none, caller, signal });
      if (reply.kind === 'json') return reply.body;
    }
    throw new UnderstudyError('not-found', 'http/not-found', `Nothing here answers ${path.slice(0, 200)}.`);
  };
}
