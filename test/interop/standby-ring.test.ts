/**
 * Standby levels with the real media process: warm is recorded within a key-frame interval, hot loses nothing over the suspicion, the ring
 * stays short, and costs no more than plain recording.
 */
import { readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { openCatalogue } from '../../src/archive/catalogue.ts';
import { systemClock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import { createCover } from '../../src/cover/cover.ts';
import type { CoverService } from '../../src/cover/cover-service.ts';
import { NO_DRILLS, startDrills } from '../../src/cover/drill.ts';
import { NO_COVERS } from '../../src/cover/cover-types.ts';
import type { CoversFile, FirstFrame, StandbyLevel } from '../../src/cover/cover-types.ts';
import { cameraSettingsSchema } from '../../src/site/camera.ts';
import { checkRecording } from '../../src/simulator/check.ts';
import { readSegment } from '../../src/simulator/recorded-units.ts';
import type { CameraOptions, SimulatedCamera } from '../../src/simulator/simulated-camera.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { orderOf, startMedia } from '../support/media-process.ts';
import type { MediaUnderTest } from '../support/media-process.ts';
import { tempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';

const R = '11111111-0000-4000-8000-000000000001';
const HOT_SECONDS = 20;

async function cameras(t: ExecutionContext, options: readonly CameraOptions[]): Promise<readonly SimulatedCamera[]> {
  const simulator = await startSimulator({ clock: systemClock, log: silentLog }, options);
  t.teardown(simulator.stop);
  return simulator.cameras;
}

type Side = { readonly cover: CoverService; readonly frames: readonly FirstFrame[]; readonly file: () => CoversFile };

/** Cover service, catalogue and media of a failover server put together, as its control process does. */
async function failoverSide(
  t: ExecutionContext,
  media: MediaUnderTest,
  all: readonly SimulatedCamera[],
  levelOf: (id: string) => StandbyLevel,
): Promise<Side> {
  const catalogue = openCatalogue(await tempDir(t, 'catalogue'), systemClock.now());
  t.teardown(() => catalogue.close());
  const frames: FirstFrame[] = [];
  let saved = NO_COVERS;
  let ownId = '';
  const settings = {
    cameras: all.map(({ id, urlOf }) =>
      cameraSettingsSchema.parse({ id, name: id, main: { url: urlOf('main'), transport: 'tcp' } }),
    ),
    secrets: {},
  };
  const cover: CoverService = createCover({
    clock: systemClock,
    log: silentLog,
    box: () => ({
      serverId: ownId,
      volumeIds: ['vol-1'],
      maxChannels: 128,
      ownCameraIds: new Set(),
      hotSeconds: HOT_SECONDS,
    }),
    settingsOf: () => settings,
    lastOrders: [],
    file: {
      get: () => saved,
      update: async (change) => await Promise.resolve((saved = change(saved))),
    },
    indexLost: false,
    catalogue,
    removeSegment: async (volumeId, path) => {
      await unlink(join(media.volume, path));
      catalogue.segments.remove(volumeId, path);
    },
    changed: () => queueMicrotask(() => media.order(cover.orders())),
    remark: () => undefined,
    firstFrame: (frame) => frames.push(frame),
  });
  let seen = 0;
  const pump = setInterval(() => {
    for (const event of media.events().slice(seen)) {
      seen += 1;
      if (event.kind === 'segment-opened') {
        ownId = event.segment.serverId;
        catalogue.segments.open(event.segment);
      }
      if (event.kind === 'fragments-written') catalogue.segments.addFragments(event.fragments);
      if (event.kind === 'segment-closed') catalogue.segments.close(event.volumeId, event.segment);
      cover.onMediaEvent(event);
    }
  }, 20);
  t.teardown(async () => {
    clearInterval(pump);
    await cover.stop();
  });
  cover.standby(
    R,
    all.map(({ id }) => ({ cameraId: id, level: levelOf(id) })),
  );
  return { cover, frames, file: () => saved };
}

const main = (cameraId: string) => ({ cameraId, stream: 'main' }) as const;

test('cold, warm and hot from suspicion to the first durable key frame; a hot camera loses nothing', async (t) => {
  const kinds = ['cold', 'warm', 'hot'] as const;
  const ids = kinds.flatMap((level) => Array.from({ length: 4 }, (_, index) => `${level}-${index}`));
  const all = await cameras(
    t,
    ids.map((id, index) => ({ id, scene: index, start: index % 2 === 0 ? 'cached' : 'next-key-frame' })),
  );
  const media = await startMedia(t);
  const { cover, frames, file } = await failoverSide(t, media, all, (id) => id.split('-', 1)[0] as StandbyLevel);
  const isReady = (): boolean => {
    const views = cover.standbyViews();
    return views.length === ids.length && views.every(({ level, actual }) => level === actual);
  };
  await waitFor('everything is as ready as it should be', isReady, 60_000);
  const hot = ids.filter((id) => id.startsWith('hot'));
  const hasRing = (id: string): boolean => media.recordedSeconds(id) > HOT_SECONDS + 15;
  await waitFor('a ring of each', () => hot.every(hasRing), 120_000);
  // Suspected: from here on nothing of the ring may go.
  const at = Date.now();
  t.deepEqual(cover.cover({ serverId: R, streams: ids.map(main), epoch: 3, lostFrom: at - 1200 }), []);
  await waitFor('first frames of all', () => frames.length === ids.length, 60_000);
  await waitFor('eight seconds of cover', () => Date.now() - at > 8000, 60_000);
  t.is(file().covered.length, ids.length);
  const areRecorded = (): boolean =>
    cover
      .progress(() => 'covering')[0]
      ?.streams.every(({ state, durableUntil }) => state === 'recording' && durableUntil !== undefined) ?? false;
  await waitFor('all to be recorded', areRecorded, 60_000);
  t.true(areRecorded());
  const ranges = new Map(cover.covered().map((one) => [one.cameraId, one]));
  cover.release(R, ids.map(main));
  await waitFor('back to their levels', isReady, 60_000);
  await media.stop();
  for (const level of kinds) {
    const times = frames.filter(({ cameraId }) => cameraId.startsWith(level)).map(({ afterMs }) => afterMs);
    t.log(`${level}: first durable key frame after ${times.sort((a, b) => a - b).join(', ')} ms`);
    // A key frame each two seconds, half a second of the first packets, fragments of half a second.
    t.true(Math.max(...times) <= (level === 'hot' ? 0 : 6000), level);
  }
  for (const camera of all.filter(({ id }) => id.startsWith('hot'))) {
    const expectation = { cameraId: camera.id, stream: 'main', codec: 'h264' } as const;
    const report = checkRecording(await media.unitsOf(camera.id), expectation);
    t.deepEqual([report.missing, report.doubled, report.altered], [[], [], []], camera.id);
    // The ring reaches back over the suspicion by all it is ordered to.
    const firstAt = camera.origin + (report.first ?? Infinity) * camera.frameMs;
    t.true(firstAt <= at - 1200 - (HOT_SECONDS - 1) * 1000, `${camera.id} reaches back ${at - firstAt} ms`);
    t.is(ranges.get(camera.id)?.from, at - 1200 - HOT_SECONDS * 1000);
  }
  const epochs = new Set(
    media.events().flatMap((event) => (event.kind === 'segment-opened' ? [event.segment.epoch] : [])),
  );
  t.deepEqual(epochs, new Set([1, 3]));
});

test('a drill measures each camera by its level, and leaves neither footage nor orders behind', async (t) => {
  const kinds = ['cold', 'warm', 'hot'] as const;
  const all = await cameras(
    t,
    kinds.flatMap((level) => [0, 1].map((index) => ({ id: `${level}-${index}`, scene: index }))),
  );
  const media = await startMedia(t);
  const { cover } = await failoverSide(t, media, all, (id) => id.split('-', 1)[0] as StandbyLevel);
  const isReady = (): boolean => {
    const views = cover.standbyViews();
    return views.length === all.length && views.every(({ level, actual }) => level === actual);
  };
  await waitFor('ready', isReady, 60_000);
  const hasRing = (): boolean => ['hot-0', 'hot-1'].every((id) => media.recordedSeconds(id) > 3);
  await waitFor('a ring of each', hasRing, 60_000);
  // That of the ring may be a moment late.
  await waitFor('still ready', isReady, 60_000);
  const before = cover.orders();
  let saved = NO_DRILLS;
  const drills = startDrills({
    clock: systemClock,
    log: silentLog,
    cover,
    file: { get: () => saved, update: async (change) => await Promise.resolve((saved = change(saved))) },
    servers: () => [R],
    everyDays: () => 0,
    ended: () => undefined,
  });
  drills.start(R, 'anna');
  const drill = await waitFor('its end', () => drills.list().find(({ endedAt }) => endedAt !== undefined), 60_000);
  for (const { cameraId, level, firstFrameMs, problem } of drill.cameras) {
    t.log(`${cameraId}: ${firstFrameMs} ms`);
    t.is(problem, undefined, cameraId);
    t.true((firstFrameMs ?? Infinity) <= (level === 'hot' ? 0 : 6000), cameraId);
  }
  t.deepEqual(cover.orders(), before);
  const isGone = async (id: string): Promise<boolean> => (await media.segmentsOf(id)).length === 0;
  for (const id of ['cold-0', 'cold-1', 'warm-0', 'warm-1'])
    await waitFor(`${id} is gone from the volume`, () => isGone(id), 60_000);
  await waitFor('ready again', isReady, 60_000);
  t.deepEqual(cover.covered(), []);
  await drills.stop();
});

test('the ring stays as short as it is ordered to, on the volume too', async (t) => {
  const all = await cameras(t, [{ id: 'hot-0' }, { id: 'hot-1' }]);
  const media = await startMedia(t);
  await failoverSide(t, media, all, () => 'hot');
  await waitFor('a minute of each', () => all.every(({ id }) => media.recordedSeconds(id) > 60), 180_000);
  const lengthOf = async (id: string): Promise<number> => {
    const units = [];
    for (const path of await media.segmentsOf(id)) {
      // The oldest may go meanwhile.
      const bytes = await readFile(path).catch(() => undefined);
      if (bytes !== undefined) units.push(...readSegment(bytes, path).units);
    }
    return (units.length * (all[0]?.frameMs ?? 40)) / 1000;
  };
  for (const { id } of all) {
    // One segment more, the open one, and the time until the next look, which is this process's too: one may be due just now.
    const isShort = (seconds: number): boolean => seconds >= HOT_SECONDS && seconds <= HOT_SECONDS + 10 + 10 + 7;
    let seconds = 0;
    const isLooked = async (): Promise<boolean> => isShort((seconds = await lengthOf(id)));
    await waitFor(`a short ring of ${id}`, isLooked, 10_000).catch(() => undefined);
    t.log(`${id}: ${seconds} s in the ring`);
    t.true(isShort(seconds), `${id}: ${seconds} s`);
  }
});

/** Of user and system, in milliseconds (proc(5), `stat`; 100 ticks a second on Linux). */
async function cpuOf(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

// By itself, before the others: it is two servers at work, and they measure how soon something is recorded.
test.serial('a ring of short segments costs no more than 1.2 times plain recording', async (t) => {
  const all = await cameras(
    t,
    Array.from({ length: 16 }, (_, index) => ({ id: `cam-${index}`, scene: index, start: 'cached' as const })),
  );
  const [plain, ring] = [await startMedia(t), await startMedia(t)];
  plain.order(all.map(({ id, urlOf }) => orderOf(id, urlOf('main'), { segmentSeconds: 600 })));
  ring.order(all.map(({ id, urlOf }) => orderOf(id, urlOf('main'), { segmentSeconds: 10 })));
  const both = [plain, ring];
  await waitFor(
    'both record',
    () => both.every((media) => all.every(({ id }) => media.recordedSeconds(id) > 3)),
    60_000,
  );
  // Side by side, so that whatever else the machine does costs both the same.
  const before = await Promise.all(both.map(({ process }) => cpuOf(process.pid)));
  const from = ring.recordedSeconds('cam-0');
  await waitFor('half a minute', () => ring.recordedSeconds('cam-0') > from + 35, 120_000);
  const after = await Promise.all(both.map(({ process }) => cpuOf(process.pid)));
  const [plainMs = 0, ringMs = 0] = after.map((ms, index) => ms - (before[index] ?? 0));
  t.log(`plain ${plainMs} ms, ring ${ringMs} ms: ${(ringMs / plainMs).toFixed(2)}`);
  t.true(ringMs <= 1.2 * plainMs);
});
