import test from 'ava';
import type { ExecutionContext } from 'ava';
import { readInit, scanFragments } from '../../src/media/mp4/scan.ts';
import { hexOf } from '../../src/media/mp4/fragment-hash.ts';
import { createSlabs } from '../../src/recorder/slabs.ts';
import { createWriteQueue } from '../../src/recorder/write-queue.ts';
import type { WriteQueue } from '../../src/recorder/write-queue.ts';
import type { FragmentReport, MediaEvent, Priority, VolumeState } from '../../src/wire/media-protocol.ts';
import { sourceOf } from '../support/bytes-source.ts';
import { checkFile } from '../support/check-file.ts';
import { createFakeVolume } from '../support/fake-volume.ts';
import type { FakeVolume } from '../support/fake-volume.ts';
import { createFragmentRig, FRAME, slice, START_US } from '../support/fragment-rig.ts';
import type { FragmentRig } from '../support/fragment-rig.ts';
import { createRandom } from '../support/seeded-random.ts';

type Camera = { readonly id: string; readonly rig: FragmentRig; frame: number; readonly end: () => void };
type Bench = {
  readonly queue: WriteQueue;
  readonly volumes: readonly FakeVolume[];
  readonly events: readonly MediaEvent[];
  readonly camera: (id: string, more?: { priority?: Priority; volumeIds?: readonly string[] }) => Camera;
  /** So many fragments of 13 or 12 frames of `bytes` each. */
  readonly record: (camera: Camera, fragments: number, bytes?: number) => void;
  readonly written: () => readonly FragmentReport[];
  readonly gaps: () => readonly Extract<MediaEvent, { kind: 'gap' }>[];
  readonly settle: () => void;
  readonly taken: () => number;
};

function bench(options: { volumes?: number; maxWaitingBytes?: number; segmentSeconds?: number } = {}): Bench {
  const slabs = createSlabs(512 * 1024 * 1024);
  const events: MediaEvent[] = [];
  const volumes: FakeVolume[] = Array.from({ length: options.volumes ?? 1 }, (_, index) =>
    createFakeVolume(`vol-${index + 1}`, (result) => queue.onResult(`vol-${index + 1}`, result)),
  );
  const queue: WriteQueue = createWriteQueue({
    slabs,
    writerOf: (id) => volumes.find(({ writer }) => writer.volumeId === id)?.writer,
    emit: (event) => events.push(event),
    now: () => START_US / 1000,
    ...(options.maxWaitingBytes === undefined ? {} : { maxWaitingBytes: options.maxWaitingBytes }),
  });
  return {
    queue,
    volumes,
    events,
    camera: (id, more = {}) => {
      const stream = queue.stream({
        cameraId: id,
        stream: 'main',
        priority: () => more.priority ?? 'medium',
        volumeIds: () => more.volumeIds ?? volumes.map(({ writer }) => writer.volumeId),
      });
      const { segmentSeconds = 600 } = options;
      const rig = createFragmentRig({ slabs, cameraId: id, segmentSeconds, take: stream.push });
      const end = (): void => {
        rig.builder.end();
        stream.endSegment();
      };
      return { id, rig, frame: 0, end };
    },
    record: (camera, fragments, bytes = 40) => {
      const goal = camera.rig.made.length + fragments;
      for (; camera.rig.made.length < goal; camera.frame += 1)
        camera.rig.give({
          timestamp: camera.frame * FRAME,
          nals: [slice(camera.frame % 25 === 0, Buffer.alloc(bytes, camera.frame))],
        });
    },
    written: () => events.flatMap((event) => (event.kind === 'fragments-written' ? event.fragments : [])),
    gaps: () => events.filter((event) => event.kind === 'gap'),
    settle: () => {
      for (let round = 0; round < 50; round += 1) {
        queue.flush();
        for (const volume of volumes) while (volume.answer());
      }
    },
    taken: slabs.taken,
  };
}

const secondsOf = (ms: number): number => (ms - START_US / 1000) / 1000;
const UNUSABLE: VolumeState = {
  kind: 'unusable',
  cause: 'volume-full',
  message: 'no room',
  freeBytes: 0,
  totalBytes: 1,
};

