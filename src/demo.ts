/**
 * `./build.sh demo`: a whole site on loopback, to look at: one host, two recording servers, one failover server, eight simulated
 * cameras. `--once` plays a failure by itself and looks for every access unit afterwards.
 */
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from './core/clock.ts';
import { messageOf } from './core/errors.ts';
import { silentLog } from './core/log.ts';
import { DEMO_USER } from './demo/demo-box.ts';
import { startSite } from './demo/demo-site.ts';
import type { Site, SiteServer } from './demo/demo-site.ts';
import { playFailure } from './demo/failure-play.ts';
import type { PlayDeps, Report } from './demo/failure-play.ts';
import { startSimulator } from './simulator/simulator.ts';

/** Four scenes, each twice: one at each recorder. */
const NAMES: readonly string[] = [
  'Street',
  'Front Door',
  'Garden',
  'Warehouse',
  'Back Street',
  'Back Door',
  'Yard',
  'Annex',
];
const LOG_SUFFIX = '.log.jsonl';
const DEFAULT_PORT = '51443';
const clock = systemClock;

const USAGE = `usage: ./build.sh demo [--once] [--json FILE] [--http-port PORT]
  --once            play a failure, look for every access unit, exit 1 if one is missing or double
  --json FILE       the places and the password, or with --once the result
  --http-port PORT  web interface of the host (${DEFAULT_PORT}; with --once any free one)`;

type Options = {
  readonly once: boolean;
  readonly json?: string;
  readonly 'http-port'?: string;
  readonly help: boolean;
};
type Demo = { readonly dataDir: string; readonly site: Site; readonly password: string };

async function main(): Promise<number> {
  const values = optionsOf(process.argv.slice(2));
  if (values === undefined) return 2;
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const dataDir = await mkdtemp(join(tmpdir(), 'understudy-demo-'));
  const password = randomBytes(9).toString('base64url');
  const logs: number[] = [];
  const logTo = (server: string): number => {
    const file = openSync(join(dataDir, `${server.toLowerCase().replaceAll(' ', '-')}${LOG_SUFFIX}`), 'a');
    logs.push(file);
    return file;
  };
  const cameras = NAMES.map((_, index) => ({ id: `cam-${index + 1}` }));
  const simulator = await startSimulator({ clock, log: silentLog }, cameras);
  const supervisors = new Set<ChildProcess>();
  // Servers are process groups of their own: Ctrl-C does not reach them.
  const interrupted = new Promise<number>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve(0));
  });
  let isKept = false;
  try {
    const httpPort = Number(values['http-port'] ?? (values.once ? '0' : DEFAULT_PORT));
    const onSpawn = (supervisor: ChildProcess): void => void supervisors.add(supervisor);
    const options = { dataDir, password, clock, simulator, names: NAMES, httpPort, logTo, onSpawn, tell };
    const played = startSite(options).then(async (site) =>
      values.once
        ? await playOnce({ site, simulator, clock, tell }, values.json)
        : await show({ site, dataDir, password }, values.json),
    );
    return await Promise.race([played, interrupted]);
  } catch (error) {
    isKept = true;
    console.error(`The demo failed: ${messageOf(error)} The logs of its servers are kept in ${dataDir}.`);
    for (const line of await saidBy(dataDir)) console.error(line);
    return 1;
  } finally {
    await Promise.all([...supervisors].map(ended));
    await simulator.stop();
    for (const file of logs) closeSync(file);
    if (!isKept) await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** What servers said to a person before they ended: the lines of their logs that are not JSON. */
async function saidBy(dataDir: string): Promise<readonly string[]> {
  const logs = (await readdir(dataDir)).filter((name) => name.endsWith(LOG_SUFFIX));
  const texts = await Promise.all(logs.map(async (name) => await readFile(join(dataDir, name), 'utf8')));
  return texts.flatMap((text) => text.split('\n').filter((line) => line !== '' && !line.startsWith('{')));
}

async function ended(supervisor: ChildProcess): Promise<void> {
  if (supervisor.exitCode !== null || supervisor.signalCode !== null) return;
  supervisor.kill('SIGTERM');
  await once(supervisor, 'close');
}

async function playOnce(deps: PlayDeps, json: string | undefined): Promise<number> {
  const report = await playFailure(deps);
  print(report);
  if (json !== undefined) await writeFile(json, `${JSON.stringify(report, undefined, 2)}\n`);
  return report.passed ? 0 : 1;
}

function optionsOf(args: readonly string[]): Options | undefined {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        once: { type: 'boolean', default: false },
        json: { type: 'string' },
        'http-port': { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
    return values;
  } catch (error) {
    console.error(`demo: ${messageOf(error)}\n${USAGE}`);
    return undefined;
  }
}

const tell = (line: string): void => console.log(line);

async function show({ site, dataDir, password }: Demo, json: string | undefined): Promise<number> {
  const urlOf = (server: Site['host']): string => `https://127.0.0.1:${server.box().port()}/`;
  const [first] = site.recorders;
  const servers = [site.host, ...site.recorders, site.failover];
  if (first === undefined) return 1;
  if (json !== undefined) {
    const places = servers.map((server) => ({ name: server.name, mode: server.mode, url: urlOf(server) }));
    await writeFile(json, JSON.stringify({ url: urlOf(first), user: DEMO_USER, password, dataDir, servers: places }));
  }
  console.log(`
A site of four servers and eight simulated cameras runs.

${servers.map((server) => `  ${server.name.padEnd(15)} ${server.mode.padEnd(10)} ${urlOf(server)}`).join('\n')}
            (the certificates are self-made: let the browser go on)
  User      ${DEMO_USER}
  Password  ${password}

Try: Live and Playback at ${urlOf(site.host)}, which shows all of it;
     kill a recording server:  ${killOf(first)}
     and look on: within a second ${site.failover.name} records its cameras; Incidents says what happened;
     start it again:           kill -USR2 ${process.pid}
     and its footage goes home.
Ctrl-C stops everything and removes ${dataDir}.
`);
  process.on('SIGUSR2', () => void startAgain(first));
  await once(site.host.box().supervisor, 'close');
  return 0;
}

function killOf(server: SiteServer): string {
  const pids = server.box().status();
  return `kill -9 ${[pids?.control?.pid, pids?.media?.pid, pids?.pid].join(' ')}`;
}

async function startAgain(server: SiteServer): Promise<void> {
  const { exitCode, signalCode } = server.box().supervisor;
  if (exitCode === null && signalCode === null) return tell(`${server.name} runs.`);
  try {
    await server.start();
    tell(`${server.name} is started again; to kill it once more: ${killOf(server)}`);
  } catch (error) {
    console.error(messageOf(error));
  }
}

function print({ passed, isWhole, cameras, incident }: Report): void {
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
  console.log(isWhole ? 'No frame is missing, none is double.' : 'Not every frame is there exactly once.');
  if (isWhole && !passed) console.log('PROBLEM the incident report says otherwise.');
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`The demo failed: ${messageOf(error)}`);
  process.exitCode = 1;
}
