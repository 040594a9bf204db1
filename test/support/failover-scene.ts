/**
 * The usual site of a failover test: one protected server with a camera of each standby level, one failover server or several, perhaps a
 * host; paired, ready, recording.
 *
 * Belongs here: setting it up. Does not: the single boxes (failover-site.ts), what goes wrong (failover-fault-list.ts).
 */
import type { Downtime } from './failover-losses.ts';
import { addSiteCameras, createFailoverSite, protect } from './failover-site.ts';
import type { FailoverSite, Simulation, SiteBox, SiteCamera, StandbyLevel, Teardown } from './failover-site.ts';
import { isReady } from './failover-views.ts';
import { faultDisk, mountTmpfs } from './lab.ts';
import type { FaultDisk } from './lab.ts';
import type { Random } from './seeded-random.ts';

const LEVELS: readonly StandbyLevel[] = ['hot', 'warm', 'cold'];

export type Scene = {
  readonly t: Teardown;
  readonly site: FailoverSite;
  readonly simulation: Simulation;
  readonly protectedBox: SiteBox;
  readonly failover: SiteBox;
  /** Every failover server, `failover` first. */
  readonly failovers: readonly SiteBox[];
  readonly host: SiteBox | undefined;
  readonly cameras: readonly SiteCamera[];
  readonly random: Random;
  readonly disk: FaultDisk | undefined;
  /** The fault that is measured comes only now. */
  readonly mark: () => void;
  /** When boxes were away or not yet ready; faults that kill more than one note it. */
  readonly downs: Downtime[];
};
export type SceneOptions = {
  readonly levels?: readonly StandbyLevel[];
  readonly failovers?: number;
  readonly host?: boolean;
  /** What the protected server records to. */
  readonly volume?: 'folder' | 'fault-disk' | 'small';
  /** What the failover servers record to; of one only. */
  readonly failoverFootage?: string;
  readonly failoverSettings?: object;
  readonly failoverEnvironment?: Readonly<Record<string, string>>;
  /** Of `simulate`. */
  readonly simulation?: readonly string[];
  readonly onSite?: (site: FailoverSite) => void;
};

export async function setScene(t: Teardown, options: SceneOptions, random: Random): Promise<Scene> {
  const site = await createFailoverSite(t);
  options.onSite?.(site);
  const levels = options.levels ?? LEVELS;
  const simulation = await site.cameras(levels.length, options.simulation);
  const { disk, footage } = await volumeOf(t, site, options.volume ?? 'folder');
  const store = options.failoverFootage === undefined ? {} : { footage: options.failoverFootage };
  const more = { environment: options.failoverEnvironment ?? {}, ...store };
  const names = Array.from({ length: options.failovers ?? 1 }, (_, index) => `F${index + 1}`);
  const [protectedBox, ...failovers] = await Promise.all([
    site.box({ name: 'R', mode: 'recording', ...(footage === undefined ? {} : { footage }) }),
    ...names.map(async (name) => await site.box({ name, mode: 'failover', ...more })),
  ]);
  const host = options.host === true ? await site.box({ name: 'H', mode: 'host' }) : undefined;
  const [failover] = failovers;
  if (failover === undefined) throw new Error('a site needs a failover server');
  const cameras = await addSiteCameras(protectedBox, simulation.cameras, levels);
  const scene = { t, site, simulation, protectedBox, failover, failovers, host, cameras, random, disk };
  await pairAll(scene, options.failoverSettings ?? {});
  return { ...scene, mark: () => undefined, downs: [] };
}

async function volumeOf(
  t: Teardown,
  { directory }: FailoverSite,
  volume: NonNullable<SceneOptions['volume']>,
): Promise<{ readonly disk: FaultDisk | undefined; readonly footage: string | undefined }> {
  if (volume === 'folder') return { disk: undefined, footage: undefined };
  if (volume === 'fault-disk') {
    const disk = await faultDisk(directory, 512);
    t.teardown(disk.down);
    return { disk, footage: disk.mount };
  }
  const footage = `${directory}/small`;
  t.teardown(await mountTmpfs(footage, 'size=200m'));
  return { disk: undefined, footage };
}

async function pairAll(
  { protectedBox, failovers, host, cameras, simulation }: Omit<Scene, 'mark' | 'downs'>,
  failoverSettings: object,
): Promise<void> {
  for (const box of failovers) {
    // Failures of a test follow each other closely; flapping has its own play.
    await box.api.call('PATCH', '/failover/settings', { holdDownSeconds: 0, ...failoverSettings });
    await protect(box, protectedBox);
  }
  if (host !== undefined) for (const box of [protectedBox, ...failovers]) await protect(host, box);
  for (const box of failovers) await isReady(box, protectedBox, cameras, simulation);
}
