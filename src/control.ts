/**
 * The control process: settings, API, ledger, everything but the pictures. Killed and started again it costs no frame.
 * Composition only. Ends when its standard input closes (the supervisor is gone) or with SIGTERM, SIGINT.
 */
import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { createApp } from './api/app.ts';
import { startAuth } from './api/auth.ts';
import type { Auth } from './api/auth.ts';
import { createEventHub } from './api/event-hub.ts';
import { createPasswordHasher } from './api/password.ts';
import { createRoutes } from './api/routes.ts';
import { createMemberServer } from './api/member-server.ts';
import { startHttpsServer } from './api/server.ts';
import type { HttpsServer } from './api/server.ts';
import { createSignInGuard } from './api/sign-in-guard.ts';
import { composeApi } from './control/compose-api.ts';
import type { ControlParts } from './control/compose-api.ts';
import { startDamagedFootage } from './control/damaged-footage.ts';
import type { DamagedFootage } from './control/damaged-footage.ts';
import { startDataWatch } from './control/data-watch.ts';
import type { DataWatch } from './control/data-watch.ts';
import { createExportCut } from './control/export-thread.ts';
import type { ExportCut } from './control/export-thread.ts';
import { startExportJobs } from './control/export-jobs.ts';
import type { ExportJobs } from './control/export-jobs.ts';
import { addressesOf, ownHosts, startMemoryWatch } from './control/process-facts.ts';
import type { MemoryWatch } from './control/process-facts.ts';
import { startRecordingSide } from './control/recording-side.ts';
import type { RecordingSide } from './control/recording-side.ts';
import { createDecoder } from './control/snapshot.ts';
import type { Decoder } from './control/snapshot.ts';
import type { Snapshots } from './control/snapshots.ts';
import { createCameraSetUp } from './compose/camera-set-up.ts';
import { openControlState } from './compose/control-state.ts';
import type { ControlState } from './compose/control-state.ts';
import { setUpFailover } from './compose/failover-set-up.ts';
import { composeSnapshots } from './compose/snapshots-set-up.ts';
import { composeUpdates } from './compose/updates-set-up.ts';
import type { UpdatesSide } from './compose/updates-set-up.ts';
import type { FailoverSetUp } from './compose/failover-set-up.ts';
import { plainWebAddress } from './core/web-address.ts';
import type { CameraAddressPolicy } from './core/camera-address.ts';
import { UnderstudyError, isRefusalOfDisk, messageOf } from './core/errors.ts';
import { systemClock } from './core/clock.ts';
import { createLog } from './core/log.ts';
import type { Log } from './core/log.ts';
import { durationMs } from './core/units.ts';
import type { Running } from './core/running.ts';
import { lockedBy as lockingHost, managerOf } from './site/membership.ts';
import { EXIT_FOR_UPDATE, EXIT_USED_WRONGLY } from './supervisor/child.ts';
import { readStatus } from './supervisor/instance.ts';
import { parseServeArguments } from './supervisor/serve-options.ts';
import type { ServeOptions } from './supervisor/serve-options.ts';
import { versionIn } from './updates/release-folder.ts';
import type { OpenRelease } from './updates/release-reader.ts';

/** Of the release that this file is in. */
const VERSION = versionIn(join(import.meta.dirname, '..'));
/** IPv6 and IPv4 alike. */
const ANY_ADDRESS = '::';
const EXIT_PROBLEM = 1;
/** As long as the supervisor waits (supervisor.ts). */
const STOP_WITHIN_MS = 25_000;

