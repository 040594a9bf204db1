/**
 * `./build.sh demo`: a whole site on loopback, to look at: one host, two recording servers, one failover server, eight simulated
 * cameras. `--once` plays a failure by itself and looks for every access unit afterwards.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from './core/clock.ts';
import { messageOf } from './core/errors.ts';
import { createLog, silentLog } from './core/log.ts';
import { DEMO_USER } from './demo/demo-box.ts';
import { startSite } from './demo/demo-site.ts';
import type { Site } from './demo/demo-site.ts';
import { playFailure } from './demo/failure-play.ts';
import type { Report } from './demo/failure-play.ts';
import { startSimulator } from './simulator/simulator.ts';

const NAMES: readonly string[] = [
  'Street',
  'Entrance',
  'Garden',
  'Warehouse',
  'Loading Bay',
  'Parking',
  'Stairs',
  'Server Room',
];
const DEFAULT_PORT = '51443';
const clock = systemClock;

type Demo = { readonly dataDir: string; readonly site: Site; readonly password: string };

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
  const logs: number[] = [];
  const logTo = (server: string): number => {
    const file = openSync(join(dataDir, `${server.toLowerCase().replaceAll(' ', '-')}.log.jsonl`), 'a');
    logs.push(file);
    return file;
  };
  const cameras = NAMES.map((_, index) => ({ id: `cam-${index + 1}` }));
  const simulator = await startSimulator({ clock, log: silentLog }, cameras);
  let site: Site | undefined;
  try {
    const httpPort = Number(values['http-port'] ?? (values.once ? '0' : DEFAULT_PORT));
    site = await startSite({ dataDir, password, clock, simulator, names: NAMES, httpPort, logTo, tell });
    if (!values.once) {
      await runUntilStopped({ dataDir, site, password }, values.json);
      return 0;
    }
    const report = await playFailure({ site, simulator, clock, tell });
    print(report);
    if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(report, undefined, 2)}\n`);
    return report.passed ? 0 : 1;
  } finally {
    await site?.stop();
    await simulator.stop();
    for (const file of logs) closeSync(file);
    await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
  }
}

const tell = (line: string): void => console.log(line);

async function runUntilStopped({ site, dataDir, password }: Demo, json: string | undefined): Promise<void> {
  const urlOf = (server: Site['host']): string => `https://127.0.0.1:${server.box().port()}/`;
  const [first] = site.recorders;
  const servers = [site.host, ...site.recorders, site.failover];
  const url = first === undefined ? '' : urlOf(first);
  if (json !== undefined) {
    const places = servers.map((server) => ({ name: server.name, mode: server.mode, url: urlOf(server) }));
    await writeFile(json, JSON.stringify({ url, user: DEMO_USER, password, dataDir, servers: places }));
  }
  const pids = first?.box().status();
  console.log(`
A site of four servers and eight simulated cameras runs.

${servers.map((server) => `  ${server.name.padEnd(15)} ${server.mode.padEnd(10)} ${urlOf(server)}`).join('\n')}
            (the certificates are self-made: let the browser go on)
  User      ${DEMO_USER}
  Password  ${password}

Try: live and playback at ${url};
     kill that recording server (kill -9 ${[pids?.pid, pids?.media?.pid, pids?.control?.pid].join(' ')}) and watch the same cameras at
     ${urlOf(site.failover)}, where they are recorded on within a second.
Ctrl-C stops everything and removes ${dataDir}.
`);
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
    site.host.box().supervisor.once('close', () => resolve());
  });
}

function print({ passed, cameras, incident }: Report): void {
  console.log('');
  for (const { server, cameraId, accessUnits, missing, doubled, altered, causes, problems } of cameras) {
    const why = Object.entries(causes).map(([cause, sum]) => `${cause} ${sum.toFixed(2)} s`);
    console.log(
      `${server}, ${cameraId}: ${accessUnits} access units in playback, ${missing} missing, ${doubled} doubled, ${altered} altered; booked: ${why.join(', ') || 'nothing'}`,
    );
    for (const problem of problems) console.log(`  PROBLEM ${problem}`);
  }
  const summary = typeof incident === 'object' && incident !== null && 'summary' in incident ? incident.summary : '';
  console.log(`\nIncident report: ${String(summary)}`);
  console.log(passed ? 'No frame is missing, none is double.' : 'Not every frame is there exactly once.');
}

try {
  process.exitCode = await main();
} catch (error) {
  createLog('error', (line) => console.error(line), clock.now).error('demo failed', { reason: messageOf(error) });
  process.exitCode = 1;
}
