/**
 * One run of the failover campaign: a site, one fault drawn from a seed, its end, then quiet; measured and judged. The same plays are
 * scenario tests.
 *
 * Belongs here: measuring, and what counts as a problem. Does not: which faults there are (failover-fault-list.ts), how footage is judged
 * (failover-oracle.ts), tables (test/campaign/failover-tables.ts).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expectationOf } from './failover-fault-list.ts';
import type { Expectation, Fault } from './failover-fault-list.ts';
import { owedMs } from './failover-losses.ts';
import { judgeTimeline } from './failover-oracle.ts';
import type { CameraVerdict } from './failover-oracle.ts';
import { setScene } from './failover-scene.ts';
import type { Scene } from './failover-scene.ts';
import type { FailoverSite, SiteBox, SiteCamera, StandbyLevel, Teardown } from './failover-site.ts';
import { recordsFor, serverView, takeovers, waitFor } from './failover-views.ts';
import type { TakeoverView } from './failover-views.ts';
import { createRandom } from './seeded-random.ts';

const PATIENCE_MS = 120_000;

export type CameraFigures = {
  readonly level: StandbyLevel;
  /** From the fault to the first durable key frame at a failover server; undefined: never told. */
  readonly coveredAfterMs: number | undefined;
  readonly lostFrames: number;
  /** The longest hole. */
  readonly lostMs: number;
  /** Of all holes: while a box that could have recorded was up and ready. Older results do not tell. */
  readonly owedMs?: number;
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

export async function playFault(
  t: Teardown,
  fault: Fault,
  seed: number,
  onSite: (site: FailoverSite) => void = () => undefined,
): Promise<PlayResult> {
  const random = createRandom(seed);
  const lasts = fault.lasts(random);
  const scene = await setScene(t, { ...fault.scene, onSite }, random);
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
  let at = Date.now();
  const own: Scene = { ...scene, mark: () => (at = Date.now()), downs: [] };
  const heal = await fault.begin(own);
  await sleep(lasts);
  await heal();
  const lastedMs = Date.now() - at;
  await quiet(scene);
  const verdicts = await judgeAll(scene, { start: since, end: Date.now() });
  const mine = (await allTakeovers(scene)).filter(({ id }) => !known.has(id));
  const suspected = mine.map(({ suspectedAt }) => Date.parse(suspectedAt) - at).sort((a, b) => a - b)[0];
  const firsts = firstFrames(failovers, at);
  const boxes = [protectedBox, ...failovers].map(({ name }) => name);
  const losses = verdicts.map((verdict) => ({ ...verdict, owed: owedMs(verdict.holes, boxes, own.downs) }));
  const expected = expectationOf(fault, lastedMs);
  return {
    fault: fault.name,
    seed,
    lastedMs,
    suspectedAfterMs: suspected,
    covers: mine.length,
    declared: mine.filter(({ declaredAt }) => declaredAt !== undefined).length,
    reasons: mine.map(({ reason }) => reason),
    cameras: losses.map(({ camera, missing, longestHoleMs, holes, owed }) => ({
      level: camera.level,
      coveredAfterMs: firsts.get(camera.cameraId),
      lostFrames: missing,
      lostMs: longestHoleMs,
      owedMs: owed,
      holes: holes.map(({ start, end }) => `${Math.round(start - at)}..${Math.round(end - at)}`),
    })),
    problems: [
      ...verdicts.flatMap(({ camera, problems }) =>
        problems.map((problem) => `${camera.level} ${camera.id}: ${problem}`),
      ),
      ...losses.flatMap((loss) => lossProblems(fault, expected, loss)),
      ...expectationProblems(fault, expected, mine),
    ],
  };
}

/** Of a hot camera nothing may be lost while a box that could have recorded it was ready, and nowhere anything if nothing should happen. */
export function lossProblems(
  { losesNothing }: Pick<Fault, 'losesNothing'>,
  expected: Expectation,
  {
    camera,
    missing,
    owed,
  }: Pick<CameraVerdict, 'missing'> & {
    readonly camera: Pick<SiteCamera, 'level' | 'id'>;
    readonly owed: number;
  },
): string[] {
  const isQuiet = expected === 'nothing' || expected === 'no-takeover';
  if (isQuiet || losesNothing === true)
    return missing > 0 ? [`${camera.level} ${camera.id}: ${missing} access units are lost`] : [];
  return camera.level === 'hot' && owed > 0
    ? [`hot ${camera.id}: ${owed} ms are lost while a server was ready that could have recorded it`]
    : [];
}

function expectationProblems({ name }: Fault, expect: Expectation, mine: readonly TakeoverView[]): string[] {
  if (expect === 'cover' && mine.length === 0) return [`${name} was not noticed`];
  const declared = mine.filter(({ declaredAt }) => declaredAt !== undefined);
  if (expect === 'no-takeover' && declared.length > 0) return [`${name} led to ${declared.length} takeovers`];
  if (expect === 'nothing' && mine.length > 0)
    return [`${name} was covered (${mine.map(({ reason }) => reason).join(', ')})`];
  return [];
}

async function allTakeovers({ failovers }: Scene): Promise<readonly TakeoverView[]> {
  const lists = await Promise.all(failovers.map(takeovers));
  return lists.flat();
}

/** By camera: when the first covered key frame of it was durable somewhere, after `at`. */
function firstFrames(failovers: readonly SiteBox[], at: number): ReadonlyMap<string, number> {
  const firsts = new Map<string, number>();
  const lines = failovers
    .flatMap((box) => box.log())
    .filter(({ time, message }) => time >= at && message === 'first covered frame');
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
        return open.length === 0;
      },
      PATIENCE_MS,
    );
  }
  await recordsFor(protectedBox, cameras, 3000);
}

async function judgeAll(
  { protectedBox, cameras }: Scene,
  span: { readonly start: number; readonly end: number },
): Promise<readonly CameraVerdict[]> {
  const verdicts: CameraVerdict[] = [];
  for (const camera of cameras) verdicts.push(await judgeTimeline(protectedBox, camera, span));
  return verdicts;
}
