/**
 * What a host never carries to a member, and no member does for its host: accounts, keys, who is the host, and further servers. Pure.
 * The member decides by the route that a request reached, whatever its host sent; the host says it sooner, by the path.
 */
import { HttpError } from './problem.ts';
import type { AnyRouteSpec } from './route.ts';

/** First segments below `/api/v1`: each server has its own, the site's are those of the host, and links need no account. */
const NEVER: ReadonlySet<string> = new Set(['sessions', 'setup', 'users', 'tokens', 'peers', 'site', 'shared-exports']);
/** What a server is, its owner says there; and only there all its passwords leave it, or are put back. */
const NEVER_WHOLE: ReadonlySet<string> = new Set([
  '/server/mode',
  '/server/settings/backup',
  '/server/settings/restore',
]);

/** `path` begins with `/`, without its query. */
export function isCarriedPath(path: string): boolean {
  // Routes are found in whatever case, with or without a slash at the end.
  const plain = path.toLowerCase().replace(/\/+$/, '');
  const [, first = '', , third] = plain.split('/');
  if (first === 'servers' && third === 'api') return false;
  return !NEVER.has(first) && !NEVER_WHOLE.has(plain);
}

export const isCarried = ({ path, root }: Pick<AnyRouteSpec, 'path' | 'root'>): boolean =>
  root !== true && isCarriedPath(path);

export const notCarried = (path: string): HttpError =>
  new HttpError(
    403,
    'gateway/not-carried',
    `${path.slice(0, 200)} is not asked of another server through its host: each server does it for itself.`,
  );
