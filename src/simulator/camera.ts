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
import type { Fault } from './faults.ts';
import { createConnection } from './rtsp-connection.ts';
import type { ConnectionDeps } from './rtsp-connection.ts';
import { createSessionLog } from './session-log.ts';
import type { CameraAccess, CameraOptions, SimulatedCamera, SimulatorDeps } from './simulator.ts';

/** What most cameras announce. */
const SESSION_TIMEOUT_SECONDS = 60;
const MAX_SESSIONS = 64;

export async function startCamera(deps: SimulatorDeps, options: CameraOptions): Promise<SimulatedCamera> {
  const { clock } = deps;
  const { id } = options;
  if (!isCameraId(id))
    throw new UnderstudyError(
      'invalid',
      'simulator/id',
      `expected a camera id of a-z, 0-9 and -, got ${JSON.stringify(id)}`,
    );
  const scene = options.clips ?? (await loadScene(options.scene ?? 0));
  const clips = options.audio === false ? { ...scene, audio: undefined } : scene;
  const engine = startCameraEngine({ id, clips, clock, seed: seedOf(id), firstTimestamp: options.firstTimestamp });
  const sessionLog = createSessionLog();
  let access: CameraAccess = options.access ?? { kind: 'open' };
  let playing = 0;
  let reopen: Cancel = () => undefined;
  let stopped = false;

  const connectionDeps: ConnectionDeps = {
    clock,
    engine,
    log: sessionLog,
    cameraId: id,
    access: () => access,
    audio: clips.audio !== undefined,
    start: options.start ?? 'next-key-frame',
    sessionTimeoutSeconds: options.sessionTimeoutSeconds ?? SESSION_TIMEOUT_SECONDS,
    hasRoom: () => playing < (options.maxSessions ?? MAX_SESSIONS),
    playing: (delta) => void (playing += delta),
    datagrams: () => server.datagrams(),
  };
  const host = deps.host ?? '127.0.0.1';
  const server = await startCameraServer({
    host,
    port: options.port ?? 0,
    tls: options.tls,
    connect: (wire) => createConnection(connectionDeps, wire),
  });
  const reboot = async (seconds: number): Promise<void> => {
    reopen();
    await server.close('fault');
    reopen = clock.after(durationMs(seconds * 1000), () => {
      if (stopped) return;
      server.open().catch((error: unknown) => deps.log.error('simulated camera cannot listen again', { id, error }));
    });
  };
  const order = (fault: Fault): void => {
    engine.order(fault);
    if (fault.kind === 'reboot') void reboot(fault.seconds);
    if (fault.kind === 'hang-up' || fault.kind === 'timestamp-wrap') server.hangUp('fault');
    if (fault.kind === 'garbage') server.writeAll(randomBytes(fault.bytes));
    if (fault.kind === 'password' && access.kind !== 'open') access = { ...access, password: fault.password };
    deps.log.info('simulated camera got an order', { id, kind: fault.kind });
  };
  return {
    id,
    port: server.port,
    urlOf: (stream) => {
      const name = host.includes(':') ? `[${host}]` : host;
      return `${options.tls === undefined ? 'rtsp' : 'rtsps'}://${name}:${server.port}/${stream}`;
    },
    origin: engine.origin,
    frameMs: frameMsOf(clips.main),
    framesPerLoop: clips.main.accessUnits.length,
    position: engine.position,
    order,
    sessions: sessionLog.records,
    stop: async () => {
      stopped = true;
      reopen();
      await engine.stop();
      await server.stop();
    },
  };
}

/** Every camera has its own numbers, the same in every run (FNV-1a). */
function seedOf(id: string): number {
  return [...id].reduce(
    (hash, letter) => Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 0x0100_0193) >>> 0,
    0x811c_9dc5,
  );
}