/** Everything that is durable stands in its file where it was reported, linked to what is before it, in order of time. */
async function checkFiles(t: ExecutionContext, { volumes, written, events }: Bench, what = ''): Promise<void> {
  const reports = written();
  const opened = events.flatMap((event) => (event.kind === 'segment-opened' ? [event.segment] : []));
  for (const volume of volumes)
    for (const [path, bytes] of volume.files()) {
      const mine = reports.filter(({ segment, volumeId }) => segment === path && volumeId === volume.writer.volumeId);
      await checkFile(t, bytes, { path, mine, opened, what });
    }
}

test('fragments are collected, handed over in one batch, and reported only once they are durable', async (t) => {
  const one = bench();
  const [a, b] = [one.camera('cam-a'), one.camera('cam-b')];
  one.record(a, 2);
  one.record(b, 2);
  t.is(one.volumes[0]?.batches(), 0);
  one.queue.flush();
  t.is(one.volumes[0]?.batches(), 1);
  t.deepEqual(one.events, []);
  t.is(one.queue.pending(), 4);
  one.volumes[0]?.answer();
  t.deepEqual(
    one.events.map(({ kind }) => kind),
    ['segment-opened', 'segment-opened', 'fragments-written'],
  );
  t.is(one.queue.pending(), 0);
  a.end();
  b.end();
  one.settle();
  t.is(one.events.filter(({ kind }) => kind === 'segment-closed').length, 2);
  t.is(one.taken(), 0);
  await checkFiles(t, one);
});

test('when memory is full the oldest fragments of the least important camera go, booked to the millisecond', async (t) => {
  const one = bench({ maxWaitingBytes: 1_900_000 });
  const important = one.camera('cam-high', { priority: 'high' });
  const other = one.camera('cam-low', { priority: 'low' });
  one.record(important, 1);
  one.record(other, 1);
  one.settle();
  one.volumes[0]?.setSlow(10_000);
  one.record(other, 1);
  one.queue.flush();
  one.record(important, 2, 20_000);
  one.record(other, 4, 20_000);
  one.record(important, 4, 20_000);
  one.queue.flush();
  t.true(one.queue.waitingBytes() <= 1_900_000);
  const gaps = one.gaps();
  const lost = other.rig.made.filter(({ startUs }) =>
    gaps.some(({ cameraId, start }) => cameraId === 'cam-low' && start === startUs / 1000),
  );
  t.true(lost.length >= 2);
  t.deepEqual(
    gaps.map(({ cameraId, cause, start, end, accessUnits }) => ({ cameraId, cause, start, end, accessUnits })),
    lost.map(({ startUs, endUs, accessUnits }) => ({
      cameraId: 'cam-low',
      cause: 'overload' as const,
      start: startUs / 1000,
      end: endUs / 1000,
      accessUnits,
    })),
  );
  t.deepEqual(lost, other.rig.made.slice(2, 2 + lost.length), 'the oldest that are not in the hands of the disk');
  one.volumes[0]?.setSlow(0);
  one.settle();
  one.record(other, 2);
  one.settle();
  const behind = one
    .written()
    .find(({ cameraId, start }) => cameraId === 'cam-low' && start >= (gaps.at(-1)?.end ?? 0));
  t.false(behind?.continuous);
  await checkFiles(t, one);
});

test('a volume that fails hands over to the next one, and nothing is lost or written out of order', async (t) => {
  const one = bench({ volumes: 2 });
  const camera = one.camera('cam-a');
  one.record(camera, 2);
  one.settle();
  one.record(camera, 1);
  one.queue.flush();
  one.record(camera, 1);
  one.queue.flush();
  one.record(camera, 1);
  // The first write of the first batch fails; the second batch is in the hands of the thread, a third fragment waits.
  const broken = (): boolean => true;
  one.volumes[0]?.answer(broken);
  one.queue.flush();
  one.record(camera, 1);
  one.queue.flush();
  one.settle();
  one.record(camera, 2);
  one.settle();
  t.deepEqual(one.gaps(), []);
  t.deepEqual(
    one
      .written()
      .map(({ sequence }) => sequence)
      .toSorted((one, other) => one - other),
    camera.rig.made.slice(0, 8).map(({ sequence }) => sequence),
  );
  t.true(
    one
      .written()
      .slice(1)
      .every(({ continuous }) => continuous),
  );
  await checkFiles(t, one);
});

