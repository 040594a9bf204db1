/** A whole server (supervisor, media, control) with simulated cameras, for tests that break disks, files and processes under it. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { cp, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { createApiClient } from '../../src/cli/api-client.ts';
import type { ApiClient } from '../../src/cli/api-client.ts';
import { isoOf, systemClock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import { epochMs } from '../../src/core/units.ts';
import { placeOf, textOf } from '../../src/demo/demo-box.ts';
import { fetchLedger, judgeCamera, judgePlayed } from '../../src/demo/footage-check.ts';
import type { CameraVerdict, CheckOrder, LedgerView } from '../../src/demo/footage-check.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { readStatus, startTicksOf } from '../../src/supervisor/instance.ts';
import { tempDir } from './temp-dir.ts';
import { waitFor } from './wait-for.ts';

const SUPERVISOR = join(import.meta.dirname, '../../src/supervisor.ts');
export const PATIENCE_MS = 60_000;
const LOOK_EVERY_MS = 100;
const OWNER = { username: 'owner', password: 'a long enough one' };

export type Server = {
  readonly supervisor: ChildProcess;
  readonly stderr: () => string;
  readonly ended: Promise<number | NodeJS.Signals>;
};
export type ServiceBox = {
  readonly t: ExecutionContext;
  readonly dataDir: string;
  readonly api: ApiClient;
  readonly simulator: Simulator;
  /** As the server calls them, in the order of the simulator. */
  readonly cameraIds: readonly string[];
  readonly since: number;
  server: Server;
};

const LAUNCHER = join(import.meta.dirname, '../../bin/understudy');
export type Start = {
  /** For preloaded libraries. */
  readonly env?: Readonly<Record<string, string>>;
  /** By `bin/understudy`, as a package starts it: it may start another release. */
  readonly isLaunched?: boolean;
  /** 0: any free one. */
  readonly httpPort?: number;
};

/** Only the process. */
export function startServer(
  t: ExecutionContext,
  dataDir: string,
  { env = {}, isLaunched = false, httpPort = 0 }: Start = {},
): Server {
  const [program, ...first] = isLaunched
    ? [LAUNCHER, 'serve']
    : [process.execPath, '--max-semi-space-size=1', SUPERVISOR];
  const args = [
    ...first,
    `--data=${dataDir}`,
    `--http-port=${httpPort}`,
    '--peer-port=0',
    '--bind=127.0.0.1',
    '--name=Box',
  ];
  const supervisor = spawn(program, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
    env: { ...process.env, ...env },
  });
  let stderr = '';
  supervisor.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-400_000)));
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    supervisor.once('close', (code, signal) => resolve(code ?? signal ?? 0));
  });
  t.teardown(async () => {
    if (supervisor.exitCode === null && supervisor.signalCode === null) supervisor.kill('SIGTERM');
    await ended;
    if (process.env['SERVICE_LOG'] !== undefined) console.error(stderr);
  });
  return { supervisor, stderr: () => stderr, ended };
}

type BoxOptions = Start & {
  readonly cameras: number;
  readonly dataDir?: string;
};
/** A server that was set up, without volumes and cameras. */
export async function startServiceBox(
  t: ExecutionContext,
  { cameras, dataDir: given, ...start }: BoxOptions,
): Promise<ServiceBox> {
  t.timeout(280_000);
  const dataDir = given ?? (await tempDir(t, 'service'));
  const simulator = await startSimulator(
    { clock: systemClock, log: silentLog },
    Array.from({ length: cameras }, (_, index) => ({ id: `sim-${index}` })),
  );
  t.teardown(() => simulator.stop());
  const since = Date.now();
  const server = startServer(t, dataDir, start);
  const api = createApiClient(() => {
    const place = placeOf(dataDir);
    return { host: '127.0.0.1', port: place?.port ?? 0, fingerprint: place?.fingerprint, token: undefined };
  });
  const box: ServiceBox = { t, dataDir, api, simulator, cameraIds: [], since, server };
  await answering(box);
  await api.call('POST', '/setup', { ...OWNER, serverName: 'Box' });
  await api.call('PATCH', '/server/settings', { allowLoopbackCameras: true });
  return box;
}

