/**
 * A site with several failover servers, real processes on loopback: kills, and who covers what, read from what the servers keep on disk
 * and what they recorded.
 *
 * Belongs here: that site and looking at it. Does not: network faults (failover-site.ts, in namespaces), what is expected of it.
 */
import type { ExecutionContext } from 'ava';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isoOf, systemClock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import { epochMs } from '../../src/core/units.ts';
import { killBox } from '../../src/demo/demo-box.ts';
import { startSite } from '../../src/demo/demo-site.ts';
import type { Site, SiteServer, SiteShape } from '../../src/demo/demo-site.ts';
import { fetchLedger, judgePlayed } from '../../src/demo/footage-check.ts';
import type { CameraVerdict } from '../../src/demo/footage-check.ts';
import type { CameraOptions } from '../../src/simulator/simulated-camera.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { isAlive } from '../../src/supervisor/instance.ts';
import { tempDir } from './temp-dir.ts';
import { waitFor } from './wait-for.ts';

/** An upper bound on a slow machine. */
export const PATIENCE_MS = 90_000;
const LOOK_EVERY_MS = 50;
/** The header of a segment lies in its first kilobytes. */
const HEAD_BYTES = 8192;
const STORE_RESERVE_BYTES: number = 16 * 1024 * 1024;
/** Of a server that was never covered. */
const FIRST_EPOCH = 1;

type Teardown = { readonly teardown: (undo: () => unknown) => void };
export type SparesSite = Site & { readonly simulator: Simulator; readonly directory: string };
export type SparesShape = Partial<SiteShape> & {
  readonly camera?: Partial<CameraOptions>;
  /** 0 unless said. */
  readonly holdDownSeconds?: number;
  readonly launcher?: string;
};

export async function startSpares(t: Teardown, shape: SparesShape = {}): Promise<SparesSite> {
  const directory = await tempDir(t, 'spares');
  const whole: SiteShape = {
    recorders: shape.recorders ?? ['Recorder'],
    spares: shape.spares ?? ['Spare A', 'Spare B'],
    camerasEach: shape.camerasEach ?? 8,
    standbyLevel: shape.standbyLevel ?? 'warm',
  };
  const ids = Array.from({ length: whole.recorders.length * whole.camerasEach }, (_, index) => `cam-${index + 1}`);
  const cameras = ids.map((id) => ({ id, ...shape.camera }));
  const simulator = await startSimulator({ clock: systemClock, log: silentLog }, cameras);
  t.teardown(() => simulator.stop());
  const logs = new Map<string, number>();
  const site = await startSite({
    dataDir: directory,
    password: 'correct horse battery',
    clock: systemClock,
    simulator,
    names: ids,
    httpPort: 0,
    logTo: (server) => {
      const file = openSync(join(directory, `${server.toLowerCase().replaceAll(' ', '-')}.log.jsonl`), 'a');
      logs.set(server, file);
      return file;
    },
    tell: () => undefined,
    shape: whole,
    ...(shape.launcher === undefined ? {} : { launcher: shape.launcher }),
  });
  // Servers are killed more often than in life: that is not flapping here.
  for (const spare of site.spares)
    await spare.box().api.call('PATCH', '/failover/settings', { holdDownSeconds: shape.holdDownSeconds ?? 0 });
  t.teardown(async () => {
    for (const server of serversOf(site)) await endOf(server);
    for (const file of logs.values()) closeSync(file);
  });
  return { ...site, simulator, directory };
}

export const serversOf = ({ host, recorders, spares }: Site): readonly SiteServer[] => [host, ...recorders, ...spares];

/** Stopped in order, or what is left of it ended: it may have been killed before. */
async function endOf(server: SiteServer): Promise<void> {
  const { supervisor } = server.box();
  if (supervisor.exitCode === null && supervisor.signalCode === null) await server.box().stop();
}

/** SIGKILL to all its processes at once; resolves when they are gone, with the wall time of the kill. */
export async function killServer(server: SiteServer): Promise<number> {
  const status = server.box().status();
  const children = [status?.media, status?.control].filter((child) => child !== undefined);
  const at = Date.now();
  await killBox(server.box());
  await waitFor(`${server.name} to be gone`, () => !children.some(isAlive), PATIENCE_MS);
  return at;
}

