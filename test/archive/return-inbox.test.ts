import { mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { openByteSource } from '../../src/archive/byte-source.ts';
import { openReturnFile } from '../../src/archive/compose-return.ts';
import type { ComposedReturn } from '../../src/archive/compose-return.ts';
import type { DiskReader } from '../../src/archive/disk-reader.ts';
import { createGroupReader } from '../../src/archive/footage-groups.ts';
import { isReceiptGenuine } from '../../src/archive/receipt.ts';
import { verifySegment } from '../../src/archive/verify-segment.ts';
import { systemClock } from '../../src/core/clock.ts';
import { HASH_BYTES } from '../../src/media/mp4/fragment-hash.ts';
import { parseSegmentHeader } from '../../src/media/mp4/segment-header.ts';
import { sourceOf } from '../support/bytes-source.ts';
import { START_MS } from '../support/covered-camera.ts';
import { createRandom } from '../support/seeded-random.ts';
import { ALL, F_ID, KEY, R_ID, twoServers } from '../support/two-servers.ts';
import type { TwoServers, TwoServersOptions } from '../support/two-servers.ts';

type Made = { readonly two: TwoServers; readonly composed: ComposedReturn; readonly bytes: Uint8Array };

/** What F recorded, composed with an offset of five seconds; R has the first group, shorter. */
async function made(t: ExecutionContext, options: TwoServersOptions = {}): Promise<Made> {
  const two = await twoServers(t, options);
  await two.r.record({ sessions: [[0, 20]] });
  await two.f.record({ sessions: [[0, 200]], clockMs: -5000 });
  await two.r.reconcile();
  await two.f.reconcile();
  const [source] = two.f.catalogue.segments.find(KEY, ALL);
  const [first] = two.r.catalogue.segments.find(KEY, ALL);
  if (source === undefined || first === undefined) throw new Error('nothing was recorded');
  const supersedes = [{ server: R_ID, groups: [[first.firstSequence, first.lastSequence] as const] }];
  const note = { id: 'ret-1', by: F_ID, clockOffsetMs: 5000, supersedes };
  const runs = [[source.firstSequence, source.lastSequence] as const];
  const composed = await openReturnFile({ path: join(two.f.root, source.path), runs, note });
  if (composed === undefined) throw new Error('nothing to compose');
  t.teardown(composed.close);
  return { two, composed, bytes: await wholeOf(composed) };
}

async function wholeOf({ file, read }: ComposedReturn): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < file.bytes;) {
    const part = await read(at, 100_000);
    parts.push(part);
    at += part.length;
  }
  return Buffer.concat(parts);
}

async function send({ two, composed: { file }, bytes }: Made, step = 10_000): Promise<void> {
  const offer = await two.inbox().offer(file);
  if (offer.kind !== 'send') throw new Error(offer.kind);
  for (let at = offer.offset; at < file.bytes;)
    ({ offset: at } = await two.inbox().append(file.id, at, bytes.subarray(at, at + step)));
}

test('a composed file is a sound segment, and the same whenever it is composed', async (t) => {
  const { composed, bytes, two } = await made(t);
  t.is(bytes.length, composed.file.bytes);
  const { findings, accessUnits, header } = await verifySegment(sourceOf(bytes), 'a.mp4');
  t.deepEqual(findings, []);
  t.is(accessUnits, 200);
  t.like(header, { serverId: F_ID, start: START_MS - 5000, returned: { id: 'ret-1', by: F_ID, clockOffsetMs: 5000 } });
  const again = await openReturnFile({
    path: join(two.f.root, two.f.catalogue.segments.find(KEY, ALL)[0]?.path ?? ''),
    runs: [[0, 2 ** 40]],
    note: header?.returned ?? { id: '', by: '', clockOffsetMs: 0, supersedes: [] },
  });
  t.deepEqual(again?.file, composed.file);
  await again?.close();
});

test('some groups of a source make a sound file too, with the jump told', async (t) => {
  const { two } = await made(t);
  const [source] = two.f.catalogue.segments.find(KEY, ALL);
  const runs = [source?.keys[1], source?.keys[4]].map(
    (group) => [group?.sequence ?? 0, (group?.sequence ?? 0) + 1] as const,
  );
  const note = { id: 'ret-2', by: F_ID, clockOffsetMs: 0, supersedes: [] };
  const some = await openReturnFile({ path: join(two.f.root, source?.path ?? ''), runs, note });
  if (some === undefined) throw new Error('nothing');
  t.is(some.file.accessUnits, 50);
  const summary = await verifySegment(sourceOf(await wholeOf(some)), 'a.mp4');
  t.deepEqual(summary.findings, []);
  t.is(summary.spans.length, 2);
  await some.close();
  t.is(await openReturnFile({ path: join(two.f.root, source?.path ?? ''), runs: [[1, 2]], note }), undefined);
});

