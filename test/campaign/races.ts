/**
 * Two failover servers, a host, a recording server, all real processes on loopback: kills and starts with random offsets, over and over
 * on one site. In each race the recorder is killed; with it, before or after it by up to two seconds, the host, one failover server, or
 * none. Judged: no camera has two owners in one epoch, each has one owner in the end and none goes without for more than 3 s, and its server's
 * timeline holds each access unit once.
 *
 * `./build.sh campaign races --seed S --runs N [--minutes M]`; ends early after M minutes (5). Writes docs/results/races.md.
 */
import { writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SiteServer } from '../../src/demo/demo-site.ts';
import { campaignOptions } from '../support/campaign-options.ts';
import { createRandom } from '../support/seeded-random.ts';
import type { Random } from '../support/seeded-random.ts';
import {
  allIsHome,
  judgeAll,
  killServer,
  nobodyOwns,
  oneOwnerEach,
  recordedUntil,
  startSpares,
  takeoversOf,
  watchEpochs,
} from '../support/spares-site.ts';
import type { EpochWatch, SparesSite } from '../support/spares-site.ts';
import { ownerTable, racesTable, unownedProblems } from './races-table.ts';
import type { Race } from './races-table.ts';

const values = campaignOptions({
  seed: { type: 'string', default: '1' },
  runs: { type: 'string', default: '500' },
  minutes: { type: 'string', default: '5' },
  cameras: { type: 'string', default: '4' },
  results: { type: 'string' },
});
const [seed, runs, minutes] = [Number(values.seed), Number(values.runs), Number(values.minutes)];
const OFFSET_MS = 2000;
const QUIET_MS = 2500;

const teardowns: (() => unknown)[] = [];
const t = { teardown: (undo: () => unknown) => void teardowns.push(undo) };
const began = performance.now();
const races: Race[] = [];
let doubles: readonly string[] = [];
let failed = false;
try {
  const site = await startSpares(t, { camerasEach: Number(values.cameras) });
  const epochs = watchEpochs(t, site);
  for (let race = 0; race < runs && performance.now() - began < minutes * 60_000; race += 1) {
    const result = await playRace(site, epochs, { race, random: createRandom(seed + race) });
    races.push(result);
    console.log(`load ${loadavg()[0]?.toFixed(1)} ${JSON.stringify(result)}`);
  }
  doubles = epochs.doubles();
} catch (error) {
  failed = true;
  console.error(error);
} finally {
  for (const undo of teardowns.toReversed()) await undo();
}
const table = tableOf(races);
console.log(table);
if (races.length > 0)
  await writeFile(resolve(values.results ?? resolve(import.meta.dirname, '../../docs/results'), 'races.md'), table);
process.exit(failed || doubles.length > 0 || races.some(({ problems }) => problems.length > 0) ? 1 : 0);

type Draw = { readonly race: number; readonly random: Random };
async function playRace(site: SparesSite, epochs: EpochWatch, { race, random }: Draw): Promise<Race> {
  const [recorder] = site.recorders;
  if (recorder === undefined) throw new TypeError('a site without a recorder');
  const beside = random.pick<SiteServer | undefined>([undefined, site.host, ...site.spares]);
  const offsetMs = beside === undefined ? 0 : random.int(-OFFSET_MS, OFFSET_MS);
  const since = Date.now();
  await recordedUntil(site, since + 1500);
  const kill = async (server: SiteServer, afterMs: number): Promise<number> => {
    await sleep(afterMs);
    return await killServer(server);
  };
  const [killedAt] = await Promise.all([
    kill(recorder, Math.max(0, -offsetMs)),
    beside === undefined ? undefined : kill(beside, Math.max(0, offsetMs)),
  ]);
  const there = site.spares.filter((spare) => spare !== beside);
  await oneOwnerEach(site, there);
  const ownersAfterMs = Date.now() - killedAt;
  await sleep(random.int(0, QUIET_MS));
  // Who was killed comes back while the others cover, then the recorder, in no fixed order.
  const starts = random.shuffle([recorder, ...(beside === undefined ? [] : [beside])]);
  await Promise.all(
    starts.map(async (server, index) => {
      await sleep(index * random.int(0, QUIET_MS));
      await epochs.look();
      await server.start();
    }),
  );
  await nobodyOwns(site);
  const firstFrameMs = await firstFrames(there, killedAt);
  await allIsHome(site);
  await epochs.look();
  const end = Date.now();
  await recordedUntil(site, end + 500);
  const verdicts = await judgeAll(site, since, end);
  const problems = [
    ...epochs.doubles().map((one) => `two owners in one epoch: ${one}`),
    ...verdicts.flatMap((verdict) => verdict.problems.map((problem) => `${verdict.cameraId}: ${problem}`)),
  ];
  const longestHole = Math.max(...verdicts.map((verdict) => verdict.longestHole));
  const played: Race = {
    race,
    beside: beside?.name ?? 'nobody',
    offsetMs,
    ownersAfterMs,
    firstFrameMs,
    longestHole,
    problems,
  };
  return { ...played, problems: [...problems, ...unownedProblems(played)] };
}

async function firstFrames(spares: readonly SiteServer[], killedAt: number): Promise<readonly [number, number]> {
  const seen = (await Promise.all(spares.map(takeoversOf))).flat().flatMap(({ cameras }) => cameras);
  const after = seen.map(({ cameraId, firstFrameAt }) => ({ cameraId, ms: Date.parse(firstFrameAt ?? '') - killedAt }));
  const first = Map.groupBy(
    after.filter(({ ms }) => ms > 0),
    ({ cameraId }) => cameraId,
  );
  const all = [...first.values()].map((own) => Math.min(...own.map(({ ms }) => ms)));
  return all.length === 0 ? [Number.NaN, Number.NaN] : [Math.min(...all), Math.max(...all)];
}

function tableOf(all: readonly Race[]): string {
  const seconds = Math.round((performance.now() - began) / 1000);
  return `# Races between failover servers

\`./build.sh campaign races --seed ${seed} --runs ${runs} --minutes ${minutes}\`: ${all.length} races in ${seconds} s, ${values.cameras} warm cameras with a key frame
each 2 s, ${cpus().length} cores shared with other work, load ${loadavg()[1]?.toFixed(1)}.

${ownerTable(all, doubles.length)}
In each race the recorder is killed; the server beside it up to 2 s before or after; both are started again in random order.
Milliseconds from the kill of the recorder (median / most), over races; the hole is the longest between two access units in the
timeline afterwards, also of times in which the killed ones were starting.

${racesTable(all)}`;
}
