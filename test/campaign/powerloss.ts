/**
 * Power cuts at random moments: the real writer thread and the real catalogue on ext4 on a disk that logs every write and flush; then disks as a cut
 * at a random record would have left them, unflushed writes lost or torn. Everything reported durable before the cut must be there, whole.
 *
 * `./build.sh campaign powerloss --seed S --runs N`; writes docs/results/powerloss.{json,md}. Root only.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { runPowerLoss } from '../support/power-loss.ts';
import { isRoot } from '../support/lab.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    runs: { type: 'string', default: '200' },
  },
});
if (!isRoot()) {
  console.error('powerloss: needs root for loop devices and mounts');
  process.exit(2);
}
const [seed, runs] = [Number(values.seed), Number(values.runs)];
const directory = await mkdtemp(join(tmpdir(), 'understudy-powerloss-'));
try {
  const began = performance.now();
  const outcome = await runPowerLoss(directory, { seed, runs, seconds: 12, onRun: (line) => console.log(line) });
  const seconds = Math.round((performance.now() - began) / 1000);
  const results = resolve(import.meta.dirname, '../../docs/results');
  await writeFile(
    join(results, 'powerloss.json'),
    `${JSON.stringify({ seed, runs, seconds, ...outcome }, undefined, 2)}\n`,
  );
  const { problems, ...counts } = outcome;
  const rows = Object.entries(counts).map(([name, value]) => `| ${name} | ${value} |`);
  await writeFile(
    join(results, 'powerloss.md'),
    `# Power-loss campaign\n\n\`./build.sh campaign powerloss --seed ${seed} --runs ${runs}\` on ext4, ${seconds} s.\n\n| | |\n|---|---|\n${rows.join('\n')}\n\n${
      problems.length === 0
        ? 'Nothing that was reported durable was lost or damaged.'
        : problems.map((problem) => `- ${problem}`).join('\n')
    }\n`,
  );
  console.log(JSON.stringify(counts));
  process.exitCode = problems.length === 0 ? 0 : 1;
} finally {
  await rm(directory, { recursive: true, force: true });
}
