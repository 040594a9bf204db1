/**
 * Restorations cut in the middle, with real processes on loopback: SIGKILL of the protected server, of the failover server, or of both at
 * once, or a link that is cut, at random moments, several times while one failure's footage goes home. Judged: what somebody sees who plays everything at the
 * protected server holds each access unit once; how many bytes went over the wire that had been sent before; how soon it begins.
 *
 * `./build.sh campaign restoration --seed S --runs N [--minutes M] [--way W]`: N failures; ends early after M minutes (30). Writes docs/results/restoration.md.
 * W is how footage goes home: `direct` (if left out), `smb`, `shared` or `keep`; those write restoration-W.md there; a share and a shared disc need root.
 */
import { writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { campaignOptions } from '../support/campaign-options.ts';
import { ready, SIMULATED, startCutPair } from '../support/cut-pair.ts';
import type { CutPair, CutRestoration } from '../support/cut-pair.ts';
import { describeFailure, judgeCut, tableOf } from '../support/cut-verdict.ts';
import type { Cut, CutFailure, Outages } from '../support/cut-verdict.ts';
import { wayOf, waysTableOf } from '../support/cut-ways.ts';
import { createRandom } from '../support/seeded-random.ts';
import type { Random } from '../support/seeded-random.ts';
import { waitFor } from '../support/wait-for.ts';

const values = campaignOptions({
  seed: { type: 'string', default: '1' },
  runs: { type: 'string', default: '6' },
  minutes: { type: 'string', default: '30' },
  cuts: { type: 'string', default: '3' },
  way: { type: 'string', default: 'direct' },
  results: { type: 'string' },
});
const [seed, runs, minutes, cutsEach] = [values.seed, values.runs, values.minutes, values.cuts].map(Number) as [
  number,
  number,
  number,
  number,
];
/** Bits a second: what was covered in a second takes about as long to go home, so that there is time to cut. */
const LIMIT = 2_000_000;
const PATIENCE_MS = 150_000;
/** So long a failover server needs to be ready again, at most, after it was started. */
const READY_MS = 15_000;

const teardowns: (() => unknown)[] = [];
const t = { teardown: (undo: () => unknown) => void teardowns.push(undo) };
const began = Date.now();
const failures: CutFailure[] = [];
const way = wayOf(values.way);
let failed = false;
try {
  const pair = await startCutPair(t, LIMIT, way);
  for (let run = 0; run < runs && Date.now() - began < minutes * 60_000; run += 1) {
    const random = createRandom(seed + run);
    await way.beforeRun(run);
    // The first is not cut: how many bytes it takes beside the footage itself.
    failures.push(await playFailure(pair, random, run === 0 ? 0 : cutsEach));
    console.log(describeFailure(failures.at(-1)));
  }
} catch (error) {
  failed = true;
  console.error(error);
} finally {
  for (const undo of teardowns.toReversed()) await undo();
}
const command = `./build.sh campaign restoration --seed ${seed} --runs ${runs} --cuts ${cutsEach}${way.name === 'direct' ? '' : ` --way ${way.name}`}`;
const ground = `${cpus().length} cores shared with other work, load ${loadavg()[1]?.toFixed(1)}`;
const circumstances = { command, ground, seconds: Math.round((Date.now() - began) / 1000), limit: LIMIT };
const table = way.name === 'direct' ? tableOf(failures, circumstances) : waysTableOf(way, failures, circumstances);
console.log(table);
if (failures.length > 0)
  await writeFile(
    resolve(
      values.results ?? resolve(import.meta.dirname, '../../docs/results'),
      way.name === 'direct' ? 'restoration.md' : `restoration-${way.name}.md`,
    ),
    table,
  );
process.exit(failed || failures.some(({ problems }) => problems.length > 0) ? 1 : 0);

/** One failure of the protected server, covered, and what was recorded meanwhile on its way home, cut so many times. */
async function playFailure(pair: CutPair, random: Random, cutsWanted: number): Promise<CutFailure> {
  const since = Date.now();
  const known = new Set((await pair.restorations()).map(({ id }) => id));
  const outages: Outages = { protected: [], failover: [] };
  await ready(pair);
  await sleep(3000);
  const bytesBefore = pair.relay.footageBytes();
  pair.relay.takeFirstPiece();
  const killedAt = Date.now();
  pair.kill('protected');
  await waitFor('the cover', async () => (await pair.covered()) > 0, PATIENCE_MS);
  await sleep(random.int(8000, 14_000));
  await pair.start('protected');
  const backAt = Date.now();
  const recordedAt = await recordsAgain(pair, backAt);
  const startedUpAt = Date.parse((await pair.log('protected')).find(({ code }) => code === 'started')?.at ?? '');
  outages.protected.push({ from: killedAt, to: recordedAt });
  const own = async (): Promise<readonly CutRestoration[]> =>
    (await pair.restorations()).filter(({ id }) => !known.has(id));
  const theFirst = async (): Promise<CutRestoration> =>
    await waitFor(
      'the restoration',
      async () => (await own()).toSorted((left, right) => left.startedAt.localeCompare(right.startedAt))[0],
      PATIENCE_MS,
    );
  if (way.isSent) await theFirst();
  const cuts: Cut[] = [];
  while (cuts.length < cutsWanted) {
    // What stays where it lies is home within a moment: it is cut around that.
    if (way.isSent && !(await isUnderWay(pair, own))) break;
    await sleep(random.int(0, way.isSent ? 2500 : 4000));
    cuts.push(await cutOnce(pair, random, outages));
  }
  const first = await theFirst();
  const ended = await waitFor('the end', async () => await allEnded(pair, own), PATIENCE_MS).catch(
    async (error: unknown) => {
      const log = (await pair.log('failover')).slice(0, 40);
      throw new Error(`${String(error)}: ${JSON.stringify({ restorations: await own(), log }, undefined, 1)}`);
    },
  );
  const firstPieceAt = pair.relay.takeFirstPiece();
  const startedAt = Date.parse(first.startedAt);
  const judged = judgeCut(await pair.played(since), { cameraId: SIMULATED, outages });
  const problems = ended.flatMap(({ id, state, message = '' }) =>
    state === 'done' ? [] : [`${id}: ${state} ${message}`],
  );
  return {
    cuts,
    restorations: ended.length,
    bytes: ended.reduce((sum, { bytes }) => sum + bytes.total, 0),
    wireBytes: pair.relay.footageBytes() - bytesBefore,
    afterReturnMs: startedAt - startedUpAt,
    afterFrameMs: startedAt - recordedAt,
    firstPieceMs: firstPieceAt === undefined ? undefined : firstPieceAt - startedUpAt,
    nobody: judged.nobody,
    problems: [...problems, ...judged.problems],
  };
}

async function recordsAgain(pair: CutPair, since: number): Promise<number> {
  return await waitFor(
    'the camera to be recorded at home',
    async () => {
      const at = await pair.lastFrameAt();
      return at > since ? at : undefined;
    },
    PATIENCE_MS,
  );
}

/** Footage moves now; false: all of it is home. */
async function isUnderWay(pair: CutPair, own: () => Promise<readonly CutRestoration[]>): Promise<boolean> {
  const before = pair.relay.footageBytes();
  return await waitFor(
    'footage to move',
    async () => {
      if (pair.relay.footageBytes() > before + 100_000) return 'moves' as const;
      const all = await own();
      const isOver = all.every(({ endedAt }) => endedAt !== undefined) && (await pair.covered()) === 0;
      return isOver ? ('over' as const) : undefined;
    },
    PATIENCE_MS,
  ).then((found) => found === 'moves');
}

async function cutOnce(pair: CutPair, random: Random, outages: Outages): Promise<Cut> {
  const who = random.pick(way.kinds);
  if (who === 'link') return await cutLink(pair, random);
  const own = way.cuts.get(who);
  if (own !== undefined) {
    const at = Date.now();
    await own(random.int(100, 1500));
    const downMs = Date.now() - at;
    // It can record nothing on a disc that is away.
    if (who === 'disc') outages.failover.push({ from: at, to: at + downMs + READY_MS });
    return { who, downMs };
  }
  const sides =
    who === 'both'
      ? random.shuffle(['protected', 'failover'] as const)
      : [who === 'failover' ? who : ('protected' as const)];
  const at = Date.now();
  for (const side of sides) pair.kill(side);
  await sleep(random.int(0, 1500));
  for (const side of sides) await pair.start(side);
  const back = Date.now();
  if (sides.includes('failover')) outages.failover.push({ from: at, to: back + READY_MS });
  if (sides.includes('protected')) outages.protected.push({ from: at, to: await recordsAgain(pair, back) });
  return { who, downMs: back - at };
}

async function cutLink({ relay }: CutPair, random: Random): Promise<Cut> {
  const downMs = random.int(100, 1500);
  relay.cut();
  await sleep(downMs);
  relay.mend();
  return { who: 'link', downMs };
}

async function allEnded(
  pair: CutPair,
  own: () => Promise<readonly CutRestoration[]>,
): Promise<readonly CutRestoration[] | undefined> {
  if ((await pair.covered()) > 0) return undefined;
  const all = await own();
  if (!all.every(({ endedAt }) => endedAt !== undefined)) return undefined;
  // Kept footage is listed at home between the end of the restoration and that of the failure.
  return way.isListedWhenOver && !(await pair.isOver()) ? undefined : all;
}
