/** Snapshots that were taken in the place of another server: home, kept, refused, deleted. The two sides with real files, and a wire that can be cut. */
import { execFileSync } from 'node:child_process';
import { constants } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import {
  deleteForGood,
  homeFolder,
  listSnapshots,
  owedFolder,
  putSnapshot,
} from '../../src/archive/snapshot-folder.ts';
import type { SnapshotFile } from '../../src/archive/snapshot-folder.ts';
import { encodeSnapshot } from '../../src/archive/snapshot-format.ts';
import { LOOK_WITHIN_MS } from '../../src/archive/volume-looks.ts';
import { createSigningKey } from '../../src/archive/signing-key.ts';
import { UnderstudyError } from '../../src/core/errors.ts';
import { silentLog } from '../../src/core/log.ts';
import type { PeerCaller } from '../../src/peer/network-types.ts';
import {
  createSnapshotInbox,
  createSnapshotsElsewhere,
  MAX_PIECES,
  MAX_PUTS,
  PUT_IDLE_MS,
} from '../../src/restoration/snapshots-home.ts';
import { createSnapshotHandlers } from '../../src/restoration/snapshots-here.ts';
import type { SnapshotInboxDeps } from '../../src/restoration/snapshots-home.ts';
import { MAX_SNAPSHOTS_TOLD, readListResult, readPutParams } from '../../src/wire/snapshot-protocol.ts';
import { CAMERA, START_MS } from '../support/covered-camera.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { ended, judge, outage } from '../support/outage.ts';
import { F_ID, FINE, orderOf, R_ID, twoServers } from '../support/two-servers.ts';
import type { Box, TwoServers, TwoServersOptions } from '../support/two-servers.ts';
import { tempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';

const placeOf = (box: Box): { id: string; path: string; reserveBytes: number } => ({
  id: box.volumeId,
  path: box.root,
  reserveBytes: 0,
});
const ALL = { cameraId: CAMERA, start: 0, end: 2 ** 45 };
const OWED = owedFolder(F_ID, R_ID, CAMERA);
const INFO = { cameraId: CAMERA, stream: 'main', takenBy: F_ID, user: 'owner' } as const;

/** Some megabytes: several pieces. */
function pictureOf(seed: number, length = 2_500_000, takenBy: string = F_ID): Uint8Array {
  const plain = Buffer.concat([Buffer.from([0xff, 0xd8]), Buffer.alloc(length, `${seed}`)]);
  return encodeSnapshot('jpeg', plain, { ...INFO, takenBy, at: START_MS + seed });
}
const takeAt = async ({ f }: TwoServers, seed: number, bytes = pictureOf(seed)): Promise<SnapshotFile> =>
  await putSnapshot([placeOf(f)], { at: START_MS + seed, kind: 'jpeg', bytes }, { folder: OWED });

async function bench(
  t: ExecutionContext,
  options: TwoServersOptions = {},
  inbox: Partial<SnapshotInboxDeps> = {},
): Promise<TwoServers> {
  const two = await twoServers(t, options);
  const handler = createSnapshotInbox({
    serverId: R_ID,
    key: two.key,
    clock: createFakeClock(),
    volumes: () => [placeOf(two.r)],
    volumesFor: () => [placeOf(two.r)],
    isOwnCamera: (id) => id === CAMERA,
    log: silentLog,
    ...inbox,
  });
  two.more['snapshot.put'] = handler;
  return two;
}
const callerOf = (id: string, signal = new AbortController().signal): PeerCaller => ({ id, signal }) as PeerCaller;
const atHome = async ({ r }: TwoServers): Promise<readonly SnapshotFile[]> =>
  await listSnapshots([placeOf(r)], homeFolder(CAMERA));
const atSource = async ({ f }: TwoServers): Promise<readonly SnapshotFile[]> => await listSnapshots([placeOf(f)], OWED);

test('snapshots go home byte for byte with the clock put right, and are gone at the source', async (t) => {
  const two = await bench(t, { clockOffsetMs: 5000 });
  await outage(two);
  const taken = [await takeAt(two, 1), await takeAt(two, 2)];
  const id = two.restoration().begin(orderOf());
  t.is(await ended(two, id), 'done');
  const home = await atHome(two);
  t.deepEqual(
    home.map(({ at }) => at),
    taken.map(({ at }) => at + 5000),
  );
  for (const [index, { folder, name }] of home.entries())
    t.deepEqual(await readFile(join(two.r.root, folder, name)), Buffer.from(pictureOf(index + 1)));
  t.deepEqual(await atSource(two), []);
  t.is(two.restoration().get(id)?.remaining.snapshots, undefined);
});

test('what is cut, or loses its answer, is sent again and stands at home once', async (t) => {
  const two = await bench(t);
  await takeAt(two, 1);
  let calls = 0;
  two.fate = ({ method }) => {
    if (method !== 'snapshot.put') return FINE;
    calls += 1;
    // The second piece is lost; then the answer to the last one.
    return { reaches: calls !== 2, answers: () => calls !== 5 };
  };
  t.is(await ended(two, two.restoration().begin(orderOf())), 'done');
  t.true(calls > 5);
  t.is((await atHome(two)).length, 1);
  t.deepEqual(await atSource(two), []);
});

test('one that its owner deleted at home does not come home again, and goes at the source', async (t) => {
  const two = await bench(t);
  await takeAt(two, 1, pictureOf(1, 100));
  let isHeard = false;
  two.fate = ({ method }) => (method === 'snapshot.put' ? { reaches: true, answers: () => isHeard } : FINE);
  const id = two.restoration().begin(orderOf());
  await waitFor('it to be home', async () => (await atHome(two)).length === 1);
  for (const file of await atHome(two)) t.true(await deleteForGood([placeOf(two.r)], file));
  isHeard = true;
  t.is(await ended(two, id), 'done');
  t.deepEqual([await atHome(two), await atSource(two)], [[], []]);
});

test('nothing is deleted at the source without a receipt that is signed with the pinned key', async (t) => {
  const two = await bench(t, {}, { key: createSigningKey() });
  await takeAt(two, 1, pictureOf(1, 1000));
  const id = two.restoration().begin(orderOf());
  await waitFor('the receipt to be refused', () => /receipt/.test(two.restoration().get(id)?.problem ?? ''));
  t.is((await atSource(two)).length, 1);
});

test('one that is damaged at the source stays there, and the restoration is incomplete', async (t) => {
  const two = await bench(t);
  const { folder, name } = await takeAt(two, 1);
  await takeAt(two, 2);
  await writeFile(join(two.f.root, folder, name), pictureOf(3));
  const id = two.restoration().begin(orderOf());
  t.is(await ended(two, id), 'incomplete');
  t.is((await atHome(two)).length, 1);
  t.is((await atSource(two)).length, 1);
  t.is(two.restoration().get(id)?.remaining.snapshots, 1);
});

test('a volume whose folder of snapshots cannot be read keeps nothing else from going home', async (t) => {
  const sick = await tempDir(t, 'sick');
  // To read a link to itself is refused, by root's leave or without.
  await symlink('.snapshots-owed', join(sick, '.snapshots-owed'));
  const volumes = () => [{ id: 'sick', path: sick }, placeOf(two.f)];
  const two = await bench(t, { restoration: { volumes } });
  await outage(two);
  await takeAt(two, 1, pictureOf(1, 100));
  t.is(await ended(two, two.restoration().begin(orderOf())), 'done');
  t.is((await atHome(two)).length, 1);
  await judge(t, two);
});

test('a disk of the protected server that cannot be read keeps no snapshot from the others', async (t) => {
  const sick = await tempDir(t, 'sick');
  await symlink('.snapshots', join(sick, '.snapshots'));
  const two = await bench(t, {}, { volumes: () => [{ id: 'sick', path: sick }, placeOf(two.r)] });
  await takeAt(two, 1, pictureOf(1, 100));
  t.is(await ended(two, two.restoration().begin(orderOf())), 'done');
  t.is((await atHome(two)).length, 1);
});

test('a picture that cannot be read keeps neither footage nor other pictures from going home', async (t) => {
  const two = await bench(t);
  await outage(two);
  await takeAt(two, 2, pictureOf(2, 100));
  await mkdir(join(two.f.root, OWED, `${String(START_MS).padStart(13, '0')}-${'0'.repeat(64)}.jpg`));
  const id = two.restoration().begin(orderOf());
  t.is(await ended(two, id), 'incomplete');
  t.is(two.restoration().get(id)?.remaining.snapshots, 1);
  t.is((await atHome(two)).length, 1);
  await takeAt(two, 3, pictureOf(3, 100));
  const list = two.restoration().keptHandlers['snapshot.list'];
  const told = await list?.(callerOf(R_ID), { cameraId: CAMERA, start: 0, end: 2 ** 45 }, new Uint8Array(0));
  t.is(readListResult(told?.result, 'list').items.length, 1, 'nor from being told');
  await judge(t, two);
});

test('a protected server that does not know snapshots, or cannot take them now, gets its footage', async (t) => {
  const two = await bench(t);
  await outage(two);
  await takeAt(two, 1, pictureOf(1, 100));
  let answer = new UnderstudyError('unavailable', 'peer/timeout', 'Nothing came.');
  two.more['snapshot.put'] = async () => await Promise.reject(answer);
  const id = two.restoration().begin(orderOf());
  await waitFor('it to wait', () => two.restoration().get(id)?.problem === 'Nothing came.');
  await judge(t, two);
  answer = new UnderstudyError('unsupported', 'peer/unknown-method', 'Not here.');
  t.is(await ended(two, id), 'incomplete');
  t.is((await atSource(two)).length, 1);
});

test('a server gives back only what it took, of cameras of the other one, and no longer than it told', async (t) => {
  const two = await bench(t);
  const put = async (bytes: Uint8Array, more: object = {}, by = F_ID): Promise<unknown> => {
    const file = await putSnapshot([placeOf(two.f)], { at: 1, kind: 'jpeg', bytes }, { folder: OWED });
    const picture = { id: file.id, sha256: file.sha256, kind: 'jpeg', bytes: bytes.length };
    const params = { cameraId: CAMERA, picture, at: 1, clockOffsetMs: 0, offset: 0, ...more };
    return (await two.more['snapshot.put']?.(callerOf(by), params, bytes))?.result;
  };
  const small = pictureOf(1, 100);
  await t.throwsAsync(put(small, {}, R_ID), { code: 'footage/not-yours' });
  await t.throwsAsync(put(small, { cameraId: 'cam-other' }), { code: 'footage/no-camera' });
  const picture = { id: `${'0'.repeat(13)}-${'0'.repeat(64)}`, sha256: '0'.repeat(64), kind: 'jpeg' };
  await t.throwsAsync(put(small, { picture: { ...picture, bytes: 50 } }), { code: 'snapshot/refused' });
  await t.throwsAsync(put(small, { picture: { ...picture, bytes: small.length } }), { code: 'snapshot/refused' });
  await t.throwsAsync(put(small, { picture: { ...picture, bytes: 20 * 1024 * 1024 } }), { code: 'wire/shape' });
  t.deepEqual(await atHome(two), []);
  t.like(await put(small), { kind: 'have' });
  t.like(await put(small, { clockOffsetMs: 9 }), { kind: 'have' }, 'the same again is there, whatever the clock says');
  t.is((await atHome(two)).length, 1);
});

test(`no more than ${MAX_PUTS} are under way at once`, async (t) => {
  const two = await bench(t);
  const bytes = pictureOf(1, 100);
  const begin = async (peer: number, offset: number): Promise<unknown> => {
    const sha256 = String(peer).padStart(64, '0');
    const picture = { id: `${'0'.repeat(13)}-${sha256}`, sha256, kind: 'jpeg', bytes: 1000 };
    const params = { cameraId: CAMERA, picture, at: 1, clockOffsetMs: 0, offset };
    return (await two.more['snapshot.put']?.(callerOf(String(peer)), params, bytes))?.result;
  };
  for (let peer = 0; peer <= MAX_PUTS; peer += 1) t.like(await begin(peer, 0), { offset: bytes.length });
  t.like(await begin(MAX_PUTS, bytes.length), { offset: 2 * bytes.length });
  t.like(await begin(0, bytes.length), { offset: 0 }, 'the oldest begins anew');
});

test('what another server tells of its snapshots is refused at times that are none, and left out beyond what was asked', async (t) => {
  const told = { kind: 'jpeg', bytes: 1, stream: 'main', takenBy: F_ID, user: '' } as const;
  const asked = async (at: number): Promise<object> => {
    const items = [{ ...told, id: `${'1'.repeat(13)}-${'0'.repeat(64)}`, at }];
    const keepers = () => [{ id: F_ID, name: 'Spare', connected: true, toOurs: 5 }];
    const request = async () => await Promise.resolve({ result: { items }, attachment: new Uint8Array(0) });
    const { list } = createSnapshotsElsewhere({ log: silentLog, keepers, request });
    return await list(CAMERA, { start: 100, end: 200 });
  };
  t.deepEqual(await asked(1e300), { items: [], away: ['Spare'] });
  t.deepEqual(await asked(94), { items: [], away: [] });
  t.deepEqual(await asked(195), { items: [], away: [] });
  t.like(await asked(95), { items: [{ at: 100 }], away: [] });
  t.throws(() => readPutParams({ ...PUT, at: 1e300 }, 'params'), { code: 'wire/shape' });
});
const PUT = {
  cameraId: CAMERA,
  picture: { id: `${'0'.repeat(13)}-${'0'.repeat(64)}`, sha256: '0'.repeat(64), kind: 'jpeg', bytes: 20_000 },
  at: 1,
  clockOffsetMs: 0,
  offset: 0,
};

test('an empty piece is refused, and small ones are bounded', async (t) => {
  const two = await bench(t);
  const put = async (offset: number, bytes: Uint8Array): Promise<unknown> => {
    return (await two.more['snapshot.put']?.(callerOf(F_ID), { ...PUT, offset }, bytes))?.result;
  };
  for (let count = 0; count < 10_000; count += 1)
    await t.throwsAsync(put(0, new Uint8Array(0)), { code: 'snapshot/refused' });
  for (let count = 0; count < MAX_PIECES; count += 1) await put(count, Uint8Array.of(1));
  await t.throwsAsync(put(MAX_PIECES, Uint8Array.of(1)), { code: 'snapshot/refused' });
  t.like(await put(MAX_PIECES, Uint8Array.of(1)), { offset: 0 }, 'nothing of it is left');
});

test('what has begun is forgotten when its server is gone, or sends nothing for a minute', async (t) => {
  const clock = createFakeClock();
  const two = await bench(t, {}, { clock });
  const link = new AbortController();
  const put = async (offset: number): Promise<unknown> => {
    return (await two.more['snapshot.put']?.(callerOf(F_ID, link.signal), { ...PUT, offset }, Uint8Array.of(1)))
      ?.result;
  };
  t.like(await put(0), { offset: 1 });
  await clock.advance(PUT_IDLE_MS - 1);
  t.like(await put(1), { offset: 2 });
  await clock.advance(PUT_IDLE_MS);
  t.like(await put(2), { offset: 0 });
  t.like(await put(0), { offset: 1 });
  link.abort();
  t.like(await put(1), { offset: 0 });
});

test('a disk that hangs is asked once, and keeps what is on the others from nobody', async (t) => {
  const sick = { id: 'sick', path: await tempDir(t, 'sick') };
  const two = await bench(t);
  const { id } = await takeAt(two, 1, pictureOf(1, 100));
  await mkdir(join(sick.path, OWED), { recursive: true });
  // To open one waits for somebody who writes.
  const stuck = join(sick.path, OWED, `${'1'.padStart(13, '0')}-${'0'.repeat(64)}.jpg`);
  execFileSync('mkfifo', [stuck]);
  const clock = createFakeClock();
  const handlers = createSnapshotHandlers({
    ownServerId: F_ID,
    volumes: () => [sick, placeOf(two.f)],
    log: silentLog,
    clock,
  });
  const list = async (): Promise<readonly string[]> => {
    const answer = await handlers['snapshot.list']?.(callerOf(R_ID), ALL, new Uint8Array(0));
    return readListResult(answer?.result, 'list').items.map((item) => item.id);
  };
  const first = list();
  // The other disk is real: it has seconds, and turns of the event loop, to answer in.
  const advancing = setInterval(() => void clock.advance(LOOK_WITHIN_MS / 200), 10);
  t.teardown(() => clearInterval(advancing));
  t.deepEqual(await first, [id]);
  t.deepEqual(await list(), [id]);
  const answering = await open(stuck, constants.O_RDWR);
  await rename(stuck, `${stuck}.gone`);
  await writeFile(stuck, 'x');
  await answering.close();
  await waitFor('the disk to be asked again', async () => (await list()).length === 2);
});

test(`of more than ${MAX_SNAPSHOTS_TOLD} snapshots the newest are told`, async (t) => {
  const two = await bench(t);
  const { id } = await takeAt(two, 1, pictureOf(1, 100));
  const folder = join(two.f.root, OWED);
  // Names are enough.
  for (let count = 1; count <= MAX_SNAPSHOTS_TOLD; count += 1)
    await writeFile(join(folder, `${String(count).padStart(13, '0')}-${'0'.repeat(64)}.jpg`), 'x');
  const params = { cameraId: CAMERA, start: 0, end: 2 ** 45 };
  const answer = await two
    .restoration()
    .keptHandlers['snapshot.list']?.({ id: R_ID } as PeerCaller, params, new Uint8Array(0));
  const { items } = readListResult(answer?.result, 'list');
  t.is(items.length, MAX_SNAPSHOTS_TOLD);
  t.is(items.at(-1)?.id, id);
});

test('a protected server without room takes them later', async (t) => {
  let isFull = true;
  const two = await bench(t, {}, { volumesFor: () => (isFull ? [] : [placeOf(two.r)]) });
  await takeAt(two, 1, pictureOf(1, 100));
  const id = two.restoration().begin(orderOf());
  await waitFor('it to wait', () => /full/.test(two.restoration().get(id)?.problem ?? ''));
  t.is(two.restoration().get(id)?.remaining.snapshots, 1);
  isFull = false;
  t.is(await ended(two, id), 'done');
  t.is((await atHome(two)).length, 1);
});

test('a restoration that is stopped deletes those that are not home, and says how many', async (t) => {
  const two = await bench(t, { restoration: { clockOffsetOf: () => undefined } });
  await takeAt(two, 1, pictureOf(1, 100));
  await takeAt(two, 2, pictureOf(2, 100));
  const id = two.restoration().begin(orderOf());
  const remaining = await waitFor('them to be counted', () => {
    const now = two.restoration().get(id)?.remaining;
    return now?.snapshots === 2 ? now : undefined;
  });
  await two.restoration().cancel(id, remaining);
  const told = two.events.find(({ kind }) => kind === 'restoration-stopped');
  t.is(told?.kind === 'restoration-stopped' ? told.deleted.snapshots : 0, 2);
  t.deepEqual(await atSource(two), []);
});

test('by policy keep they stay, and are listed, read and deleted from there by their owner only', async (t) => {
  const two = await bench(t);
  const bytes = pictureOf(1);
  const { id, at } = await takeAt(two, 1, bytes);
  t.is(await ended(two, two.restoration().begin(orderOf({ policy: 'keep' }))), 'kept');
  t.is((await atSource(two)).length, 1);
  t.deepEqual(await atHome(two), []);
  const from = (by: string, connected = true) =>
    createSnapshotsElsewhere({
      log: silentLog,
      keepers: () => [{ id: F_ID, name: 'Spare', connected, toOurs: -700 }],
      request: async (_serverId, method, params) => {
        const handler = two.restoration().keptHandlers[method];
        if (handler === undefined) throw new Error(`no handler for ${method}`);
        const answer = await handler({ id: by } as PeerCaller, JSON.parse(JSON.stringify(params)), undefined);
        return { result: JSON.parse(JSON.stringify(answer.result)) as unknown, attachment: answer.attachment };
      },
    });
  const place = { cameraId: CAMERA, id };
  const all = { start: 0, end: 2 ** 45 };
  const owner = from(R_ID);
  t.like(await owner.list(CAMERA, all), { items: [{ id, at: at - 700, user: 'owner', keeper: F_ID }], away: [] });
  t.like(
    await owner.list(CAMERA, { start: 0, end: at - 700 }),
    { items: [] },
    'half open, by the clock of the asking one',
  );
  t.deepEqual((await owner.read(place))?.bytes, Buffer.from(bytes));
  t.deepEqual(await from(R_ID, false).list(CAMERA, all), { items: [], away: ['Spare'] });
  const stranger = from('b0000000-0000-4000-8000-00000000000b');
  t.deepEqual(await stranger.list(CAMERA, all), { items: [], away: [] });
  t.is(await stranger.read(place), undefined);
  t.false(await stranger.remove(place));
  t.true(await owner.remove(place));
  t.deepEqual(await readdir(join(two.f.root, OWED)), []);
});
