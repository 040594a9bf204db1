import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { openCatalogue } from '../../src/archive/catalogue.ts';
import { scanSegmentFile } from '../../src/archive/scan-segment.ts';
import { LOOK_AGAIN_MS, startDamagedFootage } from '../../src/control/damaged-footage.ts';
import { silentLog } from '../../src/core/log.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { buildSegment, TEST_START_MS } from '../support/segment-builder.ts';
import { tempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';

const PATH = 'cam-1/main/2026-11-21/100000.000Z-6f1c2b3a-1.mp4';
const KEY = { cameraId: 'cam-1', stream: 'main' } as const;
const ALL = { start: TEST_START_MS, end: TEST_START_MS + 60_000 };

/** One segment, open in the catalogue, of which a payload was altered after it was written. */
async function bench(t: ExecutionContext) {
  const clock = createFakeClock(TEST_START_MS);
  const volume = await tempDir(t, 'damaged');
  const catalogue = openCatalogue(await tempDir(t, 'catalogue'), clock.now());
  t.teardown(() => catalogue.close());
  const built = buildSegment({ fragments: 6, accessUnits: 12, sliceBytes: 4000 });
  await mkdir(dirname(join(volume, PATH)), { recursive: true });
  await writeFile(join(volume, PATH), built.bytes);
  const { segment, fragments } = await scanSegmentFile(join(volume, PATH), 'vol', PATH);
  catalogue.segments.open(segment);
  catalogue.segments.addFragments(
    fragments.map((each) => ({ ...KEY, volumeId: 'vol', segment: PATH, accessUnits: 12, audioFrames: 0, ...each })),
  );
  const { offset, length } = built.fragments[2] ?? { offset: 0, length: 0 };
  built.bytes.fill(0x55, offset + length - 5000, offset + length - 4096);
  await writeFile(join(volume, PATH), built.bytes);
  const logged: string[] = [];
  const damaged = startDamagedFootage({
    catalogue,
    volumes: () => [{ id: 'vol', path: volume, name: 'vol', reserveBytes: 0 }],
    activity: { record: ({ code }) => void logged.push(code) },
    publish: () => undefined,
    clock,
    log: silentLog,
  });
  t.teardown(damaged.stop);
  return { clock, catalogue, damaged, logged };
}

test('damage in a segment that the catalogue still has open is told once it is closed', async (t) => {
  const { clock, catalogue, damaged, logged } = await bench(t);
  damaged.suspect(KEY, [ALL]);
  await clock.advance(LOOK_AGAIN_MS);
  t.deepEqual(damaged.items(), [], 'it may be in the hands of the recorder');
  catalogue.segments.close('vol', PATH);
  await clock.advance(LOOK_AGAIN_MS);
  await waitFor('the item', () => damaged.items().length > 0);
  t.deepEqual(logged, ['footage-damaged']);
  await clock.advance(10 * LOOK_AGAIN_MS);
  t.is(damaged.items().length, 1);
  t.is(clock.pendingTimers(), 0);
});

test('damage in a closed segment is told at once, and nothing waits when it is over', async (t) => {
  const { clock, catalogue, damaged } = await bench(t);
  catalogue.segments.close('vol', PATH);
  damaged.suspect(KEY, [ALL]);
  const item = await waitFor('the item', () => damaged.items()[0]);
  t.true(item.message.includes(PATH));
  t.is(clock.pendingTimers(), 0);
});

test('stopping forgets what was to be looked at later', async (t) => {
  const { clock, damaged } = await bench(t);
  damaged.suspect(KEY, [ALL]);
  await damaged.stop();
  t.is(clock.pendingTimers(), 0);
});
