/**
 * Power cuts at random moments, on ext4 on disks that log every write and flush; then disks as a cut at a random record would have left them,
 * unflushed writes lost or torn. Everything reported durable before the cut must be there, whole.
 *
 * `./build.sh campaign powerloss --seed S --runs N`: the real writer thread and the real catalogue.
 * `./build.sh campaign powerloss --returns --seed S --runs N`: covered footage on its way home; and the same with flushes left out, which must be
 * noticed. Both write docs/results/powerloss.md, from what they keep in powerloss.json and powerloss-returns.json there. Root only.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { campaignOptions } from '../support/campaign-options.ts';
import { isRoot } from '../support/lab.ts';
import { runPowerLoss } from '../support/power-loss.ts';
import { PLANTS, runReturnPowerLoss } from '../support/return-power-loss.ts';

const RESULTS = resolve(import.meta.dirname, '../../docs/results');
/** Of each defect that is planted. */
const PLANTED_RUNS = 8;
const values = campaignOptions({
  seed: { type: 'string', default: '1' },
  runs: { type: 'string', default: '200' },
  returns: { type: 'boolean', default: false },
});
if (!isRoot()) {
  console.error('powerloss: needs root for loop devices and mounts');
  process.exit(2);
}
const [seed, runs] = [Number(values.seed), Number(values.runs)];
const onRun = (line: string): void => console.log(line);

type Planted = { readonly leftOut: string; readonly cuts: number; readonly noticedIn: number };
type Outcome = { readonly problems: readonly string[]; readonly planted?: readonly Planted[] };
type Kept = Outcome & {
  readonly seed: number;
  readonly runs: number;
  readonly seconds: number;
};

async function inDirectory<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'understudy-powerloss-'));
  try {
    return await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function plantAll(): Promise<readonly Planted[]> {
  const planted: Planted[] = [];
  for (const plant of PLANTS) {
    const options = { seed, runs: PLANTED_RUNS, seconds: 6, plant };
    const outcome = await inDirectory(async (directory) => await runReturnPowerLoss(directory, options));
    planted.push({ leftOut: plant, cuts: outcome.cuts, noticedIn: outcome.cutsWithProblems });
    console.log(JSON.stringify(planted.at(-1)));
  }
  return planted;
}

async function keep(name: string, outcome: Outcome, seconds: number): Promise<void> {
  await writeFile(join(RESULTS, name), `${JSON.stringify({ seed, runs, seconds, ...outcome }, undefined, 2)}\n`);
  const recording = await partOf('powerloss.json', '');
  const returns = await partOf('powerloss-returns.json', '--returns ');
  const parts = [
    '# Power-loss campaign',
    recording,
    '## Footage on its way home',
    'Both servers lose power in the same moment; data and footage of each lie on a disk of their own, so that none is saved by what another one flushes. Then both go on until everything is home.',
    returns,
  ];
  await writeFile(join(RESULTS, 'powerloss.md'), `${parts.filter((part) => part !== '').join('\n\n')}\n`);
}

async function partOf(name: string, flag: string): Promise<string> {
  const text = await readFile(join(RESULTS, name), 'utf8').catch(() => undefined);
  if (text === undefined) return '';
  const { problems, planted, ...kept } = JSON.parse(text) as Kept;
  const { seed: itsSeed, runs: itsRuns, seconds, ...counts } = kept;
  const table = (rows: readonly string[]): string => ['| | |', '|---|---|', ...rows].join('\n');
  const noticed = planted?.map(({ leftOut, cuts, noticedIn }) => `| ${leftOut} | in ${noticedIn} of ${cuts} cuts |`);
  return [
    `\`./build.sh campaign powerloss ${flag}--seed ${itsSeed} --runs ${itsRuns}\` on ext4, ${seconds} s.`,
    table(Object.entries(counts).map(([key, value]) => `| ${key} | ${String(value)} |`)),
    problems.length === 0
      ? 'Nothing that was reported durable was lost or damaged.'
      : problems.map((problem) => `- ${problem}`).join('\n'),
    ...(noticed === undefined
      ? []
      : ['With flushes left out (of bytes, of files and names, of rows) it is noticed:', table(noticed)]),
  ].join('\n\n');
}

const began = performance.now();
const secondsSince = (): number => Math.round((performance.now() - began) / 1000);
if (values.returns) {
  const options = { seed, runs, seconds: 6, onRun };
  const outcome = await inDirectory(async (directory) => await runReturnPowerLoss(directory, options));
  const planted = await plantAll();
  await keep('powerloss-returns.json', { ...outcome, planted }, secondsSince());
  console.log(JSON.stringify(outcome));
  const isBlind = planted.some(({ noticedIn }) => noticedIn === 0);
  process.exitCode = outcome.problems.length === 0 && !isBlind ? 0 : 1;
} else {
  const options = { seed, runs, seconds: 12, onRun };
  const outcome = await inDirectory(async (directory) => await runPowerLoss(directory, options));
  await keep('powerloss.json', outcome, secondsSince());
  const { problems, ...counts } = outcome;
  console.log(JSON.stringify(counts));
  process.exitCode = problems.length === 0 ? 0 : 1;
}
