import { mkdir, readdir, rename, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { openCatalogue } from '../../src/archive/catalogue.ts';
import type { Catalogue } from '../../src/archive/catalogue-types.ts';
import { reconcileVolume } from '../../src/archive/rebuild.ts';
import { scanSegmentFile } from '../../src/archive/scan-segment.ts';
import type { ReconcileReport } from '../../src/archive/rebuild.ts';
import { bookedIfExpected, removeSegment } from '../../src/archive/remove-segments.ts';
import type { VolumePlace } from '../../src/archive/remove-segments.ts';
import { createRetention } from '../../src/archive/retention-run.ts';
import { segmentPathOf } from '../../src/archive/segment-path.ts';
import { MARKER_FILE } from '../../src/archive/volume-marker.ts';
import { adoptVolume } from '../../src/archive/volume.ts';
import { systemClock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import { epochMs } from '../../src/core/units.ts';
import type { FragmentReport } from '../../src/wire/media-protocol.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { buildSegment, TEST_SERVER_ID, TEST_START_MS } from '../support/segment-builder.ts';
import type { BuiltSegment } from '../support/segment-builder.ts';
import { tempDir } from '../support/temp-dir.ts';

const KEY = { cameraId: 'cam-1', stream: 'main' as const };
const ALL = { start: 0, end: 2 ** 45 };
type Place = { readonly catalogue: Catalogue; readonly volume: VolumePlace };

async function place(t: ExecutionContext): Promise<Place> {
  const path = await tempDir(t, 'rebuild');
  const adopted = await adoptVolume(path, { serverId: TEST_SERVER_ID, clock: systemClock });
  const catalogue = openCatalogue(await tempDir(t, 'data'), systemClock.now());
  t.teardown(catalogue.close);
  return { catalogue, volume: { path, id: 'marker' in adopted ? adopted.marker.id : '' } };
}
/** Puts a segment on the volume as if it were written a while ago. */
async function put({ volume }: Place, segment: BuiltSegment): Promise<string> {
  const { cameraId, stream, start, serverId, epoch } = segment.header;
  const path = segmentPathOf({ cameraId, stream, start: epochMs(start), server8: serverId.slice(0, 8), epoch });
  await mkdir(dirname(join(volume.path, path)), { recursive: true });
  await writeFile(join(volume.path, path), segment.bytes);
  await utimes(join(volume.path, path), 1, 1);
  return path;
}
const reconcile = ({ catalogue, volume }: Place, busy = '', writerSince?: number): Promise<ReconcileReport> =>
  reconcileVolume(
    {
      catalogue,
      clock: systemClock,
      writerSince: () => writerSince,
      signal: new AbortController().signal,
      isBeingWritten: (_volume, path) => path === busy,
    },
    volume,
  );
const at = (minutes: number, cameraId = 'cam-1'): BuiltSegment =>
  buildSegment({ header: { cameraId, start: TEST_START_MS + minutes * 60_000 }, firstSequence: 1 + minutes * 10 });

test('a lost catalogue is made again from the files', async (t) => {
  const here = await place(t);
  const segment = at(0);
  const path = await put(here, segment);
  await put(here, at(1));
  await put(here, at(0, 'cam-2'));
  const report = await reconcile(here);
  t.like(report, { complete: true, scanned: 3, missing: 0, foreign: [], broken: [] });
  const found = here.catalogue.segments.get(here.volume.id, path);
  t.like(found, { ...KEY, open: false, serverId: TEST_SERVER_ID, start: TEST_START_MS, end: segment.end });
  t.is(found?.initLength, segment.initLength);
  t.is(found?.bytes, segment.bytes.length);
  t.deepEqual(
    found?.keys.map(({ offset, sequence }) => [offset, sequence]),
    segment.fragments.filter(({ key }) => key).map(({ offset, sequence }) => [offset, sequence]),
  );
  t.is((await reconcile(here)).scanned, 0, 'a second time nothing is read');
});

test('a segment that was open in a crash is closed with what is whole in it', async (t) => {
  const here = await place(t);
  const segment = at(0);
  const path = await put(here, segment);
  const { segment: report } = await scanSegmentFile(join(here.volume.path, path), here.volume.id, path);
  here.catalogue.segments.open(report);
  await truncate(join(here.volume.path, path), (segment.fragments[3]?.offset ?? 0) + 500);
  t.is((await reconcile(here, path)).scanned, 0, 'not while it is being written');
  t.is((await reconcile(here)).scanned, 1);
  t.like(here.catalogue.segments.get(here.volume.id, path), { open: false, lastSequence: 3 });
});

test('a fragment whose payload never reached the disk is not taken', async (t) => {
  const segment = buildSegment({ sliceBytes: 20_000 });
  const last = segment.fragments[3] ?? { offset: 0, length: 0 };
  segment.bytes.fill(0, last.offset + 8192, last.offset + 16_384);
  const here = await place(t);
  const path = await put(here, segment);
  await reconcile(here);
  t.is(here.catalogue.segments.get(here.volume.id, path)?.lastSequence, 3);
});

test('files and folders that are gone lose their rows and are booked as deleted', async (t) => {
  const here = await place(t);
  const paths = [
    await put(here, at(0)),
    await put(here, at(1)),
    await put(here, at(60 * 24)),
    await put(here, at(0, 'cam-2')),
  ];
  await reconcile(here);
  await rm(join(here.volume.path, paths[0] ?? ''));
  await rm(join(here.volume.path, 'cam-2'), { recursive: true });
  t.like(await reconcile(here), { complete: true, scanned: 0, missing: 2 });
  t.is(here.catalogue.segments.find(KEY, ALL).length, 2);
  t.deepEqual(here.catalogue.removed.find({ cameraId: 'cam-2', stream: 'main' }, ALL), [
    { start: TEST_START_MS, end: at(0).end, cause: 'deleted' },
  ]);
});

test('a volume that is not there loses no row', async (t) => {
  const here = await place(t);
  await put(here, at(0));
  await reconcile(here);
  await rm(here.volume.path, { recursive: true });
  await mkdir(here.volume.path);
  t.like(await reconcile(here), { complete: false, missing: 0 });
  t.is(here.catalogue.segments.find(KEY, ALL).length, 1);
});

test('foreign and broken files are reported and left alone', async (t) => {
  const here = await place(t);
  const path = await put(here, at(0));
  await writeFile(join(here.volume.path, 'Holiday.jpg'), 'x');
  await writeFile(join(here.volume.path, dirname(path), 'notes.txt'), 'x');
  await writeFile(join(here.volume.path, path), 'no segment at all');
  await utimes(join(here.volume.path, path), 1, 1);
  const report = await reconcile(here);
  t.deepEqual(report.foreign, ['Holiday.jpg', `${dirname(path)}/notes.txt`]);
  t.deepEqual(
    report.broken.map((each) => each.path),
    [path],
  );
  t.is((await readdir(join(here.volume.path, dirname(path)))).length, 2);
});

test('a file of this moment is left to its writer, if that runs', async (t) => {
  const here = await place(t);
  const path = await put(here, at(0));
  const now = systemClock.now();
  await utimes(join(here.volume.path, path), now / 1000, now / 1000);
  t.is((await reconcile(here)).scanned, 0, 'nobody knows who writes');
  t.is((await reconcile(here, '', now - 100)).scanned, 0, 'its writer may be about to report it');
  t.is((await reconcile(here, '', now + 100)).scanned, 1, 'its writer is gone');
});

test('a file whose writer tells of it while it is looked at stays open', async (t) => {
  for (const asked of [1, 2]) {
    const here = await place(t);
    const path = await put(here, at(0));
    const { segment } = await scanSegmentFile(join(here.volume.path, path), here.volume.id, path);
    let times = 0;
    const isBeingWritten = (): boolean => {
      times += 1;
      if (times === asked) here.catalogue.segments.open(segment);
      return times > asked;
    };
    const deps = { clock: systemClock, signal: new AbortController().signal, isBeingWritten };
    await reconcileVolume({ catalogue: here.catalogue, ...deps }, here.volume);
    t.like(here.catalogue.segments.get(here.volume.id, path), { open: true }, `told at question ${asked}`);
  }
});

test('a partial segment is read once its file rests, whoever has it open, and not while it grows', async (t) => {
  const here = await place(t);
  const path = await put(here, at(0));
  const file = join(here.volume.path, path);
  const { segment, fragments } = await scanSegmentFile(file, here.volume.id, path);
  const { segments } = here.catalogue;
  const reportOf = (index: number): FragmentReport => {
    const fragment = fragments[index];
    if (fragment === undefined) throw new Error(`the segment has no fragment ${index}`);
    return { ...KEY, volumeId: here.volume.id, segment: path, accessUnits: 1, audioFrames: 0, ...fragment };
  };
  segments.open(segment);
  segments.addFragments([reportOf(0)]);
  t.is((await reconcile(here, path)).scanned, 0, 'not partial: its writer tells of it');

  segments.doubtOpenOnes();
  await utimes(file, new Date(), new Date());
  t.is((await reconcile(here, path, 0)).scanned, 0, 'written a moment ago');
  await utimes(file, 1, 1);
  const isOthers = (): boolean => {
    segments.addFragments([reportOf(1)]);
    return false;
  };
  const deps = { catalogue: here.catalogue, clock: systemClock, signal: new AbortController().signal, isOthers };
  await reconcileVolume({ ...deps, isBeingWritten: () => true }, here.volume);
  t.like(segments.get(here.volume.id, path), { open: true, partial: true }, 'it grew meanwhile');
  await rename(file, `${file}.aside`);
  const elsewhere = { ...here, catalogue: openCatalogue(await tempDir(t, 'data'), systemClock.now()) };
  t.teardown(elsewhere.catalogue.close);
  elsewhere.catalogue.segments.open(segment);
  t.is((await reconcile(elsewhere, path)).missing, 0);
  elsewhere.catalogue.segments.doubtOpenOnes();
  t.is((await reconcile(elsewhere, path)).missing, 1, "a file that is gone is nobody's");
  await rename(`${file}.aside`, file);
  t.is((await reconcile(here, path, 0)).scanned, 1);
  const found = segments.get(here.volume.id, path);
  t.like(found, { open: false, bytes: at(0).bytes.length, end: at(0).end });
  t.deepEqual(here.catalogue.removed.find(KEY, ALL), []);
});

test('removing a segment takes file, row and empty folder, and books what was in it', async (t) => {
  const here = await place(t);
  const path = await put(here, at(0));
  await reconcile(here);
  t.true(await removeSegment(here, path, 'retention'));
  t.deepEqual(await readdir(join(here.volume.path, 'cam-1/main')), []);
  t.deepEqual(here.catalogue.removed.find(KEY, ALL), [{ start: TEST_START_MS, end: at(0).end, cause: 'retention' }]);
  t.false(await removeSegment(here, path, 'retention'), 'again: nothing to do');
});

test('of what nobody was to have nothing is missing when it is gone: a ring, a drill', async (t) => {
  const here = await place(t);
  const { catalogue } = here;
  const { end } = at(0);
  const middle = TEST_START_MS + Math.floor((end - TEST_START_MS) / 2);
  const [drill, ring] = [await put(here, at(0)), await put(here, at(1))];
  await reconcile(here);
  catalogue.expectations.set(KEY, true, middle);
  catalogue.expectations.set(KEY, false, end);
  t.true(await removeSegment(here, drill, 'retention', bookedIfExpected(catalogue)));
  t.true(await removeSegment(here, ring, 'retention', bookedIfExpected(catalogue)));
  t.deepEqual(catalogue.removed.find(KEY, ALL), [{ start: middle, end, cause: 'retention' }], 'only what was covered');
});

test('an open segment, a path that is no segment, a link, and a volume without its marker are refused', async (t) => {
  const here = await place(t);
  const path = await put(here, at(0));
  const { segment } = await scanSegmentFile(join(here.volume.path, path), here.volume.id, path);
  here.catalogue.segments.open(segment);
  await t.throwsAsync(removeSegment(here, path, 'deleted'), { code: 'archive/segment-open' } as never);
  await t.throwsAsync(removeSegment(here, '../secret', 'deleted'), { code: 'archive/not-a-segment' } as never);
  here.catalogue.segments.close(here.volume.id, path);
  const elsewhere = await tempDir(t, 'elsewhere');
  await mkdir(join(elsewhere, 'main/2026-11-21'), { recursive: true });
  await symlink(elsewhere, join(here.volume.path, 'cam-7'));
  const linked = path.replace('cam-1', 'cam-7');
  await t.throwsAsync(removeSegment(here, linked, 'deleted'), { message: /leads through a link/ });
  await rm(join(here.volume.path, MARKER_FILE));
  await t.throwsAsync(removeSegment(here, path, 'deleted'), { code: 'archive/volume-gone' } as never);
  t.true((await readdir(join(here.volume.path, dirname(path)))).length === 1);
});

test('a round of retention deletes by the rules and says what it did', async (t) => {
  const here = await place(t);
  for (const minutes of [0, 1, 2]) await put(here, at(minutes));
  const open = at(3);
  const openPath = await put(here, open);
  const { segment } = await scanSegmentFile(join(here.volume.path, openPath), here.volume.id, openPath);
  await reconcile(here, openPath);
  here.catalogue.segments.open(segment);
  const clock = createFakeClock(TEST_START_MS + 8 * 86_400_000);
  const retention = createRetention({ catalogue: here.catalogue, clock, log: silentLog });
  const room = { ...here.volume, freeBytes: 1e9, reserveBytes: 0, headroomBytes: 0 };
  const rules = new Map([['cam-1', { maxDays: 7 }]]);
  t.deepEqual((await retention([room], rules)).deleted, { age: 0, size: 0, space: 0 }, 'nothing at once after a start');
  for (let hour = 0; hour < 25; hour += 1) await clock.advance(3_600_000);
  const outcome = await retention([room], rules);
  t.deepEqual(outcome.deleted, { age: 3, size: 0, space: 0 });
  t.deepEqual(outcome.failed, []);
  t.deepEqual(
    here.catalogue.segments.find(KEY, ALL).map(({ path }) => path),
    [openPath],
  );
});

test('on a full volume what must stay stays, also if it comes to that while the disk works, and is told', async (t) => {
  const here = await place(t);
  const paths: string[] = [];
  for (const minutes of [0, 1, 2]) paths.push(await put(here, at(minutes)));
  await reconcile(here);
  const clock = createFakeClock(TEST_START_MS + 86_400_000);
  let owed = paths.slice(0, 1);
  let asked = 0;
  const mustStay = () => {
    asked += 1;
    // The first question plans the round; the second one is asked before the first deletion.
    if (asked === 2) owed = paths.slice(0, 2);
    return ({ path }: { path: string }): boolean => owed.includes(path);
  };
  const retention = createRetention({ catalogue: here.catalogue, clock, log: silentLog, mustStay });
  const room = { ...here.volume, freeBytes: 0, reserveBytes: 1e9, headroomBytes: 0 };
  const outcome = await retention([room], new Map([['cam-1', { maxDays: 1, maxBytes: 1 }]]));
  t.deepEqual(
    here.catalogue.segments.find(KEY, ALL).map(({ path }) => path),
    paths.slice(0, 2),
  );
  t.deepEqual(
    outcome.held.map(({ volumeId }) => volumeId),
    [here.volume.id],
  );
});
