/**
 * A whole site on loopback: one host, two recording servers, one failover server, eight simulated cameras. The host is told of
 * the others as an administrator would do it; it introduces them to each other. Used by the demo and by scenario tests.
 */
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { ApiClient } from '../cli/api-client.ts';
import type { Clock } from '../core/clock.ts';
import { UnderstudyError } from '../core/errors.ts';
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
  readonly failover: SiteServer;
  /** By recorder, in order: ids as its server calls them, with the simulated camera of each. */
  readonly cameras: readonly { readonly server: SiteServer; readonly cameraId: string; readonly simulated: string }[];
  readonly stop: () => Promise<void>;
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
  readonly tell: (line: string) => void;
};

const PLAN = [
  { name: 'Host', mode: 'host' },
  { name: 'Recorder North', mode: 'recording' },
  { name: 'Recorder South', mode: 'recording' },
  { name: 'Spare', mode: 'failover' },
] as const;
const KNOWN_WITHIN_MS = 60_000;

export async function startSite(options: SiteOptions): Promise<Site> {
  const { tell, clock } = options;
  tell('starting four servers ...');
  const servers = await Promise.all(PLAN.map(async (one) => await startServer(options, one)));
  const [host, north, south, failover] = servers;
  if (host === undefined || north === undefined || south === undefined || failover === undefined)
    throw new UnderstudyError('unavailable', 'demo/no-server', 'A server of the site did not start.');
  for (const server of [host, failover]) await server.box().api.call('PUT', '/server/mode', { mode: server.mode });
  const cameras = [];
  for (const [index, server] of [north, south].entries()) {
    const half = halfOf(options.simulator, index);
    const ids = await addCameras(server.box().api, half, options.names.slice(index * 4));
    await server.box().api.call('PATCH', '/cameras', { ids, change: { standbyLevel: 'hot' } });
    cameras.push(...half.cameras.map(({ id }, at) => ({ server, cameraId: ids[at] ?? '', simulated: id })));
  }
  tell('the host adds the others and introduces them to each other ...');
  for (const server of [north, south, failover]) await authorize(host.box().api, server, options.password);
  const site = { host, recorders: [north, south], failover, cameras };
  await until('the failover server to be ready', clock, async () => await isReady(site), KNOWN_WITHIN_MS);
  return {
    ...site,
    stop: async () => {
      await Promise.all(servers.map(async (server) => await server.box().stop()));
    },
  };
}

async function startServer(
  { dataDir: root, password, clock, httpPort, logTo }: SiteOptions,
  { name, mode }: (typeof PLAN)[number],
): Promise<SiteServer> {
  const dataDir = join(root, name.toLowerCase().replaceAll(' ', '-'));
  // Chosen beforehand: a server that is started again must be where the others look for it.
  const ports = {
    httpPort: mode === 'host' && httpPort !== 0 ? httpPort : await freePort(),
    peerPort: await freePort(),
  };
  const logFile = logTo(name);
  const box: BoxOptions = { dataDir, ...ports, rtmpPort: await freePort(), password, clock, name, logTo: logFile };
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

export async function freePort(): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const server = createServer().listen(0, LOOPBACK, () => {
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    server.close(() => resolve(port));
  });
  return await promise;
}

const halfOf = (simulator: Simulator, half: number): Simulator => ({
  ...simulator,
  cameras: simulator.cameras.slice(half * 4, half * 4 + 4),
});

/** As an administrator: look what is there, compare the fingerprint, give the account of the other box. */
async function authorize(api: ApiClient, server: SiteServer, password: string): Promise<void> {
  const place = { host: LOOPBACK, httpPort: server.box().port() };
  const found = await api.call('POST', '/servers/test', place);
  const httpsFingerprint = textOf(found, 'httpsFingerprint');
  await api.call('POST', '/servers', { ...place, httpsFingerprint, username: DEMO_USER, password });
}

type Watched = { readonly name: string; readonly watch?: { readonly state: string; readonly cameras: number } };
async function isReady({ failover, recorders }: Pick<Site, 'failover' | 'recorders'>): Promise<boolean> {
  const { items } = (await failover.box().api.call('GET', '/servers')) as { readonly items: readonly Watched[] };
  return recorders.every(({ name }) =>
    items.some((one) => one.name === name && one.watch?.state === 'alive' && one.watch.cameras === 4),
  );
}
