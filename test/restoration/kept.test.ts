import { mkdir, rename, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { scanSegmentFile } from '../../src/archive/scan-segment.ts';
import { keptVolumeOf, parseKeptVolume } from '../../src/archive/kept-volume.ts';
import { UnderstudyError } from '../../src/core/errors.ts';
import { silentLog } from '../../src/core/log.ts';
import type { PeerCaller } from '../../src/peer/network-types.ts';
import { createKeptElsewhere } from '../../src/restoration/kept-elsewhere.ts';
import type { KeptElsewhere, KeptElsewhereDeps } from '../../src/restoration/kept-elsewhere.ts';
import { checkRecording } from '../../src/simulator/check.ts';
import type { RecordedUnit } from '../../src/simulator/check.ts';
import { readKeptParams, readKeptReadParams, readKeptResult, readKeptSegment } from '../../src/wire/kept-protocol.ts';
import { CAMERA, unitsShown } from '../support/covered-camera.ts';
import { ended, EXPECTED, outage } from '../support/outage.ts';
import { forSeeds } from '../support/seeded-random.ts';
import { tempDir } from '../support/temp-dir.ts';
import { ALL, F_ID, KEY, orderOf, R_ID, twoServers } from '../support/two-servers.ts';
import type { TwoServers } from '../support/two-servers.ts';

const ask =
  (two: TwoServers, by: string = R_ID): KeptElsewhereDeps['request'] =>
  async (_serverId, method, params) => {
    const handler = two.restoration().keptHandlers[method];
    if (handler === undefined) throw new Error(`no handler for ${method}`);
    const answer = await handler({ id: by } as PeerCaller, JSON.parse(JSON.stringify(params)), undefined);
    return { result: JSON.parse(JSON.stringify(answer.result)) as unknown, attachment: answer.attachment };
  };

const keptOf = (two: TwoServers, more: Partial<KeptElsewhereDeps> = {}): KeptElsewhere =>
  createKeptElsewhere({
    catalogue: two.r.catalogue,
    request: ask(two),
    isConnected: () => true,
    nameOf: () => 'Spare',
    isOwnCamera: (id) => id === CAMERA,
    changed: () => undefined,
    clock: { sleep: async () => await Promise.resolve() },
    log: silentLog,
    ...more,
  });

/** From where each segment lies. */
async function unitsOf({ r, f }: TwoServers): Promise<readonly RecordedUnit[]> {
  const units: RecordedUnit[] = [];
  for (const segment of r.catalogue.segments.find(KEY, ALL))
    units.push(...(await unitsShown([segment], parseKeptVolume(segment.volumeId) === undefined ? r.root : f.root)));
  return units;
}

async function kept(t: ExecutionContext, clockMs = 0): Promise<TwoServers> {
  const two = await twoServers(t, { clockOffsetMs: -clockMs });
  await outage(two, { clockMs });
  t.is(await ended(two, two.restoration().begin(orderOf({ policy: 'keep' }))), 'kept');
  return two;
}

test('what another server keeps is listed as if it were here, each access unit once, whatever its clock says', async (t) => {
  for (const clockMs of [0, 5000]) {
    const two = await kept(t, clockMs);
    await keptOf(two).sync(F_ID);
    const report = checkRecording(await unitsOf(two), EXPECTED);
    t.like(report, { first: 0, last: 1099, missing: [], doubled: [], reordered: [], altered: [] });
    const before = two.r.catalogue.segments.find(KEY, ALL);
    await keptOf(two).sync(F_ID);
    t.deepEqual(two.r.catalogue.segments.find(KEY, ALL), before, 'listing it again changes something');
  }
});

test('kept footage is read in pieces and copied whole, and not from a server that is away', async (t) => {
  const two = await kept(t);
  const here = keptOf(two);
  await here.sync(F_ID);
  const [segment] = two.r.catalogue.segments.find(KEY, ALL).filter(({ volumeId }) => parseKeptVolume(volumeId));
  if (segment === undefined) throw new Error('nothing is kept');
  const target = join(await tempDir(t), 'copy.mp4');
  await here.copy(segment, target);
  const { segment: copied, fragments } = await scanSegmentFile(target, segment.volumeId, segment.path, 'all');
  t.deepEqual(copied.returned, segment.returned);
  t.is(fragments.at(-1)?.sequence, segment.lastSequence);
  t.is(here.awayAt(segment), undefined);

  const away = keptOf(two, { isConnected: () => false });
  t.is(away.awayAt(segment), 'Spare');
  t.is(away.awayAt({ volumeId: two.r.volumeId }), undefined);
  const refused = await t.throwsAsync(away.open(segment).read(0, 10), { instanceOf: UnderstudyError });
  t.is(refused?.code, 'footage/keeper-away');
});

test('a copy that its keeper ends early is refused, at its start and in its middle, and says how much is missing', async (t) => {
  const two = await kept(t);
  await keptOf(two).sync(F_ID);
  const [segment] = two.r.catalogue.segments.find(KEY, ALL).filter(({ volumeId }) => parseKeptVolume(volumeId));
  if (segment === undefined) throw new Error('nothing is kept');
  const directory = await tempDir(t);
  for (const given of [0, segment.bytes - 1]) {
    const request: KeptElsewhereDeps['request'] = async (_serverId, _method, params) => {
      const { offset, length } = readKeptReadParams(params, 'read');
      return { result: {}, attachment: new Uint8Array(Math.max(0, Math.min(length, given - offset))) };
    };
    const copying = keptOf(two, { request }).copy(segment, join(directory, `${given}.mp4`));
    const refused = await t.throwsAsync(copying, { instanceOf: UnderstudyError });
    t.is(refused?.code, 'footage/kept-short');
    t.regex(refused?.message ?? '', new RegExp(`Spare.*${given} of ${segment.bytes} bytes`));
  }
});

test('what its keeper deletes is gone from the list, and booked as that', async (t) => {
  const two = await kept(t);
  const here = keptOf(two);
  await here.sync(F_ID);
  for (const { volumeId, path } of two.f.catalogue.segments.findRows(KEY, ALL)) {
    await rm(join(two.f.root, path));
    two.f.catalogue.segments.remove(volumeId, path);
  }
  t.deepEqual(two.restoration().forgetDeleted(), [R_ID]);
  t.deepEqual(two.restoration().forgetDeleted(), []);
  await here.sync(F_ID);
  t.true(two.r.catalogue.segments.find(KEY, ALL).every(({ volumeId }) => volumeId === two.r.volumeId));
  t.true(two.r.catalogue.removed.find(KEY, ALL).some(({ cause }) => cause === 'retention'));
});

test('a listing that fails while both are connected is tried again, and one segment holds no other back', async (t) => {
  const two = await kept(t);
  const lists = (fails: (asked: number) => boolean): KeptElsewhereDeps['request'] => {
    let asked = 0;
    return async (serverId, method, params, options) => {
      if (method === 'footage.kept-segment') {
        asked += 1;
        if (fails(asked)) throw new UnderstudyError('unavailable', 'footage/volume', 'Its disk is busy.');
      }
      return await ask(two)(serverId, method, params, options);
    };
  };
  const rows = (): number => two.r.catalogue.segments.page(keptVolumeOf(F_ID, two.f.volumeId), '', 100).length;
  await keptOf(two, { request: lists((asked) => asked === 1) }).sync(F_ID);
  t.like(checkRecording(await unitsOf(two), EXPECTED), { first: 0, last: 1099, missing: [], doubled: [] });
  const all = rows();
  t.true(all > 1);

  const other = await kept(t);
  const request: KeptElsewhereDeps['request'] = async (serverId, method, params, options) => {
    const { items } = readKeptResult((await ask(other)(F_ID, 'footage.kept', { after: '' })).result, 'kept');
    if (method === 'footage.kept-segment' && (params as { readonly path?: string }).path === items[0]?.path)
      throw new UnderstudyError('invalid', 'footage/damaged', 'Its file is damaged.');
    return await ask(other)(serverId, method, params, options);
  };
  await keptOf(other, { request }).sync(F_ID);
  t.is(other.r.catalogue.segments.page(keptVolumeOf(F_ID, other.f.volumeId), '', 100).length, all - 1);
});

test('a catalogue that is being made again, and a disk that is away, are no deletion', async (t) => {
  const two = await kept(t);
  const here = keptOf(two);
  await here.sync(F_ID);
  const before = two.r.catalogue.segments.find(KEY, ALL);
  for (const { volumeId, path } of two.f.catalogue.segments.findRows(KEY, ALL))
    two.f.catalogue.segments.remove(volumeId, path);
  t.deepEqual(two.restoration().forgetDeleted(), [], 'the files are there, their rows are not yet');
  await rename(two.f.root, `${two.f.root}-away`);
  await mkdir(two.f.root);
  t.deepEqual(two.restoration().forgetDeleted(), [], 'nothing is mounted at its place');
  await here.sync(F_ID);
  t.deepEqual(two.r.catalogue.segments.find(KEY, ALL), before);
  await rmdir(two.f.root);
  await rename(`${two.f.root}-away`, two.f.root);
});

test('nobody else is told of it, and nobody slips footage of other cameras in', async (t) => {
  const two = await kept(t);
  const stranger = keptOf(two, { request: ask(two, F_ID) });
  await stranger.sync(F_ID);
  t.deepEqual(two.r.catalogue.segments.page(keptVolumeOf(F_ID, two.f.volumeId), '', 10), []);
  const [row] = two.f.catalogue.segments.findRows(KEY, ALL);
  const place = { volumeId: row?.volumeId, path: row?.path };
  await t.throwsAsync(ask(two, F_ID)(F_ID, 'footage.kept-segment', place), { message: /No such footage/ });
  await t.throwsAsync(ask(two, F_ID)(F_ID, 'footage.kept-read', { ...place, offset: 0, length: 8 }), {
    message: /No such footage/,
  });
  await keptOf(two, { isOwnCamera: () => false }).sync(F_ID);
  t.deepEqual(two.r.catalogue.segments.page(keptVolumeOf(F_ID, two.f.volumeId), '', 10), []);
});

test('messages about kept footage that were changed at random are read or refused, never worse', (t) => {
  const good = [
    JSON.stringify({ after: 'vol-1/cam-1/main/2026-01-01/x.mp4' }),
    JSON.stringify({ items: [{ id: 'ret-1', volumeId: 'vol-1', path: 'cam-1/main/x.mp4' }], more: false }),
    JSON.stringify({ volumeId: 'vol-1', path: 'cam-1/main/x.mp4', offset: 1, length: 2 }),
  ];
  forSeeds(2000, (random) => {
    const bytes = new TextEncoder().encode(random.pick(good));
    for (let flips = random.int(1, 6); flips > 0; flips -= 1)
      bytes[random.int(0, bytes.length - 1)] = random.int(0, 255);
    for (const read of [readKeptParams, readKeptResult, readKeptSegment, readKeptReadParams])
      try {
        read(JSON.parse(new TextDecoder().decode(bytes)), 'it');
      } catch (error) {
        if (!(error instanceof UnderstudyError) && !(error instanceof SyntaxError)) throw error;
      }
  });
  t.pass();
});
