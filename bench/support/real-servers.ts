/**
 * The real servers among the simulated ones of bench/site.ts: two recording servers with a simulated camera each, and a failover server
 * that protects both, each with all its processes, added to the host as an administrator does it.
 */
import { join } from 'node:path';
import type { ApiClient } from '../../src/cli/api-client.ts';
import { systemClock as clock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import { addCameras, DEMO_USER, startBox, textOf, until } from '../../src/demo/demo-box.ts';
import type { Box } from '../../src/demo/demo-box.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';

export const REAL_SERVERS = 3;
const RECORDERS = ['Real recorder A', 'Real recorder B'] as const;
const SPARE = 'Real spare';
const PATIENCE_MS = 300_000;

export type RealServers = {
  /** Both recording servers record, and the failover server watches both. */
  readonly ready: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

export async function startRealServers(host: ApiClient, root: string, password: string): Promise<RealServers> {
  const simulator = await startSimulator(
    { clock, log: silentLog },
    RECORDERS.map((_, index) => ({ id: `cam-${index + 1}` })),
  );
  const boxes: Box[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(boxes.map(async (box) => await box.stop()));
    await simulator.stop();
  };
  try {
    for (const name of [...RECORDERS, SPARE]) {
      const dataDir = join(root, name.toLowerCase().replaceAll(' ', '-'));
      const box = await startBox({ dataDir, httpPort: 0, password, clock, name, logTo: 'ignore' });
      boxes.push(box);
      const cameras = simulator.cameras.slice(boxes.length - 1, boxes.length);
      if (name === SPARE) await box.api.call('PUT', '/server/mode', { mode: 'failover' });
      else await addCameras(box.api, { ...simulator, cameras }, [`Camera of ${name}`]);
    }
    const ids: string[] = [];
    for (const box of boxes) ids.push(await add(host, box, password));
    await protect(host, ids);
  } catch (error) {
    await stop();
    throw error;
  }
  const isReady = async (): Promise<boolean> => (await areRecording(boxes.slice(0, -1))) && (await areWatched(host));
  return { ready: async () => await until('the real servers to work', clock, isReady, PATIENCE_MS), stop };
}

async function add(host: ApiClient, box: Box, password: string): Promise<string> {
  const place = { host: '127.0.0.1', httpPort: box.port() };
  const httpsFingerprint = textOf(await host.call('POST', '/servers/test', place), 'httpsFingerprint');
  const account = { username: DEMO_USER, password };
  return textOf(await host.call('POST', '/servers', { ...place, httpsFingerprint, ...account }, PATIENCE_MS), 'id');
}

/** The last is the failover server; else it would protect the simulated servers too, which cannot be reached. */
async function protect(host: ApiClient, ids: readonly string[]): Promise<void> {
  await host.call('PATCH', '/site', { protection: { [ids.at(-1) ?? '']: ids.slice(0, -1) } });
}

type Listed = {
  readonly items: readonly {
    readonly name: string;
    readonly lastBackupAt?: string;
    readonly watches: readonly { readonly name: string; readonly state: string }[];
  }[];
};
async function areWatched(host: ApiClient): Promise<boolean> {
  const { items } = (await host.call('GET', '/site/status?limit=1000&text=Real')) as Listed;
  const watched = items.find(({ name }) => name === SPARE)?.watches ?? [];
  return RECORDERS.every(
    (name) =>
      items.some((one) => one.name === name && one.lastBackupAt !== undefined) &&
      watched.some((one) => one.name === name && one.state === 'alive'),
  );
}

async function areRecording(boxes: readonly Box[]): Promise<boolean> {
  for (const { api } of boxes) {
    const { items } = (await api.call('GET', '/cameras')) as { items: readonly { readonly state: string }[] };
    if (items.length === 0 || items.some(({ state }) => state !== 'recording')) return false;
  }
  return true;
}
