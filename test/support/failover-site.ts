/**
 * A whole site for failover tests: boxes (supervisor, media, control as real processes) and simulated cameras, each in a network
 * namespace on one switch, reached from the test over HTTPS. Root only.
 *
 * Belongs here: setting the site up and pairing it, starting a box again. Does not: what goes wrong (failover-faults.ts), what was
 * recorded (failover-oracle.ts).
 */
import { randomInt } from 'node:crypto';
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, openSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { ExecutionContext } from 'ava';
import { createApiClient } from '../../src/cli/api-client.ts';
import type { ApiClient } from '../../src/cli/api-client.ts';
import { placeOf } from '../../src/demo/demo-box.ts';
import type { CameraSummary } from '../../src/simulator/line-control.ts';
import { readStatus } from '../../src/supervisor/instance.ts';
import type { SupervisorStatus } from '../../src/supervisor/instance.ts';
import { createNetLab } from './net-lab.ts';
import type { NetBox, NetLab } from './net-lab.ts';
import { startProcess } from './processes.ts';
import type { TestProcess } from './processes.ts';
import { tempDir } from './temp-dir.ts';
import { waitFor } from './wait-for.ts';

export type Teardown = Pick<ExecutionContext, 'teardown'>;
export const HTTP_PORT = 51_443;
export const PASSWORD = 'a long enough one';
const USER = 'owner';
const PATIENCE_MS = 90_000;
const RESERVE_BYTES = 16 * 1024 * 1024;

export type StandbyLevel = 'cold' | 'warm' | 'hot';
export type SiteCamera = CameraSummary & {
  /** As the protected server calls it. */
  readonly cameraId: string;
  readonly level: StandbyLevel;
};

export type SiteBox = {
  readonly name: string;
  readonly net: NetBox;
  readonly dataDir: string;
  readonly footage: string;
  readonly api: ApiClient;
  /** Its id as the other servers know it. */
  readonly id: () => Promise<string>;
  readonly status: () => SupervisorStatus | undefined;
  /** Everything that runs in its namespace, the supervisor first. */
  readonly pids: () => readonly number[];
  /** Lines of its log so far. */
  readonly log: () => readonly LogLine[];
  /** After its processes ended: again, on the same data. */
  readonly start: () => Promise<void>;
  /** A range of bytes, or the whole; `path` from the root. */
  readonly bytes: (path: string, range?: { readonly offset: number; readonly length: number }) => Promise<Uint8Array>;
};
export type LogLine = { readonly time: number; readonly message: string } & Readonly<Record<string, unknown>>;

export type BoxOrder = {
  readonly name: string;
  readonly mode: 'recording' | 'failover' | 'host';
  /** Instead of a folder of its data directory. */
  readonly footage?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Room that retention keeps free. */
  readonly reserveBytes?: number;
  /** A directory that it has instead of `/sys/bus/pci/devices`. */
  readonly pciDevices?: string;
};

export type FailoverSite = {
  readonly lab: NetLab;
  readonly directory: string;
  readonly box: (order: BoxOrder) => Promise<SiteBox>;
  /** Simulated cameras in a namespace of their own. */
  readonly cameras: (count: number, args?: readonly string[]) => Promise<Simulation>;
};
export type Simulation = {
  readonly net: NetBox;
  readonly cameras: readonly CameraSummary[];
  /** A line of simulator/line-control.ts; its answer. */
  readonly order: (command: object) => Promise<Readonly<Record<string, unknown>>>;
};

export async function createFailoverSite(t: Teardown): Promise<FailoverSite> {
  const directory = await tempDir(t, 'failover');
  const lab = createNetLab(t, freeSubnet());
  lab.attach();
  return {
    lab,
    directory,
    box: async (order) => await startSiteBox(t, { lab, directory }, order),
    cameras: async (count, args = []) => await startSimulation(t, lab, { count, args }),
  };
}

