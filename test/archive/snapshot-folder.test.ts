import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, symlink, unlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import {
  detailsOf,
  homeCameras,
  homeFolder,
  listSnapshots,
  owedCameras,
  owedFolder,
  putSnapshot,
  readSnapshot,
  removeSnapshot,
  sweepSnapshots,
} from '../../src/archive/snapshot-folder.ts';
import { MARKER_FILE } from '../../src/archive/volume-marker.ts';
import { adoptVolume } from '../../src/archive/volume.ts';
import { systemClock } from '../../src/core/clock.ts';
import { isRoot, mountTmpfs } from '../support/lab.ts';
import { createRandom } from '../support/seeded-random.ts';
import { tempDir } from '../support/temp-dir.ts';

const [F, R] = ['f0000000-0000-4000-8000-00000000000f', 'a0000000-0000-4000-8000-00000000000a'];
const HOME = homeFolder('cam-1');
const picture = (seed: number, length = 3000): Uint8Array => createRandom(seed).bytes(length);

type Volume = { readonly id: string; readonly path: string; reserveBytes: number };
async function volumeAt(path: string): Promise<Volume> {
  const adopted = await adoptVolume(path, { serverId: R, clock: systemClock });
  return { id: 'marker' in adopted ? adopted.marker.id : '', path, reserveBytes: 0 };
}
const newVolume = async (t: ExecutionContext): Promise<Volume> => await volumeAt(await tempDir(t, 'volume'));

test('a snapshot is listed in order of time, read as it was stored, and deleted', async (t) => {
  const volumes = [await newVolume(t), await newVolume(t)];
  for (const [seed, at] of [3000, 1000, 2000].entries())
    await putSnapshot(volumes.toSpliced(seed % 2, 1), { at, kind: 'jpeg', bytes: picture(seed) }, { folder: HOME });
  const files = await listSnapshots(volumes, HOME);
  t.deepEqual(
    files.map(({ at }) => at),
    [1000, 2000, 3000],
  );
  t.deepEqual([...(await homeCameras(volumes))], ['cam-1']);
  const [first] = files;
  if (first === undefined) throw new Error('none');
  t.deepEqual(await readSnapshot(volumes, first), Buffer.from(picture(1)));
  t.deepEqual(await detailsOf(volumes, first), { bytes: 3000, info: undefined });
  t.true(await removeSnapshot(volumes, first));
  t.false(await removeSnapshot(volumes, first), 'it is gone already');
  t.is(await readSnapshot(volumes, first), undefined);
  t.is((await listSnapshots(volumes, HOME)).length, 2);
});

test('the same picture of the same moment is stored once', async (t) => {
  const volume = await newVolume(t);
  const one = { at: 1000, kind: 'jpeg', bytes: picture(1) } as const;
  await putSnapshot([volume], one, { folder: HOME });
  await putSnapshot([volume], one, { folder: HOME });
  t.is((await listSnapshots([volume], HOME)).length, 1);
});

test('names that are not ours are never listed, read or counted', async (t) => {
  const volume = await newVolume(t);
  await putSnapshot([volume], { at: 1, kind: 'mp4', bytes: picture(1) }, { folder: HOME });
  const random = createRandom(7);
  const folder = join(volume.path, HOME);
  for (let count = 0; count < 200; count += 1) {
    const name = Buffer.from(random.bytes(random.int(1, 30))).toString('base64url');
    await writeFile(join(folder, random.pick([name, `.${name}`, `${name}.jpg`, `0000000000001-${name}.jpg`])), name);
  }
  await mkdir(join(volume.path, '.snapshots', 'NO CAMERA'));
  t.is((await listSnapshots([volume], HOME)).length, 1);
  t.deepEqual([...(await homeCameras([volume]))], ['cam-1']);
  for (const id of ['../cam-1', '', '.', 'CAM', 'a/b']) t.throws(() => homeFolder(id), { instanceOf: RangeError });
});