async function answering({ dataDir, server }: ServiceBox, before?: number): Promise<void> {
  await waitFor(
    'the server to answer',
    () => {
      if (server.supervisor.exitCode !== null) throw new Error(`the server ended: ${server.stderr().slice(-2000)}`);
      const place = placeOf(dataDir);
      return place !== undefined && place.pid !== before && startTicksOf(place.pid) !== '';
    },
    PATIENCE_MS,
  );
}

/** Starts it again after `killAll` or a stop, and signs in. */
export async function startAgain(box: ServiceBox, env: Readonly<Record<string, string>> = {}): Promise<void> {
  const before = placeOf(box.dataDir)?.pid;
  box.server = startServer(box.t, box.dataDir, { env });
  await answering(box, before);
  await box.api.call('POST', '/sessions', OWNER);
}

/** Undefined: it does not answer. */
export const signIn = async ({ api }: ServiceBox): Promise<unknown> =>
  await api.call('POST', '/sessions', OWNER).catch(() => undefined);

/**
 * All three at once, as the kernel does it when memory is short. The supervisor stands still meanwhile: ended first, control would
 * take it for a planned stop; ended last, it could start control again.
 */
export async function killAll(box: ServiceBox): Promise<void> {
  const status = readStatus(box.dataDir);
  if (status !== undefined) tryKill(status.pid, 'SIGSTOP');
  for (const pid of [status?.control?.pid, status?.media?.pid, status?.pid]) if (pid !== undefined) tryKill(pid);
  await box.server.ended;
  // Init collects the children of a killed supervisor when it likes.
  await waitFor(
    'everything to be gone',
    () => [status?.media, status?.control].every((child) => child === undefined || startTicksOf(child.pid) === ''),
    PATIENCE_MS,
  );
}
function tryKill(pid: number, signal: NodeJS.Signals = 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself.
  }
}

export async function stopBox(box: ServiceBox): Promise<number | NodeJS.Signals> {
  box.server.supervisor.kill('SIGTERM');
  return await box.server.ended;
}

export const addVolume = async (box: ServiceBox, path: string, reserveBytes: number): Promise<string> =>
  textOf(await box.api.call('POST', '/volumes', { path, reserveBytes }), 'id');

/** Cameras of the simulator, main stream only. */
export async function addCameras(box: ServiceBox): Promise<ServiceBox> {
  const cameraIds: string[] = [];
  for (const camera of box.simulator.cameras) {
    const made = await box.api.call('POST', '/cameras', { name: camera.id, main: { url: camera.urlOf('main') } });
    cameraIds.push(textOf(made, 'id'));
  }
  return Object.assign(box, { cameraIds });
}

type CameraView = { readonly state: string; readonly lastFrameAt?: string };
export const cameraOf = async ({ api }: ServiceBox, id: string): Promise<CameraView | undefined> =>
  (await api.call('GET', `/cameras/${id}`).catch(() => undefined)) as CameraView | undefined;

/** Until each of these has so many seconds more than now. */
export async function recordMore(box: ServiceBox, seconds: number, ids = box.cameraIds): Promise<void> {
  const wanted = isoOf(epochMs(Date.now() + seconds * 1000));
  for (const id of ids)
    await waitFor(
      `${id} to be recorded`,
      async () => ((await cameraOf(box, id))?.lastFrameAt ?? '') > wanted,
      PATIENCE_MS,
    );
  for (const id of ids) await waitFor(`${id} to be durable`, async () => await isDurable(box, id, wanted), PATIENCE_MS);
}
/** What was received is durable up to a second later, or whenever the disk has it. */
async function isDurable(box: ServiceBox, id: string, wanted: string): Promise<boolean> {
  const { spans } = await ledgerOf(box, id);
  if (spans.some(({ state, end }) => state === 'recorded' && end > wanted)) return true;
  await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  return false;
}

