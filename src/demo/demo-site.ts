/**
 * A whole site on loopback: one host, recording servers with simulated cameras, failover servers; in the demo two, eight and one.
 * The host is told of the others as an administrator would do it; it introduces them to each other. For scenario tests too.
 */
import { join } from 'node:path';
import type { ApiClient } from '../cli/api-client.ts';
import type { Clock } from '../core/clock.ts';
import { UnderstudyError } from '../core/errors.ts';
import { freePort } from '../core/free-port.ts';
import type { Simulator } from '../simulator/simulator.ts';
import { addCameras, DEMO_USER, startBox, textOf, until } from './demo-box.ts';
import type { Box, BoxOptions } from './demo-box.ts';

export const LOOPBACK = '127.0.0.1';
export type SiteServer = {
  readonly name: string;
  readonly dataDir: string;
  readonly mode: 'host' | 'recording' | 'failover';
  /** The present run; `start` after a kill makes another one. */
  box: () => Box;
  readonly start: () => Promise<void>;
};
export type Site = {
  readonly host: SiteServer;
  readonly recorders: readonly SiteServer[];
  /** The first of the failover servers. */
  readonly failover: SiteServer;
  readonly spares: readonly SiteServer[];
  /** By recorder, in order: ids as its server calls them, with the simulated camera of each. */
  readonly cameras: readonly { readonly server: SiteServer; readonly cameraId: string; readonly simulated: string }[];
  readonly stop: () => Promise<void>;
};
export type SiteShape = {
  readonly recorders: readonly string[];
  readonly spares: readonly string[];
  readonly camerasEach: number;
  /** Of all cameras. */
  readonly standbyLevel: 'cold' | 'warm' | 'hot';
};
export type SiteOptions = {
  readonly dataDir: string;
  readonly password: string;
  readonly clock: Clock;
  readonly simulator: Simulator;
  readonly names: readonly string[];
  /** Of the host's web interface; 0: any. */
  readonly httpPort: number;
  readonly logTo: (server: string) => number;
  readonly onSpawn?: BoxOptions['onSpawn'];
  readonly launcher?: BoxOptions['launcher'];
  readonly tell: (line: string) => void;
  /** The demo's unless said. The simulator has cameras for every recording server. */
  readonly shape?: SiteShape;
};

const DEMO: SiteShape = {
  recorders: ['Recorder North', 'Recorder South'],
  spares: ['Spare'],
  camerasEach: 4,
  standbyLevel: 'hot',
};
const KNOWN_WITHIN_MS = 60_000;

export async function startSite(options: SiteOptions): Promise<Site> {
  const { tell, clock, shape = DEMO } = options;
  tell(`starting ${1 + shape.recorders.length + shape.spares.length} servers ...`);
  const startAll = async (names: readonly string[], mode: SiteServer['mode']): Promise<readonly SiteServer[]> =>
    await Promise.all(names.map(async (name) => await startServer(options, { name, mode })));
  const [hosts, recorders, spares] = await Promise.all([
    startAll(['Host'], 'host'),
    startAll(shape.recorders, 'recording'),
    startAll(shape.spares, 'failover'),
  ]);
  const [host, failover] = [hosts[0], spares[0]];
  if (host === undefined || failover === undefined)
    throw new UnderstudyError('unavailable', 'demo/no-server', 'A server of the site did not start.');
  for (const server of [host, ...spares]) await server.box().api.call('PUT', '/server/mode', { mode: server.mode });
  const cameras = await addAllCameras(options, recorders, shape);
  tell('the host adds the others and introduces them to each other ...');
  for (const server of [...recorders, ...spares]) await authorize(host.box().api, server, options.password);
  const site = { host, recorders, failover, spares, cameras };
  for (const spare of spares)
    await until('a failover server to be ready', clock, async () => await isReady(spare, site), KNOWN_WITHIN_MS);
  return {
    ...site,
    stop: async () => {
      await Promise.all([host, ...recorders, ...spares].map(async (server) => await server.box().stop()));
    },
  };
}

async function addAllCameras(
  { simulator, names }: SiteOptions,
  recorders: readonly SiteServer[],
  { camerasEach, standbyLevel }: SiteShape,
): Promise<Site['cameras']> {
  const cameras = [];
  for (const [index, server] of recorders.entries()) {
    const part = { ...simulator, cameras: simulator.cameras.slice(index * camerasEach, (index + 1) * camerasEach) };
    const ids = await addCameras(server.box().api, part, names.slice(index * camerasEach));
    await server.box().api.call('PATCH', '/cameras', { ids, change: { standbyLevel } });
    cameras.push(...part.cameras.map(({ id }, at) => ({ server, cameraId: ids[at] ?? '', simulated: id })));
  }
  return cameras;
}

async function startServer(
  { dataDir: root, password, clock, httpPort, logTo, onSpawn, launcher }: SiteOptions,
  { name, mode }: Pick<SiteServer, 'name' | 'mode'>,
): Promise<SiteServer> {
  const dataDir = join(root, name.toLowerCase().replaceAll(' ', '-'));
  // Chosen beforehand: a server that is started again must be where the others look for it.
  const ports = {
    httpPort: mode === 'host' && httpPort !== 0 ? httpPort : await freePort(),
    peerPort: await freePort(),
  };
  const logFile = logTo(name);
  const told = { ...(onSpawn === undefined ? {} : { onSpawn }), ...(launcher === undefined ? {} : { launcher }) };
  const box: BoxOptions = {
    dataDir,
    ...ports,
    rtmpPort: await freePort(),
    password,
    clock,
    name,
    logTo: logFile,
    ...told,
  };
  let running = await startBox(box);
  return {
    name,
    dataDir,
    mode,
    box: () => running,
    start: async () => {
      running = await startBox(box);
    },
  };
}

/** As an administrator: look what is there, compare the fingerprint, give the account of the other box. */
async function authorize(api: ApiClient, server: SiteServer, password: string): Promise<void> {
  const place = { host: LOOPBACK, httpPort: server.box().port() };
  const found = await api.call('POST', '/servers/test', place);
  const httpsFingerprint = textOf(found, 'httpsFingerprint');
  await api.call('POST', '/servers', { ...place, httpsFingerprint, username: DEMO_USER, password });
}

type Watched = { readonly name: string; readonly watch?: { readonly state: string; readonly cameras: number } };
async function isReady(
  spare: SiteServer,
  { recorders, cameras }: Pick<Site, 'recorders' | 'cameras'>,
): Promise<boolean> {
  const { items } = (await spare.box().api.call('GET', '/servers')) as { readonly items: readonly Watched[] };
  return recorders.every((recorder) => {
    const wanted = cameras.filter(({ server }) => server === recorder).length;
    return items.some(
      ({ name, watch }) => name === recorder.name && watch?.state === 'alive' && watch.cameras === wanted,
    );
  });
}
