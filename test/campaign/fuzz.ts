/**
 * Mutation fuzz of every parser that reads bytes from outside, in process: `./build.sh campaign fuzz --seed S --runs N`. Valid inputs
 * are damaged (test/support/mutate.ts) and parsed; a finding is anything thrown that is no `UnderstudyError` (or the parser's own
 * documented refusal) and any input that takes longer than 50 ms of CPU. Writes docs/results/fuzz.md.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UnderstudyError } from '../../src/core/errors.ts';
import { campaignOptions } from '../support/campaign-options.ts';
import { createRandom } from '../support/seeded-random.ts';
import { mutate } from '../support/mutate.ts';
import { fuzzTargets } from './fuzz-targets.ts';
import type { FuzzTarget } from './fuzz-targets.ts';

const SLOW_MS = 50;
const MAX_FINDINGS = 20;
const values = campaignOptions({
  seed: { type: 'string', default: '1' },
  runs: { type: 'string', default: '100000' },
  only: { type: 'string' },
});
const seed = Number(values.seed);
const runs = Number(values.runs);

type Finding = { readonly target: string; readonly run: number; readonly what: string; readonly input: string };
type Row = { readonly target: string; readonly runs: number; readonly refused: number; readonly slowestMs: number };

const findings: Finding[] = [];
const rows: Row[] = [];
for (const target of await fuzzTargets()) {
  if (values.only !== undefined && !target.name.includes(values.only)) continue;
  rows.push(await play(target));
}
await report();
process.exitCode = findings.length > 0 ? 1 : 0;

async function play(target: FuzzTarget): Promise<Row> {
  const random = createRandom(seed);
  const count = Math.max(1, Math.round(runs * (target.share ?? 1)));
  let refused = 0;
  let slowestMs = 0;
  for (let run = 0; run < count && findings.length < MAX_FINDINGS; run += 1) {
    const original = random.pick(target.corpus);
    const input = random.chance(0.05)
      ? random.bytes(random.int(0, 600))
      : mutate(random, original, random.pick(target.corpus));
    const { error, ms } = await timed(target, input);
    if (error !== undefined) refused += 1;
    // A pause of the machine is no property of the input: it must be slow three times more.
    const isSlow = ms > SLOW_MS && (await slowAgain(target, input));
    if (ms <= SLOW_MS || isSlow) slowestMs = Math.max(slowestMs, ms);
    const what = isSlow ? `${ms.toFixed(0)} ms` : bugIn(target, error);
    if (what === undefined) continue;
    findings.push({ target: target.name, run, what, input: Buffer.from(input).toString('base64') });
  }
  console.log(`${target.name}: ${count} inputs, ${refused} refused, slowest ${slowestMs.toFixed(1)} ms`);
  return { target: target.name, runs: count, refused, slowestMs };
}

/** `undefined` if nothing was thrown, or a proper refusal. */
function bugIn(target: FuzzTarget, error: unknown): string | undefined {
  if (error === undefined || error instanceof UnderstudyError || target.refuses?.(error)) return undefined;
  return error instanceof Error
    ? (error.stack ?? error.message)
    : `something else than an error was thrown: ${typeof error}`;
}

async function timed(target: FuzzTarget, input: Uint8Array): Promise<{ readonly error: unknown; readonly ms: number }> {
  const began = performance.now();
  try {
    const result = target.parse(input);
    if (result instanceof Promise) await result;
    return { error: undefined, ms: performance.now() - began };
  } catch (error) {
    return { error: error ?? new Error('undefined was thrown'), ms: performance.now() - began };
  }
}

async function slowAgain(target: FuzzTarget, input: Uint8Array): Promise<boolean> {
  for (let again = 0; again < 3; again += 1) if ((await timed(target, input)).ms <= SLOW_MS) return false;
  return true;
}

async function report(): Promise<void> {
  const total = rows.reduce((sum, row) => sum + row.runs, 0);
  const lines = [
    '# Fuzz campaign',
    '',
    `\`./build.sh campaign fuzz --seed ${seed} --runs ${runs}\`, Node ${process.version}: ${total} damaged inputs, ${findings.length} findings.`,
    `A finding is an exception that is no refusal, or an input that takes more than ${SLOW_MS} ms three times more.`,
    '',
    '| parser | inputs | refused with a reason | slowest |',
    '|---|---|---|---|',
    ...rows.map((row) => `| ${row.target} | ${row.runs} | ${row.refused} | ${row.slowestMs.toFixed(1)} ms |`),
    '',
    ...findings.flatMap((finding) => [
      `## ${finding.target}, run ${finding.run}`,
      '```',
      finding.what.replaceAll(process.cwd(), '').slice(0, 1500),
      finding.input.slice(0, 2000),
      '```',
    ]),
  ];
  if (values.only === undefined)
    await writeFile(join(import.meta.dirname, '../../docs/results/fuzz.md'), `${lines.join('\n').trimEnd()}\n`);
  for (const { target, run, what } of findings) console.error(`FINDING ${target} run ${run}: ${what.slice(0, 600)}`);
  console.log(`${total} inputs, ${findings.length} findings`);
}