export type HealthItem = {
  readonly code: string;
  readonly message: string;
  readonly volumeId?: string;
  readonly cameraId?: string;
};
export async function healthItems({ api }: ServiceBox): Promise<readonly HealthItem[]> {
  const server = (await api.call('GET', '/server')) as { readonly health: { readonly items: HealthItem[] } };
  return server.health.items;
}
export async function healthItem(box: ServiceBox, code: string, patience = PATIENCE_MS): Promise<HealthItem> {
  return await waitFor(
    `the health item ${code}`,
    async () => (await healthItems(box).catch(() => [])).find((item) => item.code === code),
    patience,
  );
}
export async function noHealthItem(box: ServiceBox, code: string): Promise<void> {
  await waitFor(
    `the health item ${code} to go`,
    async () => (await healthItems(box)).every((item) => item.code !== code),
    PATIENCE_MS,
  );
}
export type LogEntry = {
  readonly at: string;
  readonly code: string;
  readonly message: string;
  readonly volumeId?: string;
};
export async function logged({ api }: ServiceBox, code: string): Promise<readonly LogEntry[]> {
  const page = (await api.call('GET', `/log?code=${code}&limit=200`)) as { readonly items: LogEntry[] };
  return page.items;
}

export async function ledgerOf(box: ServiceBox, id: string): Promise<LedgerView> {
  const range = { start: isoOf(epochMs(box.since)), end: isoOf(epochMs(Date.now())) };
  const query = new URLSearchParams(range).toString();
  return (await box.api.call('GET', `/cameras/${id}/ledger?${query}`)) as LedgerView;
}
export const causesIn = ({ spans }: LedgerView): readonly string[] => [
  ...new Set(spans.flatMap(({ cause }) => cause ?? [])),
];

/** Turns the cameras off and holds every access unit on these volumes against the ledger. Stops the server. */
export async function judge(box: ServiceBox, volumes: readonly string[]): Promise<readonly CameraVerdict[]> {
  const { orders, ledgers } = await accounted(box);
  const footage = await tempDir(box.t, 'merged');
  await stopBox(box);
  await mkdir(footage, { recursive: true });
  for (const volume of volumes) await cp(volume, footage, { recursive: true });
  return await Promise.all(
    orders.map(async (order, index) => await judgeCamera({ ...order, footage }, at(ledgers, index))),
  );
}

/**
 * The same of what somebody sees who plays all of it. A disk that refused to sync a file may show what the next file has too, until it is
 * mounted anew; nobody was told of that.
 */
export async function judgeShown(box: ServiceBox): Promise<readonly CameraVerdict[]> {
  const { orders, ledgers } = await accounted(box);
  return await Promise.all(orders.map(async (order, index) => await judgePlayed(order, at(ledgers, index))));
}

type Accounted = { readonly orders: readonly Omit<CheckOrder, 'footage'>[]; readonly ledgers: readonly LedgerView[] };
/** The cameras are off, and what was written of them is told. */
async function accounted(box: ServiceBox): Promise<Accounted> {
  await box.api.call('PATCH', '/cameras', { ids: box.cameraIds, change: { enabled: false } });
  for (const id of box.cameraIds)
    await waitFor('the camera to be off', async () => (await cameraOf(box, id))?.state === 'disabled', PATIENCE_MS);
  const range = { start: isoOf(epochMs(box.since)), end: isoOf(epochMs(Date.now())) };
  const orders = box.simulator.cameras.map((camera, index) => {
    return { api: box.api, cameraId: box.cameraIds[index] ?? '', camera, ...range };
  });
  // What media still wrote is told with its next report: until then nothing accounts for it.
  await new Promise((resolve) => setTimeout(resolve, 1500));
  let ledgers: readonly LedgerView[] = [];
  const isAccounted = async (): Promise<boolean> => {
    ledgers = await Promise.all(orders.map(fetchLedger));
    return ledgers.every((ledger) => !causesIn(ledger).includes('unexplained'));
  };
  await waitFor('an account of all', isAccounted, PATIENCE_MS).catch(() => undefined);
  return { orders, ledgers };
}

function at(ledgers: readonly LedgerView[], index: number): LedgerView {
  const ledger = ledgers[index];
  if (ledger === undefined) throw new Error('no ledger');
  return ledger;
}

/** Of a mount point, a settings file: text, or nothing when it is not there. */
export const textIn = async (file: string): Promise<string> => await readFile(file, 'utf8').catch(() => '');
