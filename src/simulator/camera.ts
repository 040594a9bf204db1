/** One simulated camera put together: engine, server, session log; carries out the faults that concern connections. */
import { randomBytes } from 'node:crypto';
import type { Cancel } from '../core/clock.ts';
import { isCameraId } from '../core/ids.ts';
import { UnderstudyError } from '../core/errors.ts';
import { durationMs } from '../core/units.ts';
import { loadScene } from './assets.ts';
import { startCameraEngine } from './camera-engine.ts';
import { frameMsOf } from './camera-model.ts';
import { startCameraServer } from './camera-server.ts';
import type { CameraServer } from './camera-server.ts';
import type { Fault } from './faults.ts';
import { createConnection } from './rtsp-connection.ts';
import type { ConnectionDeps } from './rtsp-answers.ts';
import { createSessionLog } from './session-log.ts';
import type { CameraAccess, CameraOptions, SimulatedCamera, SimulatorDeps } from './simulated-camera.ts';

/** What most cameras announce. */
const SESSION_TIMEOUT_SECONDS = 60;
const MAX_SESSIONS = 64;

export async function startCamera(deps: SimulatorDeps, options: CameraOptions): Promise<SimulatedCamera> {
  const { clock, host = '127.0.0.1' } = deps;
  const { id } = options;
  if (!isCameraId(id)) {
    const expected = `expected a camera id of a-z, 0-9 and -, got ${JSON.stringify(id)}`;
    throw new UnderstudyError('invalid', 'simulator/id', expected);
  }
  const scene = options.clips ?? (await loadScene(options.scene ?? 0));
  const clips = options.audio === false ? { ...scene, audio: undefined } : scene;
  const engine = startCameraEngine({
    id,
    clips,
    clock,
    seed: seedOf(id),
    firstTimestamp: options.firstTimestamp,
    keyFramesOnRequest: options.keyFramesOnRequest ?? false,
  });
  const sessionLog = createSessionLog();
  let access: CameraAccess = options.access ?? { kind: 'open' };
  const connection = connectionDepsOf(options, {
    clock,
    engine,
    log: sessionLog,
    access: () => access,
    datagrams: () => server.datagrams(),
  });
  const server = await startCameraServer({
    host,
    port: options.port ?? 0,
    tls: options.tls,
    connect: (wire) => createConnection(connection, wire),
  });
  const power = createPower(deps, id, server);
  const order = (fault: Fault): void => {
    engine.order(fault);
    if (fault.kind === 'reboot') power.reboot(fault.seconds);
    if (fault.kind === 'hang-up' || fault.kind === 'timestamp-wrap') server.hangUp('fault');
    if (fault.kind === 'garbage') server.writeAll(randomBytes(fault.bytes));
    if (fault.kind === 'password' && access.kind !== 'open') access = { ...access, password: fault.password };
    deps.log.info('simulated camera got an order', { id, kind: fault.kind });
  };
  const scheme = options.tls === undefined ? 'rtsp' : 'rtsps';
  const name = host.includes(':') ? `[${host}]` : host;
  return {
    id,
    port: server.port,
    urlOf: (stream) => `${scheme}://${name}:${server.port}/${stream}`,
    origin: engine.origin,
    frameMs: frameMsOf(clips.main),
    framesPerLoop: clips.main.accessUnits.length,
    position: engine.position,
    order,
    sessions: sessionLog.records,
    stop: async () => {
      power.off();
      await engine.stop();
      await server.stop();
    },
  };
}

type OwnDeps = Pick<ConnectionDeps, 'clock' | 'engine' | 'log' | 'access' | 'datagrams'>;

function connectionDepsOf(options: CameraOptions, own: OwnDeps): ConnectionDeps {
  let playing = 0;
  let setUp = 0;
  return {
    ...own,
    cameraId: options.id,
    audio: own.engine.clips.audio !== undefined,
    start: options.start ?? 'next-key-frame',
    sessionTimeoutSeconds: options.sessionTimeoutSeconds ?? SESSION_TIMEOUT_SECONDS,
    hasRoom: () => (options.countsHeld === true ? setUp : playing) < (options.maxSessions ?? MAX_SESSIONS),
    setUp: (delta) => (setUp += delta),
    playing: (delta) => (playing += delta),
  };
}

type Power = { readonly reboot: (seconds: number) => void; readonly off: () => void };

/** Going away and coming back on the same port; a second reboot while away begins the wait anew. */
function createPower({ clock, log }: SimulatorDeps, id: string, server: CameraServer): Power {
  let cancel: Cancel = () => undefined;
  let isOff = false;
  const complain = (error: unknown): void => log.error('simulated camera cannot listen again', { id, error });
  const reboot = async (seconds: number): Promise<void> => {
    cancel();
    await server.close('fault');
    if (isOff) return;
    cancel = clock.after(durationMs(seconds * 1000), () => void server.open().catch(complain));
  };
  return {
    reboot: (seconds) => void reboot(seconds).catch(complain),
    off: () => {
      isOff = true;
      cancel();
    },
  };
}

/** Every camera has its own numbers, the same in every run (FNV-1a). */
function seedOf(id: string): number {
  return Buffer.from(id).reduce((hash, byte) => Math.imul(hash ^ byte, 0x0100_0193) >>> 0, 0x811c_9dc5);
}
