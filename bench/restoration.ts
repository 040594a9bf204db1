/**
 * `./build.sh bench restoration [--mbit 5,20,100] [--camera-mbit 4,0.2] [--cover 30] [--cameras 6]`: how much of a limited link the way home
 * uses, against plain TCP over the same link in the same run, and how soon it begins; each limit with cameras of each rate.
 *
 * Real processes in network namespaces; the cable of the failover server is limited with `tc tbf` in both directions of use here (what it sends).
 * A protected server is killed, its hot cameras are recorded elsewhere for a while, it comes back. Needs root. Writes docs/results/restoration-link.md.
 *
 * What arrived is seen on the disk of the protected server, piece by piece: to ask the failover server costs the cable 7 % at twenty questions a
 * second, and it counts whole files only, which are a sixth of what is measured.
 */
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RestorationView } from '../src/api/contract/failover.ts';
import { killBox } from '../test/support/failover-faults.ts';
import { setScene } from '../test/support/failover-scene.ts';
import type { Scene } from '../test/support/failover-scene.ts';
import { recordsFor, serverView } from '../test/support/failover-views.ts';
import { labProblem } from '../test/support/net-lab.ts';
import type { NetBox } from '../test/support/net-lab.ts';
import { createRandom } from '../test/support/seeded-random.ts';
import { waitFor } from '../test/support/wait-for.ts';
import { watchArrivals } from './support/arrivals.ts';
import type { Arrival } from './support/arrivals.ts';

const argument = (name: string, otherwise: string): readonly number[] => {
  const at = process.argv.indexOf(`--${name}`);
  return (at < 0 ? otherwise : (process.argv[at + 1] ?? '')).split(',').map(Number);
};
const LIMITS_MBIT = argument('mbit', '5,20,100');
const CAMERAS_MBIT = argument('camera-mbit', '4,0.2');
const [COVER_SECONDS = 30] = argument('cover', '30');
const [CAMERAS = 6] = argument('cameras', '6');
/** Of a camera without filling. */
const CLIP_MBIT = 0.2;
const FRAMES_PER_SECOND = 25;
const PEER_SECONDS = 8;
const TARGET = 0.9;
const PATIENCE_MS = 600_000;
/** Nothing came for so long: it may be over. */
const QUIET_MS = 1000;
const SEEN_SHARE = 0.95;
const REPORT = resolve(import.meta.dirname, '../docs/results/restoration-link.md');

const problem = labProblem();
if (problem !== undefined) {
  console.error(`restoration: ${problem}`);
  process.exit(2);
}
process.env['UNDERSTUDY_TEST_BUILT'] ??= '1';

const teardowns: (() => unknown)[] = [];
type Figures = {
  readonly plain: number;
  /** Between a tenth and nine tenths of the bytes. */
  readonly home: number;
  /** From the first byte to the last, with every pause. */
  readonly whole: number;
  readonly bytes: number;
  readonly heardAfterMs: number;
  readonly firstByteAfterMs: number;
};

/** Bytes a second that an ordinary TCP connection gets from one box to another. */
async function plainRate(from: NetBox, to: NetBox): Promise<number> {
  const sink = `require('net').createServer((socket) => { let [bytes, began] = [0, 0];
    socket.on('data', (part) => { began ||= performance.now(); bytes += part.length; });
    socket.on('error', () => {}).on('close', () => { console.log('rate ' + bytes / (performance.now() - began) * 1000); process.exit(); });
  }).listen(5999, '${to.address}', () => console.log('listening'));`;
  const source = `const socket = require('net').connect(5999, '${to.address}'); const block = Buffer.alloc(65536);
    const push = () => { while (socket.write(block)); }; socket.on('connect', push).on('drain', push).on('error', () => {});
    setTimeout(() => process.exit(), ${PEER_SECONDS * 1000});`;
  const listening = to.start(process.execPath, '-e', sink);
  await listening.line(/^listening/, PATIENCE_MS);
  from.start(process.execPath, '-e', source);
  return Number((await listening.line(/^rate /, PATIENCE_MS)).slice('rate '.length));
}

function limit({ name }: NetBox, mbit: number): void {
  const rate = ['tbf', 'rate', `${mbit}mbit`, 'burst', '32k', 'latency', '100ms'];
  execFileSync('ip', ['netns', 'exec', name, 'tc', 'qdisc', 'add', 'dev', 'eth0', 'root', ...rate]);
}

async function measure({ protectedBox, failover, cameras }: Scene, mbit: number): Promise<Figures> {
  limit(failover.net, mbit);
  const plain = await plainRate(failover.net, protectedBox.net);
  await recordsFor(protectedBox, cameras, 2000);
  const back = await killBox(protectedBox);
  await sleep(COVER_SECONDS * 1000);
  await back();
  const started = performance.now();
  await waitFor('it to be heard', async () => (await serverView(failover, 'R'))?.connected === true, PATIENCE_MS);
  const heardAfterMs = performance.now() - started;
  const samples = await watchHome({ protectedBox, failover });
  const firstByteAfterMs = (samples[0]?.at ?? Number.NaN) - started;
  return { plain, ...ratesOf(samples), heardAfterMs, firstByteAfterMs };
}