/** Of 10.0.0.0/8, where no route of this machine leads. */
function freeSubnet(): string {
  const routes = execFileSync('ip', ['route'], { encoding: 'utf8' });
  for (;;) {
    const subnet = `10.${randomInt(128, 255)}.${randomInt(0, 255)}`;
    if (!routes.includes(`${subnet}.`)) return subnet;
  }
}

async function startSimulation(
  t: Teardown,
  lab: NetLab,
  { count, args }: { readonly count: number; readonly args: readonly string[] },
): Promise<Simulation> {
  const net = lab.box();
  const script = scriptOf('simulate');
  const options = [`--cameras=${count}`, '--port=8554', `--host=${net.address}`, ...args];
  const child = startProcess(t, 'ip', ['netns', 'exec', net.name, process.execPath, script, ...options]);
  const { cameras } = JSON.parse(await child.line(/^{/, PATIENCE_MS)) as { cameras: CameraSummary[] };
  let asked = 1;
  return {
    net,
    cameras,
    order: async (command) => {
      const at = asked++;
      child.write(`${JSON.stringify(command)}\n`);
      const line = await waitFor('the simulator', () => lineAt(child, at));
      return JSON.parse(line) as Readonly<Record<string, unknown>>;
    },
  };
}

function lineAt({ stdout }: TestProcess, at: number): string | undefined {
  const lines = stdout().split('\n');
  return at < lines.length - 1 ? lines[at] : undefined;
}

/** Built sources are used if UNDERSTUDY_TEST_BUILT says so: a campaign measures what is delivered. */
function scriptOf(name: string): string {
  const built = resolve(import.meta.dirname, `../../dist/${name}.js`);
  if (process.env['UNDERSTUDY_TEST_BUILT'] === '1' && existsSync(built)) return built;
  return resolve(import.meta.dirname, `../../src/${name}.ts`);
}

type Place = { readonly lab: NetLab; readonly directory: string };

async function startSiteBox(t: Teardown, { lab, directory }: Place, order: BoxOrder): Promise<SiteBox> {
  const net = lab.box();
  const dataDir = join(directory, order.name);
  const footage = order.footage ?? join(dataDir, 'footage');
  await mkdir(footage, { recursive: true });
  const api = createApiClient(() => ({
    host: net.address,
    port: HTTP_PORT,
    fingerprint: placeOf(dataDir)?.fingerprint,
    token: undefined,
  }));
  const start = async (): Promise<void> => await startProcesses(t, { net, dataDir, order, api });
  await start();
  await api.call('POST', '/setup', { username: USER, password: PASSWORD, serverName: order.name });
  const reserveBytes = order.reserveBytes ?? RESERVE_BYTES;
  await api.call('POST', '/volumes', { path: footage, reserveBytes });
  if (order.mode !== 'recording') await api.call('PUT', '/server/mode', { mode: order.mode });
  const { secret } = (await api.call('POST', '/tokens', { name: 'test', role: 'operator' })) as { secret: string };
  return {
    name: order.name,
    net,
    dataDir,
    footage,
    api,
    start: async () => {
      await start();
      await api.call('POST', '/sessions', { username: USER, password: PASSWORD });
    },
    id: async () => ((await api.call('GET', '/server')) as { id: string }).id,
    status: () => readStatus(dataDir),
    pids: () => pidsIn(net.name),
    log: () => readLog(logOf(dataDir)),
    bytes: createReader(net.address, secret),
  };
}

const logOf = (dataDir: string): string => `${dataDir}.log`;

type Starting = {
  readonly net: NetBox;
  readonly dataDir: string;
  readonly order: BoxOrder;
  readonly api: ApiClient;
};
async function startProcesses(t: Teardown, { net, dataDir, order, api }: Starting): Promise<void> {
  const before = placeOf(dataDir)?.pid;
  const args = [`--data=${dataDir}`, `--http-port=${HTTP_PORT}`, '--peer-port=51410', `--bind=${net.address}`];
  const flags = ['--max-semi-space-size=1', scriptOf('supervisor'), ...args, `--name=${order.name}`];
  const command = [...(order.pciDevices === undefined ? [] : withPci(order.pciDevices)), process.execPath, ...flags];
  const supervisor = spawn('ip', ['netns', 'exec', net.name, ...command], {
    stdio: ['ignore', 'ignore', openSync(logOf(dataDir), 'a')],
    env: { ...process.env, ...order.environment },
  });
  t.teardown(() => stopProcesses(supervisor, net));
  await waitFor(
    `${order.name} to start`,
    async () => {
      if (supervisor.exitCode !== null)
        throw new Error(`${order.name} ended: ${readFileSync(logOf(dataDir), 'utf8').slice(-2000)}`);
      if (placeOf(dataDir)?.pid === before) return false;
      return await api.call('GET', '/setup').then(
        () => true,
        () => false,
      );
    },
    PATIENCE_MS,
  );
}

/** `ip netns exec` has mounts of its own: nobody else sees these. */
const withPci = (directory: string): readonly string[] => [
  'sh',
  '-c',
  'mount --bind "$0" /sys/bus/pci/devices && exec "$@"',
  directory,
];

/** Only what runs in the namespace that the test made. */
async function stopProcesses(supervisor: ChildProcess, net: NetBox): Promise<void> {
  const ended = new Promise((done) => supervisor.once('close', done));
  for (const pid of pidsIn(net.name)) signal(pid, 'SIGKILL');
  if (supervisor.exitCode === null && supervisor.signalCode === null) await ended;
}

export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended by itself.
  }
}