type Judge = Pick<ExecutionContext, 'deepEqual'>;
export type Cover = { readonly cameraId: string; readonly epoch: number };
/** What this server covers now, by the index that it keeps on disk. */
export function coversOf({ dataDir }: SiteServer): readonly Cover[] {
  try {
    const file = JSON.parse(readFileSync(join(dataDir, 'settings', 'covers.json'), 'utf8')) as {
      readonly covered?: readonly { cameraId: string; epoch: number; to?: number }[];
      readonly data?: { readonly covered: readonly { cameraId: string; epoch: number; to?: number }[] };
    };
    return (file.covered ?? file.data?.covered ?? []).filter(({ to }) => to === undefined);
  } catch {
    return [];
  }
}

/** By camera: the names of those who cover it. */
export function ownersIn({ spares, cameras }: Site): ReadonlyMap<string, readonly string[]> {
  const covers = spares.map((spare) => ({
    name: spare.name,
    ids: new Set(coversOf(spare).map((one) => one.cameraId)),
  }));
  return new Map(
    cameras.map(({ cameraId }) => [cameraId, covers.filter(({ ids }) => ids.has(cameraId)).map(({ name }) => name)]),
  );
}

/** Until every camera is covered by exactly one of them; how long it took, milliseconds. */
export async function oneOwnerEach(site: Site, among?: readonly SiteServer[]): Promise<number> {
  const began = performance.now();
  const names = among?.map(({ name }) => name);
  await waitFor(
    'each camera to have one owner',
    async () => {
      const owners = [...ownersIn(site).values()].map((all) => all.filter((name) => names?.includes(name) ?? true));
      if (owners.every((all) => all.length === 1)) return true;
      await pause();
      return false;
    },
    PATIENCE_MS,
  );
  return performance.now() - began;
}

/** From now on this failover server records what it covers on that disk only; undone by `atHome`. */
export async function coverOnto(spare: SiteServer, path: string): Promise<{ readonly atHome: () => Promise<void> }> {
  const { api } = spare.box();
  const { id } = (await api.call('POST', '/volumes', { path, reserveBytes: STORE_RESERVE_BYTES })) as { id: string };
  await api.call('PATCH', '/failover/settings', { storeVolumeIds: [id] });
  return {
    atHome: async () => {
      await spare.box().api.call('PATCH', '/failover/settings', { storeVolumeIds: [] });
      await spare.box().api.call('DELETE', `/volumes/${id}`);
    },
  };
}

export async function nobodyOwns(site: Site): Promise<void> {
  await waitFor(
    'nothing to be covered',
    async () => {
      if ([...ownersIn(site).values()].every((all) => all.length === 0)) return true;
      await pause();
      return false;
    },
    PATIENCE_MS,
  );
}

const pause = async (): Promise<void> => await new Promise((done) => setTimeout(done, LOOK_EVERY_MS));

export type TakeoverView = {
  readonly id: string;
  readonly serverName: string;
  readonly state: string;
  readonly reason: string;
  readonly suspectedAt: string;
  readonly declaredAt?: string;
  readonly cameras: readonly { readonly cameraId: string; readonly covered: boolean; readonly firstFrameAt?: string }[];
};
export const takeoversOf = async (server: SiteServer): Promise<readonly TakeoverView[]> =>
  ((await server.box().api.call('GET', '/failover/takeovers')) as { items: readonly TakeoverView[] }).items;

/** Until no incident is open at any of these, and all footage is home. */
export async function allIsHome({ spares }: Pick<Site, 'spares'>): Promise<void> {
  for (const spare of spares)
    await waitFor(
      `${spare.name} to have given everything back`,
      async () => {
        if ((await takeoversOf(spare)).every(({ state }) => state === 'ended')) return true;
        await new Promise((done) => setTimeout(done, 200));
        return false;
      },
      PATIENCE_MS,
    );
}

/** Every access unit of every camera between these wall times, as its own server plays it. */
export async function judgeAll(site: SparesSite, start: number, end: number): Promise<readonly CameraVerdict[]> {
  const verdicts = [];
  for (const { server, cameraId, simulated } of site.cameras) {
    const camera = site.simulator.cameraOf(simulated);
    if (camera === undefined) throw new Error(`no camera ${simulated}`);
    const order = { api: server.box().api, cameraId, camera, start: isoOf(epochMs(start)), end: isoOf(epochMs(end)) };
    verdicts.push(await judgePlayed(order, await fetchLedger(order)));
  }
  return verdicts;
}

/** Until its own server has recorded this camera up to that wall time. */
export async function recordedUntil(site: Site, wallMs: number): Promise<void> {
  for (const { server, cameraId } of site.cameras)
    await waitFor(
      `${server.name} to record ${cameraId}`,
      async () => {
        const view = (await server.box().api.call('GET', `/cameras/${cameraId}`)) as { lastFrameAt?: string };
        if (Date.parse(view.lastFrameAt ?? '') > wallMs) return true;
        await pause();
        return false;
      },
      PATIENCE_MS + Math.max(0, wallMs - Date.now()),
    );
}

