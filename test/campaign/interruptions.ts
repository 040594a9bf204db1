/**
 * Replacements, host take-overs and what a host does with its members, cut off by SIGKILL, over and over: the tests of a few interruptions
 * each, played with ever other seeds, which draw who is killed and when. In the end of each there must be exactly one owner, or one host, with
 * the same settings and all footage; or one state of what was changed, on which all agree.
 *
 * `./build.sh campaign interruptions --seed S --runs N [--minutes M] [--file PART] [--kills K]`; ends early after M minutes (60); PART of the
 * name of a test file plays only that one; K kills in one run of an operation of a host. Writes docs/results/interruptions.md.
 */
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { campaignOptions } from '../support/campaign-options.ts';

const values = campaignOptions({
  seed: { type: 'string', default: '1' },
  runs: { type: 'string', default: '200' },
  minutes: { type: 'string', default: '60' },
  results: { type: 'string' },
  file: { type: 'string', default: '' },
  kills: { type: 'string', default: '10' },
});
const [seed, runs, minutes] = [Number(values.seed), Number(values.runs), Number(values.minutes)];
const ROOT = join(import.meta.dirname, '../..');

/** Kills in one run of it. */
type Kind = { readonly name: string; readonly file: string; readonly match: string; readonly kills: number };
const operation = (name: string, match: string): Kind => ({
  name,
  file: 'site-operations-killed',
  match: `killed in the middle: ${match}*`,
  kills: Number(values.kills),
});
const ALL_KINDS: readonly Kind[] = [
  { name: 'replacement by the acting failover server', file: 'replacement-killed', match: 'killed in*', kills: 1 },
  { name: 'replacement by another recording server', file: 'replacement-other', match: 'killed in*', kills: 1 },
  { name: 'taking the role of the host', file: 'host-role-killed', match: 'killed while*', kills: 2 },
  operation('renaming a member', 'renaming'),
  operation('locking and unlocking members', 'locking'),
  operation('disabling and enabling members', 'disabling'),
  operation('changing several cameras of a member', 'changing'),
  operation('a licence that comes, moves and goes', 'a licence'),
  operation('pairing by a code', 'pairing'),
  operation('a host that yields', 'a host'),
];
const KINDS = ALL_KINDS.filter(({ file }) => file.includes(values.file));
type Played = {
  readonly kind: Kind;
  readonly seed: number;
  readonly ok: boolean;
  readonly seconds: number;
  /** What the test says of itself, and why it failed. */
  readonly words: readonly string[];
};

const began = performance.now();
const played: Played[] = [];
for (let run = 0; run < runs && performance.now() - began < minutes * 60_000; run += 1) {
  const kind = KINDS[run % KINDS.length];
  if (kind === undefined) break;
  const result = await play(kind, seed + run);
  played.push(result);
  console.log(`load ${loadavg()[0]?.toFixed(1)} ${JSON.stringify({ ...result, kind: kind.name })}`);
}
const table = tableOf();
console.log(table);
if (played.length > 0)
  await writeFile(
    resolve(values.results ?? resolve(import.meta.dirname, '../../docs/results'), 'interruptions.md'),
    table,
  );
process.exitCode = played.some(({ ok }) => !ok) ? 1 : 0;

async function play(kind: Kind, ofRun: number): Promise<Played> {
  const args = [
    '--config',
    'ava.interop.config.js',
    '--tap',
    '--match',
    kind.match,
    `test/interop/${kind.file}.test.ts`,
  ];
  const since = performance.now();
  const child = spawn('ava', args, {
    cwd: ROOT,
    env: { ...process.env, SEED: String(ofRun), KILLS: String(kind.kills) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((done) => {
    child.once('error', () => done(null));
    child.once('close', done);
  });
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) lines.push(line);
  const ok = (await ended) === 0 && lines.some((line) => line.startsWith('ok '));
  const words = ok ? lines.filter((line) => /^\s*#\s.*(?:killed|host )/.test(line)) : lines;
  const seconds = Math.round((performance.now() - since) / 1000);
  return { kind, seed: ofRun, ok, seconds, words: words.map((line) => line.replace(/^\s*#\s*/, '')) };
}

function tableOf(): string {
  const rows = KINDS.map((kind) => {
    const own = played.filter((one) => one.kind === kind);
    const wentOn = own.filter(({ words }) => words.some((line) => line.includes('went on'))).length;
    const broken = own.filter(({ ok }) => !ok);
    const cells = [kind.name, own.length, own.length * kind.kills, kind.kills > 1 ? '–' : wentOn, broken.length];
    return `| ${cells.join(' | ')} |`;
  });
  const failed = played.filter(({ ok }) => !ok).map((one) => `- ${one.kind.name}, seed ${one.seed}`);
  const seconds = Math.round((performance.now() - began) / 1000);
  return `# Interrupted replacements and host take-overs

\`./build.sh campaign interruptions --seed ${seed} --runs ${runs} --minutes ${minutes}\`: ${played.length} runs in ${seconds} s, ${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)} in the end.
Real servers on loopback that record simulated cameras; SIGKILL of control, of the successor, or of everything of the failover server up to 250 ms after it was asked (host: up to 60 ms).
Judged in each run: one owner (one host, followed by all), settings equal, no access unit twice or altered, none missing where the recording process lived.
One run by its seed: \`SEED=<seed> ava --config ava.interop.config.js --match 'killed*' test/interop/<file>.test.ts\`.

| | runs | kills | had begun durably, and went on | broken |
|---|---:|---:|---:|---:|
${rows.join('\n')}

${failed.length === 0 ? 'None broke.' : failed.join('\n')}
`;
}