test('fragments of a segment that failed late do not get into the file of the next segment', async (t) => {
  const one = bench({ volumes: 2, segmentSeconds: 1 });
  const camera = one.camera('cam-a');
  one.record(camera, 1);
  one.settle();
  one.record(camera, 1);
  one.queue.flush();
  one.record(camera, 2);
  one.queue.flush();
  one.volumes[0]?.answer(() => true);
  one.settle();
  one.record(camera, 3);
  one.settle();
  t.deepEqual(one.gaps(), []);
  t.is(one.written().length, 7);
  await checkFiles(t, one);
});

test('a hung disk gets nothing more; when it comes back late, order and links still hold', async (t) => {
  const one = bench({ volumes: 2 });
  const camera = one.camera('cam-a');
  one.record(camera, 1);
  one.queue.flush();
  one.volumes[0]?.setSlow(5000);
  one.record(camera, 1);
  one.queue.flush();
  t.is(one.volumes[1]?.batches(), 0, 'it may answer yet');
  one.volumes[0]?.setState({ ...UNUSABLE, cause: 'volume-error' });
  one.queue.flush();
  t.is(one.volumes[1]?.batches(), 1);
  one.volumes[1]?.answer();
  one.record(camera, 2);
  one.settle();
  one.record(camera, 2);
  one.settle();
  t.deepEqual(one.gaps(), []);
  t.is(new Set(one.written().map(({ sequence }) => sequence)).size, 6);
  await checkFiles(t, one);
});

test('with no other disk memory bridges a hung one, and what is too much for it is overload', async (t) => {
  const one = bench({ maxWaitingBytes: 60_000 });
  const camera = one.camera('cam-a');
  one.record(camera, 1);
  one.queue.flush();
  one.volumes[0]?.setSlow(7000);
  one.volumes[0]?.setState({ ...UNUSABLE, cause: 'volume-error' });
  one.record(camera, 3);
  one.queue.flush();
  t.deepEqual(one.gaps(), []);
  t.is(one.queue.pending(), 4);
  one.volumes[0]?.setSlow(0);
  one.volumes[0]?.setState({ kind: 'usable', freeBytes: 1e9, totalBytes: 1e9, directIo: true });
  one.settle();
  t.is(one.written().length, 4);
  await checkFiles(t, one);

  one.record(camera, 1);
  one.queue.flush();
  one.volumes[0]?.setSlow(7000);
  one.volumes[0]?.setState({ ...UNUSABLE, cause: 'volume-error' });
  one.record(camera, 12, 2000);
  one.queue.flush();
  t.true(one.gaps().length > 0);
  t.true(one.gaps().every(({ cause }) => cause === 'overload'));
});

test('without a usable volume the cause is what the volume says', (t) => {
  const one = bench();
  const camera = one.camera('cam-a');
  one.volumes[0]?.setState(UNUSABLE);
  one.record(camera, 1);
  one.queue.flush();
  t.like(one.gaps()[0], { cause: 'volume-full', detail: 'no room' });
  const none = one.camera('cam-b', { volumeIds: [] });
  one.record(none, 1);
  one.queue.flush();
  t.like(one.gaps()[1], { cause: 'volume-gone', cameraId: 'cam-b' });
  t.is(one.queue.pending(), 0);
});

