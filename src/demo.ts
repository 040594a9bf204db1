/**
 * `./build.sh demo`: one recording server with four simulated cameras on loopback, to look at. `--once` shows by itself what
 * a crash costs: it kills media and control, then checks every access unit against the ledger.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { isoOf, seconds, systemClock } from './core/clock.ts';
import { messageOf } from './core/errors.ts';
import { createLog, silentLog } from './core/log.ts';
import { epochMs } from './core/units.ts';
import { DEMO_USER, addCameras, placeOf, startBox, until } from './demo/demo-box.ts';
import type { Box } from './demo/demo-box.ts';
import { fetchLedger, judgeCamera } from './demo/footage-check.ts';
import type { CameraVerdict } from './demo/footage-check.ts';
import { startSimulator } from './simulator/simulator.ts';
import type { Simulator } from './simulator/simulator.ts';

const NAMES: readonly string[] = ['Street', 'Entrance', 'Garden', 'Warehouse'];
const DEFAULT_PORT = '51443';
const clock = systemClock;

type Demo = {
  readonly dataDir: string;
  readonly box: Box;
  readonly simulator: Simulator;
  readonly ids: readonly string[];
};

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      once: { type: 'boolean', default: false },
      json: { type: 'string' },
      'http-port': { type: 'string' },
    },
  });
  const dataDir = await mkdtemp(join(tmpdir(), 'understudy-demo-'));
  const password = randomBytes(9).toString('base64url');
  const logFile = openSync(join(dataDir, 'log.jsonl'), 'a');
  const simulator = await startSimulator(
    { clock, log: silentLog },
    NAMES.map((_, index) => ({ id: `cam-${index + 1}` })),
  );
  let box: Box | undefined;
  try {
    const httpPort = Number(values['http-port'] ?? (values.once ? '0' : DEFAULT_PORT));
    box = await startBox({ dataDir, httpPort, password, clock, logTo: logFile });
    const ids = await addCameras(box.api, simulator, NAMES);
    const demo: Demo = { dataDir, box, simulator, ids };
    if (values.once) return await runOnce(demo, values.json);
    await runUntilStopped(demo, password, values.json);
    return 0;
  } finally {
    await box?.stop();
    await simulator.stop();
    closeSync(logFile);
    await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function runUntilStopped({ box, dataDir }: Demo, password: string, json: string | undefined): Promise<void> {
  const url = `https://127.0.0.1:${box.port()}/`;
  if (json !== undefined) await writeFile(json, JSON.stringify({ url, user: DEMO_USER, password, dataDir }));
  console.log(`
Understudy records four simulated cameras.

  Open      ${url}
            (the certificate is self-made: let the browser go on)
  User      ${DEMO_USER}
  Password  ${password}

Try: the live grid; Playback, and zoom the timeline; an export, then "bin/understudy verify" on it;
     kill the recording process (kill -9 ${box.status()?.media?.pid ?? 'PID'}) and see the gap with its cause.
Ctrl-C stops everything and removes ${dataDir}.
`);
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
    box.supervisor.once('close', () => resolve());
  });
}

type Report = {
  readonly passed: boolean;
  readonly cameras: readonly CameraVerdict[];
  /** Seconds from SIGKILL until the process ran again. */
  readonly mediaBackAfter: number;
  readonly controlBackAfter: number;
};

async function runOnce(demo: Demo, json: string | undefined): Promise<number> {
  const { box, ids, dataDir } = demo;
  const start = clock.now();
  console.log('recording four simulated cameras ...');
  await recordedOf(demo, 4);
  console.log('killing the recording process (SIGKILL) ...');
  const mediaBackAfter = await killed(box, 'media');
  await recordedOf(demo, 4);
  console.log('killing the control process (SIGKILL) ...');
  const before = placeOf(dataDir)?.pid;
  const controlBackAfter = await killed(box, 'control');
  await until('control to answer again', clock, () => placeOf(dataDir)?.pid !== before);
  await recordedOf(demo, 4);
  await box.api.call('PATCH', '/cameras', { ids, change: { enabled: false } });
  await until('the last fragments to be booked', clock, async () => await isSettled(demo));
  const cameras = await judge(demo, start);
  const passed = cameras.every(({ problems }) => problems.length === 0);
  const report: Report = { passed, cameras, mediaBackAfter, controlBackAfter };
  print(report);
  if (json !== undefined) await writeFile(json, `${JSON.stringify(report, undefined, 2)}\n`);
  return passed ? 0 : 1;
}