async function main(): Promise<void> {
  const parsed = parseServeArguments(process.argv.slice(2), process.env);
  if (parsed.kind !== 'options') {
    process.stderr.write(`understudy: ${parsed.kind === 'wrong' ? parsed.message : 'control is started by serve'}\n`);
    process.exitCode = EXIT_USED_WRONGLY;
    return;
  }
  const { options } = parsed;
  const log = createLog(options.logLevel, (line) => process.stderr.write(`${line}\n`), systemClock.now, {
    process: 'control',
  });
  const onBug = (error: unknown): void => {
    log.error('control ends because of a defect', { error });
    process.exit(EXIT_PROBLEM);
  };
  process.on('uncaughtException', onBug);
  process.on('unhandledRejection', onBug);
  try {
    const late: { stop?: Stop } = {};
    const running = await startControl(options, log, () => late.stop?.('update', EXIT_FOR_UPDATE));
    late.stop = stopOnSignal(running, log);
  } catch (error) {
    if (isRefusalOfDisk(error)) return endRefused(options.dataDir, error);
    if (!(error instanceof UnderstudyError)) return onBug(error);
    // One line for the person in front of the terminal; a taken port or an unusable folder does not get better by itself.
    process.stderr.write(`understudy: ${messageOf(error)}\n`);
    process.exit(error.kind === 'conflict' || error.kind === 'invalid' ? EXIT_USED_WRONGLY : EXIT_PROBLEM);
  }
}

/** Tried again by the supervisor: room can be made while it runs. */
function endRefused(dataDir: string, error: unknown): never {
  process.stderr.write(
    `understudy: the data directory ${dataDir} cannot be used: ${messageOf(error)}; make it writable, with free space and owned by this user\n`,
  );
  process.exit(EXIT_PROBLEM);
}

async function startControl(options: ServeOptions, log: Log, restart: () => void): Promise<Running> {
  const stopping = new AbortController();
  const state = await openControlState(options, { version: VERSION, log, createHub: createEventHub });
  const ports: Ports = { http: options.httpPort, peer: options.peerPort };
  const damaged = startDamagedFootage({ ...state, volumes: () => state.settings.volumes.get().volumes });
  const handed: { updates?: UpdatesSide } = {};
  const releaseForOthers = (): OpenRelease => {
    if (handed.updates === undefined) throw new UnderstudyError('unavailable', 'updates/busy', 'It is just starting.');
    return handed.updates.keptForOthers();
  };
  const recorder = await startRecorder(state, options, { ports, onDamage: damaged.found, releaseForOthers });
  const services = startServices(state, recorder, damaged);
  const updates = await composeUpdates({ ...state, ...recorder, version: VERSION, restart });
  handed.updates = updates;
  const parts = partsOf({ state, options, ports, recorder, services, updates, signal: stopping.signal });
  const server = await startApi(parts, state, { ...services, ...recorder.failover });
  ports.http = server.port;
  // Port 0 is known only now, and belongs to the ports that no camera may have.
  if (server.port !== options.httpPort) recorder.recording.order();
  recorder.failover.announce();
  updates.judge();
  const { name } = state.settings.server.get();
  announce(options, { port: server.port, fingerprint: state.keys.tls.fingerprint, name });
  return {
    stop: async () => {
      stopping.abort();
      updates.stop();
      await Promise.all([
        server.stop(),
        ...[services.exports, services.memory, services.data, services.snapshots].map(stopOf),
      ]);
      await services.damaged.stop();
      await recorder.failover.stop(true);
      await services.auth.stop();
      await recorder.recording.stop();
      state.catalogue.close();
      state.lock.release();
    },
  };
}

const stopOf = async ({ stop }: Running): Promise<void> => await stop();

/** As asked for at first, as listened at once that is known: 0 asks for any. */
type Ports = { http: number; peer: number };
type Recorder = {
  readonly recording: RecordingSide;
  readonly failover: FailoverSetUp;
  readonly cameras: ReturnType<typeof createCameraSetUp>;
  readonly addresses: () => CameraAddressPolicy;
};

