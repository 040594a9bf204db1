/** Which server a person means: by id, or by its name as the server that is asked knows it. */
import type { KnownServer } from '../api/contract/failover.ts';
import { UnderstudyError } from '../core/errors.ts';
import type { ApiClient } from './api-client.ts';

/** A server knows at most 256 others: one page. */
export async function knownServersOf(api: ApiClient): Promise<readonly KnownServer[]> {
  return ((await api.call('GET', '/servers?limit=1000')) as { readonly items: readonly KnownServer[] }).items;
}

/** @throws cli/server when none, or more than one, is meant */
export async function findServer(api: ApiClient, meant: string): Promise<KnownServer> {
  const known = await knownServersOf(api);
  const byId = known.find(({ id }) => id === meant);
  if (byId !== undefined) return byId;
  const named = known.filter(({ name }) => name.toLowerCase() === meant.toLowerCase());
  const [only, another] = named;
  if (only !== undefined && another === undefined) return only;
  const names = known.map(({ name }) => name).join(', ') || 'none';
  const message =
    only === undefined
      ? `No server is called ${meant}, by name or id; known are: ${names}.`
      : `${named.length} servers are called ${meant}; give the id: ${named.map(({ id }) => id).join(', ')}.`;
  throw new UnderstudyError('not-found', 'cli/server', message);
}