/** Until every camera has that many seconds more. */
async function recordedOf({ box, ids }: Demo, more: number): Promise<void> {
  const since = clock.now();
  const hasMore = async (id: string): Promise<boolean> => {
    const camera = await box.api.call('GET', `/cameras/${id}`).catch(() => undefined);
    const last =
      typeof camera === 'object' && camera !== null && 'lastFrameAt' in camera ? String(camera.lastFrameAt) : '';
    return last > isoOf(epochMs(since + more * 1000));
  };
  await until('the cameras to be recorded', clock, async () => (await Promise.all(ids.map(hasMore))).every(Boolean));
}

/** Seconds until it ran again. */
async function killed(box: Box, name: 'media' | 'control'): Promise<number> {
  const pid = box.status()?.[name]?.pid;
  if (pid === undefined) throw new Error(`${name} does not run`);
  const at = clock.monotonic();
  process.kill(pid, 'SIGKILL');
  await until(`${name} to be started again`, clock, () => {
    const now = box.status()?.[name]?.pid;
    return now !== undefined && now !== pid;
  });
  return (clock.monotonic() - at) / 1000;
}

/** The ledger says "not expected" at its end, behind everything recorded. */
async function isSettled(demo: Demo): Promise<boolean> {
  await clock.sleep(seconds(1));
  const states = await Promise.all(demo.ids.map(async (id) => await demo.box.api.call('GET', `/cameras/${id}`)));
  return states.every(
    (state) => typeof state === 'object' && state !== null && 'state' in state && state.state === 'disabled',
  );
}

async function judge({ box, ids, simulator, dataDir }: Demo, startedAt: number): Promise<readonly CameraVerdict[]> {
  const range = { start: isoOf(epochMs(startedAt)), end: isoOf(clock.now()) };
  const orders = simulator.cameras.map((camera, index) => {
    return { api: box.api, footage: join(dataDir, 'footage'), cameraId: ids[index] ?? '', camera, ...range };
  });
  const ledgers = await Promise.all(orders.map(async (order) => await fetchLedger(order)));
  await box.stop();
  const verdicts: CameraVerdict[] = [];
  for (const [index, order] of orders.entries()) {
    const ledger = ledgers[index];
    if (ledger !== undefined) verdicts.push(await judgeCamera(order, ledger));
  }
  return verdicts;
}

function print({ passed, cameras, mediaBackAfter, controlBackAfter }: Report): void {
  console.log(`\nmedia ran again after ${mediaBackAfter.toFixed(2)} s, control after ${controlBackAfter.toFixed(2)} s`);
  for (const { cameraId, accessUnits, missing, doubled, altered, causes, longestHole, problems } of cameras) {
    const why = Object.entries(causes).map(([cause, sum]) => `${cause} ${sum.toFixed(2)} s`);
    console.log(
      `${cameraId}: ${accessUnits} access units, ${missing} missing (longest hole ${longestHole.toFixed(2)} s), ${doubled} doubled, ${altered} altered; booked: ${why.join(', ') || 'nothing'}`,
    );
    for (const problem of problems) console.log(`  PROBLEM ${problem}`);
  }
  console.log(passed ? 'Every access unit is recorded or accounted for.' : 'Not everything is accounted for.');
}

try {
  process.exitCode = await main();
} catch (error) {
  createLog('error', (line) => console.error(line), clock.now).error('demo failed', { reason: messageOf(error) });
  process.exitCode = 1;
}
