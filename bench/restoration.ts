/**
 * `./build.sh bench restoration [--mbit 5] [--cover 60] [--cameras 6]`: how much of a limited link the way home uses, against plain TCP over the
 * same link in the same run, and how soon it begins.
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

const argument = (name: string, otherwise: number): number => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
};
const MBIT = argument('mbit', 5);
const COVER_SECONDS = argument('cover', 60);
const CAMERAS = argument('cameras', 6);
const PEER_SECONDS = 8;
const TARGET = 0.9;
const PATIENCE_MS = 240_000;
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

function limit({ name }: NetBox): void {
  const rate = ['tbf', 'rate', `${MBIT}mbit`, 'burst', '32k', 'latency', '100ms'];
  execFileSync('ip', ['netns', 'exec', name, 'tc', 'qdisc', 'add', 'dev', 'eth0', 'root', ...rate]);
}

async function measure({ protectedBox, failover, cameras }: Scene): Promise<Figures> {
  limit(failover.net);
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

try {
  const t = { teardown: (undo: () => unknown) => void teardowns.push(undo) };
  const levels = Array.from({ length: CAMERAS }, () => 'hot' as const);
  const figures = await measure(await setScene(t, { levels }, createRandom(1)));
  const { plain, home, whole, bytes, heardAfterMs, firstByteAfterMs } = figures;
  const ratio = home / plain;
  const mbit = (rate: number): string => ((rate * 8) / 1e6).toFixed(1);
  const text = `# Footage on its way home over a limited link

\`./build.sh bench restoration --mbit ${MBIT} --cover ${COVER_SECONDS} --cameras ${CAMERAS}\` on ${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)}.

| | |
|---|---:|
| limit of the cable (\`tc tbf\`) | ${MBIT} Mbit/s |
| plain TCP over it, in the same run | ${mbit(plain)} Mbit/s |
| footage on its way home, from a tenth to nine tenths of it | ${mbit(home)} Mbit/s |
| ratio (target ${TARGET}) | ${ratio.toFixed(2)} |
| the same from its first byte to its last, with every pause | ${mbit(whole)} Mbit/s, ${(whole / plain).toFixed(2)} |
| footage | ${(bytes / 1e6).toFixed(1)} MB of ${CAMERAS} cameras |
| heard by the failover server, after its API answered again | ${Math.round(heardAfterMs)} ms |
| first bytes of footage at home, after the same moment (target 5 s) | ${Math.round(firstByteAfterMs)} ms |
`;
  console.log(text);
  await writeFile(REPORT, text);
  process.exitCode = ratio >= TARGET ? 0 : 1;
} finally {
  for (const undo of teardowns.toReversed()) await undo();
}
