import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { openCatalogue } from '../../src/archive/catalogue.ts';
import { reconcileVolume } from '../../src/archive/rebuild.ts';
import { scanSegmentFile } from '../../src/archive/scan-segment.ts';
import { adoptVolume } from '../../src/archive/volume.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { TimeRange } from '../../src/core/units.ts';
import { buildSegment, TEST_SERVER_ID } from '../support/segment-builder.ts';
import { tempDir } from '../support/temp-dir.ts';

const KEY = { cameraId: 'cam-1', stream: 'main' } as const;
const PATH = 'cam-1/main/2026-11-21/100000.000Z-6f1c2b3a-1.mp4';

/** A segment of which the catalogue knows every fragment, still open; `spoil` happens to the file afterwards. */
async function spoiled(t: ExecutionContext, fragments: number, spoil: (built: Built) => void) {
  const path = await tempDir(t, 'rebuild');
  const adopted = await adoptVolume(path, { serverId: TEST_SERVER_ID, clock: systemClock });
  const volume = { path, id: 'marker' in adopted ? adopted.marker.id : '' };
  const catalogue = openCatalogue(await tempDir(t, 'data'), systemClock.now());
  t.teardown(catalogue.close);
  const built = buildSegment({ fragments, accessUnits: 12 });
  const file = join(path, PATH);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, built.bytes);
  const scanned = await scanSegmentFile(file, volume.id, PATH);
  catalogue.segments.open(scanned.segment);
  const where = { ...KEY, volumeId: volume.id, segment: PATH, accessUnits: 12, audioFrames: 0 };
  catalogue.segments.addFragments(scanned.fragments.map((each) => ({ ...where, ...each })));
  spoil(built);
  await writeFile(file, built.bytes);
  const told: (readonly TimeRange[])[] = [];
  const { signal } = new AbortController();
  const deps = {
    catalogue,
    clock: systemClock,
    signal,
    isBeingWritten: () => false,
    onDamage: (_place: unknown, lost: readonly TimeRange[]) => void told.push(lost),
  };
  return { built, catalogue, told, reconcile: async () => await reconcileVolume(deps, volume) };
}
type Built = ReturnType<typeof buildSegment>;
const fragmentOf = ({ fragments }: Built, index: number): Built['fragments'][number] => {
  const found = fragments[index];
  if (found === undefined) throw new Error(`no fragment ${index} was built`);
  return found;
};

test('what the catalogue knew of a segment still open, and its file holds no more, is booked as damaged', async (t) => {
  const { built, catalogue, reconcile } = await spoiled(t, 5, (made) => {
    const { offset, length } = fragmentOf(made, 1);
    made.bytes.fill(0x55, offset, offset + length);
  });
  t.like(await reconcile(), { scanned: 1, broken: [] });
  const broken = fragmentOf(built, 1);
  const [start, end] = [broken.start / 1000, broken.end / 1000];
  const booked = catalogue.removed.find(KEY, { start: start - 60_000, end: end + 60_000 });
  t.deepEqual(booked, [{ start, end, cause: 'footage-damaged' }]);
  t.is((await reconcile()).scanned, 0);
  t.is(catalogue.removed.find(KEY, { start: start - 60_000, end: end + 60_000 }).length, 1);
});

test('where something is damaged every payload is read, so that all of it is told at once', async (t) => {
  const { built, told, reconcile } = await spoiled(t, 40, (made) => {
    const torn = fragmentOf(made, 1);
    made.bytes.fill(0x55, torn.offset, torn.offset + torn.length);
    const rotten = fragmentOf(made, 3);
    const end = rotten.offset + rotten.length;
    made.bytes.fill(0x55, end - 5000, end - 4000);
  });
  await reconcile();
  const ranges = [1, 3]
    .map((index) => fragmentOf(built, index))
    .map(({ start, end }) => ({ start: start / 1000, end: end / 1000 }));
  t.deepEqual(told, [ranges]);
});
