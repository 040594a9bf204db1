/**
 * One run of the failover campaign: a site, one fault drawn from a seed, its end, then quiet; measured and judged. The same plays are
 * scenario tests.
 *
 * Belongs here: which faults there are, what must come of each, measuring. Does not: how a fault is made (failover-faults.ts), how footage
 * is judged (failover-oracle.ts), tables (test/campaign/failover.ts).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  badWeather,
  cutOneWay,
  cutPower,
  cutSilently,
  fillDisk,
  flap,
  freezeBox,
  killBox,
  killProcess,
  pullCable,
  starve,
} from './failover-faults.ts';
import type { Heal } from './failover-faults.ts';
import { judgeFiles, judgeTimeline } from './failover-oracle.ts';
import type { CameraVerdict } from './failover-oracle.ts';
import {
  addSiteCameras,
  createFailoverSite,
  isReady,
  protect,
  recordsFor,
  serverView,
  takeovers,
} from './failover-site.ts';
import type { FailoverSite, Simulation, SiteBox, SiteCamera, StandbyLevel, TakeoverView, Teardown } from './failover-site.ts';
import { faultDisk, mountTmpfs } from './lab.ts';
import type { FaultDisk } from './lab.ts';
import { createRandom } from './seeded-random.ts';
import type { Random } from './seeded-random.ts';
import { waitFor } from './wait-for.ts';

export const LEVELS: readonly StandbyLevel[] = ['hot', 'warm', 'cold'];
const PATIENCE_MS = 120_000;

/** What a fault must lead to. */
export type Expectation =
  /** Covered, and given back. */
  | 'cover'
  /** Nothing: no suspicion, no cover. */
  | 'nothing'
  /** May be covered or not: nothing may be lost that somebody could have had. */
  | 'either';

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
};
export type SceneOptions = {
  readonly levels?: readonly StandbyLevel[];
  readonly failovers?: number;
  readonly host?: boolean;
  /** What the protected server records to. */
  readonly volume?: 'folder' | 'fault-disk' | 'small';
  readonly failoverSettings?: object;
};
export type Fault = {
  readonly name: string;
  readonly expect: Expectation;
  readonly scene?: SceneOptions;
  /** How long it lasts, milliseconds. */
  readonly lasts: (random: Random) => number;
  /** Begins it; with the moment from which to measure, if that is not now. */
  readonly begin: (scene: Scene) => Promise<Heal> | Heal;
  /** The closed connection tells: at most 200 ms. */
  readonly isSeenAtOnce?: boolean;
};

const between =
  (least: number, most: number) =>
  (random: Random): number =>
    random.int(least, most);

/** Others that the protected server could be cut from. */
const othersOf = ({ failovers, simulation, host }: Scene) => [
  ...failovers.map(({ net }) => net),
  simulation.net,
  ...(host === undefined ? [] : [host.net]),
];