test('what was taken for others lies apart, by who took it and for whom', async (t) => {
  const volume = await newVolume(t);
  await putSnapshot([volume], { at: 1, kind: 'jpeg', bytes: picture(1) }, { folder: owedFolder(F, R, 'cam-1') });
  t.deepEqual(await listSnapshots([volume], HOME), []);
  t.deepEqual(await owedCameras([volume], F), [{ owner: R, cameraId: 'cam-1' }]);
  t.deepEqual(await owedCameras([volume], R), []);
});

test('a picture that the disk changed is not given out', async (t) => {
  const volume = await newVolume(t);
  const file = await putSnapshot([volume], { at: 1, kind: 'jpeg', bytes: picture(1) }, { folder: HOME });
  await writeFile(join(volume.path, file.folder, file.name), picture(2));
  await t.throwsAsync(readSnapshot([volume], file), { code: 'snapshot/damaged' });
});

test('a process that is killed between its temporary file and the name leaves no snapshot, and no rubbish for ever', async (t) => {
  const volume = await newVolume(t);
  const child = fork(join(import.meta.dirname, '../support/snapshot-process.ts'), [JSON.stringify(volume)]);
  await once(child, 'message');
  const folder = join(volume.path, HOME);
  const [temporary = ''] = await readdir(folder);
  t.regex(temporary, /\.tmp-/, 'it is written, and has no name yet');
  child.kill('SIGKILL');
  await once(child, 'exit');
  t.deepEqual(await listSnapshots([volume], HOME), []);
  await sweepSnapshots([volume], HOME, systemClock.now());
  t.is((await readdir(folder)).length, 1, 'it may be of a process that still writes');
  await utimes(join(folder, temporary), 1, 1);
  await sweepSnapshots([volume], HOME, systemClock.now());
  t.deepEqual(await readdir(folder), []);
});

test('one that is not wanted any more when it would get its name leaves nothing', async (t) => {
  const volume = await newVolume(t);
  const put = putSnapshot(
    [volume],
    { at: 1, kind: 'jpeg', bytes: picture(1) },
    { folder: HOME, isWanted: () => false },
  );
  await t.throwsAsync(put, { code: 'snapshot/not-wanted' });
  t.deepEqual(await readdir(join(volume.path, HOME)), []);
});

test('nothing is stored where the disk is away, the reserve would be touched, or a link leads elsewhere', async (t) => {
  const one = { at: 1, kind: 'jpeg', bytes: picture(1) } as const;
  const [away, tight, other] = [await newVolume(t), await newVolume(t), await newVolume(t)];
  await unlink(join(away.path, MARKER_FILE));
  tight.reserveBytes = Number.MAX_SAFE_INTEGER;
  await t.throwsAsync(putSnapshot([away, tight], one, { folder: HOME }), { code: 'snapshot/no-volume' });
  t.deepEqual(await readdir(away.path), []);
  t.is((await putSnapshot([away, tight, other], one, { folder: HOME })).volumeId, other.id, 'another one takes it');
  const linked = await newVolume(t);
  await symlink('/proc', join(linked.path, '.snapshots'));
  await t.throwsAsync(putSnapshot([linked], one, { folder: HOME }), { code: 'snapshot/no-volume' });
});

(isRoot() ? test : test.skip)('a disk that is full refuses it and keeps nothing of it', async (t) => {
  const path = await tempDir(t, 'small');
  t.teardown(await mountTmpfs(path, 'size=64k'));
  // As if another one took the room between the look and the write.
  const volume = { ...(await volumeAt(path)), reserveBytes: -1_000_000_000 };
  await writeFile(join(path, 'filler'), Buffer.alloc(32_768));
  const big = { at: 1, kind: 'jpeg', bytes: picture(1, 30_000) } as const;
  await t.throwsAsync(putSnapshot([volume], big, { folder: HOME }), {
    code: 'snapshot/no-volume',
    message: /ENOSPC/,
  });
  t.deepEqual(await readdir(join(path, HOME)).catch(() => []), []);
  t.is((await readFile(join(path, 'filler'))).length, 32_768);
});