function pidsIn(namespace: string): readonly number[] {
  try {
    const text = execFileSync('ip', ['netns', 'pids', namespace], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return text.split('\n').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function readLog(path: string): readonly LogLine[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as LogLine];
      } catch {
        return [];
      }
    });
}

const createReader =
  (host: string, token: string): SiteBox['bytes'] =>
  async (path, range) => {
    const headers = {
      authorization: `Bearer ${token}`,
      ...(range === undefined ? {} : { range: `bytes=${range.offset}-${range.offset + range.length - 1}` }),
    };
    const { request } = await import('node:https');
    return await new Promise((done, fail) => {
      request({ host, port: HTTP_PORT, path, headers, rejectUnauthorized: false, agent: false, timeout: 30_000 })
        .once('error', fail)
        .once('response', (response) => {
          const parts: Buffer[] = [];
          response.on('data', (part: Buffer) => parts.push(part));
          response.once('error', fail);
          response.once('end', () => {
            const bytes = Buffer.concat(parts);
            if (response.statusCode === 200 || response.statusCode === 206) done(bytes);
            else fail(new Error(`${path}: ${response.statusCode} ${bytes.toString().slice(0, 300)}`));
          });
        })
        .end();
    });
  };

/** Adds cameras of the simulation to a server, with these standby levels. */
export async function addSiteCameras(
  box: SiteBox,
  cameras: readonly CameraSummary[],
  levels: readonly StandbyLevel[],
): Promise<readonly SiteCamera[]> {
  const made: SiteCamera[] = [];
  for (const [index, camera] of cameras.entries()) {
    const level = levels[index % levels.length] ?? 'warm';
    const body = { name: `${box.name} ${index + 1}`, main: { url: camera.main }, sub: { url: camera.sub } };
    const { id } = (await box.api.call('POST', '/cameras', { ...body, standbyLevel: level })) as { id: string };
    made.push({ ...camera, cameraId: id, level });
  }
  return made;
}

/** `by` authorizes itself at `server` with its owner's account. */
export async function protect(by: SiteBox, server: SiteBox): Promise<void> {
  const place = { host: server.net.address, httpPort: HTTP_PORT };
  const { httpsFingerprint } = (await by.api.call('POST', '/servers/test', place)) as { httpsFingerprint: string };
  await by.api.call('POST', '/servers', { ...place, httpsFingerprint, username: USER, password: PASSWORD });
}
