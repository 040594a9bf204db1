/**
 * `./build.sh bench site [--servers 200] [--cameras 16] [--seconds 60]`: a real host, and so many servers simulated at the peer
 * protocol. What the host uses while nothing happens, and how soon it answers. Writes docs/results/site.json; fails when the host
 * uses more than 2 % of a core, a list takes more than 100 ms, or a plan more than 50 ms.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { openSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { planOfSite } from '../src/control/site-plan.ts';
import { systemClock as clock } from '../src/core/clock.ts';
import { durationMs } from '../src/core/units.ts';
import { startBox } from '../src/demo/demo-box.ts';
import type { Box } from '../src/demo/demo-box.ts';
import { commandOf, cpuMsBetween, cpuTimesOf, familyOf, pssBytesOf } from './support/process-usage.ts';
import type { MemberIdentity, SimulatedHost } from './support/site-shape.ts';

const numberOf = (option: string, fallback: number): number => {
  const at = process.argv.indexOf(option);
  return at < 0 ? fallback : Number(process.argv[at + 1]);
};
const [SERVERS, CAMERAS, SECONDS] = [numberOf('--servers', 200), numberOf('--cameras', 16), numberOf('--seconds', 60)];
const SPARES = Math.max(1, Math.round(SERVERS / 10));
const [CPU_LIMIT, LIST_LIMIT_MS, PLAN_LIMIT_MS] = [2, 100, 50];
const ROUNDS = 15;
/** Greetings, the close beats at first, and the first reports, which follow each other closely. */
const SETTLE_MS = 80_000;
const PATIENCE_MS = 180_000;
const PASSWORD = 'correct horse battery';
const REPORT = resolve(import.meta.dirname, '../docs/results/site.json');

