import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import test from 'ava';
import { openCatalogue } from '../../src/archive/catalogue.ts';
import { reconcileVolume, scanSegmentFile } from '../../src/archive/rebuild.ts';
import { adoptVolume } from '../../src/archive/volume.ts';
import { systemClock } from '../../src/core/clock.ts';
import { buildSegment, TEST_SERVER_ID } from '../support/segment-builder.ts';
import { tempDir } from '../support/temp-dir.ts';

const KEY = { cameraId: 'cam-1', stream: 'main' } as const;
const PATH = 'cam-1/main/2026-11-21/100000.000Z-6f1c2b3a-1.mp4';

test('what the catalogue knew of a segment still open, and its file holds no more, is booked as damaged', async (t) => {
  const path = await tempDir(t, 'rebuild');
  const adopted = await adoptVolume(path, { serverId: TEST_SERVER_ID, clock: systemClock });
  const volume = { path, id: 'marker' in adopted ? adopted.marker.id : '' };
  const catalogue = openCatalogue(await tempDir(t, 'data'), systemClock.now());
  t.teardown(catalogue.close);
  const built = buildSegment({ fragments: 5, accessUnits: 12 });
  const file = join(path, PATH);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, built.bytes);
  const { segment, fragments } = await scanSegmentFile(file, volume.id, PATH);
  catalogue.segments.open(segment);
  const where = { ...KEY, volumeId: volume.id, segment: PATH, accessUnits: 12, audioFrames: 0 };
  catalogue.segments.addFragments(fragments.map((each) => ({ ...where, ...each })));
  const [, broken] = built.fragments;
  if (broken === undefined) throw new Error('five were built');
  built.bytes.fill(0x55, broken.offset, broken.offset + broken.length);
  await writeFile(file, built.bytes);

  const { signal } = new AbortController();
  const deps = { catalogue, clock: systemClock, signal, isBeingWritten: () => false };
  t.like(await reconcileVolume(deps, volume), { scanned: 1, broken: [] });
  const [start, end] = [broken.start / 1000, broken.end / 1000];
  const booked = catalogue.removed.find(KEY, { start: start - 60_000, end: end + 60_000 });
  t.deepEqual(booked, [{ start, end, cause: 'footage-damaged' }]);
  t.is((await reconcileVolume(deps, volume)).scanned, 0);
  t.is(catalogue.removed.find(KEY, { start: start - 60_000, end: end + 60_000 }).length, 1);
});
