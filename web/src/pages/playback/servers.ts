/** Which servers of the site there are, by id: for who recorded what, and where exports are made. */
import { computed, signal } from '@preact/signals';
import { siteServers, type ServerName } from '../../api/site.ts';
import { cameras, server } from '../../app/stores.ts';

export type KnownServer = ServerName & { readonly connected: boolean };
const listed = signal<readonly KnownServer[]>([]);

/** This box, those with cameras, those that cover some, and at a host all others. */
export const servers = computed((): ReadonlyMap<string, KnownServer> => {
  const known = new Map<string, KnownServer>();
  for (const one of listed.value) known.set(one.id, one);
  for (const { server: owner, serverConnected, coveredBy } of cameras.value ?? []) {
    known.set(owner.id, { ...owner, connected: serverConnected });
    if (coveredBy !== undefined) known.set(coveredBy.id, { ...coveredBy, connected: true });
  }
  const own = server.value;
  if (own !== undefined) known.set(own.id, { id: own.id, name: own.name, connected: true });
  return known;
});

/** Only operators of a host get the list; all others go by what the cameras tell. */
export async function listServers(): Promise<void> {
  const all = await siteServers().catch(() => []);
  listed.value = all.map(({ id, name, state }) => ({
    id,
    name,
    connected: state !== 'offline' && state !== 'covered',
  }));
}