/**
 * Who recorded a camera in which epoch, gathered while a test goes on: from the headers of segments on all disks (`look`; footage that
 * went home is deleted at its source) and from what servers say they cover.
 */
export type EpochWatch = {
  readonly look: () => Promise<void>;
  /** `camera epoch: owner, owner` wherever there were two. */
  readonly doubles: () => readonly string[];
  readonly epochsOf: (cameraId: string) => readonly number[];
  readonly stop: () => void;
};

export function watchEpochs(t: Teardown, site: Site): EpochWatch {
  const owners = new Map<string, Set<string>>();
  const seen = new Set<string>();
  const note = (cameraId: string, epoch: number, owner: string): void => {
    const key = `${cameraId} ${epoch}`;
    owners.set(key, (owners.get(key) ?? new Set()).add(owner));
  };
  const ids = new Map<string, string>();
  const sample = (): void => {
    for (const spare of site.spares) {
      const id = ids.get(spare.name) ?? serverIdOf(spare);
      ids.set(spare.name, id);
      for (const { cameraId, epoch } of coversOf(spare)) note(cameraId, epoch, id);
    }
  };
  const timer = setInterval(sample, LOOK_EVERY_MS);
  t.teardown(() => clearInterval(timer));
  return {
    look: async () => {
      for (const server of serversOf(site))
        for (const file of await segmentsOf(server)) {
          if (seen.has(file)) continue;
          const header = await headerOf(file);
          if (header === undefined) continue;
          seen.add(file);
          // The first epoch is everybody's own: rings, and what still came after a release. It claims nothing.
          if (header.epoch > FIRST_EPOCH) note(header.cameraId, header.epoch, header.serverId);
        }
    },
    doubles: () => [...owners].flatMap(([key, all]) => (all.size > 1 ? [`${key}: ${[...all].sort().join(', ')}`] : [])),
    epochsOf: (cameraId) =>
      [...owners.keys()].flatMap((key) => (key.startsWith(`${cameraId} `) ? [Number(key.split(' ')[1])] : [])),
    stop: () => clearInterval(timer),
  };
}

export function serverIdOf({ dataDir }: Pick<SiteServer, 'dataDir'>): string {
  const text = readFileSync(join(dataDir, 'settings', 'server.json'), 'utf8');
  const id = /"id":\s*"([^"]+)"/.exec(text)?.[1];
  if (id === undefined) throw new Error(`no id in ${dataDir}`);
  return id;
}

async function segmentsOf({ dataDir }: SiteServer): Promise<readonly string[]> {
  const folder = join(dataDir, 'footage');
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  return names.filter((name) => name.endsWith('.mp4')).map((name) => join(folder, name));
}

/** Of a segment with at least one fragment; a file that is gone meanwhile has none. */
async function headerOf(path: string): Promise<{ cameraId: string; epoch: number; serverId: string } | undefined> {
  const file = await open(path).catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    const text = buffer.toString('latin1', 0, bytesRead);
    const json = /\{"cameraId":[^}]*\}/.exec(text)?.[0];
    if (json === undefined || !text.includes('moof')) return undefined;
    const [cameraId, epoch, serverId] = [/"cameraId":"([^"]+)"/, /"epoch":(\d+)/, /"serverId":"([^"]+)"/].map(
      (pattern) => pattern.exec(json)?.[1] ?? '',
    );
    return { cameraId: cameraId ?? '', epoch: Number(epoch), serverId: serverId ?? '' };
  } finally {
    await file.close();
  }
}

/** Everything is home, and each access unit of every camera stands there once. `since`: wall milliseconds. */
export async function lostNothing(t: Judge, site: SparesSite, since: number): Promise<void> {
  await nobodyOwns(site);
  await allIsHome(site);
  const end = Date.now();
  await recordedUntil(site, end + 1000);
  for (const { cameraId, missing, doubled, reordered, altered, problems } of await judgeAll(site, since, end))
    t.deepEqual(
      { cameraId, missing, doubled, reordered, altered, problems },
      { cameraId, missing: 0, doubled: 0, reordered: 0, altered: 0, problems: [] },
    );
}

/** What a busy machine made it suspect while the site was starting is another matter. */
export async function onlyPlanned(t: Judge, spare: SiteServer, since: number): Promise<void> {
  const reasons = (await takeoversOf(spare)).flatMap(({ suspectedAt, reason }) =>
    Date.parse(suspectedAt) >= since ? [reason] : [],
  );
  t.deepEqual([...new Set(reasons)], ['planned']);
}
