/**
 * The real media process records simulated cameras, and every access unit is accounted for: recorded once, or booked as missing. Many
 * cameras side by side in one process, each with a fault of its own.
 */
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { systemClock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import type { Fault } from '../../src/simulator/faults.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import type { CameraOptions, SimulatedCamera } from '../../src/simulator/simulated-camera.ts';
import { orderOf, startMedia } from '../support/media-process.ts';
import type { MediaUnderTest } from '../support/media-process.ts';
import { accountOf } from '../support/recording-check.ts';
import type { AccountOptions } from '../support/recording-check.ts';
import { waitFor } from '../support/wait-for.ts';

const PATIENCE_MS = 90_000;
const LOGIN = { username: 'admin', password: 's3cret' } as const;

async function cameras(
  t: ExecutionContext,
  options: readonly CameraOptions[],
): Promise<ReadonlyMap<string, SimulatedCamera>> {
  const simulator = await startSimulator({ clock: systemClock, log: silentLog }, options);
  t.teardown(simulator.stop);
  return new Map(simulator.cameras.map((one) => [one.id, one]));
}
function cameraOf(all: ReadonlyMap<string, SimulatedCamera>, id: string): SimulatedCamera {
  const one = all.get(id);
  if (one === undefined) throw new Error(`no camera ${id}`);
  return one;
}

test('over TCP and UDP, main and sub stream, with Digest and RTSP in every mixture: nothing is missing', async (t) => {
  const kinds = (['tcp', 'udp'] as const).flatMap((transport) =>
    (['cached', 'next-key-frame'] as const).map((start) => ({ id: `${transport}-${start}`, transport, start })),
  );
  const all = await cameras(
    t,
    kinds.map(({ id, start }) => ({ id, start, access: { kind: 'digest', algorithm: 'SHA-256', ...LOGIN } })),
  );
  const media = await startMedia(t);
  const streams = kinds.flatMap(({ id, transport }) =>
    (['main', 'sub'] as const).map((stream) => ({ id, transport, stream })),
  );
  media.order(
    streams.map(({ id, transport, stream }) =>
      orderOf(id, cameraOf(all, id).urlOf(stream), { transport, stream, ...LOGIN }),
    ),
  );
  await waitFor(
    'six seconds of each',
    () => streams.every(({ id, stream }) => media.recordedSeconds(id, stream) > 6),
    PATIENCE_MS,
  );
  await media.stop();
  for (const { id, stream } of streams) {
    const expectation = { cameraId: id, stream, codec: 'h264' } as const;
    const { report, problems } = await accountOf(media, cameraOf(all, id), expectation);
    t.true(report.accessUnits >= 150, `${id} ${stream}: ${report.accessUnits}`);
    t.deepEqual([id, stream, report.missing, problems], [id, stream, [], []]);
  }
});

type FaultCase = AccountOptions & {
  readonly id: string;
  readonly fault: Fault | undefined;
  readonly options?: Partial<CameraOptions>;
  readonly transport?: 'tcp' | 'udp';
  /** Of every gap; `undefined`: nothing may be missing. */
  readonly cause: RegExp | undefined;
  /** Once the fault is healed; for faults that end by themselves more is recorded. */
  readonly codecChange?: boolean;
};
const BROKEN_OFF = /^(camera-unreachable|no-key-frame)$/;
/** Clips have a key frame every two seconds: a connection that broke is back with the next. */
const CASES: readonly FaultCase[] = [
  {
    id: 'drop-next',
    fault: { kind: 'drop-next', packets: 5 },
    transport: 'udp',
    cause: /^network-loss$/,
    unstamped: 1,
  },
  {
    id: 'drop-some',
    fault: { kind: 'drop', ratio: 0.08, seconds: 3 },
    transport: 'udp',
    cause: /^network-loss$/,
    unstamped: 20,
  },
  { id: 'reorder', fault: { kind: 'reorder', every: 5 }, transport: 'udp', cause: undefined },
  { id: 'duplicate', fault: { kind: 'duplicate', every: 3 }, transport: 'udp', cause: undefined },
  { id: 'hang-up', fault: { kind: 'hang-up' }, cause: BROKEN_OFF },
  { id: 'hang-up-udp', fault: { kind: 'hang-up' }, transport: 'udp', cause: BROKEN_OFF },
  { id: 'reboot', fault: { kind: 'reboot', seconds: 2 }, cause: BROKEN_OFF },
  {
    id: 'garbage',
    fault: { kind: 'garbage', bytes: 5000 },
    cause: /^(camera-protocol|camera-unreachable|no-key-frame)$/,
  },
  { id: 'wrap-new', fault: { kind: 'timestamp-wrap', seconds: 2 }, cause: BROKEN_OFF },
  { id: 'wrap', fault: undefined, options: { firstTimestamp: 2 ** 32 - 4 * 90_000 }, cause: undefined },
  ...[-3600, -8, -3, 3, 8, 3600].map((seconds, index): FaultCase => ({
    id: `jump-${index}`,
    fault: { kind: 'timestamp-jump', seconds },
    cause: undefined,
  })),
  { id: 'stall', fault: { kind: 'stall', seconds: 4 }, cause: /^camera-stalled$/ },
  { id: 'no-pictures', fault: { kind: 'no-video', seconds: 12 }, cause: /^(camera-stalled|no-key-frame)$/ },
  { id: 'skip', fault: { kind: 'skip-next', accessUnits: 60 }, cause: /^camera-stalled$/ },
  { id: 'slow', fault: { kind: 'slow', bytesPerSecond: 6000, seconds: 4 }, cause: undefined },
  { id: 'no-reports', fault: { kind: 'no-sender-reports' }, cause: undefined, toleranceMs: 150 },
  { id: 'no-audio', fault: { kind: 'no-audio', seconds: 3 }, cause: undefined },
  { id: 'other-size', fault: { kind: 'resolution', variant: 'other' }, cause: undefined },
  {
    id: 'no-keep-alive',
    fault: { kind: 'refuse-keep-alive' },
    options: { sessionTimeoutSeconds: 4 },
    cause: /^(camera-unreachable|camera-stalled|no-key-frame)$/,
  },
  { id: 'short-session', fault: undefined, options: { sessionTimeoutSeconds: 4 }, cause: undefined },
  {
    id: 'short-udp',
    fault: undefined,
    options: { sessionTimeoutSeconds: 4 },
    transport: 'udp',
    cause: undefined,
  },
];

async function verdictOf(media: MediaUnderTest, camera: SimulatedCamera, fault: FaultCase): Promise<readonly string[]> {
  const expectation = { cameraId: fault.id, stream: 'main', codec: 'h264' } as const;
  const { report, gaps, missingUnits, problems } = await accountOf(media, camera, expectation, fault);
  const { cause } = fault;
  if (cause === undefined) return missingUnits === 0 ? problems : [...problems, JSON.stringify(report.missing)];
  const wrong = gaps.filter((gap) => !cause.test(gap.cause)).map((gap) => `${gap.cause}: ${gap.detail ?? ''}`);
  return [...problems, ...wrong, ...(missingUnits === 0 ? ['the fault did nothing'] : [])];
}

test('faults side by side: what is missing is booked with its cause, and nothing else', async (t) => {
  const all = await cameras(
    t,
    CASES.map(({ id, options }) => ({ id, ...options })),
  );
  const media = await startMedia(t);
  media.order(CASES.map(({ id, transport = 'tcp' }) => orderOf(id, cameraOf(all, id).urlOf('main'), { transport })));
  await waitFor('two seconds of each', () => CASES.every(({ id }) => media.recordedSeconds(id) > 2), PATIENCE_MS);
  const recordMore = async (seconds: number, cases: readonly FaultCase[]): Promise<void> => {
    const before = new Map(cases.map(({ id }) => [id, media.recordedSeconds(id)]));
    const isThere = (): boolean => cases.every(({ id }) => media.recordedSeconds(id) > (before.get(id) ?? 0) + seconds);
    await waitFor(`${seconds} seconds more of each`, isThere, PATIENCE_MS);
  };
  const giveFaults = (cases: readonly FaultCase[]): void => {
    for (const { id, fault } of cases) if (fault !== undefined) cameraOf(all, id).order(fault);
  };
  // By themselves: when the clock of a camera jumps only the arrival tells how long it paused, and the others make much work.
  const jumps = CASES.filter(({ fault }) => fault?.kind === 'timestamp-jump');
  giveFaults(jumps);
  await recordMore(2, jumps);
  giveFaults(CASES.filter((one) => !jumps.includes(one)));
  await recordMore(6, CASES);
  await media.stop();
  const verdicts = await Promise.all(
    CASES.map(async (fault) => [fault.id, await verdictOf(media, cameraOf(all, fault.id), fault)] as const),
  );
  t.deepEqual(
    verdicts.filter(([, problems]) => problems.length > 0),
    [],
  );
  // Packets lost on the way are counted: as many access units as are missing.
  const counted = media
    .events()
    .flatMap((event) => (event.kind === 'gap' && event.cameraId === 'drop-next' ? [event.accessUnits] : []));
  const dropped = { cameraId: 'drop-next', stream: 'main', codec: 'h264' } as const;
  const { missingUnits } = await accountOf(media, cameraOf(all, 'drop-next'), dropped);
  t.is(
    counted.reduce<number>((sum, units) => sum + (units ?? 0), 0),
    missingUnits,
  );
  t.is((await media.segmentsOf('other-size')).length, 2);
  // Sound alone keeps no session: pictures are asked for anew.
  t.is(cameraOf(all, 'no-pictures').sessions().length, 2);
  t.is(cameraOf(all, 'short-session').sessions().length, 1);
  t.is(cameraOf(all, 'short-udp').sessions().length, 1);
});