test('behind a dropped fragment the next segment names the file that is really before it', async (t) => {
  const one = bench({ segmentSeconds: 1, maxWaitingBytes: 1_500_000 });
  const camera = one.camera('cam-a');
  one.record(camera, 2);
  one.settle();
  one.volumes[0]?.setSlow(10_000);
  one.record(camera, 1);
  one.queue.flush();
  one.record(camera, 1, 100_000);
  one.record(camera, 1, 100_000);
  one.volumes[0]?.setSlow(0);
  one.settle();
  one.record(camera, 6);
  one.settle();
  t.true(one.gaps().length > 0);
  await checkFiles(t, one);
  let before: string | undefined;
  for (const bytes of one.volumes[0]?.files().values() ?? []) {
    const init = await readInit(sourceOf(bytes));
    t.is(init.header.previous, before);
    for await (const step of scanFragments(sourceOf(bytes), { from: init.length, resync: false }))
      before = step.kind === 'fragment' ? hexOf(step.fragment.chain) : 'broken';
  }
});

test('at the end of the process everything that is not durable is booked, what the disk has in hand too', (t) => {
  const one = bench();
  const camera = one.camera('cam-a');
  one.record(camera, 2);
  one.queue.flush();
  one.record(camera, 1);
  one.queue.abandon('service-down');
  t.deepEqual(
    one.gaps().map(({ start, cause, detail }) => [secondsOf(start), cause, detail]),
    camera.rig.made.map(({ startUs }) => [
      secondsOf(startUs / 1000),
      'service-down',
      'The service stopped before the disk took it.',
    ]),
  );
  one.volumes[0]?.answer();
  t.deepEqual(one.written(), [], 'each is told once');
});

test('whatever disks do: each fragment is told once, durable where it was said to be, or lost with a cause', async (t) => {
  for (let seed = 1; seed <= SEEDS; seed += 1) await playDisks(t, seed);
});

/** 1000 were played while this was written. */
const SEEDS = 40;

async function playDisks(t: ExecutionContext, seed: number): Promise<void> {
  const random = createRandom(seed);
  const one = bench({
    volumes: random.int(1, 3),
    segmentSeconds: random.int(1, 4),
    maxWaitingBytes: random.pick([1e6, 1e9]),
  });
  const cameras = Array.from({ length: random.int(1, 3) }, (_, index) =>
    one.camera(`cam-${index}`, { priority: random.pick(['low', 'medium', 'high']) }),
  );
  const actions: readonly (() => void)[] = [
    () => one.record(random.pick(cameras), random.int(1, 4), random.pick([40, 4000])),
    () => one.record(random.pick(cameras), 1),
    one.queue.flush,
    one.queue.flush,
    () => void random.pick(one.volumes).answer(),
    () => void random.pick(one.volumes).answer(),
    () => void random.pick(one.volumes).answer(() => random.chance(0.3)),
    () => random.pick(one.volumes).setSlow(random.pick([0, 0, 5000])),
    () =>
      random
        .pick(one.volumes)
        .setState(random.chance(0.2) ? UNUSABLE : { kind: 'usable', freeBytes: 1, totalBytes: 2, directIo: false }),
  ];
  for (let step = 0; step < 150; step += 1) random.pick(actions)();
  for (const camera of cameras) camera.end();
  for (const volume of one.volumes) {
    volume.setSlow(0);
    volume.setState({ kind: 'usable', freeBytes: 1, totalBytes: 2, directIo: false });
  }
  one.settle();
  const told = [
    ...one.written().map(({ cameraId, start, end }) => `${cameraId} ${start} ${end}`),
    ...one.gaps().map(({ cameraId, start, end }) => `${cameraId} ${start} ${end}`),
  ].sort();
  const given = cameras
    .flatMap(({ id, rig }) => rig.made.map(({ startUs, endUs }) => `${id} ${startUs / 1000} ${endUs / 1000}`))
    .sort();
  t.deepEqual(told, given, `seed ${seed}`);
  t.is(one.queue.pending(), 0);
  t.is(one.taken(), 0, `seed ${seed}: memory`);
  const opened = one.events.flatMap((event) => (event.kind === 'segment-opened' ? [event.segment.segment] : []));
  const closed = one.events.flatMap((event) => (event.kind === 'segment-closed' ? [event.segment] : []));
  t.deepEqual(opened.toSorted(), closed.toSorted(), `seed ${seed}: every file is closed once`);
  await checkFiles(t, one, `seed ${seed}`);
}
