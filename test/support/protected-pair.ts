/**
 * One recording server and the failover server that protects it, real processes on loopback: for tests of how footage goes home.
 * Belongs here: starting, failing, coming back, looking. Does not: judging times of takeover (failover-play.ts).
 */
import { openSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { isoOf, systemClock as clock } from '../../src/core/clock.ts';
import { freePort } from '../../src/core/free-port.ts';
import { silentLog } from '../../src/core/log.ts';
import { durationMs, epochMs } from '../../src/core/units.ts';
import type { KnownServer } from '../../src/api/contract/failover.ts';
import { addCameras, killBox, startBox } from '../../src/demo/demo-box.ts';
import type { Box } from '../../src/demo/demo-box.ts';
import { playedUnits } from '../../src/demo/played-units.ts';
import { checkRecording } from '../../src/simulator/check.ts';
import type { CheckReport } from '../../src/simulator/check.ts';
import type { CameraOptions } from '../../src/simulator/simulated-camera.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { PASSWORD } from './real-box.ts';
import { tempDir } from './temp-dir.ts';
import { waitFor } from './wait-for.ts';

/** An upper bound on a slow machine. */
export const PATIENCE_MS = 90_000;
const LOOK_EVERY_MS = 100;
export const CAMERA_NAME = 'Door';
/** Names of the two servers. */
export const PROTECTED = 'Shop';
export const COVERING = 'Spare';

type Restoration = {
  readonly id: string;
  readonly state: string;
  readonly message?: string;
  readonly files: { readonly done: number; readonly total: number };
  readonly bytes: { readonly done: number; readonly total: number };
};
export type Pair = {
  readonly dir: string;
  readonly began: number;
  readonly simulator: Simulator;
  readonly cameraId: string;
  /** The protected server as it runs now. */
  readonly protectedBox: () => Box;
  readonly covering: () => Box;
  readonly stopCovering: () => Promise<void>;
  readonly startCovering: () => Promise<void>;
  /** SIGKILL of everything of the protected server, at once. */
  readonly kill: () => void;
  readonly comeBack: () => Promise<void>;
  /** Until a failure from now on loses nothing: the camera is hot on the failover server, and both have durable footage of one time. */
  readonly ready: () => Promise<void>;
  /** Until the protected server has durable footage of so long from now on. */
  readonly recordsFor: (milliseconds: number) => Promise<void>;
  /** How ready the camera is on the failover server, as it says itself. */
  readonly standby: () => Promise<Standby | undefined>;
  /** Until the failover server has a settings backup of the protected one that was taken since this wall time. */
  readonly backedUp: (since: number) => Promise<void>;
  /** Until the failover server has recorded the camera for so long, without a break. */
  readonly covered: (milliseconds: number) => Promise<void>;
  /** Until the protected server receives pictures of it again by itself. */
  readonly recordsAgain: () => Promise<void>;
  readonly restorations: () => Promise<readonly Restoration[]>;
  /** Until the failure is over: its footage given back or listed at home, and both sides say so. */
  readonly over: () => Promise<void>;
  /** Until the newest restoration is so. */
  readonly restoration: (what: string, is: (restoration: Restoration) => boolean) => Promise<Restoration>;
  /** Messages of a server's log, the newest first. */
  readonly logOf: (box: Box) => Promise<readonly { readonly code: string; readonly message: string }[]>;
  readonly ledger: () => Promise<readonly LedgerSpan[]>;
  /** What somebody sees who plays everything at the protected server. */
  readonly played: () => Promise<CheckReport>;
};
export type Standby = NonNullable<NonNullable<KnownServer['watch']>['standby']>;
export type LedgerSpan = {
  readonly start: string;
  readonly end: string;
  readonly state: string;
  readonly cause?: string;
  readonly recordedBy?: string;
  readonly detail?: string;
};

export type PairOptions = {
  /** Before the failover server is told of the protected one. */
  readonly prepare?: (boxes: {
    readonly protectedBox: Box;
    readonly covering: Box;
    readonly dir: string;
  }) => Promise<void>;
  readonly failover?: Readonly<Record<string, unknown>>;
  /** The protected server records; the failover server does not know of it yet. */
  readonly beforeProtecting?: (simulator: Simulator) => void;
  /** How the camera behaves. */
  readonly camera?: Omit<CameraOptions, 'id'>;
  /** False: it is not waited for that the camera is ready there. */
  readonly getsReady?: false;
};

/** Both run, the camera is recorded, and a failure would be covered from its first frame on. */
export async function startPair(
  t: Pick<ExecutionContext, 'teardown' | 'log'>,
  options: PairOptions = {},
): Promise<Pair> {
  const dir = await tempDir(t, 'pair');
  const simulator = await startSimulator({ clock, log: silentLog }, [{ id: 'cam-1', ...options.camera }]);
  t.teardown(() => simulator.stop());
  const ports = { Shop: await freePort(), Spare: await freePort() };
  const boxes = new Map<string, Box>();
  const start = async (name: keyof typeof ports): Promise<Box> => {
    const dataDir = join(dir, name);
    const logTo = openSync(join(dir, `${name}.log`), 'a');
    const box = await startBox({ dataDir, httpPort: 0, peerPort: ports[name], password: PASSWORD, clock, name, logTo });
    boxes.set(name, box);
    return box;
  };
  t.teardown(async () => void (await Promise.all([...boxes.values()].map((box) => box.stop()))));
  const began = clock.now();
  const [protectedBox, covering] = [await start(PROTECTED), await start(COVERING)];
  await options.prepare?.({ protectedBox, covering, dir });
  const [cameraId = ''] = await addCameras(protectedBox.api, simulator, [CAMERA_NAME]);
  await protectedBox.api.call('PATCH', '/cameras', { ids: [cameraId], change: { standbyLevel: 'hot' } });
  await covering.api.call('PUT', '/server/mode', { mode: 'failover' });
  await covering.api.call('PATCH', '/failover/settings', options.failover ?? {});
  if (options.beforeProtecting !== undefined) {
    await isRecorded(protectedBox, cameraId);
    options.beforeProtecting(simulator);
  }
  await authorize(covering, protectedBox);
  const of = (name: string): Box => boxes.get(name) ?? protectedBox;
  let killed = Promise.resolve();
  const pair: Pair = {
    ...lookingAt(
      () => of(PROTECTED),
      () => of(COVERING),
      { cameraId, began, simulator },
    ),
    dir,
    began,
    simulator,
    cameraId,
    protectedBox: () => of(PROTECTED),
    covering: () => of(COVERING),
    stopCovering: async () => void (await of(COVERING).stop()),
    startCovering: async () => void (await start(COVERING)),
    kill: () => {
      killed = killBox(of(PROTECTED));
    },
    comeBack: async () => {
      // Else its data directory and its port may still be held.
      await killed;
      await start(PROTECTED);
    },
  };
  if (options.getsReady !== false) await pair.ready();
  return pair;
}

export async function authorize(covering: Box, protectedBox: Box): Promise<void> {
  const place = { host: '127.0.0.1', httpPort: protectedBox.port() };
  const { httpsFingerprint } = (await covering.api.call('POST', '/servers/test', place)) as {
    httpsFingerprint: string;
  };
  await covering.api.call('POST', '/servers', { ...place, httpsFingerprint, username: 'owner', password: PASSWORD });
}

const isRecorded = async (box: Box, cameraId: string, since = 0): Promise<void> => {
  const isReceived = async (): Promise<boolean> => ((await lastFrameOf(box, cameraId)) ?? 0) > since;
  await waitFor('the camera to be recorded at home', isReceived, PATIENCE_MS);
};
/** What was received is durable up to a second later, or whenever the disk has it: a server that is killed before has lost it. */
async function isDurable({ api }: Box, { cameraId, began }: Pick<Pair, 'cameraId' | 'began'>, at: number) {
  const hasIt = async (): Promise<boolean> => {
    const query = new URLSearchParams({ start: isoOf(epochMs(began)), end: isoOf(clock.now()) }).toString();
    const { spans } = (await api.call('GET', `/cameras/${cameraId}/ledger?${query}`)) as { spans: LedgerSpan[] };
    if (spans.some(({ state, end }) => state === 'recorded' && Date.parse(end) > at)) return true;
    await clock.sleep(durationMs(LOOK_EVERY_MS));
    return false;
  };
  await waitFor('the camera to be durable at home', hasIt, PATIENCE_MS);
}

/** Paths of segments of the main stream below a volume. */
export const filesOf = async (volume: string, cameraId: string): Promise<readonly string[]> =>
  (await readdir(join(volume, cameraId, 'main'), { recursive: true }).catch(() => [])).filter((name) =>
    name.endsWith('.mp4'),
  );

async function lastFrameOf({ api }: Box, cameraId: string): Promise<number | undefined> {
  const camera = await api.call('GET', `/cameras/${cameraId}`).catch(() => undefined);
  const last =
    typeof camera === 'object' && camera !== null && 'lastFrameAt' in camera ? camera.lastFrameAt : undefined;
  return typeof last === 'string' ? Date.parse(last) : undefined;
}

type Looking = Pick<
  Pair,
  | 'backedUp'
  | 'covered'
  | 'ready'
  | 'recordsFor'
  | 'standby'
  | 'over'
  | 'recordsAgain'
  | 'restorations'
  | 'restoration'
  | 'logOf'
  | 'ledger'
  | 'played'
>;
type Subject = Pick<Pair, 'cameraId' | 'began' | 'simulator'>;
function lookingAt(protectedBox: () => Box, covering: () => Box, subject: Subject): Looking {
  const { cameraId, began, simulator } = subject;
  const itemsOf = async <T>(box: Box, path: string): Promise<readonly T[]> =>
    ((await box.api.call('GET', path)) as { readonly items: readonly T[] }).items;
  const restorations: Pair['restorations'] = async () =>
    await itemsOf<Restoration>(covering(), '/failover/restorations');
  const watch = async (): Promise<KnownServer['watch']> =>
    (await itemsOf<KnownServer>(covering(), '/servers')).find(({ watched }) => watched)?.watch;
  const standby: Pair['standby'] = async () => (await watch())?.standby;
  const range = (): { start: string; end: string } => ({ start: isoOf(epochMs(began)), end: isoOf(clock.now()) });
  return {
    restorations,
    standby,
    ready: async () => {
      const isHot = async (): Promise<boolean> => {
        const hot = (await standby())?.hot;
        return hot !== undefined && hot.wanted > 0 && hot.ready === hot.wanted;
      };
      await waitFor('the camera to be hot on the failover server', isHot, PATIENCE_MS);
      // What is durable there began before this moment; from the next durable frame at home on both have the same time.
      await isDurable(protectedBox(), subject, clock.now());
    },
    recordsFor: async (milliseconds) => await isDurable(protectedBox(), subject, clock.now() + milliseconds),
    backedUp: async (since) => {
      const isThere = async (): Promise<boolean> => Date.parse((await watch())?.backupAt ?? '') >= since;
      await waitFor('a new settings backup', isThere, PATIENCE_MS);
    },
    over: async () => {
      await waitFor('the failure to be over', async () => (await watch())?.state === 'alive', PATIENCE_MS);
    },
    covered: async (milliseconds) => {
      const isCovered = async (): Promise<boolean> => ((await watch())?.covered ?? 0) > 0;
      await waitFor('the camera to be covered', isCovered, PATIENCE_MS);
      await clock.sleep(durationMs(milliseconds));
    },
    recordsAgain: async () => await isRecorded(protectedBox(), cameraId, clock.now()),
    restoration: async (what, is) =>
      await waitFor(what, async () => (await restorations()).find(is), PATIENCE_MS).catch(async (error: unknown) => {
        throw new Error(`${String(error)}: ${JSON.stringify(await restorations())}`);
      }),
    logOf: async (box) => await itemsOf(box, '/log'),
    ledger: async () => {
      const query = new URLSearchParams(range()).toString();
      return ((await protectedBox().api.call('GET', `/cameras/${cameraId}/ledger?${query}`)) as { spans: LedgerSpan[] })
        .spans;
    },
    played: async () => {
      const units = await playedUnits(protectedBox().api, { cameraId, ...range() });
      return checkRecording(units, { cameraId: simulator.cameras[0]?.id ?? '', stream: 'main', codec: 'h264' });
    },
  };
}

/** Each access unit stands exactly once, from the first to the last. */
export function isWhole(
  t: Pick<ExecutionContext, 'deepEqual' | 'true'>,
  { accessUnits, missing, doubled, reordered, altered }: CheckReport,
): void {
  t.deepEqual({ missing, doubled, reordered, altered }, { missing: [], doubled: [], reordered: [], altered: [] });
  t.true(accessUnits > 0);
}

/** Everything that leads to a restoration: killed, covered for a while, back, recording again. */
export async function failAndComeBack(pair: Pair, coveredMs = 6000): Promise<void> {
  pair.kill();
  await pair.covered(coveredMs);
  await pair.comeBack();
  await pair.recordsAgain();
}
