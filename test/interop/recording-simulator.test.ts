/** The real media process records simulated cameras, and every access unit is accounted for: recorded once, or booked as missing. */
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { systemClock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import { compareWithLedger } from '../../src/simulator/check.ts';
import type { Fault } from '../../src/simulator/faults.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import type { CameraOptions, SimulatedCamera } from '../../src/simulator/simulator.ts';
import { orderOf, startMedia } from '../support/media-process.ts';
import { waitFor } from '../support/wait-for.ts';

/** Two frames, and what the clock of the recorder may differ by. */
const TOLERANCE_MS = 120;

async function cameras(t: ExecutionContext, options: readonly CameraOptions[]): Promise<readonly SimulatedCamera[]> {
  const simulator = await startSimulator({ clock: systemClock, log: silentLog }, options);
  t.teardown(simulator.stop);
  return simulator.cameras;
}
async function camera(t: ExecutionContext, options: Partial<CameraOptions> = {}): Promise<SimulatedCamera> {
  const [first] = await cameras(t, [{ id: 'cam-1', ...options }]);
  if (first === undefined) throw new Error('no camera');
  return first;
}
const expectation = { cameraId: 'cam-1', stream: 'main', codec: 'h264' } as const;

for (const transport of ['tcp', 'udp'] as const) {
  test(`every access unit is recorded over ${transport}, main and sub stream, with Digest`, async (t) => {
    const login = { username: 'admin', password: 's3cret' };
    const one = await camera(t, { access: { kind: 'digest', algorithm: 'SHA-256', ...login } });
    const media = await startMedia(t);
    media.order([
      orderOf('cam-1', one.urlOf('main'), { transport, ...login }),
      orderOf('cam-1', one.urlOf('sub'), { transport, ...login, stream: 'sub' }),
    ]);
    await waitFor(
      'eight seconds',
      () => media.recordedSeconds('cam-1', 'main') > 8 && media.recordedSeconds('cam-1', 'sub') > 8,
      60_000,
    );
    await media.stop();
    for (const stream of ['main', 'sub'] as const) {
      const report = await media.check({ ...expectation, stream });
      t.true(report.accessUnits >= 200, `${stream}: ${report.accessUnits}`);
      t.deepEqual([report.missing, report.doubled, report.reordered, report.altered], [[], [], [], []]);
    }
  });
}

test('a change of resolution in the middle costs nothing and starts a new segment', async (t) => {
  const one = await camera(t);
  const media = await startMedia(t);
  media.order([orderOf('cam-1', one.urlOf('main'))]);
  await waitFor('two seconds', () => media.recordedSeconds('cam-1') > 2, 60_000);
  one.order({ kind: 'resolution', variant: 'other' });
  await waitFor('seven seconds', () => media.recordedSeconds('cam-1') > 7, 60_000);
  await media.stop();
  const report = await media.check(expectation);
  t.deepEqual([report.missing, report.doubled, report.altered], [[], [], []]);
  t.is((await media.segmentsOf('cam-1')).length, 2);
  const widths = media
    .events()
    .flatMap((event) => (event.kind === 'segment-opened' ? [event.segment.video.width] : []));
  t.deepEqual(widths, [640, 480]);
});

type FaultCase = {
  readonly name: string;
  readonly fault: Fault;
  readonly cause: RegExp;
  readonly transport?: 'tcp' | 'udp';
};
const CASES: readonly FaultCase[] = [
  { name: 'lost packets', fault: { kind: 'drop-next', packets: 5 }, cause: /network-loss/, transport: 'udp' },
  { name: 'a camera that hangs up', fault: { kind: 'hang-up' }, cause: /camera-unreachable|no-key-frame/ },
  { name: 'a camera that reboots', fault: { kind: 'reboot', seconds: 2 }, cause: /camera-unreachable|no-key-frame/ },
  {
    name: 'garbage in the stream',
    fault: { kind: 'garbage', bytes: 5000 },
    cause: /camera-protocol|camera-unreachable|no-key-frame/,
  },
  {
    name: 'time stamps that wrap',
    fault: { kind: 'timestamp-wrap', seconds: 2 },
    cause: /camera-unreachable|no-key-frame/,
  },
];
for (const { name, fault, cause, transport = 'tcp' } of CASES) {
  test(`${name}: what is missing is booked, with the cause`, async (t) => {
    const one = await camera(t);
    const media = await startMedia(t);
    media.order([orderOf('cam-1', one.urlOf('main'), { transport })]);
    await waitFor('two seconds', () => media.recordedSeconds('cam-1') > 2, 60_000);
    one.order(fault);
    const before = media.recordedSeconds('cam-1');
    await waitFor('five seconds more', () => media.recordedSeconds('cam-1') > before + 5, 60_000);
    await media.stop();
    const report = await media.check(expectation);
    // A lost packet in front of a whole picture may have held nothing but the stamp: that picture counts as recorded.
    const unstamped = report.altered.filter(({ kind }) => kind === 'unstamped').length;
    t.true(unstamped <= (fault.kind === 'drop-next' ? 1 : 0), JSON.stringify(report.altered));
    t.deepEqual([report.doubled, report.reordered, report.altered.length - unstamped], [[], [], 0]);
    const missing = report.missing.map(({ from, to }) => ({ from, to: to - unstamped }));
    const [start = 0, end = 0] = [report.first, report.last].map(
      (counter) => one.origin + (counter ?? 0) * one.frameMs,
    );
    const gaps = media
      .gapsOf('cam-1')
      .filter(
        (gap) => gap.end > start + TOLERANCE_MS && gap.start < end - TOLERANCE_MS && gap.end - gap.start > TOLERANCE_MS,
      );
    t.deepEqual(
      compareWithLedger(missing, media.gapsOf('cam-1'), one, TOLERANCE_MS).filter(({ kind }) => kind === 'silent'),
      [],
      JSON.stringify({
        missing: report.missing,
        gaps: media
          .gapsOf('cam-1')
          .map((gap) => ({ ...gap, start: (gap.start - one.origin) / 40, end: (gap.end - one.origin) / 40 })),
      }),
    );
    t.true(report.missing.length > 0);
    for (const gap of gaps) t.regex(gap.cause, cause);
  });
}

test('sixteen cameras for twenty seconds: nothing missing', async (t) => {
  const all = await cameras(
    t,
    Array.from({ length: 16 }, (_, at) => ({ id: `cam-${at + 1}` })),
  );
  const media = await startMedia(t);
  media.order(all.map((one) => orderOf(one.id, one.urlOf('main'))));
  await waitFor('twenty seconds of each', () => all.every((one) => media.recordedSeconds(one.id) > 20), 90_000);
  await media.stop();
  for (const one of all) {
    const report = await media.check({ ...expectation, cameraId: one.id });
    t.true(report.accessUnits >= 500, `${one.id}: ${report.accessUnits}`);
    t.deepEqual([one.id, report.missing, report.doubled, report.altered], [one.id, [], [], []]);
  }
});