/** Nothing is asked over the cable while footage comes. */
async function watchHome({
  protectedBox,
  failover,
}: Pick<Scene, 'protectedBox' | 'failover'>): Promise<readonly Arrival[]> {
  const { seen, stop } = watchArrivals(join(protectedBox.footage, '.incoming'));
  teardowns.push(stop);
  let home = 0;
  await waitFor(
    'all footage to be home',
    async () => {
      await sleep(100);
      const last = seen.at(-1);
      if (last === undefined || performance.now() - last.at < QUIET_MS) return false;
      const { items } = (await failover.api.call('GET', '/failover/restorations')) as { items: RestorationView[] };
      home = items.reduce((sum, view) => sum + view.bytes.done, 0);
      return items.length > 0 && items.every(({ state }) => state === 'done');
    },
    PATIENCE_MS,
  );
  const bytes = seen.at(-1)?.bytes ?? 0;
  // On a busy machine a small file may come and go between two looks; the rate is then told too low.
  if (bytes < home * SEEN_SHARE) throw new Error(`${bytes} bytes were seen to arrive, and ${home} are said to be home`);
  return seen;
}

function ratesOf(samples: readonly Arrival[]): Pick<Figures, 'home' | 'whole' | 'bytes'> {
  const bytes = samples.at(-1)?.bytes ?? 0;
  // The beginning decides, the end confirms.
  const inside = samples.filter((sample) => sample.bytes >= bytes * 0.1 && sample.bytes <= bytes * 0.9);
  return { home: slope(inside), whole: slope(samples), bytes };
}

/** Bytes a second from the first to the last of these. */
function slope(samples: readonly Arrival[]): number {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined || last.at <= first.at) return Number.NaN;
  return ((last.bytes - first.bytes) / (last.at - first.at)) * 1000;
}

/** A site of its own for each. */
async function run(mbit: number, cameraMbit: number): Promise<string> {
  const t = { teardown: (undo: () => unknown) => void teardowns.push(undo) };
  const moreBytes = Math.max(0, Math.round(((cameraMbit - CLIP_MBIT) * 1e6) / 8 / FRAMES_PER_SECOND));
  const levels = Array.from({ length: CAMERAS }, () => 'hot' as const);
  try {
    const scene = await setScene(t, { levels, simulation: [`--more-bytes=${moreBytes}`] }, createRandom(1));
    const figures = await measure(scene, mbit);
    if (cameraMbit >= 1 && figures.home < TARGET * figures.plain) process.exitCode = 1;
    return rowOf({ mbit, cameraMbit }, figures);
  } finally {
    for (const undo of teardowns.splice(0).toReversed()) await undo();
  }
}

const rowOf = (
  { mbit, cameraMbit }: { readonly mbit: number; readonly cameraMbit: number },
  { plain, home, whole, bytes, heardAfterMs, firstByteAfterMs }: Figures,
): string => {
  const rate = (bytesPerSecond: number): string => ((bytesPerSecond * 8) / 1e6).toFixed(1);
  const ratio = (bytesPerSecond: number): string => (bytesPerSecond / plain).toFixed(2);
  const footage = `${(bytes / 1e6).toFixed(0)} MB of ${cameraMbit} Mbit/s each`;
  const rates = `${rate(plain)} | ${rate(home)} | **${ratio(home)}** | ${ratio(whole)}`;
  const times = `${Math.round(heardAfterMs)} | ${Math.round(firstByteAfterMs)}`;
  return `| ${mbit} | ${footage} | ${rates} | ${times} | ${(loadavg()[0] ?? 0).toFixed(1)} |`;
};

const rows: string[] = [];
for (const cameraMbit of CAMERAS_MBIT)
  for (const mbit of LIMITS_MBIT) {
    rows.push(await run(mbit, cameraMbit));
    console.log(rows.at(-1));
  }
const text = `# Footage on its way home over a limited link

\`./build.sh bench restoration --mbit ${LIMITS_MBIT.join()} --camera-mbit ${CAMERAS_MBIT.join()} --cover ${COVER_SECONDS} --cameras ${CAMERAS}\` on ${cpus().length} cores.

A protected server with ${CAMERAS} hot cameras is killed and comes back after ${COVER_SECONDS} s; the cable of the failover server is limited by \`tc tbf\`. The rate of footage is that from a tenth to nine
tenths of it, its ratio that to plain TCP over the same cable in the same run (target ${TARGET}, for cameras of 1 Mbit/s and more); "whole" is the same from the first byte to the last, with every pause. Times are ms
after the API of the protected server answered again: until the failover server heard it, and until the first byte of footage was there (target 5000).

| limit, Mbit/s | footage | plain TCP | footage, Mbit/s | ratio | whole | heard | first byte | load |
|---:|---|---:|---:|---:|---:|---:|---:|---:|
${rows.join('\n')}

What a cut may cost is one fragment, so no more than one is on its way: half a second of a camera. Of cameras with a fifth of a Mbit/s that is 13 KB, and
what becomes of each of them on both sides takes longer than a fast link needs to carry it.
`;
await writeFile(REPORT, text);
