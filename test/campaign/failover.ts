/**
 * Failures of a protected server, drawn from seeds, on a site of real processes in network namespaces: how soon its cameras are covered, what is
 * lost by standby level, and whether every access unit stands once in its timeline afterwards.
 *
 * `./build.sh campaign failover --seed S --runs N [--only FAULT,FAULT] [--lasts SECONDS] [--keep DIR]`; every run replays from its seed
 * (`--only FAULT --seed S --runs 1`). Writes docs/results/failover.{json,md}, unless `--only` is given. Root only.
 * `--report JSON[,JSON]` plays nothing: results of earlier runs, of other seeds and places, become one report.
 */
import { cp } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { join, resolve } from 'node:path';
import { campaignOptions } from '../support/campaign-options.ts';
import { FAULTS } from '../support/failover-fault-list.ts';
import type { Fault } from '../support/failover-fault-list.ts';
import { playFault } from '../support/failover-play.ts';
import type { PlayResult } from '../support/failover-play.ts';
import { labProblem } from '../support/net-lab.ts';
import { mergeReports, readReport, reportText, writeReport } from './failover-report.ts';

const values = campaignOptions({
  seed: { type: 'string', default: '1' },
  runs: { type: 'string', default: '100' },
  only: { type: 'string' },
  /** How long each fault lasts; drawn from the seed if left out. */
  lasts: { type: 'string' },
  /** Data and logs of runs with problems are copied here. */
  keep: { type: 'string' },
  /** Written even with `--only`, to this folder. */
  results: { type: 'string' },
  /** Files of results, instead of playing. */
  report: { type: 'string' },
});
const folder = values.results ?? resolve(import.meta.dirname, '../../docs/results');
if (values.report !== undefined) {
  const merged = mergeReports(await Promise.all(values.report.split(',').map(readReport)));
  await writeReport(folder, merged);
  console.log(reportText(merged));
  process.exit(merged.results.some(({ problems }) => problems.length > 0) ? 1 : 0);
}
const problem = labProblem();
if (problem !== undefined) {
  console.error(`failover: ${problem}`);
  process.exit(2);
}
process.env['UNDERSTUDY_TEST_BUILT'] ??= '1';
const names = values.only?.split(',');
const faults = FAULTS.filter(({ name }) => names === undefined || names.includes(name));
if (faults.length === 0) {
  console.error(`failover: no fault is called ${values.only}; there are: ${FAULTS.map(({ name }) => name).join(' ')}`);
  process.exit(2);
}
const lastsMs = values.lasts === undefined ? undefined : Number(values.lasts) * 1000;
const [seed, runs] = [Number(values.seed), Number(values.runs)];
const began = performance.now();
const results: PlayResult[] = [];
for (let run = 0; run < runs; run += 1) {
  const fault = faults[run % faults.length];
  if (fault === undefined) continue;
  const result = await playOnce(fault, seed + Math.floor(run / faults.length));
  results.push(result);
  console.log(`${run + 1}/${runs} load ${loadavg()[0]?.toFixed(1)} ${JSON.stringify(result)}`);
}
const seconds = Math.round((performance.now() - began) / 1000);
const machine = `${cpus().length} cores, load ${loadavg()[1]?.toFixed(1)}`;
const source = {
  seed,
  runs,
  seconds,
  machine,
  ...(names === undefined ? {} : { only: names.join(',') }),
  ...(values.lasts === undefined ? {} : { lasts: Number(values.lasts) }),
};
console.log(`\n${reportText({ sources: [source], results })}`);
if (names === undefined || values.results !== undefined) await writeReport(folder, { sources: [source], results });
process.exit(results.some(({ problems }) => problems.length > 0) ? 1 : 0);

function withLength(fault: Fault): Fault {
  return lastsMs === undefined ? fault : { ...fault, lasts: () => lastsMs };
}

/** What it set up is taken down again, whatever happens. */
async function playOnce(fault: Fault, runSeed: number): Promise<PlayResult> {
  const teardowns: (() => unknown)[] = [];
  const t = { teardown: (undo: () => unknown) => void teardowns.push(undo) };
  const interrupted = (): void => void undoAll(teardowns).then(() => process.exit(130));
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, interrupted);
  let directory: string | undefined;
  try {
    const result = await playFault(t, withLength(fault), runSeed, (site) => (directory = site.directory));
    if (result.problems.length > 0) await keep(directory, fault, runSeed);
    return result;
  } catch (error) {
    await keep(directory, fault, runSeed);
    const message = error instanceof Error ? error.message : String(error);
    return {
      fault: fault.name,
      seed: runSeed,
      lastedMs: 0,
      suspectedAfterMs: undefined,
      covers: 0,
      declared: 0,
      reasons: [],
      cameras: [],
      problems: [message],
    };
  } finally {
    await undoAll(teardowns);
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.removeListener(name, interrupted);
  }
}

async function undoAll(teardowns: readonly (() => unknown)[]): Promise<void> {
  for (const undo of teardowns.toReversed()) {
    try {
      await undo();
    } catch (error) {
      console.error(`teardown: ${String(error)}`);
    }
  }
}

async function keep(directory: string | undefined, fault: Fault, runSeed: number): Promise<void> {
  if (values.keep === undefined || directory === undefined) return;
  await cp(directory, join(values.keep, `${fault.name}-${runSeed}`), {
    recursive: true,
    filter: (path) => !path.includes('/run/'),
  }).catch((error: unknown) => console.error(`keep: ${String(error)}`));
}
