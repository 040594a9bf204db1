/** Whose log is shown: at a host that of all its servers, or of the one that the address names; elsewhere that of this box. */
import type { SiteServerView } from '../../api/site.ts';
import { siteServers } from '../../api/site.ts';
import { cameras, cameraServers, server } from '../../app/stores.ts';
import { useFresh } from '../failover/fresh.ts';
import type { Place } from './merged-log.ts';

const LOOK_EVERY_MS = 10_000;
/** More of them are not read at once. */
export const MAX_MERGED = 16;
const compare = new Intl.Collator(undefined, { numeric: true }).compare;

export type Places = {
  /** This box first, then failover servers, which tell most of a failure, then the others by name. */
  readonly all: readonly Place[];
  readonly chosen: Place | undefined;
  /** Those that are read. */
  readonly read: readonly Place[];
};
/** `undefined` until the servers of a host are known. */
export function usePlaces(wanted: string | null): Places | undefined {
  const own = server.value;
  const isHost = own?.mode === 'host';
  const { value, error } = useFresh(async () => (isHost ? await siteServers() : []), {
    key: String(isHost),
    everyMs: LOOK_EVERY_MS,
    on: ['server'],
  });
  if (own === undefined || (isHost && value === undefined && error === undefined)) return undefined;
  // Whoever may only watch is not told of the servers, but knows those of the cameras.
  const known = !isHost ? [] : value === undefined ? cameraServers.value : inOrder(value);
  const all = [{ id: own.id, name: own.name }, ...known.filter(({ id }) => id !== own.id)];
  const chosen = all.length === 1 ? all[0] : all.find(({ id }) => id === wanted);
  return { all, chosen, read: chosen === undefined ? all.slice(0, MAX_MERGED) : [chosen] };
}

const inOrder = (servers: readonly SiteServerView[]): readonly Place[] =>
  servers.toSorted((a, b) => Number(b.mode === 'failover') - Number(a.mode === 'failover') || compare(a.name, b.name));

/** The cameras that a server has, or covers now. */
export const camerasAt = (at: Place | undefined): readonly Place[] =>
  (cameras.value ?? []).filter(
    ({ server: owner, coveredBy }) => at === undefined || owner.id === at.id || coveredBy?.id === at.id,
  );