test('a file sent in pieces is inserted once, in the times of this server, with a genuine receipt', async (t) => {
  const here = await made(t);
  const { two, composed } = here;
  await send(here, 3000);
  const params = { file: composed.file, place: { kind: 'sent' } } as const;
  const receipt = await two.inbox().insert(params);
  t.true(isReceiptGenuine(receipt, two.key.publicKey));
  t.false(isReceiptGenuine({ ...receipt, sha256: '0'.repeat(64) }, two.key.publicKey));
  t.deepEqual(await two.inbox().insert(params), receipt, 'the same again');
  t.deepEqual(await two.inbox().offer(composed.file), { kind: 'have', receipt });
  const shown = two.r.catalogue.segments.find(KEY, ALL);
  t.is(shown.length, 1, 'the shorter group is not shown');
  t.like(shown[0], { start: START_MS, serverId: F_ID });
  t.regex(shown[0]?.path ?? '', /cam-1\/main\/2026-01-01\/000000\.000Z-f0000000-1\.mp4/);
  t.is(two.r.catalogue.segments.findRows(KEY, ALL).length, 1);
  t.is(two.r.catalogue.segments.totals()[0]?.segments, 2, 'but its bytes count');
  t.deepEqual(await readdir(join(two.r.root, '.incoming')), []);
  two.r.catalogue.segments.remove(two.r.volumeId, shown[0]?.path ?? '');
  t.is(two.r.catalogue.segments.find(KEY, ALL)[0]?.serverId, R_ID, 'shown again once what replaced it is gone');
});

test('what the disk does not give back gets no receipt and no name, and is sent anew', async (t) => {
  const lies = { now: true };
  const disk: DiskReader = {
    open: async (path) => {
      const source = await openByteSource(path);
      // A block that was acknowledged and never written.
      const read = async (position: number, length: number): Promise<Uint8Array> =>
        (await source.read(position, length)).fill(0, 4096, 8192);
      return lies.now ? { ...source, read } : source;
    },
  };
  const here = await made(t, { inbox: { disk } });
  const { two, composed } = here;
  const params = { file: composed.file, place: { kind: 'sent' } } as const;
  await send(here);
  await t.throwsAsync(two.inbox().insert(params), { code: 'footage/damaged', message: /the disk gives back/ });
  t.is(two.r.catalogue.segments.returnedAs('ret-1'), undefined);
  t.deepEqual(await readdir(join(two.r.root, '.incoming')), []);
  lies.now = false;
  t.deepEqual(await two.inbox().offer(composed.file), { kind: 'send', offset: 0 });
  await send(here);
  t.true(isReceiptGenuine(await two.inbox().insert(params), two.key.publicKey));
});

test('a death between name and row leaves one file, one row, one receipt', async (t) => {
  const here = await made(t);
  const { two, composed } = here;
  await send(here);
  await two.inbox().insert({ file: composed.file, place: { kind: 'sent' } });
  const [row] = two.r.catalogue.segments.findRows(KEY, ALL);
  // As if the process had died before the transaction; the file is of this moment, so reconciling leaves it alone.
  await two.restartR(async () => await rm(join(two.r.data, 'catalogue.sqlite')));
  t.is(two.r.catalogue.segments.returnedAs('ret-1'), undefined);
  t.is((await two.inbox().offer(composed.file)).kind, 'have');
  t.is(two.r.catalogue.segments.returnedAs('ret-1')?.path, row?.path);
});

test('a transfer that was cut goes on behind what is there; whole fragments are kept, garbage behind them is not', async (t) => {
  const here = await made(t);
  const { two, composed, bytes } = here;
  const { file, pieces } = composed;
  const cut = (pieces[3]?.offset ?? 0) + 1000;
  await two.inbox().offer(file);
  for (let at = 0; at < cut;)
    ({ offset: at } = await two.inbox().append(file.id, at, bytes.subarray(at, Math.min(cut, at + 5000))));
  await two.restartR();
  t.deepEqual(await two.inbox().offer(file), { kind: 'send', offset: cut });
  // A power cut may leave zeros where data was on its way.
  await two.restartR(async () => {
    const part = join(two.r.root, '.incoming', 'ret-1.part');
    const found = await readFile(part);
    await writeFile(part, Buffer.concat([found.fill(0, cut - 900), Buffer.alloc(60_000)]));
  });
  t.deepEqual(await two.inbox().offer(file), { kind: 'send', offset: pieces[3]?.offset });
  await send(here);
  await two.inbox().insert({ file, place: { kind: 'sent' } });
  t.is(two.r.catalogue.segments.find(KEY, ALL)[0]?.serverId, F_ID);
});

