/** Volumes that fill up, turn read-only, go away, are swapped, are slow or hang, under a whole server. */
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rm, statfs, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import type { ExecutionContext } from 'ava';
import test from 'ava';
import { faultDisk, isRoot, mountTmpfs } from '../support/lab.ts';
import {
  addCameras,
  addVolume,
  causesIn,
  healthItem,
  judge,
  judgeShown,
  ledgerOf,
  logged,
  noHealthItem,
  PATIENCE_MS,
  recordMore,
  startServiceBox,
} from '../support/service-box.ts';
import type { ServiceBox } from '../support/service-box.ts';
import { tempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';

const run = promisify(execFile);
const needsRoot = isRoot() ? test : test.skip;
if (!isRoot()) console.error('service-volumes: the tests with mounts are skipped, they need root');
const MB = 1024 * 1024;

/** Segment files of a camera on a volume, by path. */
async function segmentsOn(volume: string, cameraId = ''): Promise<readonly string[]> {
  const names = await readdir(join(volume, cameraId), { recursive: true }).catch((): string[] => []);
  return names.filter((name) => name.endsWith('.mp4')).sort();
}
const newSegmentOn = async (volume: string, cameraId: string, before: readonly string[]): Promise<string> =>
  await waitFor(
    `a new segment of ${cameraId} on ${volume}`,
    async () => (await segmentsOn(volume, cameraId)).find((name) => !before.includes(name)),
    PATIENCE_MS,
  );

needsRoot('a full volume makes room by removing the oldest, and says why something is missing', async (t) => {
  const box = await startServiceBox(t, { cameras: 3 });
  const path = join(await tempDir(t, 'full'), 'volume');
  t.teardown(await mountTmpfs(path, 'size=4m'));
  const volumeId = await addVolume(box, path, MB);
  await addCameras(box);
  const [id = ''] = box.cameraIds;
  await recordMore(box, 1);
  const oldest = await segmentsOn(path);

  // Somebody else fills the disk. All of ours goes and does not help; then only his hand can.
  const ballast = join(path, 'ballast');
  await writeFile(ballast, new Uint8Array(Math.max(0, (await freeOn(path)) - MB / 4)));
  const item = await healthItem(box, 'volume-full');
  t.is(item.volumeId, volumeId);
  t.regex(item.message, /bytes free/);
  await waitFor('the gap', async () => causesIn(await ledgerOf(box, id)).includes('volume-full'), PATIENCE_MS);
  await waitFor('all of ours to go', async () => (await segmentsOn(path)).length === 0, PATIENCE_MS);
  await waitFor('the ledger to tell it', async () => causesIn(await ledgerOf(box, id)).includes('retention'));
  t.true((await logged(box, 'volume-full')).length > 0);
  await rm(ballast);
  await recordMore(box, 1);
  await noHealthItem(box, 'volume-full');
  t.true((await logged(box, 'volume-usable')).length > 0);

  // It fills up with footage: the oldest makes room for the newest, and recording goes on by itself.
  await writeFile(ballast, new Uint8Array(Math.max(0, (await freeOn(path)) - MB - MB / 4)));
  const kept = await segmentsOn(path);
  t.true(kept.length > 0 && kept.every((name) => !oldest.includes(name)));
  await waitFor(
    'footage to make room for footage',
    async () => {
      const now = await segmentsOn(path);
      return now.length > 0 && kept.every((name) => !now.includes(name));
    },
    PATIENCE_MS,
  );
  await recordMore(box, 1);
  const causes = causesIn(await ledgerOf(box, id));
  t.true(causes.includes('retention') && causes.includes('volume-full') && !causes.includes('unexplained'));
  const { forecast } = await volumeOf(box, volumeId);
  t.true(forecast.daysFit === undefined || forecast.daysFit < 10, `${forecast.daysFit} days in 3 MB`);
});

async function freeOn(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}

type VolumeView = {
  readonly id: string;
  readonly state: string;
  readonly message?: string;
  readonly forecast: { readonly daysFit?: number; readonly daysWanted?: number };
};
async function volumeOf({ api }: ServiceBox, id: string): Promise<VolumeView> {
  const { items } = (await api.call('GET', '/volumes')) as { items: VolumeView[] };
  const found = items.find((volume) => volume.id === id);
  if (found === undefined) throw new Error(`no volume ${id}`);
  return found;
}

/** Two volumes on tmpfs of different sizes, and one camera on the first of them. */
async function twoVolumes(t: ExecutionContext, box: ServiceBox) {
  const folder = await tempDir(t, 'two');
  const [first, second] = [join(folder, 'first'), join(folder, 'second')];
  t.teardown(await mountTmpfs(first, 'size=64m'));
  t.teardown(await mountTmpfs(second, 'size=32m'));
  const ids = [await addVolume(box, first, MB), await addVolume(box, second, MB)];
  await addCameras(box);
  await recordMore(box, 1);
  const [cameraId = ''] = box.cameraIds;
  const isOnFirst = (await segmentsOn(first, cameraId)).length > 0;
  const [own, other] = isOnFirst ? [first, second] : [second, first];
  const ownId = ids[isOnFirst ? 0 : 1] ?? '';
  return { folder, cameraId, own, other, ownId };
}

needsRoot('a volume pulled, swapped and back again: the other one takes over, nothing lands below', async (t) => {
  const box = await startServiceBox(t, { cameras: 1 });
  const { folder, cameraId, own, other, ownId } = await twoVolumes(t, box);

  // Held by a second mount, as a pulled disk keeps what is on it.
  const disk = join(folder, 'disk');
  await mkdir(disk);
  await run('mount', ['--bind', own, disk]);
  t.teardown(async () => await run('umount', ['-l', disk]));
  let before = await segmentsOn(other, cameraId);
  const pulledAt = Date.now();
  await run('umount', ['-l', own]);
  const gone = await healthItem(box, 'volume-gone');
  // By its own stamp: to be asked for it takes as long as the machine is busy.
  const [told] = await logged(box, 'volume-gone');
  const toldAfter = Date.parse(told?.at ?? '') - pulledAt;
  t.true(toldAfter < 5000, `told after ${toldAfter} ms`);
  t.is(gone.volumeId, ownId);
  await newSegmentOn(other, cameraId, before);
  await recordMore(box, 1);
  t.deepEqual(await readdir(own), []);

  // Another disk at the same path.
  const unmount = await mountTmpfs(own, 'size=16m');
  const stranger = JSON.stringify({ id: 'vol-stranger', created: '2026-01-01T00:00:00.000Z' });
  await writeFile(join(own, '.understudy-volume.json'), stranger);
  await waitFor('the stranger to be named', async () => {
    const { state, message } = await volumeOf(box, ownId);
    return state === 'gone' && message?.includes('vol-stranger');
  });
  await recordMore(box, 1);
  t.deepEqual(await readdir(own), ['.understudy-volume.json']);
  t.is(await readFile(join(own, '.understudy-volume.json'), 'utf8'), stranger);
  await unmount();

  before = await segmentsOn(disk, cameraId);
  await run('mount', ['--bind', disk, own]);
  await noHealthItem(box, 'volume-gone');
  await newSegmentOn(disk, cameraId, before);
  for (const code of ['volume-gone', 'volume-usable']) t.true((await logged(box, code)).length > 0, code);
  const [verdict] = await judge(box, [disk, other]);
  t.deepEqual(verdict?.problems, []);
});

needsRoot(
  'a disk slow, hung, then read-only costs nothing where another can take over, and the API stays quick',
  async (t) => {
    const box = await startServiceBox(t, { cameras: 2 });
    const folder = await tempDir(t, 'hung');
    const disk = await faultDisk(folder, 96);
    t.teardown(disk.down);
    const good = join(folder, 'good');
    await mkdir(good);
    const badId = await addVolume(box, disk.mount, MB);
    await addVolume(box, good, MB);
    await spreadCameras(box, [disk.mount, good]);

    await disk.control('delay_w=300');
    await recordMore(box, 3);
    const calm = [await pollCalls(box, CALM_CALLS)];
    const times: number[] = [];
    const polling = new AbortController();
    const polled = poll(box, times, polling.signal);
    polled.catch(() => polling.abort()); // seen where it is awaited
    await disk.control('delay_w=0 hang=1');
    const began = performance.now();
    const item = await healthItem(box, 'volume-error');
    t.is(item.volumeId, badId);
    await recordMore(box, 2);
    await waitFor('ten seconds of hanging', () => performance.now() - began > 10_000);
    await disk.control('hang=0');
    await noHealthItem(box, 'volume-error');
    polling.abort();
    await polled;
    await recordMore(box, 2);
    calm.push(await pollCalls(box, CALM_CALLS));
    await turnReadOnly(box, disk.mount, badId, good);
    // A machine that is busy with other things is slow without any disk.
    const [usual, p99] = [p99Of(calm.flat()), p99Of(times)];
    t.log(`${times.length} calls while it hung: p99 ${Math.round(p99)} ms, else ${Math.round(usual)} ms`);
    t.true(p99 < Math.max(1000, 3 * usual), `p99 ${p99} ms, else ${usual} ms`);
    for (const verdict of await judgeShown(box)) {
      t.deepEqual(verdict.problems, []);
      t.is(verdict.missing, 0);
      t.deepEqual(
        Object.keys(verdict.causes).filter((cause) => cause === 'unexplained'),
        [],
      );
    }
  },
);

needsRoot(
  'the only disk hangs for ten seconds: memory bridges it, and the ledger has an account at any time',
  async (t) => {
    const box = await startServiceBox(t, { cameras: 1 });
    const disk = await faultDisk(await tempDir(t, 'alone'), 96);
    t.teardown(disk.down);
    await addVolume(box, disk.mount, MB);
    await addCameras(box);
    await recordMore(box, 1);
    const [id = ''] = box.cameraIds;
    await disk.control('hang=1');
    const began = performance.now();
    await healthItem(box, 'volume-error');
    await waitFor('ten seconds of hanging', async () => {
      t.false(causesIn(await ledgerOf(box, id)).includes('unexplained'));
      return performance.now() - began > 10_000;
    });
    await disk.control('hang=0');
    await noHealthItem(box, 'volume-error');
    await recordMore(box, 1);
    const [verdict] = await judge(box, [disk.mount]);
    t.deepEqual(verdict?.problems, []);
    t.is(verdict?.missing, 0);
  },
);

const p99Of = (times: readonly number[]): number =>
  times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? Infinity;

/** As ext4 does it when the disk errs: in the middle of writing. */
async function turnReadOnly(box: ServiceBox, mount: string, volumeId: string, other: string): Promise<void> {
  const { stdout } = await run('findmnt', ['-n', '-o', 'SOURCE', mount]);
  await run('mount', ['-o', 'remount,errors=remount-ro', mount]);
  const before = await segmentsOn(other);
  const recording = await segmentsOn(mount);
  await writeFile(`/sys/fs/ext4/${basename(stdout.trim())}/trigger_fs_error`, 'test');
  const item = await healthItem(box, 'volume-read-only');
  box.t.is(item.volumeId, volumeId);
  if (recording.length > 0)
    await waitFor(
      'the other volume to take over',
      async () => (await segmentsOn(other)).some((name) => !before.includes(name)),
      PATIENCE_MS,
    );
  await recordMore(box, 1);
}

/** Cameras go to volumes by their ids, which are random: until each volume has one. */
async function spreadCameras(box: ServiceBox, volumes: readonly string[]): Promise<void> {
  for (;;) {
    await addCameras(box);
    await recordMore(box, 1);
    const folders = await Promise.all(volumes.map(async (volume) => await readdir(volume)));
    if (folders.every((names) => box.cameraIds.some((id) => names.includes(id)))) return;
    for (const id of box.cameraIds) await box.api.call('DELETE', `/cameras/${id}`);
  }
}

/** As many before and behind the hanging as there are while it lasts: the slowest of few is quicker than the slowest of many. */
const CALM_CALLS = 60;
async function pollCalls(box: ServiceBox, count: number): Promise<readonly number[]> {
  const times: number[] = [];
  const polling = new AbortController();
  const polled = poll(box, times, polling.signal);
  polled.catch(() => polling.abort()); // seen where it is awaited
  await waitFor('some calls', () => polling.signal.aborted || times.length >= count, PATIENCE_MS);
  polling.abort();
  await polled;
  return times;
}

async function poll({ api, cameraIds }: ServiceBox, times: number[], signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    for (const path of ['/server', '/volumes', '/cameras', `/cameras/${cameraIds[0]}`]) {
      const at = performance.now();
      await api.call('GET', path);
      times.push(performance.now() - at);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