export const FAULTS: readonly Fault[] = [
  { name: 'kill-all', expect: 'cover', isSeenAtOnce: true, lasts: between(3000, 12_000), begin: ({ protectedBox }) => killBox(protectedBox) },
  { name: 'kill-media', expect: 'cover', isSeenAtOnce: true, lasts: between(3000, 4000), begin: ({ protectedBox }) => killProcess(protectedBox, 'media') },
  { name: 'kill-control', expect: 'cover', isSeenAtOnce: true, lasts: between(3000, 4000), begin: ({ protectedBox }) => killProcess(protectedBox, 'control') },
  { name: 'freeze', expect: 'cover', lasts: (random) => Math.round(1600 * 20 ** random.next()), begin: ({ protectedBox }) => freezeBox(protectedBox) },
  { name: 'pause', expect: 'nothing', lasts: between(50, 750), begin: ({ protectedBox }) => freezeBox(protectedBox) },
  { name: 'power-cut', expect: 'cover', lasts: between(4000, 12_000), begin: ({ site, protectedBox }) => cutPower(site.lab, protectedBox) },
  { name: 'link-down', expect: 'cover', lasts: between(2000, 12_000), begin: ({ site, protectedBox }) => pullCable(site.lab, protectedBox.net) },
  { name: 'silent-cut', expect: 'cover', lasts: between(2000, 12_000), begin: (scene) => cutSilently(scene.site.lab, scene.protectedBox.net, othersOf(scene)) },
  { name: 'cut-to-failover', expect: 'cover', lasts: between(2500, 10_000), begin: ({ site, protectedBox, failover }) => cutOneWay(site.lab, protectedBox.net, failover.net) },
  { name: 'cut-from-failover', expect: 'either', lasts: between(2500, 10_000), begin: ({ site, protectedBox, failover }) => cutOneWay(site.lab, failover.net, protectedBox.net) },
  {
    name: 'bad-weather',
    expect: 'nothing',
    lasts: between(20_000, 30_000),
    begin: async ({ t, failover, random }) => await badWeather(t, failover.net, ['loss=5', 'delay=100', 'jitter=100', `seed=${random.int(1, 1e6)}`]),
  },
  { name: 'starved', expect: 'nothing', lasts: between(20_000, 30_000), begin: ({ t, failover }) => starve(t, failover, 0.1) },
  {
    name: 'hung-disk',
    expect: 'cover',
    scene: { volume: 'fault-disk' },
    lasts: between(8000, 15_000),
    begin: async ({ disk }) => {
      await disk?.control('hang=1');
      return async () => await disk?.control('hang=0');
    },
  },
  { name: 'full-disk', expect: 'either', scene: { volume: 'small' }, lasts: between(8000, 12_000), begin: ({ protectedBox }) => fillDisk(protectedBox.footage) },
  {
    name: 'flapping',
    expect: 'either',
    lasts: () => 0,
    begin: async ({ site, protectedBox, random }) =>
      await flap(site.lab, protectedBox.net, { times: random.int(4, 8), downMs: random.int(300, 900), upMs: random.int(300, 1500) }),
  },
  {
    name: 'failover-killed',
    expect: 'cover',
    isSeenAtOnce: true,
    lasts: between(3000, 6000),
    begin: async ({ protectedBox, failover, random }) => {
      const back = await killBox(protectedBox);
      await sleep(random.int(500, 4000));
      const again = await killBox(failover);
      await sleep(random.int(0, 2000));
      await again();
      return back;
    },
  },
  {
    name: 'both',
    expect: 'either',
    lasts: between(500, 5000),
    begin: async ({ protectedBox, failover, random }) => {
      const heals = await Promise.all([killBox(protectedBox), killBox(failover)]);
      const ordered = random.chance(0.5) ? heals : heals.toReversed();
      return async () => {
        for (const heal of ordered) await heal();
      };
    },
  },
  {
    name: 'host-killed',
    expect: 'cover',
    isSeenAtOnce: true,
    scene: { host: true, failovers: 2 },
    lasts: between(4000, 8000),
    begin: async ({ protectedBox, host, random }) => {
      const heals = [await (host === undefined ? undefined : killBox(host))];
      await sleep(random.int(0, 3000));
      heals.push(await killBox(protectedBox));
      return async () => {
        for (const heal of heals) await heal?.();
      };
    },
  },
  { name: 'two-failovers', expect: 'cover', isSeenAtOnce: true, scene: { failovers: 2 }, lasts: between(4000, 10_000), begin: ({ protectedBox }) => killBox(protectedBox) },
];

export type CameraFigures = {
  readonly level: StandbyLevel;
  /** From the fault to the first durable key frame at a failover server; undefined: never told. */
  readonly coveredAfterMs: number | undefined;
  readonly lostFrames: number;
  readonly lostMs: number;
  /** What is missing, milliseconds after the fault, as `from..to`. */
  readonly holes: readonly string[];
};
export type PlayResult = {
  readonly fault: string;
  readonly seed: number;
  readonly lastedMs: number;
  /** From the fault to the suspicion with which covering begins. */
  readonly suspectedAfterMs: number | undefined;
  readonly covers: number;
  readonly declared: number;
  readonly reasons: readonly string[];
  readonly cameras: readonly CameraFigures[];
  readonly problems: readonly string[];
};

export async function setScene(t: Teardown, options: SceneOptions, random: Random): Promise<Scene> {
  const site = await createFailoverSite(t);
  const levels = options.levels ?? LEVELS;
  const simulation = await site.cameras(levels.length);
  const disk = options.volume === 'fault-disk' ? await faultDisk(site.directory, 512) : undefined;
  if (disk !== undefined) t.teardown(disk.down);
  const small = `${site.directory}/small`;
  if (options.volume === 'small') t.teardown(await mountTmpfs(small, 'size=200m'));
  const footage = disk?.mount ?? (options.volume === 'small' ? small : undefined);
  const names = Array.from({ length: options.failovers ?? 1 }, (_, index) => `F${index + 1}`);
  const [protectedBox, ...failovers] = await Promise.all([
    site.box({ name: 'R', mode: 'recording', ...(footage === undefined ? {} : { footage }) }),
    ...names.map(async (name) => await site.box({ name, mode: 'failover' })),
  ]);
  const host = options.host === true ? await site.box({ name: 'H', mode: 'host' }) : undefined;
  const [failover] = failovers;
  if (failover === undefined) throw new Error('a site needs a failover server');
  const cameras = await addSiteCameras(protectedBox, simulation.cameras, levels);
  for (const box of failovers) {
    // Failures of a test follow each other closely; flapping has its own play.
    await box.api.call('PATCH', '/failover/settings', { holdDownSeconds: 0, ...options.failoverSettings });
    await protect(box, protectedBox);
  }
  if (host !== undefined) for (const box of [protectedBox, ...failovers]) await protect(host, box);
  for (const box of failovers) await isReady(box, protectedBox, cameras, simulation);
  return { t, site, simulation, protectedBox, failover, failovers, host, cameras, random, disk };
}