type Members = {
  readonly identities: readonly MemberIdentity[];
  readonly join: (host: SimulatedHost) => Promise<void>;
  readonly child: ChildProcess;
};
async function startMembers(): Promise<Members> {
  const script = join(import.meta.dirname, 'support', 'simulated-members.ts');
  const child = spawn(process.execPath, [script, String(SERVERS), String(SPARES), String(CAMERAS)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => JSON.parse(String((await lines.next()).value)) as unknown;
  return {
    child,
    identities: (await next()) as readonly MemberIdentity[],
    join: async (host) => {
      child.stdin.write(`${JSON.stringify(host)}\n`);
      await next();
    },
  };
}

/** As if an administrator had added them all. */
async function writePeers(dataDir: string, identities: readonly MemberIdentity[]): Promise<void> {
  const path = join(dataDir, 'settings', 'peers.json');
  const file = JSON.parse(await readFile(path, 'utf8')) as { data: object };
  const peers = identities.map((one, index) => ({ ...one, addedAt: index + 1 }));
  await writeFile(path, JSON.stringify({ ...file, data: { peers } }));
}

type Times = { readonly medianMs: number; readonly worstMs: number; readonly bytes: number };
async function timesOf(box: Box, method: string, path: string, body?: object): Promise<Times> {
  const times: number[] = [];
  let bytes = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const began = performance.now();
    bytes = JSON.stringify(await box.api.call(method, path, body)).length;
    times.push(performance.now() - began);
  }
  times.sort((a, b) => a - b);
  return { medianMs: times[Math.floor(ROUNDS / 2)] ?? Infinity, worstMs: times.at(-1) ?? Infinity, bytes };
}

/** What the decision itself takes, the least of some rounds: CPU of this process. */
function planMs(identities: readonly MemberIdentity[]): number {
  const servers = identities.filter(({ mode }) => mode === 'recording');
  const facts = {
    servers: servers.map(({ id, name }) => ({
      id,
      name,
      cameras: Array.from({ length: CAMERAS }, (_, index) => ({
        id: `cam-${id.slice(0, 8)}-${index}`,
        name: `Camera ${index + 1}`,
        priority: 'medium' as const,
        standbyLevel: 'warm' as const,
        recording: true,
      })),
    })),
    spares: identities
      .filter(({ mode }) => mode === 'failover')
      .map(({ id, name }) => ({
        id,
        name,
        channels: 128,
        seats: Infinity,
        unreachable: [],
        protects: () => true,
        covering: new Map<string, readonly string[]>(),
      })),
    shortage: 'by-priority' as const,
    oneServerAtATime: false,
  };
  const times = Array.from({ length: ROUNDS }, () => {
    const began = process.cpuUsage();
    planOfSite(facts, undefined);
    const { user, system } = process.cpuUsage(began);
    return (user + system) / 1000;
  });
  return Math.min(...times);
}

const onlineOf = async (box: Box): Promise<{ readonly online: number; readonly known: number }> => {
  const { items } = (await box.api.call('GET', '/site/status?limit=1000')) as {
    items: readonly { readonly state: string; readonly cameras?: object }[];
  };
  return {
    online: items.filter(({ state }) => state === 'online').length,
    known: items.filter(({ cameras }) => cameras !== undefined).length,
  };
};

async function idleUse(
  box: Box,
): Promise<{ readonly percent: number; readonly processes: Record<string, number>; readonly mib: number }> {
  const pids = familyOf(box.supervisor.pid ?? 0);
  const before = cpuTimesOf(pids);
  const began = performance.now();
  await clock.sleep(durationMs(SECONDS * 1000));
  const after = cpuTimesOf(pids);
  const wall = performance.now() - began;
  const percentOf = (ids: readonly number[]): number =>
    (cpuMsBetween(pick(before, ids), pick(after, ids)) / wall) * 100;
  const named = pids.map((pid) => [
    /(supervisor|control|media)\.[jt]s/.exec(commandOf(pid))?.[1] ?? 'other',
    percentOf([pid]),
  ]);
  return {
    percent: percentOf(pids),
    processes: Object.fromEntries(named) as Record<string, number>,
    mib: pssBytesOf(pids) / 2 ** 20,
  };
}
const pick = (times: ReadonlyMap<number, number>, ids: readonly number[]): ReadonlyMap<number, number> =>
  new Map([...times].filter(([pid]) => ids.includes(pid)));

const dataDir = await mkdtemp(join(tmpdir(), 'understudy-bench-site-'));
const options = {
  dataDir,
  httpPort: 0,
  password: PASSWORD,
  clock,
  name: 'Host',
  logTo: process.env['BENCH_LOG'] === undefined ? ('ignore' as const) : openSync(process.env['BENCH_LOG'], 'a'),
};
const members = await startMembers();
let box = await startBox(options);
try {
  await box.api.call('PUT', '/server/mode', { mode: 'host' });
  await box.stop();
  await writePeers(dataDir, members.identities);
  box = await startBox(options);
  const { id, peerPort } = (await box.api.call('GET', '/server')) as { id: string; peerPort: number };
  const { fingerprint } = (await box.api.call('POST', '/servers/pairing-code')) as { fingerprint: string };
  const began = performance.now();
  await members.join({ id, fingerprint, peerPort });
  for (const until = performance.now() + PATIENCE_MS; ;) {
    const { online, known } = await onlineOf(box);
    if (online === SERVERS + 1 && known === SERVERS + 1) break;
    if (performance.now() > until) throw new Error(`only ${online} servers are there, ${known} are known`);
    await clock.sleep(durationMs(500));
  }
  const joinedSeconds = (performance.now() - began) / 1000;
  console.error(`${SERVERS} servers were there after ${joinedSeconds.toFixed(1)} s; the host is left alone`);
  await clock.sleep(durationMs(SETTLE_MS));
  const load = loadavg()[0] ?? 0;
  const idle = await idleUse(box);
  const failed = members.identities.slice(SPARES - 10, SPARES + 10).map((one) => one.id);
  const answers = {
    servers: await timesOf(box, 'GET', '/servers?limit=1000'),
    status: await timesOf(box, 'GET', '/site/status?limit=1000'),
    plan: await timesOf(box, 'GET', '/failover/plan'),
    simulate: await timesOf(box, 'POST', '/failover/plan/simulate', { failed }),
  };
  const report = {
    servers: SERVERS,
    spares: SPARES,
    camerasEach: CAMERAS,
    machine: { cores: cpus().length, model: cpus()[0]?.model, load: [load, loadavg()[0] ?? 0] },
    joinedSeconds,
    idle,
    planMs: planMs(members.identities),
    answers,
  };
  console.log(JSON.stringify(report, undefined, 2));
  await writeFile(REPORT, `${JSON.stringify(report, undefined, 2)}\n`);
  const problems = [
    ...(idle.percent > CPU_LIMIT
      ? [`the host uses ${idle.percent.toFixed(2)} % of a core, at most ${CPU_LIMIT} %`]
      : []),
    ...Object.entries({ servers: answers.servers, status: answers.status }).flatMap(([name, { medianMs }]) =>
      medianMs > LIST_LIMIT_MS ? [`${name}: ${medianMs.toFixed(1)} ms, at most ${LIST_LIMIT_MS} ms`] : [],
    ),
    ...(report.planMs > PLAN_LIMIT_MS
      ? [`a plan takes ${report.planMs.toFixed(1)} ms, at most ${PLAN_LIMIT_MS} ms`]
      : []),
  ];
  for (const problem of problems) console.error(`site: ${problem}`);
  process.exitCode = problems.length > 0 ? 1 : 0;
} finally {
  await box.stop();
  members.child.stdin?.end();
  await rm(dataDir, { recursive: true, force: true });
}
