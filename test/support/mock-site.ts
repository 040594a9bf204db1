/** The site of the mock API: whose cameras they are, who records in whose place, what another server answers through its host. */
import type { Camera } from '../../src/api/contract/cameras.ts';
import type { CmsMode } from '../../src/api/contract/server.ts';
import type { SiteCamera, SiteServerRef } from '../../src/api/contract/site-footage.ts';
import type { SiteServerView } from '../../src/api/contract/site.ts';
import { iso, mockServer } from './mock-data.ts';
import { logAt } from './mock-log.ts';
import type { Call, MockState, Reply, RoomRoute } from './mock-routes.ts';
import { exportsAt } from './mock-site-exports.ts';

export type MockSite = {
  readonly servers: readonly SiteServerRef[];
  /** By camera. */
  coveredBy: ReadonlyMap<string, SiteServerRef>;
  /** Servers that are not connected. */
  away: ReadonlySet<string>;
};
export const HOST: SiteServerRef = { id: 'srv-1', name: 'Hall-NAS' };
export const MEMBER: SiteServerRef = { id: 'srv-2', name: 'Yard-NAS' };
export const SPARE: SiteServerRef = { id: 'srv-3', name: 'Spare-NAS' };
export const AWAY_MS = 95_000;

/** Alone, or a host with a recording server and a failover server. */
export const mockSite = (hasMembers: boolean): MockSite => ({
  servers: hasMembers ? [HOST, MEMBER, SPARE] : [HOST],
  coveredBy: new Map(),
  away: new Set(),
});

/** Every third camera is the member's. */
export const ownerOf = (site: MockSite, cameraId: string): SiteServerRef =>
  site.servers.length > 1 && Number(cameraId.replace(/\D/g, '')) % 3 === 0 ? MEMBER : HOST;

function siteCamera({ site }: MockState, camera: Camera): SiteCamera {
  const server = ownerOf(site, camera.id);
  const coveredBy = site.coveredBy.get(camera.id);
  const isAway = site.away.has(server.id);
  const since = iso(Date.now() - AWAY_MS);
  return {
    ...camera,
    server,
    serverConnected: !isAway,
    ...(isAway ? { serverAwaySince: since } : {}),
    ...(coveredBy === undefined ? {} : { coveredBy }),
    ...(isAway && coveredBy === undefined ? { asOf: since } : {}),
  };
}

const items = (list: readonly unknown[]): Reply => ({ body: { items: list } });
const notFound = (detail: string): Reply => ({
  status: 404,
  body: { type: 'about:blank', title: 'Not found', status: 404, code: 'site/unknown', detail },
});

export const siteMocks = (state: MockState): readonly RoomRoute[] => [
  { method: 'GET', path: /^\/site\/cameras$/, answer: () => items(state.cameras.map((one) => siteCamera(state, one))) },
  {
    method: 'GET',
    path: /^\/site\/cameras\/([^/]+)$/,
    answer: (_call, [id]) => {
      const found = state.cameras.find((camera) => camera.id === id);
      return found === undefined ? notFound('No such camera.') : { body: siteCamera(state, found) };
    },
  },
  {
    method: 'GET',
    path: /^\/site\/status$/,
    answer: () => {
      const servers = state.site.servers.map((server) => statusOf(state, server));
      return { body: { counts: countsOf(servers), items: servers } };
    },
  },
];

const MODES: Readonly<Record<string, CmsMode>> = { [MEMBER.id]: 'recording', [SPARE.id]: 'failover' };
function statusOf(state: MockState, { id, name }: SiteServerRef): SiteServerView {
  const { site } = state;
  const cameras = state.cameras.filter((camera) => ownerOf(site, camera.id).id === id);
  const covered = cameras.filter((camera) => site.coveredBy.has(camera.id));
  const covering = [...site.coveredBy.values()].some((server) => server.id === id);
  const mode = MODES[id] ?? state.mode;
  const serverState = covered.length > 0 ? 'covered' : site.away.has(id) ? 'offline' : covering ? 'covering' : 'online';
  return {
    id,
    name,
    mode,
    state: serverState,
    enabled: true,
    version: '0.1.0',
    model: id === SPARE.id ? 'NUC 12' : 'DS1522+',
    load: id === MEMBER.id ? 0.92 : 0.21,
    ...(mode === 'failover' ? { channels: { max: 128, used: 0, free: 128 } } : {}),
    cameras: { total: cameras.length, recording: cameras.filter((one) => one.state === 'recording').length },
    watches: mode === 'failover' ? [{ serverId: MEMBER.id, name: MEMBER.name, state: 'alive' }] : [],
    watchedBy: id === MEMBER.id ? [{ serverId: SPARE.id, name: SPARE.name }] : [],
    coveredBy: covered.length > 0 ? [{ serverId: SPARE.id, name: SPARE.name }] : [],
    lastContactAt: iso(Date.now() - (site.away.has(id) ? AWAY_MS : 400)),
  };
}

function countsOf(servers: readonly SiteServerView[]): unknown {
  const count = (states: readonly string[], of: (server: SiteServerView) => string): Record<string, number> =>
    Object.fromEntries(states.map((key) => [key, servers.filter((server) => of(server) === key).length]));
  return {
    total: servers.length,
    states: count(['detach-pending', 'disabled', 'covered', 'offline', 'covering', 'online'], ({ state: now }) => now),
    modes: count(['recording', 'failover', 'host'], ({ mode }) => mode),
  };
}

/** `/servers/{id}/api/<path>`: what that server answers; `answer` is what this mock says to the rest of the path. */
export function throughHost(state: MockState, call: Call, answer: (call: Call) => Reply): Reply | undefined {
  const match = /^\/servers\/([^/]+)\/api(\/.*)$/.exec(call.path);
  if (match === null) return undefined;
  const [, id, path = ''] = match;
  const server = state.site.servers.find((one) => one.id === id);
  if (server === undefined) return notFound('No server of this site has this id.');
  if (state.site.away.has(server.id)) {
    const detail = `${server.name} is not connected since ${iso(Date.now() - AWAY_MS)}.`;
    const body = { type: 'about:blank', title: 'Away', status: 503, code: 'server/not-connected', detail };
    return { status: 503, body };
  }
  const placed = server.id === HOST.id ? undefined : exportsAt(state, server, call, path);
  if (placed !== undefined) return placed;
  return call.method === 'GET'
    ? (readAt(state, server, { ...call, path }) ?? answer({ ...call, path }))
    : answer({ ...call, path });
}

function readAt(state: MockState, server: SiteServerRef, { path, query }: Call): Reply | undefined {
  const { id, name } = server;
  if (path === '/log' && id !== HOST.id) return logAt(server, id === SPARE.id, query, state.began);
  if (path === '/cameras') return items(state.cameras.filter((camera) => ownerOf(state.site, camera.id).id === id));
  if (path !== '/server') return undefined;
  const box = mockServer(name, Date.now(), state.began);
  const health = id === SPARE.id ? { status: 'good', items: [] } : box.health;
  return { body: { ...box, id, mode: MODES[id] ?? state.mode, health } };
}
