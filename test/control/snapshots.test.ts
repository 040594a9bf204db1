import { rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { StoredSnapshot } from '../../src/api/contract/snapshots.ts';
import { homeFolder, listSnapshots, owedFolder, putSnapshot, wasDeleted } from '../../src/archive/snapshot-folder.ts';
import { encodeSnapshot } from '../../src/archive/snapshot-format.ts';
import { MARKER_FILE } from '../../src/archive/volume-marker.ts';
import { adoptVolume } from '../../src/archive/volume.ts';
import { LOOK_WITHIN_MS } from '../../src/archive/volume-looks.ts';
import { MAX_SNAPSHOTS, startSnapshots } from '../../src/control/snapshots.ts';
import type { Snapshots, SnapshotsDeps } from '../../src/control/snapshots.ts';
import { silentLog } from '../../src/core/log.ts';
import type { KeptSnapshot } from '../../src/restoration/snapshots-home.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import type { FakeClock } from '../support/fake-clock.ts';
import { patientClock } from '../support/patient-clock.ts';
import { tempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';

const OWN = 'a0000000-0000-4000-8000-00000000000a';
const OTHER = 'b0000000-0000-4000-8000-00000000000b';
const KEY = { cameraId: 'cam-1', stream: 'main' } as const;
const JPEG = Uint8Array.from([0xff, 0xd8, 1, 2, 3]);
const ALL = { start: 0, end: 2 ** 47 };
const DAY_MS = 86_400_000;

type Bench = {
  readonly snapshots: Snapshots;
  readonly clock: FakeClock;
  readonly volume: { readonly id: string; readonly path: string; readonly reserveBytes: number };
  readonly told: string[];
  readonly take: (note?: string) => Promise<StoredSnapshot>;
  readonly listed: () => Promise<readonly StoredSnapshot[]>;
};
async function bench(t: ExecutionContext, more: Partial<SnapshotsDeps> = {}): Promise<Bench> {
  const clock = createFakeClock();
  const path = await tempDir(t, 'volume');
  const adopted = await adoptVolume(path, { serverId: OWN, clock });
  const volume = { id: 'marker' in adopted ? adopted.marker.id : '', path, reserveBytes: 0 };
  const told: string[] = [];
  const snapshots = startSnapshots({
    serverId: () => OWN,
    nameOf: (id) => (id === OWN ? 'Shop' : 'Spare'),
    volumes: () => [volume],
    isReadable: () => true,
    volumesFor: () => [volume],
    coveredFor: () => undefined,
    isOwn: (id) => id === 'cam-1',
    cameraIds: () => ['cam-1'],
    maxDaysOf: () => undefined,
    oldestOf: () => undefined,
    takePicture: async () => await Promise.resolve({ kind: 'jpeg', bytes: JPEG, at: clock.now() }),
    elsewhere: nowhere(),
    activity: { record: ({ code, user = '' }) => void told.push(`${code} ${user}`) },
    // Real disks keep no fake time.
    clock: { ...clock, sleep: patientClock.sleep },
    log: silentLog,
    ...more,
  });
  t.teardown(async () => await snapshots.stop());
  const { signal } = new AbortController();
  return {
    snapshots,
    clock,
    volume,
    told,
    take: async (note) => await snapshots.take(KEY, { user: 'ann', note, signal }),
    listed: async () => {
      const { items } = await snapshots.list('cam-1', ALL);
      return (await Promise.all(items.map(async ({ describe }) => await describe()))).flatMap((one) => one ?? []);
    },
  };
}
const nowhere = (items: readonly KeptSnapshot[] = [], removed: string[] = []): SnapshotsDeps['elsewhere'] => ({
  list: async (_cameraId, { start, end }) =>
    await Promise.resolve({ items: items.filter(({ at }) => at >= start && at < end), away: ['Attic'] }),
  read: async () => await Promise.resolve({ kind: 'jpeg', bytes: JPEG }),
  remove: async ({ id }) => {
    const isThere = items.some((one) => one.id === id);
    if (isThere) removed.push(id);
    return await Promise.resolve(isThere);
  },
});

test('a snapshot is taken, listed newest first with who and why, shown and deleted', async (t) => {
  const { take, listed, clock, snapshots, told } = await bench(t);
  const first = await take('gate open');
  await clock.advance(1000);
  const second = await take('');
  t.deepEqual(await listed(), [second, first]);
  t.like(first, { user: 'ann', note: 'gate open', mediaType: 'image/jpeg', takenBy: { serverId: OWN, name: 'Shop' } });
  t.false('note' in second || 'keptBy' in second);
  const shown = await snapshots.picture('cam-1', first.id);
  t.is(shown?.mediaType, 'image/jpeg');
  t.is(shown?.bytes.length, first.bytes);
  t.true(await snapshots.remove('cam-1', first.id, 'bob'));
  t.deepEqual(await listed(), [second]);
  for (const id of ['', '..', first.id.toUpperCase(), `../${second.id}`])
    t.false(await snapshots.remove('cam-1', id, 'bob'));
  t.deepEqual(told, ['snapshot-taken ann', 'snapshot-taken ann', 'snapshot-deleted bob']);
});

test('without a volume that can take it nothing is stored, and that is said', async (t) => {
  const { take, listed, volume } = await bench(t);
  await rm(join(volume.path, MARKER_FILE));
  await t.throwsAsync(take(), { code: 'snapshot/no-volume' });
  t.deepEqual(await listed(), []);
});

test('a camera that is recorded elsewhere is refused; one that is covered is stored for its owner', async (t) => {
  const now: { owner?: string } = {};
  const { take, volume, listed } = await bench(t, { isOwn: () => false, coveredFor: () => now.owner });
  await t.throwsAsync(take(), { code: 'snapshot/not-recorded' });
  now.owner = OTHER;
  const one = await take();
  t.deepEqual(await listSnapshots([volume], homeFolder('cam-1')), []);
  t.is((await listSnapshots([volume], owedFolder(OWN, OTHER, 'cam-1'))).length, 1);
  t.deepEqual(await listed(), [one], 'who looks here sees it');
});

test('a hand-over while the disk is slow leaves nothing behind', async (t) => {
  let asked = 0;
  const coveredFor = (): string | undefined => ((asked += 1) === 1 ? OTHER : undefined);
  const { take, volume } = await bench(t, { isOwn: () => false, coveredFor });
  await t.throwsAsync(take(), { code: 'snapshot/not-wanted' });
  t.deepEqual(await listSnapshots([volume], owedFolder(OWN, OTHER, 'cam-1')), []);
});

test(`there are no more than ${MAX_SNAPSHOTS} of a camera, and none goes for another one`, async (t) => {
  const { take, volume, snapshots, listed } = await bench(t);
  const first = await take();
  const folder = join(volume.path, homeFolder('cam-1'));
  // Names are enough: made as files they would take a minute.
  for (let count = 1; count < MAX_SNAPSHOTS; count += 1)
    await writeFile(join(folder, `${String(count).padStart(13, '0')}-${'0'.repeat(64)}.jpg`), 'x');
  await t.throwsAsync(take(), { code: 'snapshot/too-many', message: /2000/ });
  t.true(await snapshots.remove('cam-1', first.id, 'ann'));
  await take();
  t.is((await listed()).length, MAX_SNAPSHOTS);
});

test('they go by the days of their camera, but never before the footage of their time', async (t) => {
  let oldest: number | undefined;
  const { take, snapshots, clock, listed } = await bench(t, { maxDaysOf: () => 7, oldestOf: () => oldest });
  oldest = clock.now() - 1000;
  await take();
  await clock.advance(6 * DAY_MS);
  await snapshots.thin();
  t.is((await listed()).length, 1);
  clock.stepWall(365 * DAY_MS);
  await snapshots.thin();
  t.is((await listed()).length, 1, 'the clock is wrong: the footage is still there');
  oldest = clock.now();
  await snapshots.thin();
  t.deepEqual(await listed(), []);
});

test('without days they stay, and what is owed to others stays in any case', async (t) => {
  const { take, snapshots, clock, listed, volume } = await bench(t);
  await take();
  const folder = owedFolder(OWN, OTHER, 'cam-1');
  await putSnapshot([volume], { at: 1, kind: 'jpeg', bytes: JPEG }, { folder });
  clock.stepWall(4000 * DAY_MS);
  await snapshots.thin();
  t.is((await listed()).length, 2);
});

test('what another server keeps is listed, shown if its bytes are right, and goes by the same days', async (t) => {
  const at = 1_767_225_600_000;
  const sha256 = 'f'.repeat(64);
  const kept = {
    id: `${at}-${sha256}`,
    kind: 'jpeg',
    at,
    bytes: 5,
    takenBy: OTHER,
    user: 'ann',
    note: undefined,
  } as const;
  const removed: string[] = [];
  const elsewhere = nowhere([{ ...kept, stream: 'main', keeper: OTHER }], removed);
  const oldestOf = (): number => at + DAY_MS;
  const { snapshots, listed, clock } = await bench(t, { elsewhere, maxDaysOf: () => 7, oldestOf });
  const [one] = await listed();
  t.like(one, { id: kept.id, sha256, keptBy: { serverId: OTHER, name: 'Spare' } });
  t.deepEqual((await snapshots.list('cam-1', ALL)).away, ['Attic']);
  t.is(await snapshots.picture('cam-1', kept.id), undefined, 'other bytes than its hash says');
  await snapshots.thin();
  t.deepEqual(removed, []);
  await clock.advance(8 * DAY_MS);
  await snapshots.thin();
  t.true(removed.includes(kept.id));
});

test('a disk that hangs is asked once, is away for all who ask after that, and comes back', async (t) => {
  const answers: (() => void)[] = [];
  const sick = { id: 'sick', path: await tempDir(t, 'sick'), reserveBytes: 0 };
  const volumes: Bench['volume'][] = [sick];
  const isPresent: SnapshotsDeps['isPresent'] = async ({ id }) => {
    if (id === 'sick') await new Promise<void>((resolve) => void answers.push(resolve));
    return true;
  };
  const fake = createFakeClock();
  const sleep: FakeClock['sleep'] = async (duration, signal) =>
    await (volumes.length === 1 ? fake : patientClock).sleep(duration, signal);
  const both = (): typeof volumes => volumes;
  const deps = { volumes: both, volumesFor: both, isPresent, clock: { ...fake, sleep } };
  const { snapshots, take, listed, volume } = await bench(t, deps);
  const away = async (): Promise<readonly string[]> => (await snapshots.list('cam-1', ALL)).away;
  const [first, atOnce] = [away(), away()];
  await waitFor('the disk to be asked', () => answers.length > 0);
  await fake.advance(LOOK_WITHIN_MS);
  t.deepEqual(await first, [sick.path, 'Attic']);
  t.deepEqual(await atOnce, [sick.path, 'Attic']);
  volumes.push(volume);
  t.deepEqual(await away(), [sick.path, 'Attic']);
  const one = await take();
  t.deepEqual(await listed(), [one], 'on the disk that answers');
  t.true(await snapshots.remove('cam-1', one.id, 'ann'));
  await snapshots.thin();
  t.is(answers.length, 1);
  const back = waitFor('the disk to be there', async () => (await away()).length === 1);
  const answering = setInterval(() => answers.pop()?.(), 1);
  t.teardown(() => clearInterval(answering));
  await t.notThrowsAsync(back);
});

test('a disk that the recording process cannot use is not touched, and one that cannot be read is away', async (t) => {
  const readable = { is: false };
  const { snapshots, take, volume } = await bench(t, { isReadable: () => readable.is });
  await symlink('.snapshots', join(volume.path, '.snapshots'));
  t.deepEqual((await snapshots.list('cam-1', ALL)).away, [volume.path, 'Attic']);
  await t.throwsAsync(take(), { code: 'snapshot/no-volume' });
  readable.is = true;
  t.deepEqual((await snapshots.list('cam-1', ALL)).away, [volume.path, 'Attic']);
});

test('one that is home and still where it was taken is deleted at both, else it came back', async (t) => {
  const removed: string[] = [];
  const kept: KeptSnapshot[] = [];
  const { take, snapshots, volume } = await bench(t, { elsewhere: nowhere(kept, removed) });
  const { id, sha256 } = await take();
  // By another clock.
  const there = { id: `${'1'.repeat(13)}-${sha256}`, kind: 'jpeg', at: 1, bytes: 5, takenBy: OTHER } as const;
  const other = { ...there, id: `${'1'.repeat(13)}-${'e'.repeat(64)}` };
  for (const one of [there, other]) kept.push({ ...one, user: 'ann', note: undefined, stream: 'main', keeper: OTHER });
  t.true(await snapshots.remove('cam-1', id, 'ann'));
  t.deepEqual(removed, [there.id]);
  t.deepEqual(await listSnapshots([volume], homeFolder('cam-1')), []);
});

test('one that another server took is deleted for good: long after that nothing is known of it', async (t) => {
  const { take, snapshots, volume, clock } = await bench(t);
  const own = await take();
  const info = { ...KEY, at: clock.now(), takenBy: OTHER, user: 'ann' };
  const bytes = encodeSnapshot('jpeg', JPEG, info);
  const folder = homeFolder('cam-1');
  const theirs = await putSnapshot([volume], { at: info.at, kind: 'jpeg', bytes }, { folder });
  for (const { id } of [own, theirs]) t.true(await snapshots.remove('cam-1', id, 'ann'));
  t.false(await wasDeleted([volume], folder, own.sha256), 'nobody else has it');
  t.true(await wasDeleted([volume], folder, theirs.sha256));
  clock.stepWall(Date.now() - clock.now() + 89 * DAY_MS);
  await snapshots.thin();
  t.true(await wasDeleted([volume], folder, theirs.sha256));
  clock.stepWall(2 * DAY_MS);
  await snapshots.thin();
  t.false(await wasDeleted([volume], folder, theirs.sha256));
});

test('what is no id of a camera has no snapshots', async (t) => {
  const warn = (message: string): void => t.fail(message);
  const { take, snapshots } = await bench(t, { isOwn: () => true, log: { ...silentLog, warn } });
  const { id } = await take();
  t.is(await snapshots.picture('A..B', id), undefined);
  t.false(await snapshots.remove('A..B', id, 'ann'));
});

test('without footage to go by none goes for its age, whatever the clock says', async (t) => {
  const { take, snapshots, clock, listed } = await bench(t, { maxDaysOf: () => 7 });
  await take();
  clock.stepWall(20 * 366 * DAY_MS);
  await snapshots.thin();
  t.is((await listed()).length, 1);
});

test('with the footage of a camera its snapshots go', async (t) => {
  const { take, snapshots, listed } = await bench(t);
  await take();
  await snapshots.removeAll('cam-1');
  t.deepEqual(await listed(), []);
});
