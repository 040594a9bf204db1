import { execFileSync } from 'node:child_process';
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { createWriterCore } from '../../src/archive/writer-core.ts';
import { MAX_OPEN_HANDLES, MAX_SLABS } from '../../src/archive/writer-protocol.ts';
import { adoptVolume, inspectVolume } from '../../src/archive/volume.ts';
import { MARKER_FILE } from '../../src/archive/volume-marker.ts';
import { MIN_SLAB_BYTES, SLAB_BASE } from '../../src/archive/direct-io.ts';
import { startVolumeWriter } from '../../src/archive/writer.ts';
import { systemClock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { wholeFragments } from '../support/power-loss.ts';
import { buildSegment, TEST_SERVER_ID } from '../support/segment-builder.ts';
import { tempDir } from '../support/temp-dir.ts';
import { startTestWriter } from '../support/volume-writer.ts';
import { waitFor } from '../support/wait-for.ts';

test('segments are written byte for byte under the names of the format', async (t) => {
  const path = await tempDir(t, 'writer');
  const writer = await startTestWriter(t, path);
  const segment = buildSegment({ fragments: 5, sliceBytes: 9000 });
  writer.open(1, segment);
  for (let index = 0; index < 5; index += 1) writer.write(1, segment, index, index);
  writer.close(1);
  await writer.idle();
  t.is(writer.opened.get(1), 'cam-1/main/2026-11-21/100000.000Z-6f1c2b3a-1.mp4');
  t.deepEqual([...writer.durable], [0, 1, 2, 3, 4]);
  t.deepEqual(writer.failed, []);
  t.is(Buffer.compare(await readFile(join(path, writer.opened.get(1) ?? '')), segment.bytes), 0);
  t.is(writer.writer.pendingBytes(), 0);
});

test('memory that is not aligned is copied, and arrives the same', async (t) => {
  const path = await tempDir(t, 'writer');
  const writer = await startTestWriter(t, path, { base: 8, slabBytes: 4 * 1024 * 1024 });
  const segment = buildSegment({ fragments: 2, sliceBytes: 60_000, accessUnits: 24 });
  writer.open(1, segment);
  for (let index = 0; index < 2; index += 1) writer.write(1, segment, index, index);
  await writer.idle();
  t.deepEqual(writer.failed, []);
  t.is(Buffer.compare(await readFile(join(path, writer.opened.get(1) ?? '')), segment.bytes), 0);
});

test('a name that is taken is passed over by a millisecond, into the next day if need be', async (t) => {
  const path = await tempDir(t, 'writer');
  const writer = await startTestWriter(t, path);
  const last = buildSegment({ fragments: 1, header: { start: Date.UTC(2026, 10, 21, 23, 59, 59, 999) } });
  writer.open(1, last);
  writer.open(2, last);
  writer.open(3, last);
  await writer.idle();
  t.deepEqual(
    [...writer.opened.values()],
    [
      'cam-1/main/2026-11-21/235959.999Z-6f1c2b3a-1.mp4',
      'cam-1/main/2026-11-22/000000.000Z-6f1c2b3a-1.mp4',
      'cam-1/main/2026-11-22/000000.001Z-6f1c2b3a-1.mp4',
    ],
  );
});

test('a day folder removed under the writer is made again', async (t) => {
  const path = await tempDir(t, 'writer');
  const writer = await startTestWriter(t, path);
  const segment = buildSegment({ fragments: 1 });
  writer.open(1, segment);
  writer.close(1);
  await writer.idle();
  await rm(join(path, 'cam-1/main/2026-11-21'), { recursive: true });
  writer.open(2, segment);
  await writer.idle();
  t.is(writer.opened.size, 2);
});

test('a handle that is not open, a place outside the slab and a name outside the volume are refused one by one', async (t) => {
  const path = await tempDir(t, 'writer');
  const writer = await startTestWriter(t, path);
  const segment = buildSegment({ fragments: 2 });
  writer.write(9, segment, 0, 90);
  writer.open(1, segment);
  writer.writer.submit([
    { kind: 'write', handle: 1, slab: 0, offset: MIN_SLAB_BYTES - 4096, length: 8192, token: 91 },
    { kind: 'write', handle: 1, slab: 0, offset: SLAB_BASE, length: 4096, token: 92 },
    {
      kind: 'open',
      handle: 2,
      directory: '../../etc',
      startMs: 0,
      suffix: 'Z-00000000-1',
      slab: 0,
      offset: SLAB_BASE,
      length: 4096,
    },
    { kind: 'write', handle: 2, slab: 0, offset: SLAB_BASE, length: 4096, token: 93 },
  ]);
  await writer.idle();
  t.deepEqual(
    writer.failed.map(({ handle, token, code }) => [handle, token, code]),
    [
      [9, 90, 'HANDLE'],
      [1, 91, 'HANDLE'],
      [1, 92, 'HANDLE'],
      [2, undefined, 'HANDLE'],
      [2, 93, 'HANDLE'],
    ],
  );
  t.is(writer.writer.state().kind, 'usable', 'a mistake of the caller says nothing about the disk');
});

test('a volume without its marker gets nothing, says why, and goes on when it is back', async (t) => {
  const path = await tempDir(t, 'writer');
  const writer = await startTestWriter(t, path);
  const segment = buildSegment({ fragments: 2 });
  writer.open(1, segment);
  await writer.idle();
  const marker = join(path, MARKER_FILE);
  const text = await readFile(marker);
  await rm(marker);
  writer.open(2, segment);
  await writer.idle();
  t.is(writer.failed[0]?.cause, 'volume-gone');
  writer.write(1, segment, 0, 1);
  await writer.idle();
  t.true(writer.durable.has(1), 'the open segment is on the real disk and goes on');
  await writeFile(marker, text);
  await waitFor('the volume to be usable again', () => writer.writer.state().kind === 'usable');
  writer.open(3, segment);
  await writer.idle();
  t.true(writer.opened.has(3));
});

test('a call to the disk that does not come back is told within a second or two, and its end too', async (t) => {
  const path = await tempDir(t, 'writer');
  const waits: boolean[] = [];
  const writer = await startTestWriter(t, path, { onWaiting: (waiting) => waits.push(waiting) });
  const segment = buildSegment({ fragments: 2 });
  writer.open(1, segment);
  await writer.idle();
  // A busy machine may have been slow by itself.
  await waitFor('a disk that answers', () => waits.at(-1) !== true);
  waits.length = 0;
  const marker = join(path, MARKER_FILE);
  const text = await readFile(marker);
  await rm(marker);
  // Whoever opens it to read hangs until somebody writes, as with a disk that does not answer.
  execFileSync('mkfifo', [marker]);
  writer.open(2, segment);
  await waitFor('waiting to be told', () => waits.length > 0);
  t.deepEqual(waits, [true]);
  t.deepEqual(writer.failed, [], 'nothing follows from it here');
  await rename(marker, `${marker}.hangs`);
  await writeFile(marker, text);
  await writeFile(`${marker}.hangs`, text);
  await waitFor('its end to be told', () => waits.length > 1);
  t.deepEqual(waits, [true, false]);
  await writer.idle();
  t.true(writer.opened.has(2));
});

test('below the reserve nothing is written, and the state says full', async (t) => {
  const path = await tempDir(t, 'writer');
  const seen = await inspectVolume(path);
  const reserveBytes = seen.kind === 'folder' ? seen.totalBytes : 0;
  const writer = await startTestWriter(t, path, { reserveBytes });
  writer.open(1, buildSegment({ fragments: 1 }));
  await writer.idle();
  t.deepEqual(
    writer.failed.map(({ code, cause }) => [code, cause]),
    [['UNUSABLE', 'volume-full']],
  );
  const state = writer.writer.state();
  t.true(state.kind === 'unusable' && state.cause === 'volume-full');
});

test('a volume that never was there is gone', async (t) => {
  const path = join(await tempDir(t, 'writer'), 'nowhere');
  const writer = await startTestWriter(t, path);
  await waitFor('the first look', () => writer.results.length > 0);
  const state = writer.writer.state();
  t.true(state.kind === 'unusable' && state.cause === 'volume-gone');
  await t.throwsAsync(stat(path));
});

test('after stop every job fails, and stop resolves twice', async (t) => {
  const path = await tempDir(t, 'writer');
  const writer = await startTestWriter(t, path);
  const segment = buildSegment({ fragments: 1 });
  writer.open(1, segment);
  writer.write(1, segment, 0, 5);
  await writer.writer.stop();
  await writer.writer.stop();
  t.true(writer.durable.has(5), 'what was submitted before is still written');
  writer.open(2, segment);
  await waitFor('the refusal', () => writer.failed.some(({ code }) => code === 'THREAD'));
  t.is(writer.writer.oldestPendingMs(), 0);
});

test('a thread that has not given its first sign is not taken for a hung disk by stop', async (t) => {
  const clock = createFakeClock();
  const writer = await startTestWriter(t, await tempDir(t, 'writer'), { clock });
  const segment = buildSegment({ fragments: 1 });
  writer.open(1, segment);
  writer.write(1, segment, 0, 5);
  const stopped = writer.writer.stop();
  // No message of a thread can come while only promises settle: to the handle it has not started for these 19 s.
  await clock.advance(19_000);
  await stopped;
  t.true(writer.durable.has(5));
  t.deepEqual(writer.failed, []);
});

test('handles and slabs are bounded', async (t) => {
  const path = await tempDir(t, 'writer');
  const adopted = await adoptVolume(path, { serverId: TEST_SERVER_ID, clock: systemClock });
  const core = createWriterCore(
    { id: 'marker' in adopted ? adopted.marker.id : '', path, reserveBytes: 0 },
    systemClock,
  );
  t.teardown(core.close);
  core.check();
  for (let slab = 0; slab < MAX_SLABS; slab += 1) core.addSlab(new SharedArrayBuffer(8192));
  t.throws(() => core.addSlab(new SharedArrayBuffer(8192)), { message: /more than 256 slabs/ });
  const jobs = Array.from({ length: MAX_OPEN_HANDLES + 1 }, (_, handle) => ({
    kind: 'open' as const,
    handle,
    directory: 'bad',
    startMs: 0,
    suffix: 'bad',
    slab: 0,
    offset: 0,
    length: 4096,
  }));
  const { failed } = core.run(jobs);
  t.regex(failed.at(-1)?.message ?? '', /more than 1024 segments are open/);
});

test('a thread that dies fails what it held and is started again', async (t) => {
  const path = await tempDir(t, 'writer');
  const writer = await startTestWriter(t, path);
  await waitFor('the first look', () => writer.results.length > 0);
  // More than its heap may hold.
  writer.writer.submit(Array.from({ length: 1_000_000 }, (_, handle) => ({ kind: 'close', handle })));
  await waitFor('the thread to be missed', () => writer.writer.state().kind === 'unusable');
  await waitFor('a new thread', () => writer.writer.state().kind === 'usable');
  const segment = buildSegment({ fragments: 1 });
  writer.open(1, segment);
  writer.write(1, segment, 0, 1);
  await writer.idle();
  t.true(writer.durable.has(1));
  t.is((await wholeFragments(join(path, writer.opened.get(1) ?? ''))).size, 1);
});

test('a writer says at once what it does not know yet', async (t) => {
  const path = await tempDir(t, 'writer');
  const writer = startVolumeWriter({
    volume: { id: 'vol-1', path, reserveBytes: 0 },
    log: silentLog,
    clock: systemClock,
    onResult: () => undefined,
  });
  t.is(writer.state().kind, 'unusable');
  await writer.stop();
});