/** Recording for this server itself and for others; the two need each other. */
type RecorderMore = {
  readonly ports: Ports;
  readonly onDamage: DamagedFootage['found'];
  readonly releaseForOthers: () => OpenRelease;
};
async function startRecorder(
  state: ControlState,
  options: ServeOptions,
  { ports, onDamage, releaseForOthers }: RecorderMore,
): Promise<Recorder> {
  const { clock, log, settings, dataDir } = state;
  const addresses = (): CameraAddressPolicy => ({
    allowLoopback: settings.server.get().allowLoopbackCameras,
    ownAddresses: addressesOf(),
    ownPorts: [ports.http, ports.peer, options.rtmpPort],
  });
  const late: { recording?: RecordingSide } = {};
  const keepConnected: RecordingSide['keepConnected'] = (stream) =>
    late.recording?.keepConnected(stream) ?? ((): void => undefined);
  const cameras = createCameraSetUp({ clock, log, dataDir, keepConnected });
  const failover = await setUpFailover({
    ...state,
    onDamage,
    options,
    version: VERSION,
    addresses,
    httpPort: () => ports.http,
    testCamera: cameras.testCamera,
    releaseForOthers,
    recording: {
      order: () => late.recording?.order(),
      state: () => late.recording?.state,
      mediaIsUp: () => late.recording?.hello() !== undefined,
      reconcile: (reason, volumeId) => late.recording?.reconcile(reason, volumeId),
      isReconciling: () => late.recording?.isReconciling() ?? true,
    },
  });
  ports.peer = failover.peerPort;
  const push = { address: options.bind ?? ANY_ADDRESS, port: options.rtmpPort };
  const recording = startRecordingSide({ ...state, addresses, push, onDamage, ...failover });
  late.recording = recording;
  return { recording, failover, cameras, addresses };
}

type Services = {
  readonly damaged: DamagedFootage;
  readonly exports: ExportJobs;
  readonly decoder: Decoder;
  readonly snapshots: Snapshots;
  readonly data: DataWatch;
  readonly memory: MemoryWatch;
  readonly auth: Auth;
};
function startServices(state: ControlState, { failover, recording }: Recorder, damaged: DamagedFootage): Services {
  const { clock, dataDir } = state;
  const decoder = createDecoder(clock);
  return {
    decoder,
    snapshots: composeSnapshots({ ...state, recording, decoder, failover }),
    damaged,
    exports: startExportJobs({ ...state, cut: cutOf(state, failover.kept, damaged.suspect) }),
    data: startDataWatch(state),
    memory: startMemoryWatch(clock, () => pidsOf(dataDir)),
    auth: startAuth(state),
  };
}

type Everything = {
  readonly state: ControlState;
  readonly options: ServeOptions;
  readonly ports: Ports;
  readonly recorder: Recorder;
  readonly services: Services;
  readonly updates: UpdatesSide;
  readonly signal: AbortSignal;
};
/** What the API is made of. */
function partsOf({ state, options, ports, recorder, services, updates, signal }: Everything): ControlParts {
  const { clock, keys } = state;
  const { failover, recording, cameras, addresses } = recorder;
  const { auth, exports, memory, data, damaged, decoder, snapshots } = services;
  return {
    ...state,
    options,
    version: VERSION,
    fingerprint: keys.tls.fingerprint,
    certificate: keys.tls.certificate,
    recording,
    exports,
    memory,
    healthItems: () => [...data.items(), ...damaged.items(), ...failover.healthItems()],
    decoder,
    snapshots,
    accounts: { auth, hasher: createPasswordHasher(), guard: createSignInGuard(clock) },
    cameras,
    kept: failover.kept,
    servers: failover.servers,
    failover: failover.failover,
    licences: failover.licences,
    cameraSeats: failover.cameraSeats,
    handOver: failover.handOver,
    replacing: failover.replacing,
    sitePolicy: failover.sitePolicy,
    siteHost: failover.siteHost,
    updates: updates.updates,
    siteServers: failover.siteServers,
    peerPort: () => ports.peer,
    beforeModeChange: failover.beforeModeChange,
    refuseCovering: failover.refuseCovering,
    coveredCameras: failover.coveredCameras,
    coveredAt: failover.covered.footageOf,
    owedFootage: failover.owedFootage,
    membership: failover.membership,
    addresses,
    httpPort: () => ports.http,
    signal,
  };
}

