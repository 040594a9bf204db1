import { readdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { CATALOGUE_FILE, openCatalogue } from '../../src/archive/catalogue.ts';
import type { Catalogue } from '../../src/archive/catalogue-types.ts';
import { MAX_LOG_MESSAGE } from '../../src/archive/catalogue-log.ts';
import { epochMs } from '../../src/core/units.ts';
import type { FragmentReport, SegmentReport } from '../../src/wire/media-protocol.ts';
import { createRandom } from '../support/seeded-random.ts';
import { tempDir } from '../support/temp-dir.ts';

const NOW = epochMs(Date.UTC(2026, 10, 21));
const KEY = { cameraId: 'cam-1', stream: 'main' as const };

async function opened(t: ExecutionContext): Promise<Catalogue> {
  const catalogue = openCatalogue(await tempDir(t, 'catalogue'), NOW);
  t.teardown(catalogue.close);
  return catalogue;
}
const report = (start: number, more: Partial<SegmentReport> = {}): SegmentReport => ({
  ...KEY,
  volumeId: 'vol-1',
  segment: `cam-1/main/2026-11-21/${start}`,
  serverId: '5f2e5f0c-8a1c-4c39-9d55-a3c1d1b7e001',
  epoch: 1,
  start,
  initLength: 4096,
  layoutHash: 'ab',
  video: { codec: 'h264', codecString: 'avc1.64001F', width: 1920, height: 1080 },
  audio: { codec: 'aac', codecString: 'mp4a.40.2' },
  ...more,
});
const fragment = (segment: SegmentReport, index: number, more: Partial<FragmentReport> = {}): FragmentReport => ({
  cameraId: segment.cameraId,
  stream: segment.stream,
  volumeId: segment.volumeId,
  segment: segment.segment,
  offset: 4096 + index * 8192,
  length: 8192,
  sequence: segment.start + index,
  start: segment.start + index * 500,
  end: segment.start + index * 500 + 500,
  key: index % 2 === 0,
  continuous: index > 0,
  accessUnits: 12,
  audioFrames: 0,
  ...more,
});
const four = (segment: SegmentReport): FragmentReport[] => [0, 1, 2, 3].map((index) => fragment(segment, index));
function store(catalogue: Catalogue, segment: SegmentReport): void {
  catalogue.segments.open(segment);
  catalogue.segments.addFragments(four(segment));
  catalogue.segments.close(segment.volumeId, segment.segment);
}

test('a segment reads the same while it is open, when it is closed and when it was scanned', async (t) => {
  const { segments } = await opened(t);
  const segment = report(10_000);
  segments.open(segment);
  t.deepEqual(segments.addFragments(four(segment)), { unknown: 0 });
  const open = segments.get('vol-1', segment.segment);
  t.is(open?.keys.length, 2);
  t.deepEqual(open?.spans, [{ start: 10_000, end: 12_000 }]);
  t.like(open, { open: true, bytes: 4096 + 4 * 8192, firstSequence: 10_000, lastSequence: 10_003, end: 12_000 });
  segments.close('vol-1', segment.segment);
  const closed = segments.get('vol-1', segment.segment);
  t.deepEqual(closed, open && { ...open, open: false });
  segments.putScanned(segment, four(segment));
  t.deepEqual(segments.get('vol-1', segment.segment), closed);
});

test('a segment that was scanned while it was written stays open until it is scanned again', async (t) => {
  const { segments } = await opened(t);
  const segment = report(10_000);
  const all = four(segment);
  segments.putScanned(segment, all.slice(0, 1));
  // Its reports come late.
  segments.open(segment);
  t.deepEqual(segments.addFragments(all.slice(0, 1)), { unknown: 0 });
  t.false(segments.get('vol-1', segment.segment)?.open);
  t.deepEqual(segments.addFragments(all.slice(1, 3)), { unknown: 0 });
  t.deepEqual(segments.addFragments(all.slice(3)), { unknown: 0 });
  t.like(segments.get('vol-1', segment.segment), { open: true, end: 12_000, lastSequence: 10_003 });
  t.is(segments.openOnes().length, 1);
  t.false(segments.close('vol-1', segment.segment));
  t.true(segments.get('vol-1', segment.segment)?.open);
  segments.putScanned(segment, all);
  t.like(segments.get('vol-1', segment.segment), { open: false, spans: [{ start: 10_000, end: 12_000 }] });
  t.true(segments.close('vol-1', segment.segment));
});

test('the same report twice changes nothing', async (t) => {
  const { segments } = await opened(t);
  const segment = report(10_000);
  segments.open(segment);
  segments.open(segment);
  segments.addFragments(four(segment));
  segments.addFragments(four(segment));
  t.is(segments.get('vol-1', segment.segment)?.keys.length, 2);
  segments.close('vol-1', segment.segment);
  segments.close('vol-1', segment.segment);
  t.deepEqual(segments.addFragments(four(segment)), { unknown: 0 }, 'a closed segment has them');
  t.deepEqual(segments.addFragments([fragment(report(99), 0)]), { unknown: 1 });
  t.deepEqual(segments.totals(), [{ ...KEY, volumeId: 'vol-1', segments: 1, bytes: 4096 + 4 * 8192 }]);
});

test('a range finds exactly what overlaps it, half open', async (t) => {
  const catalogue = await opened(t);
  for (const start of [10_000, 12_000, 14_000]) store(catalogue, report(start));
  store(catalogue, report(12_500, { cameraId: 'cam-2', segment: 'other' }));
  const starts = (start: number, end: number): number[] =>
    catalogue.segments.find(KEY, { start, end }).map((each) => each.start);
  t.deepEqual(starts(0, 10_000), []);
  t.deepEqual(starts(0, 10_001), [10_000]);
  t.deepEqual(starts(11_999, 12_001), [10_000, 12_000]);
  t.deepEqual(starts(12_000, 14_000), [12_000]);
  t.deepEqual(starts(16_000, 99_000), []);
  t.is(catalogue.segments.around(KEY, 13_000).before?.start, 12_000);
  t.is(catalogue.segments.around(KEY, 13_000).after?.start, 14_000);
  t.deepEqual(catalogue.segments.find({ ...KEY, stream: 'sub' }, { start: 0, end: 1e9 }), []);
});

test('range queries agree with a plain search, whatever the lengths and clocks', async (t) => {
  const catalogue = await opened(t);
  const random = createRandom(5);
  const all = Array.from({ length: 150 }, (_, index) => {
    const segment = report(random.int(0, 1_000_000), { segment: `s${index}` });
    const end = segment.start + random.int(1, 50_000);
    catalogue.segments.putScanned(segment, [{ ...fragment(segment, 0), end }]);
    return { path: segment.segment, start: segment.start, end };
  });
  for (let round = 0; round < 200; round += 1) {
    const start = random.int(0, 1_000_000);
    const end = start + random.int(1, 30_000);
    const expected = all.filter((each) => each.start < end && each.end > start).map(({ path }) => path);
    const found = catalogue.segments.findRows(KEY, { start, end }).map(({ path }) => path);
    t.deepEqual(found.sort(), expected.sort());
  }
});

test('totals follow what is added and removed', async (t) => {
  const catalogue = await opened(t);
  store(catalogue, report(10_000));
  store(catalogue, report(20_000));
  const one = 4096 + 4 * 8192;
  t.deepEqual(catalogue.segments.totals(), [{ ...KEY, volumeId: 'vol-1', segments: 2, bytes: 2 * one }]);
  t.is(catalogue.segments.bytesStarted({ start: 15_000, end: 99_000 }), one);
  t.is(catalogue.segments.bytesStarted({ start: 0, end: 99_000 }, 'vol-2'), 0);
  t.true(catalogue.segments.remove('vol-1', report(10_000).segment));
  t.false(catalogue.segments.remove('vol-1', report(10_000).segment));
  catalogue.segments.remove('vol-1', report(20_000).segment);
  t.deepEqual(catalogue.segments.totals(), []);
});

test('the oldest are the first recorded, and open ones are not among them', async (t) => {
  const catalogue = await opened(t);
  catalogue.segments.putScanned(report(50_000, { segment: 'first' }), [fragment(report(50_000), 0, { sequence: 1 })]);
  catalogue.segments.putScanned(report(10_000, { segment: 'second' }), [fragment(report(10_000), 0, { sequence: 2 })]);
  catalogue.segments.open(report(1, { segment: 'open' }));
  t.deepEqual(
    catalogue.segments.oldest(KEY, 'vol-1', 9).map(({ path }) => path),
    ['first', 'second'],
  );
  t.deepEqual(
    catalogue.segments.openOnes().map(({ path }) => path),
    ['open'],
  );
  t.deepEqual(
    catalogue.segments.page('vol-1', 'first', 9).map(({ path }) => path),
    ['open', 'second'],
  );
});

test('at most one gap of a stream is open', async (t) => {
  const { gaps } = await opened(t);
  const gap = { ...KEY, cause: 'camera-unreachable' as const, detail: 'no answer' };
  gaps.open({ ...gap, start: 100 });
  gaps.open({ ...gap, start: 100 });
  gaps.open({ ...gap, start: 200, cause: 'camera-refused' });
  gaps.add({ ...gap, start: 50, end: 60, cause: 'network-loss', accessUnits: 2 });
  gaps.close(KEY, 300);
  gaps.close(KEY, 400);
  t.deepEqual(
    gaps.find(KEY, { start: 0, end: 1000 }).map(({ start, end, cause }) => [start, end, cause]),
    [
      [50, 60, 'network-loss'],
      [100, 200, 'camera-unreachable'],
      [200, 300, 'camera-refused'],
    ],
  );
  t.deepEqual(gaps.find(KEY, { start: 60, end: 100 }), []);
  gaps.open({ ...gap, start: 500 });
  t.is(gaps.openOnes().length, 1);
  t.is(gaps.find(KEY, { start: 900, end: 901 })[0]?.end, undefined);
});

test('what was expected is told by when it was ordered', async (t) => {
  const { expectations } = await opened(t);
  expectations.set(KEY, true, 100);
  expectations.set(KEY, true, 150);
  expectations.set(KEY, false, 200);
  expectations.set(KEY, false, 250);
  expectations.set(KEY, true, 300);
  t.deepEqual(expectations.find(KEY, { start: 0, end: 1000 }), [
    { start: 100, end: 200 },
    { start: 300, end: undefined },
  ]);
  t.deepEqual(expectations.find(KEY, { start: 200, end: 300 }), []);
  t.deepEqual(expectations.streams(), [{ ...KEY, expected: true }]);
});

test('service periods grow with every sign of life', async (t) => {
  const { services } = await opened(t);
  services.beat('media', 'a', 100, 150);
  services.beat('media', 'a', 100, 190);
  services.beat('media', 'b', 300, 300);
  services.beat('control', 'c', 0, 999);
  t.deepEqual(services.find('media', { start: 0, end: 1000 }), [
    { instance: 'a', start: 100, end: 190 },
    { instance: 'b', start: 300, end: 300 },
  ]);
});

test('removed footage that touches is one entry, by cause', async (t) => {
  const { removed } = await opened(t);
  removed.add(KEY, { start: 0, end: 1000 }, 'retention');
  removed.add(KEY, { start: 2000, end: 3000 }, 'retention');
  removed.add(KEY, { start: 1001, end: 1999 }, 'retention');
  removed.add(KEY, { start: 3000, end: 4000 }, 'deleted');
  t.deepEqual(removed.find(KEY, { start: 0, end: 9999 }), [
    { start: 0, end: 3000, cause: 'retention' },
    { start: 3000, end: 4000, cause: 'deleted' },
  ]);
});

test('the log is paged, filtered and trimmed; numbers never come twice', async (t) => {
  const { log } = await opened(t);
  const add = (at: number, message: string, more = {}): number =>
    log.add({
      at,
      severity: 'info',
      code: 'gap',
      message,
      cameraId: undefined,
      volumeId: undefined,
      user: undefined,
      ...more,
    });
  const ids = ['one', 'two 50%', 'three', 'x'.repeat(9999)].map((message, index) => add(1000 - index, message));
  t.deepEqual(ids, [1, 2, 3, 4]);
  t.deepEqual(
    log.find({ limit: 2 }).map(({ id }) => id),
    [4, 3],
  );
  t.deepEqual(
    log.find({ limit: 2, before: 3 }).map(({ id }) => id),
    [2, 1],
  );
  t.deepEqual(
    log.find({ limit: 9, after: 2 }).map(({ id }) => id),
    [4, 3],
  );
  t.deepEqual(
    log.find({ limit: 9, text: '50%' }).map(({ id }) => id),
    [2],
  );
  t.deepEqual(
    log.find({ limit: 9, text: '%' }).map(({ id }) => id),
    [2],
  );
  t.deepEqual(
    log.find({ limit: 9, since: 999, until: 1000 }).map(({ id }) => id),
    [2],
  );
  t.is(log.find({ limit: 1 })[0]?.message.length, MAX_LOG_MESSAGE);
  add(5, 'camera', { cameraId: 'cam-1', severity: 'error' });
  t.deepEqual(
    log.find({ limit: 9, cameraId: 'cam-1', severity: 'error', code: 'gap' }).map(({ id }) => id),
    [5],
  );
  t.is(log.trim(2, 6), 3);
  t.deepEqual(
    log.find({ limit: 9 }).map(({ id }) => id),
    [4, 3],
  );
  t.is(log.trim(0, 0), 2);
  t.is(add(1, 'again'), 6);
});

test('cursor and export jobs come back as they were', async (t) => {
  const { cursor, exports } = await opened(t);
  t.is(cursor.get(), undefined);
  cursor.set({ instance: 'a', seq: 7 });
  cursor.set({ instance: 'b', seq: 1 });
  t.deepEqual(cursor.get(), { instance: 'b', seq: 1 });
  exports.put('one', 1, { state: 'queued' });
  exports.put('two', 2, { state: 'done' });
  exports.put('one', 1, { state: 'failed' });
  t.deepEqual(exports.list(9), [{ state: 'done' }, { state: 'failed' }]);
  t.true(exports.remove('two'));
  t.is(exports.get('two'), undefined);
});

test('a transaction that throws leaves nothing, not even names it had numbered', async (t) => {
  const catalogue = await opened(t);
  const fail = (): void =>
    catalogue.transaction(() => {
      store(catalogue, report(10_000, { layoutHash: 'new' }));
      catalogue.cursor.set({ instance: 'a', seq: 1 });
      throw new Error('in the middle');
    });
  t.throws(fail, { message: 'in the middle' });
  t.is(catalogue.cursor.get(), undefined);
  store(catalogue, report(10_000, { layoutHash: 'other', segment: 'x' }));
  t.is(catalogue.segments.get('vol-1', 'x')?.layoutHash, 'other');
  t.is(catalogue.segments.get('vol-1', 'x')?.cameraId, 'cam-1');
});

test('a catalogue is kept over a restart', async (t) => {
  const directory = await tempDir(t, 'catalogue');
  const first = openCatalogue(directory, NOW);
  t.is(first.condition, 'new');
  store(first, report(10_000));
  first.close();
  const second = openCatalogue(directory, NOW);
  t.is(second.condition, 'sound');
  t.is(second.segments.find(KEY, { start: 0, end: 99_000 }).length, 1);
  second.close();
});

for (const [what, damage] of [
  ['overwritten', (file: string) => writeFile(file, 'not a database at all'.repeat(500))],
  ['cut short', (file: string) => truncate(file, 9000)],
] as const)
  test(`a catalogue that was ${what} is moved aside and asks to be rebuilt`, async (t) => {
    const directory = await tempDir(t, 'catalogue');
    const first = openCatalogue(directory, NOW);
    for (let start = 0; start < 100; start += 1) store(first, report(start * 10_000));
    first.close();
    await damage(join(directory, CATALOGUE_FILE));
    const second = openCatalogue(directory, NOW);
    t.teardown(second.close);
    t.is(second.condition, 'rebuild-needed');
    t.true((await readdir(directory)).includes('catalogue.sqlite.damaged-2026-11-21T000000000Z'));
    t.deepEqual(second.segments.totals(), []);
    t.truthy(second.movedTo);
  });

test('a catalogue of a later release is refused, not moved', async (t) => {
  const directory = await tempDir(t, 'catalogue');
  openCatalogue(directory, NOW).close();
  const raw = new DatabaseSync(join(directory, CATALOGUE_FILE));
  raw.exec('PRAGMA user_version = 99');
  raw.close();
  t.throws(() => openCatalogue(directory, NOW), { message: /version 99, this release knows/ });
  t.deepEqual(
    (await readdir(directory)).filter((name) => name.includes('damaged')),
    [],
  );
});

test('with 200,000 segments a range is found through the index', async (t) => {
  const directory = await tempDir(t, 'catalogue');
  const catalogue = openCatalogue(directory, NOW);
  t.teardown(catalogue.close);
  catalogue.transaction(() => {
    for (let index = 0; index < 40; index += 1) store(catalogue, report(index * 60_000, { segment: `seed/${index}` }));
  });
  const raw = new DatabaseSync(join(directory, CATALOGUE_FILE));
  t.teardown(() => raw.close());
  raw.exec(`WITH RECURSIVE n(i) AS (SELECT 40 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)
    INSERT INTO segments SELECT NULL, stream, volume, 'seed/' || i, server, epoch, i * 60000, i * 60000 + 60000, bytes, init_length, layout,
      video_codec, video_string, width, height, audio_codec, audio_string, 0, i, i, keys, spans, NULL, NULL
    FROM n, (SELECT * FROM segments LIMIT 1)`);
  const began = performance.now();
  const found = catalogue.segments.find(KEY, { start: 6e9, end: 6e9 + 3_600_000 });
  const took = performance.now() - began;
  t.is(found.length, 60);
  const plan = raw
    .prepare(
      'EXPLAIN QUERY PLAN SELECT * FROM segments WHERE stream = ? AND start < ? AND start > ? AND end > ? ORDER BY start, first_sequence',
    )
    .all(1, 2, 3, 4);
  t.regex(JSON.stringify(plan), /USING INDEX segments_by_time/);
  const oldest = raw
    .prepare(
      'EXPLAIN QUERY PLAN SELECT * FROM segments WHERE stream = ? AND volume = ? AND server = ? AND open = 0 ORDER BY first_sequence LIMIT 9',
    )
    .all(1, 2, 3);
  t.regex(JSON.stringify(oldest), /USING INDEX segments_by_sequence/);
  t.notRegex(JSON.stringify(oldest), /TEMP B-TREE/);
  t.log(`an hour of 200,001 segments in ${took.toFixed(1)} ms`);
});
