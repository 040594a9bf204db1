/** What the mock of Protection shows of its site: the real plan, status, the servers that each one knows with their readiness. */
import type { KnownServer } from '../../src/api/contract/failover.ts';
import type { Server } from '../../src/api/contract/server.ts';
import type { SiteServerView, SiteView } from '../../src/api/contract/site.ts';
import { planOfSite } from '../../src/control/site-plan.ts';
import { protects } from '../../src/site/site-policy.ts';
import { FINGERPRINT, iso, mockServer } from './mock-data.ts';
import type { FailoverServer, ProtectionSite } from './mock-protection-data.ts';

export function planOf(site: ProtectionSite, failed?: readonly string[]): ReturnType<typeof planOfSite> {
  const { servers, file } = site;
  if (site.own.mode === 'recording') return { servers: [] };
  return planOfSite(
    {
      servers: servers
        .filter(({ mode, cameras }) => mode === 'recording' || cameras !== undefined)
        .map(({ id, name, cameras }) => ({ id, name, cameras })),
      spares: servers
        .filter(({ mode, state }) => mode === 'failover' && state !== 'offline')
        .map(({ id, name, channels = 128, seats = Infinity }) => ({
          id,
          name,
          channels,
          seats,
          unreachable: [],
          protects: (serverId: string) => protects(file.protection, id, serverId),
          covering: new Map<string, readonly string[]>(),
        })),
      shortage: file.policy.shortagePolicy ?? 'by-priority',
      oneServerAtATime: false,
    },
    failed,
  );
}

export const nameIn = ({ servers }: ProtectionSite, serverId: string): string =>
  servers.find(({ id }) => id === serverId)?.name ?? serverId;
export const siteView = (site: ProtectionSite): SiteView => ({
  isHost: site.isHost,
  ...(site.host === undefined ? {} : { host: site.host }),
  policy: site.file.policy,
  protection: site.file.protection.map((list) => ({ ...list, name: nameIn(site, list.failoverServerId) })),
});

const watchedBy = (site: ProtectionSite, spareId: string): readonly FailoverServer[] =>
  site.servers.filter(
    ({ id, mode, cameras }) =>
      id !== spareId && (mode === 'recording' || cameras !== undefined) && protects(site.file.protection, spareId, id),
  );

export function statusOf(site: ProtectionSite, server: FailoverServer): SiteServerView {
  const { id, name, mode, state = 'online', channels = 128, used = 0, cameras } = server;
  const named = ({ id: serverId, name: its }: FailoverServer): { serverId: string; name: string } => ({
    serverId,
    name: its,
  });
  const spares = site.servers.filter((one) => one.mode === 'failover');
  return {
    id,
    name,
    mode,
    state,
    enabled: true,
    version: '0.1.0',
    ...(mode === 'failover' ? { channels: { max: channels, used, free: channels - used } } : {}),
    ...(cameras === undefined ? {} : { cameras: { total: cameras.length, recording: cameras.length } }),
    watches: mode === 'failover' ? watchedBy(site, id).map((one) => ({ ...named(one), state: 'alive' })) : [],
    watchedBy: spares.filter((spare) => watchedBy(site, spare.id).some((one) => one.id === id)).map(named),
    coveredBy: state === 'covered' ? spares.slice(0, 1).map(named) : [],
  };
}

export const boxOf = ({ id, name, mode }: FailoverServer): Server => ({
  ...mockServer(name, Date.now(), Date.now() - 9e6),
  id,
  mode,
});

export function knownTo(site: ProtectionSite, { id: spareId, mode }: FailoverServer): readonly KnownServer[] {
  const others = site.servers.filter(({ id }) => id !== spareId);
  const watched = mode === 'failover' ? new Set(watchedBy(site, spareId).map(({ id }) => id)) : new Set<string>();
  return others.map((other) => ({
    id: other.id,
    name: other.name,
    mode: other.mode,
    fingerprint: FINGERPRINT,
    watched: watched.has(other.id),
    watcher: other.mode === 'failover' && watchedBy(site, other.id).some(({ id }) => id === spareId),
    managesUs: false,
    introduced: true,
    enabled: true,
    connected: true,
    ...(watched.has(other.id) ? { watch: watchOf(site, spareId, other) } : {}),
  }));
}

const PLANS = new WeakMap<object, { readonly file: object; readonly plan: ReturnType<typeof planOfSite> }>();
/** Made once for the same servers and lists: 200 of them are asked for by each failover server. */
function lastPlanOf(site: ProtectionSite): ReturnType<typeof planOfSite> {
  const known = PLANS.get(site.servers);
  if (known?.file === site.file) return known.plan;
  const plan = planOf(site);
  PLANS.set(site.servers, { file: site.file, plan });
  return plan;
}

function watchOf(
  site: ProtectionSite,
  spareId: string,
  { id, cameras = [] }: FailoverServer,
): NonNullable<KnownServer['watch']> {
  const mine = lastPlanOf(site)
    .servers.find(({ serverId }) => serverId === id)
    ?.cameras.filter(({ coveredBy }) => coveredBy === spareId);
  const notReady = site.notReady.get(`${spareId} ${id}`) ?? [];
  const readiness = (level: 'warm' | 'hot'): { wanted: number; ready: number } => {
    const wanted = mine?.filter(({ standbyLevel, recording }) => recording && standbyLevel === level).length ?? 0;
    return { wanted, ready: Math.max(0, wanted - notReady.filter((one) => one.level === level).length) };
  };
  const cold = mine?.filter(({ standbyLevel }) => standbyLevel === 'cold').length ?? 0;
  const backupAt = site.backedUp.get(id);
  return {
    state: 'alive',
    since: iso(Date.now() - 9e6),
    cameras: cameras.length,
    covered: 0,
    ...(backupAt === undefined ? {} : { backupAt }),
    standby: { hot: readiness('hot'), warm: readiness('warm'), cold, notReady: [...notReady] },
  };
}