test('what was not offered, is not whole, or hides other footage is not inserted', async (t) => {
  const here = await made(t);
  const { two, composed } = here;
  const { file } = composed;
  await t.throwsAsync(two.inbox().append(file.id, 0, new Uint8Array(9)), { code: 'footage/not-offered' });
  await two.inbox().offer(file);
  await t.throwsAsync(two.inbox().insert({ file, place: { kind: 'sent' } }), { code: 'footage/incomplete' });
  await t.throwsAsync(two.inbox().append(file.id, 0, new Uint8Array(file.bytes + 1)), { code: 'footage/too-long' });
  await t.throwsAsync(two.inbox().offer({ ...file, id: '../x' }), { code: 'footage/id' });
  const [source] = two.f.catalogue.segments.find(KEY, ALL);
  const greedy = await openReturnFile({
    path: join(two.f.root, source?.path ?? ''),
    runs: [[0, 2 ** 40]],
    note: { id: 'ret-3', by: F_ID, clockOffsetMs: 5000, supersedes: [{ server: R_ID, groups: [[0, 2 ** 40]] }] },
  });
  if (greedy === undefined) throw new Error('nothing');
  t.teardown(greedy.close);
  await send({ two, composed: greedy, bytes: await wholeOf(greedy) });
  await t.throwsAsync(two.inbox().insert({ file: greedy.file, place: { kind: 'sent' } }), {
    code: 'footage/supersedes',
  });
  t.is(two.r.catalogue.segments.find(KEY, ALL)[0]?.serverId, R_ID);
});

test('seeded pieces of any size, some of them garbage: what is inserted is what was composed', async (t) => {
  const here = await made(t);
  const { two, composed, bytes } = here;
  const { file } = composed;
  for (let seed = 1; seed <= 5; seed += 1) {
    const random = createRandom(seed);
    const offer = await two.inbox().offer(file);
    let at = offer.kind === 'send' ? offer.offset : file.bytes;
    for (let steps = 0; at < file.bytes && steps < 400; steps += 1) {
      const piece = Uint8Array.from(bytes.subarray(at, at + random.int(1, 30_000)));
      if (random.chance(0.2))
        piece.set(random.bytes(Math.min(piece.length, 8)), random.int(0, Math.max(0, piece.length - 8)));
      const from = random.chance(0.1) ? random.int(0, file.bytes) : at;
      ({ offset: at } = await two.inbox().append(file.id, from, piece.subarray(0, Math.max(0, file.bytes - from))));
    }
    if (random.chance(0.5)) await two.restartR();
  }
  await send(here);
  await two.inbox().insert({ file, place: { kind: 'sent' } });
  const [row] = two.r.catalogue.segments.findRows(KEY, ALL);
  t.deepEqual(await readFile(join(two.r.root, row?.path ?? '')), Buffer.from(bytes));
});

test('left-overs of a day ago go, others stay', async (t) => {
  const { two } = await made(t);
  const folder = join(two.r.root, '.incoming');
  await mkdir(folder, { recursive: true });
  for (const name of ['old.part', 'new.part']) await writeFile(join(folder, name), 'x');
  await utimes(join(folder, 'old.part'), 1, 1);
  await two.inbox().sweep();
  t.deepEqual(await readdir(folder), ['new.part']);
  t.true((await stat(folder)).isDirectory());
});

test('groups are read from headers: whole ones say so, also across files, the last one of an open segment grows', async (t) => {
  const two = await twoServers(t);
  await two.f.record({ sessions: [[0, 130]], segmentSeconds: 2, isLost: (unit) => unit === 60 });
  await two.f.reconcile();
  const reader = createGroupReader({
    segments: two.f.catalogue.segments,
    fileOf: ({ path }) => join(two.f.root, path),
    now: systemClock.now,
  });
  const { groups, more } = await reader.read(KEY, ALL);
  t.false(more);
  t.deepEqual(
    groups.map(({ accessUnits, continuous }) => [accessUnits, continuous]),
    [
      [25, true],
      [25, true],
      [24, false],
      [25, true],
      [25, true],
      [5, false],
    ],
  );
  t.true(
    groups.every(
      ({ fragments, accessUnits }) => fragments.reduce((sum, { leaves }) => sum + leaves.length / 8, 0) === accessUnits,
    ),
  );
  t.true(groups.every(({ key, digest }) => key.length === HASH_BYTES && digest.length === HASH_BYTES));
  t.deepEqual((await reader.read(KEY, ALL)).groups, groups, 'from memory');
  t.deepEqual((await reader.read(KEY, { start: START_MS + 2000, end: START_MS + 2001 })).groups, groups.slice(2, 3));
});

test('seeded bytes are no header of returned footage, and never more than refused', (t) => {
  const random = createRandom(5);
  const text = JSON.stringify({
    cameraId: 'cam-1',
    stream: 'main',
    serverId: F_ID,
    epoch: 1,
    start: START_MS,
    previous: null,
    clock: 'arrival',
    returned: { id: 'ret-1', by: F_ID, clockOffsetMs: -5, supersedes: [{ server: R_ID, groups: [[1, 2]] }] },
  });
  const sound = Buffer.concat([Buffer.of(1, 0, 0, 0), Buffer.from(text)]);
  t.like(parseSegmentHeader(sound).returned, { id: 'ret-1', clockOffsetMs: -5 });
  for (let round = 0; round < 3000; round += 1) {
    const bytes = Uint8Array.from(sound);
    for (let flips = random.int(1, 4); flips > 0; flips -= 1)
      bytes[random.int(0, bytes.length - 1)] = random.int(0, 255);
    try {
      parseSegmentHeader(bytes);
    } catch (error) {
      t.is((error as { code?: string }).code, 'mp4/segment-header');
    }
  }
});
