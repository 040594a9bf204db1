/**
 * `./build.sh campaign coordination --seed S --runs N`: the coordination of several failover servers, played in virtual time from a seed: the
 * real machine, claims, plan, epochs and arbiter core on simulated lines, clocks and disks, seeds on all cores. Writes docs/results/coordination.md.
 */
import { writeFile } from 'node:fs/promises';
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { playSeeds } from './coordination/player.ts';
import type { GapKind } from './coordination/gap-judge.ts';
import type { Played } from './coordination/player.ts';
import type { Outcome } from './coordination/simulation.ts';
import { campaignOptions } from '../support/campaign-options.ts';

/** More of them tell nothing new. */
const MAX_BROKEN = 20;
type Broken = { readonly seed: number; readonly violations: readonly string[] };
const brokenOf = (some: readonly Played[]): readonly Broken[] =>
  some.flatMap(({ seed, outcome: { violations } }) => (violations.length > 0 ? [{ seed, violations }] : []));

const values = campaignOptions({ seed: { type: 'string', default: '1' }, runs: { type: 'string', default: '10000' } });
const first = Number(values.seed);
const runs = Number(values.runs);
const began = performance.now();
const played = await playSeeds(first, runs, (some) => brokenOf(some).length >= MAX_BROKEN);
const outcomes = played.map(({ outcome }) => outcome);
const broken = brokenOf(played);
for (const { seed, violations } of broken) console.log(`seed ${seed}: ${violations.join('; ')}`);
const seconds = (performance.now() - began) / 1000;
const sum = (value: (outcome: Outcome) => number): number =>
  outcomes.reduce((total, outcome) => total + value(outcome), 0);
/** Of the seeds in which there was such a gap. */
function gapsOf(kind: GapKind): string {
  const gaps = outcomes.map(({ longest }) => longest[kind]).filter((ms) => ms > 0);
  gaps.sort((a, b) => a - b);
  const share = (of: number): string =>
    `${((gaps[Math.min(gaps.length - 1, Math.floor(gaps.length * of))] ?? 0) / 1000).toFixed(2)} s`;
  return `${share(0.5)}, ${share(0.99)}, ${share(1)} (${gaps.length})`;
}
const rows: readonly (readonly [string, string])[] = [
  ['seeds', `${outcomes.length}`],
  ['seeds with a violation', `${broken.length}`],
  ['virtual time', `${(sum(({ virtualMs }) => virtualMs) / 3_600_000).toFixed(0)} hours`],
  [
    'real time',
    `${seconds.toFixed(0)} s on ${availableParallelism()} cores, load ${(loadavg()[0] ?? 0).toFixed(0)} in the end`,
  ],
  ['nobody recorded, a healthy failover server there: p50, p99, most of the longest of each seed (seeds)', ''],
  ['- one failure', gapsOf('single')],
  ['- a second server failed before anybody recorded: since that', gapsOf('second')],
  ['- the same, since the first', gapsOf('both')],
  ['- the network held messages back for up to 1.5 s, or lost the news', gapsOf('slow')],
  ['- cameras with a single session', gapsOf('oneSession')],
  ['camera time recorded twice', `${((100 * sum(({ doubled }) => doubled)) / outcomes.length).toFixed(1)} %`],
  ['takeovers declared', `${sum(({ takeovers }) => takeovers)}`],
  ['cameras with a single session left to their own server', `${sum(({ gaveWay }) => gaveWay)}`],
  ['covers begun or raised', `${sum(({ covers }) => covers)}`],
  ['seconds of footage sent home and deleted on receipt', `${sum(({ deleted }) => deleted)}`],
];
for (const [name, figure] of rows) console.log(`${name}: ${figure}`);
await writeFile(
  join(import.meta.dirname, '../../docs/results/coordination.md'),
  `# Coordination campaign

\`./build.sh campaign coordination --seed ${first} --runs ${runs}\`, Node ${process.version}. Each seed is a site of one to three recording servers, one to three
failover servers and mostly a host: 40 s of crashes, power cuts, pauses, hung disks, one-way cuts, loss and delay, then 45 s of quiet.
What must hold: docs/design/coordination.md. Planted defects are caught by \`test/campaign/coordination.test.ts\`.

| | |
|---|---|
${rows.map(([name, figure]) => `| ${name} | ${figure} |`).join('\n')}

${broken.length === 0 ? 'No seed broke an invariant.' : broken.map(({ seed, violations }) => `- seed ${seed}: ${violations.join('; ')}`).join('\n')}
`,
);
process.exitCode = broken.length === 0 ? 0 : 1;
