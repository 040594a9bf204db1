/**
 * `./build.sh bench site [--servers 200] [--cameras 16] [--seconds 60]`: a real host, and so many servers, three of them real and the
 * others simulated at the peer protocol. What the host uses while nothing happens, how soon it answers, and how long 50 more take that
 * are added at once. Writes docs/results/site.json; fails when the host uses more than 2 % of a core, a list takes more than 100 ms, a
 * plan more than 50 ms, or the 50 more than 30 s.
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
import { REAL_SERVERS, startRealServers } from './support/real-servers.ts';
import type { RealServers } from './support/real-servers.ts';
import type { MemberIdentity, SimulatedHost } from './support/site-shape.ts';

const numberOf = (option: string, fallback: number): number => {
  const at = process.argv.indexOf(option);
  return at < 0 ? fallback : Number(process.argv[at + 1]);
};
const [SERVERS, CAMERAS, SECONDS] = [numberOf('--servers', 200), numberOf('--cameras', 16), numberOf('--seconds', 60)];
const SIMULATED = SERVERS - REAL_SERVERS;
const SPARES = Math.max(1, Math.round(SERVERS / 10));
const [CPU_LIMIT, LIST_LIMIT_MS, PLAN_LIMIT_MS] = [2, 100, 50];
/** With the others as many as a host can know, nearly. */
const [BATCH, BATCH_LIMIT_SECONDS] = [50, 30];
const ROUNDS = 15;
/** Greetings, the close beats at first, and the first reports, which follow each other closely. */
const SETTLE_MS = 80_000;
/** An upper bound on a starved machine: `joinedSeconds` tells how long it was. */
const PATIENCE_MS = 480_000;
const PASSWORD = 'correct horse battery';
const REPORT = resolve(import.meta.dirname, '../docs/results/site.json');

type Members = {
  readonly identities: readonly MemberIdentity[];
  readonly join: (host: SimulatedHost) => Promise<void>;
  readonly child: ChildProcess;
};
async function startMembers(): Promise<Members> {
  const script = join(import.meta.dirname, 'support', 'simulated-members.ts');
  const child = spawn(process.execPath, [script, String(SIMULATED), String(SPARES), String(CAMERAS)], {
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

/** Seconds until all are members, each under the name that was asked for. */
async function batchSeconds(box: Box): Promise<number> {
  const script = join(import.meta.dirname, 'support', 'servers-to-add.ts');
  const child = spawn(process.execPath, [script, String(BATCH), PASSWORD], { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    const { value } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
    const naming = { kind: 'prefix-number', prefix: 'Added' };
    const request = { username: 'owner', password: PASSWORD, naming, rows: JSON.parse(String(value)) as unknown };
    const began = performance.now();
    const { rows } = (await box.api.call('POST', '/servers/batch', request, PATIENCE_MS)) as {
      readonly rows: readonly { readonly ok: boolean; readonly message?: string }[];
    };
    const seconds = (performance.now() - began) / 1000;
    const failed = rows.filter(({ ok }) => !ok);
    if (failed.length > 0) throw new Error(`${failed.length} of ${BATCH} were not added: ${failed[0]?.message ?? ''}`);
    return seconds;
  } finally {
    child.stdin.end();
  }
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

async function untilOnline(box: Box, wanted: number): Promise<void> {
  for (const until = performance.now() + PATIENCE_MS; ;) {
    const { online, known } = await onlineOf(box);
    if (online === wanted && known === wanted) return;
    if (performance.now() > until) throw new Error(`only ${online} servers are there, ${known} are known`);
    await clock.sleep(durationMs(500));
  }
}

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
let real: RealServers | undefined;
try {
  await box.api.call('PUT', '/server/mode', { mode: 'host' });
  await box.stop();
  await writePeers(dataDir, members.identities);
  box = await startBox(options);
  const { id, peerPort } = (await box.api.call('GET', '/server')) as { id: string; peerPort: number };
  const { fingerprint } = (await box.api.call('POST', '/servers/pairing-code')) as { fingerprint: string };
  const began = performance.now();
  await members.join({ id, fingerprint, peerPort });
  await untilOnline(box, SIMULATED + 1);
  const joinedSeconds = (performance.now() - began) / 1000;
  console.error(
    `${SIMULATED} servers were there after ${joinedSeconds.toFixed(1)} s; ${REAL_SERVERS} real ones are added`,
  );
  real = await startRealServers(box.api, join(dataDir, 'real'), PASSWORD);
  await real.ready();
  await untilOnline(box, SERVERS + 1);
  console.error('all are there; the host is left alone');
  await clock.sleep(durationMs(SETTLE_MS));
  const load = loadavg()[0] ?? 0;
  const idle = await idleUse(box);
  console.error(`idle: ${idle.percent.toFixed(2)} % of a core`, idle.processes);
  const failed = members.identities.slice(SPARES - 10, SPARES + 10).map((one) => one.id);
  const answers = {
    servers: await timesOf(box, 'GET', '/servers?limit=1000'),
    status: await timesOf(box, 'GET', '/site/status?limit=1000'),
    plan: await timesOf(box, 'GET', '/failover/plan'),
    simulate: await timesOf(box, 'POST', '/failover/plan/simulate', { failed }),
  };
  console.error(answers, `${BATCH} more are added`);
  const report = {
    servers: SERVERS,
    real: REAL_SERVERS,
    spares: SPARES,
    camerasEach: CAMERAS,
    machine: { cores: cpus().length, model: cpus()[0]?.model, load: [load, loadavg()[0] ?? 0] },
    joinedSeconds,
    idle,
    planMs: planMs(members.identities),
    answers,
    batch: { servers: BATCH, seconds: await batchSeconds(box) },
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
  if (report.batch.seconds > BATCH_LIMIT_SECONDS)
    problems.push(
      `${BATCH} servers were added in ${report.batch.seconds.toFixed(1)} s, at most ${BATCH_LIMIT_SECONDS} s`,
    );
  for (const problem of problems) console.error(`site: ${problem}`);
  process.exitCode = problems.length > 0 ? 1 : 0;
} finally {
  await real?.stop();
  await box.stop();
  members.child.stdin?.end();
  await rm(dataDir, { recursive: true, force: true });
}