export async function playFault(t: Teardown, fault: Fault, seed: number): Promise<PlayResult> {
  const random = createRandom(seed);
  const lasts = fault.lasts(random);
  const scene = await setScene(t, fault.scene ?? {}, random);
  return await playIn(scene, fault, { seed, lasts });
}

export async function playIn(
  scene: Scene,
  fault: Fault,
  { seed, lasts }: { readonly seed: number; readonly lasts: number },
): Promise<PlayResult> {
  const { protectedBox, failovers, cameras, random } = scene;
  await recordsFor(protectedBox, cameras, 5000);
  const since = Date.now() - 4000;
  await sleep(random.int(0, 2000));
  const known = new Set((await allTakeovers(scene)).map(({ id }) => id));
  const at = Date.now();
  const heal = await fault.begin(scene);
  await sleep(lasts);
  await heal();
  const lastedMs = Date.now() - at;
  await quiet(scene);
  const verdicts = await judgeAll(scene, { start: since, end: Date.now() });
  const mine = (await allTakeovers(scene)).filter(({ id }) => !known.has(id));
  const suspected = mine.map(({ suspectedAt }) => Date.parse(suspectedAt) - at).sort((a, b) => a - b)[0];
  const firsts = firstFrames(failovers, at);
  return {
    fault: fault.name,
    seed,
    lastedMs,
    suspectedAfterMs: suspected,
    covers: mine.length,
    declared: mine.filter(({ declaredAt }) => declaredAt !== undefined).length,
    reasons: mine.map(({ reason }) => reason),
    cameras: verdicts.map(({ camera, missing, longestHoleMs, holes }) => ({
      level: camera.level,
      coveredAfterMs: firsts.get(camera.cameraId),
      lostFrames: missing,
      lostMs: longestHoleMs,
      holes: holes.map(({ start, end }) => `${Math.round(start - at)}..${Math.round(end - at)}`),
    })),
    problems: [
      ...verdicts.flatMap(({ camera, problems }) => problems.map((problem) => `${camera.level} ${camera.id}: ${problem}`)),
      ...expectationProblems(fault, mine),
    ],
  };
}

function expectationProblems({ name, expect }: Fault, mine: readonly TakeoverView[]): string[] {
  if (expect === 'cover' && mine.length === 0) return [`${name} was not noticed`];
  if (expect === 'nothing' && mine.length > 0) return [`${name} was covered (${mine.map(({ reason }) => reason).join(', ')})`];
  return [];
}

async function allTakeovers({ failovers }: Scene): Promise<readonly TakeoverView[]> {
  const lists = await Promise.all(failovers.map(takeovers));
  return lists.flat();
}

/** By camera: when the first covered key frame of it was durable somewhere, after `at`. */
function firstFrames(failovers: readonly SiteBox[], at: number): ReadonlyMap<string, number> {
  const firsts = new Map<string, number>();
  const lines = failovers.flatMap((box) => box.log()).filter(({ time, message }) => time >= at && message === 'first covered frame');
  for (const { time, ['cameraId']: id } of lines)
    if (typeof id === 'string') firsts.set(id, Math.min(firsts.get(id) ?? Infinity, time - at));
  return firsts;
}

/** Nothing covered any more, everything given back, the protected server records. */
async function quiet({ protectedBox, failovers, cameras }: Scene): Promise<void> {
  await recordsFor(protectedBox, cameras, 1000);
  for (const box of failovers) {
    await waitFor(
      `${box.name} to have given everything back`,
      async () => {
        const watch = (await serverView(box, protectedBox.name).catch(() => undefined))?.watch;
        if (watch === undefined || watch.covered > 0) return false;
        const open = (await takeovers(box)).filter(({ endedAt }) => endedAt === undefined);
        return open.length === 0 || (!isReturning() && open.every(({ state }) => state === 'restoring'));
      },
      PATIENCE_MS,
    );
  }
  await recordsFor(protectedBox, cameras, 3000);
}

/** Until restoration is put in, what the servers have together is judged. */
const isReturning = (): boolean => process.env['UNDERSTUDY_TEST_UNION'] !== '1';

async function judgeAll(
  { protectedBox, failovers, cameras }: Scene,
  span: { readonly start: number; readonly end: number },
): Promise<readonly CameraVerdict[]> {
  const verdicts: CameraVerdict[] = [];
  for (const camera of cameras)
    verdicts.push(
      isReturning() ? await judgeTimeline(protectedBox, camera, span) : await judgeFiles([protectedBox, ...failovers], camera),
    );
  return verdicts;
}
