/**
 * A protected server and its failover server as real processes on loopback, with a wire between them that counts, for cutting restorations
 * in the middle. The failover server knows the other one under an address where a relay listens: what it sends home goes through there.
 *
 * Belongs here: starting, SIGKILL, coming back, looking. Does not: which cuts, and the verdict (test/campaign/restoration.ts).
 */
import { openSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { isoOf, systemClock as clock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import { epochMs } from '../../src/core/units.ts';
import { addCameras, killBox, startBox } from '../../src/demo/demo-box.ts';
import type { Box } from '../../src/demo/demo-box.ts';
import { playedUnits } from '../../src/demo/played-units.ts';
import { loadScene } from '../../src/simulator/assets.ts';
import { lengthened } from '../../src/simulator/clip.ts';
import type { RecordedUnit } from '../../src/simulator/check.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { RELAY } from './cut-ways.ts';
import type { CutWay } from './cut-ways.ts';
import { filesOf, PATIENCE_MS } from './protected-pair.ts';
import { PASSWORD } from './real-box.ts';
import { tempDir } from './temp-dir.ts';
import { waitFor } from './wait-for.ts';

export const SIMULATED = 'cam-1';
/** Each access unit gets so many bytes more: 1.6 Mbit/s, so that fragments are large beside signs of life. */
const MORE_BYTES = 8000;

export type CutRestoration = {
  readonly id: string;
  readonly state: string;
  readonly startedAt: string;
  readonly endedAt?: string;
  readonly files: { readonly done: number; readonly total: number };
  readonly bytes: { readonly done: number; readonly total: number };
  readonly message?: string;
};
export type LogEntry = { readonly at: string; readonly code: string; readonly message: string };
export type Side = 'protected' | 'failover';
export type CutPair = {
  readonly cameraId: string;
  readonly box: (side: Side) => Box;
  /** SIGKILL of supervisor, control and media, at once. */
  readonly kill: (side: Side) => void;
  readonly start: (side: Side) => Promise<void>;
  readonly relay: Relay;
  readonly restorations: () => Promise<readonly CutRestoration[]>;
  readonly covered: () => Promise<number>;
  /** The failover server calls every failure over. */
  readonly isOver: () => Promise<boolean>;
  readonly lastFrameAt: () => Promise<number>;
  readonly log: (side: Side) => Promise<readonly LogEntry[]>;
  readonly played: (since: number) => Promise<readonly RecordedUnit[]>;
};

type Teardown = Pick<ExecutionContext, 'teardown'>;

/** `limit` in bits a second. */
export async function startCutPair(t: Teardown, limit: number, way: CutWay): Promise<CutPair> {
  const dir = await tempDir(t, 'cut-pair');
  const clips = await loadScene(0);
  const main = lengthened(clips.main, MORE_BYTES);
  const simulator = await startSimulator({ clock, log: silentLog }, [{ id: SIMULATED, clips: { ...clips, main } }]);
  t.teardown(() => simulator.stop());
  const ports = { protected: await freePorts(), failover: await freePorts() };
  const boxes = new Map<Side, Box>();
  const box = (side: Side): Box => {
    const found = boxes.get(side);
    if (found === undefined) throw new Error(`${side} was not started`);
    return found;
  };
  const start = async (side: Side): Promise<void> => {
    const dataDir = join(dir, side);
    const logTo = openSync(join(dir, `${side}.log`), 'a');
    const [httpPort, peerPort] = ports[side];
    boxes.set(side, await startBox({ dataDir, httpPort, peerPort, password: PASSWORD, clock, name: side, logTo }));
  };
  t.teardown(async () => void (await Promise.all([...boxes.values()].map((one) => one.stop()))));
  await start('protected');
  await start('failover');
  const made = await way.prepare({ t, dir, protectedApi: box('protected').api, failoverApi: box('failover').api });
  const relay = await startRelay(t, [...ports.protected, ...made.relayed]);
  const [cameraId = ''] = await addCameras(box('protected').api, simulator, ['Door']);
  await box('protected').api.call('PATCH', '/cameras', { ids: [cameraId], change: { standbyLevel: 'hot' } });
  await box('protected').api.call('PATCH', '/server/settings', { allowedHosts: [RELAY] });
  await authorize(box('failover'), ports.protected[0], { ...made.failover, restorationLimit: limit });
  const pair: CutPair = {
    ...looking(box, cameraId),
    cameraId,
    box,
    relay,
    start,
    kill: (side) => void killBox(box(side)),
  };
  await ready(pair, dir);
  return pair;
}

type FailoverSettings = Readonly<Record<string, unknown>>;
async function authorize({ api }: Box, httpPort: number, settings: FailoverSettings): Promise<void> {
  await api.call('PUT', '/server/mode', { mode: 'failover' });
  await api.call('PATCH', '/failover/settings', { ...settings, hotSeconds: 10, holdDownSeconds: 0 });
  const place = { host: RELAY, httpPort };
  const { httpsFingerprint } = (await api.call('POST', '/servers/test', place)) as { httpsFingerprint: string };
  await api.call('POST', '/servers', { ...place, httpsFingerprint, username: 'owner', password: PASSWORD });
}

/** Recorded at home, and kept ready: a failure would cost nothing. */
export async function ready({ box, lastFrameAt, cameraId }: CutPair, dir?: string): Promise<void> {
  const since = clock.now();
  await waitFor('the camera to be recorded', async () => (await lastFrameAt()) > since, PATIENCE_MS);
  if (dir === undefined) return;
  const { id } = (await box('failover').api.call('GET', '/server')) as { readonly id: string };
  // On a shared disc it is among what the protected server has; names carry the server.
  const discs = (['failover', 'protected'] as const).map((side) => join(dir, side, 'footage'));
  const isKept = async (): Promise<boolean> =>
    (await Promise.all(discs.map(async (disc) => await filesOf(disc, cameraId))))
      .flat()
      .some((name) => name.includes(id.slice(0, 8)));
  await waitFor('the ring of the failover server', isKept, PATIENCE_MS);
}

type Watching = { readonly watch?: { readonly covered: number; readonly state: string } };
type Looking = Pick<CutPair, 'restorations' | 'covered' | 'isOver' | 'lastFrameAt' | 'log' | 'played'>;
function looking(box: CutPair['box'], cameraId: string): Looking {
  const items = async <T>(side: Side, path: string): Promise<readonly T[]> =>
    ((await box(side).api.call('GET', path)) as { readonly items: readonly T[] }).items;
  return {
    restorations: async () => await items<CutRestoration>('failover', '/failover/restorations'),
    covered: async () => {
      const servers = await items<Watching>('failover', '/servers');
      return Math.max(0, ...servers.map(({ watch }) => watch?.covered ?? 0));
    },
    isOver: async () => {
      const watches = (await items<Watching>('failover', '/servers')).flatMap(({ watch }) => watch ?? []);
      return watches.length > 0 && watches.every(({ state }) => state === 'alive');
    },
    lastFrameAt: async () => {
      const camera = (await box('protected').api.call('GET', `/cameras/${cameraId}`)) as { lastFrameAt?: string };
      return camera.lastFrameAt === undefined ? 0 : Date.parse(camera.lastFrameAt);
    },
    log: async (side) => await items<LogEntry>(side, '/log'),
    played: async (since) => {
      const range = { start: isoOf(epochMs(since)), end: isoOf(clock.now()) };
      return await playedUnits(box('protected').api, { cameraId, ...range });
    },
  };
}

export type Relay = {
  /** To the protected server: all bytes over connections that carried footage. */
  readonly footageBytes: () => number;
  /** Wall milliseconds of the first large piece since the last time this was asked. */
  readonly takeFirstPiece: () => number | undefined;
  /** Ends all connections and takes none, until `mend`. */
  readonly cut: () => void;
  readonly mend: () => void;
};
/** Signs of life come in smaller pieces. */
const LARGE = 8192;

/** Forwards byte by byte; it sees TLS records, and counts them. */
async function startRelay(t: Teardown, ports: readonly number[]): Promise<Relay> {
  const state: { bytes: number; first: number | undefined; isCut: boolean } = {
    bytes: 0,
    first: undefined,
    isCut: false,
  };
  const open = new Set<Socket>();
  for (const port of ports) {
    const server = createServer((from) => {
      if (state.isCut) {
        from.destroy();
        return;
      }
      const to = connect(port, '127.0.0.1');
      let [own, carries] = [0, false];
      from.on('data', (bytes: Buffer) => {
        own += bytes.length;
        if (bytes.length >= LARGE) {
          state.first ??= clock.now();
          if (!carries) state.bytes += own - bytes.length;
          carries = true;
        }
        if (carries) state.bytes += bytes.length;
      });
      from.pipe(to);
      to.pipe(from);
      for (const socket of [from, to]) {
        open.add(socket);
        socket.on('error', () => undefined);
        socket.once('close', () => {
          open.delete(socket);
          from.destroy();
          to.destroy();
        });
      }
    });
    await new Promise<void>((resolve) => void server.listen(port, RELAY, resolve));
    t.teardown(() => {
      server.close();
      for (const socket of open) socket.destroy();
    });
  }
  return {
    footageBytes: () => state.bytes,
    cut: () => {
      state.isCut = true;
      for (const socket of open) socket.destroy();
    },
    mend: () => {
      state.isCut = false;
    },
    takeFirstPiece: () => {
      const { first } = state;
      state.first = undefined;
      return first;
    },
  };
}

/** For the web interface and the peers. */
async function freePorts(): Promise<readonly [number, number]> {
  const servers = [createServer(), createServer()];
  const ports: number[] = [];
  for (const server of servers) {
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address !== null && typeof address === 'object') ports.push(address.port);
  }
  for (const server of servers) await new Promise((resolve) => void server.close(resolve));
  const [http = 0, peer = 0] = ports;
  return [http, peer];
}