type ApiServices = Pick<Services, 'auth'> & Pick<FailoverSetUp, 'gateway' | 'answerWith'>;
async function startApi(parts: ControlParts, { keys }: ControlState, services: ApiServices): Promise<HttpsServer> {
  const { auth, gateway, answerWith } = services;
  const { clock, log, settings, options } = parts;
  const hosts = (): readonly string[] => {
    const { clientAddress } = settings.failover.get();
    const named = clientAddress === undefined ? [] : [plainWebAddress(clientAddress)];
    return [...ownHosts(), ...named, ...settings.server.get().allowedHosts];
  };
  const routes = createRoutes(composeApi(parts));
  const lockedBy = (): string | undefined => lockingHost(settings.peers.get().peers)?.name;
  const ownId = (): string => settings.server.get().id;
  const { authenticate } = auth;
  const webRoot = webRootOf();
  const app = createApp({ clock, log, routes, authenticate, lockedBy, hosts, webRoot, gateway, ownId });
  answerWith(createMemberServer({ app, manager: () => managerOf(settings.peers.get().peers) }));
  return await startHttpsServer({ app, tls: keys.tls, bind: options.bind, port: options.httpPort, clock, log });
}

const cutOf = (
  { catalogue, settings, keys }: ControlState,
  kept: FailoverSetUp['kept'],
  onMissing: DamagedFootage['suspect'],
): ExportCut =>
  createExportCut({
    catalogue,
    kept,
    volumes: () => settings.volumes.get().volumes,
    keyPath: keys.exportSigningKeyPath,
    serverId: settings.server.get().id,
    onMissing,
  });

function pidsOf(dataDir: string): readonly number[] {
  const status = readStatus(dataDir);
  return [status?.pid, status?.media?.pid, status?.control?.pid].filter((pid) => pid !== undefined);
}

const webRootOf = (): string | undefined =>
  [join(import.meta.dirname, 'web'), join(import.meta.dirname, '..', 'dist', 'web')].find((path) => existsSync(path));

type Place = { readonly port: number; readonly fingerprint: string; readonly name: string };
/** For the person at the terminal, and for tools on this box (`run/http.json`). */
function announce({ dataDir, bind }: ServeOptions, { port, fingerprint, name }: Place): void {
  const file = join(dataDir, 'run', 'http.json');
  writeFileSync(`${file}.new`, JSON.stringify({ port, bind, fingerprint, pid: process.pid }));
  renameSync(`${file}.new`, file);
  const host = bind === undefined ? hostname() : bind.includes(':') ? `[${bind}]` : bind;
  process.stdout.write(`${name} is at https://${host}:${port}/ (certificate SHA-256 ${fingerprint})\n`);
}

type Stop = (reason: string, exitCode: number) => void;
function stopOnSignal(running: Running, log: Log): Stop {
  let stopping: Promise<void> | undefined;
  const stop: Stop = (reason, exitCode) => {
    stopping ??= (async (): Promise<void> => {
      log.info('control stops', { reason });
      // Of a stop of its own nobody else knows; a disk that hangs may hold it for ever.
      systemClock.after(durationMs(STOP_WITHIN_MS), () => process.exit(exitCode));
      await running.stop().catch((error: unknown) => log.error('control did not stop in order', { error }));
      process.exit(exitCode);
    })();
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop(signal, 0));
  // A terminal is somebody who starts it by hand; a pipe that closes is a supervisor that is gone.
  if (process.stdin.isTTY) return stop;
  process.stdin.on('end', () => stop('supervisor gone', 0));
  process.stdin.on('error', () => stop('supervisor gone', 0));
  process.stdin.resume();
  return stop;
}

// Last, so that every constant above is there.
await main();
