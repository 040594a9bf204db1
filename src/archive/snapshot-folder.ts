/**
 * Stored snapshots on the volumes: `.snapshots/<camera>/` for cameras of this server, `.snapshots-owed/<this server>/<owner>/<camera>/` for those taken in
 * the place of another one (docs/design/archive.md). Files are the truth; there is no table of them.
 *
 * Order: temporary name, fsync, rename, fsync of the folder; a crash leaves a temporary file that the next round removes. Never below a mount point
 * whose disk is away: everything is made below the open folder of the volume (volume-root.ts).
 */
import { mkdir, open, readdir, readFile, rename, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { removeIfThere, syncDirectory, TEMPORARY_FILE } from '../core/durable-file.ts';
import { isRefusalOfDisk, messageOf, systemCodeOf, UnderstudyError } from '../core/errors.ts';
import { isCameraId, isServerId } from '../core/ids.ts';
import { hasRoom } from './incoming-file.ts';
import type { InboxVolume } from './incoming-file.ts';
import { holdVolume } from './insert-return.ts';
import { isPresent } from './remove-segments.ts';
import type { VolumePlace } from './remove-segments.ts';
import {
  MAX_SNAPSHOT_BYTES,
  parseSnapshotName,
  readSnapshotInfo,
  sha256Of,
  SNAPSHOT_HEAD_BYTES,
  snapshotNameOf,
} from './snapshot-format.ts';
import type { PictureKind, SnapshotInfo, SnapshotName } from './snapshot-format.ts';

const HOME = '.snapshots';
const OWED = '.snapshots-owed';
/** A temporary file that nobody wrote to for so long is of a process that died. */
const LEFTOVER_MS = 3_600_000;
/** Empty, hidden: the snapshot with this hash was deleted by its owner, and is not taken in again. */
const DELETED = /^\.[0-9a-f]{64}\.deleted$/;
const deletedNameOf = (sha256: string): string => `.${sha256}.deleted`;
/** Who has another copy, and was away when it was deleted, is back within this. */
const DELETED_KEPT_MS: number = 90 * 86_400_000;

/** Relative to a volume. */
export type SnapshotFolder = string & { readonly kind?: 'folder of snapshots' };
export type SnapshotFile = SnapshotName & {
  readonly volumeId: string;
  readonly folder: SnapshotFolder;
  readonly name: string;
};

/** @throws RangeError for what is no id of a camera */
export const homeFolder = (cameraId: string): SnapshotFolder => join(HOME, checked(cameraId, isCameraId));
/** Of `by`, for `owner`. */
export const owedFolder = (by: string, owner: string, cameraId: string): SnapshotFolder =>
  join(OWED, checked(by, isServerId), checked(owner, isServerId), checked(cameraId, isCameraId));

function checked(name: string, is: (name: string) => boolean): string {
  if (!is(name)) throw new RangeError('a folder of snapshots is named by ids');
  return name;
}

export type OwedCamera = { readonly owner: string; readonly cameraId: string };
/** For whom, and of which cameras, `by` has a folder there. */
export async function owedCameras(volumes: readonly VolumePlace[], by: string): Promise<readonly OwedCamera[]> {
  const found = new Map<string, OwedCamera>();
  for (const volume of volumes)
    for (const owner of (await namesIn(join(volume.path, OWED, by))).filter(isServerId))
      for (const cameraId of (await namesIn(join(volume.path, OWED, by, owner))).filter(isCameraId))
        found.set(`${owner}/${cameraId}`, { owner, cameraId });
  return [...found.values()];
}

/** Cameras that have a folder of this server's own. */
export async function homeCameras(volumes: readonly VolumePlace[]): Promise<ReadonlySet<string>> {
  const lists = await Promise.all(volumes.map(async ({ path }) => await namesIn(join(path, HOME))));
  return new Set(lists.flat().filter(isCameraId));
}

/** Of a volume that cannot be read: it counts as one that is away. */
export type OnSick = (volume: VolumePlace, error: unknown) => void;
const refuse: OnSick = (_volume, error) => {
  throw error;
};

/** In order of time; those of a volume that is away are not among them. @throws system errors, unless `onSick` takes them */
export async function listSnapshots(
  volumes: readonly VolumePlace[],
  folder: SnapshotFolder,
  onSick: OnSick = refuse,
): Promise<readonly SnapshotFile[]> {
  const found: SnapshotFile[] = [];
  for (const volume of volumes) {
    const names = await namesIn(join(volume.path, folder)).catch((error: unknown) => onSick(volume, error));
    for (const name of names ?? []) {
      const parsed = parseSnapshotName(name);
      if (parsed !== undefined) found.push({ ...parsed, volumeId: volume.id, folder, name });
    }
  }
  return found.toSorted((one, other) => (one.id < other.id ? -1 : 1));
}

export type SnapshotDetails = { readonly bytes: number; readonly info: SnapshotInfo | undefined };
/** 0: it is gone. */
export async function bytesOf(volumes: readonly VolumePlace[], file: SnapshotFile): Promise<number> {
  const path = pathOf(volumes, file);
  return path === undefined ? 0 : ((await stat(path).catch(ifMissing))?.size ?? 0);
}

/** Undefined: it went meanwhile. */
export async function detailsOf(
  volumes: readonly VolumePlace[],
  file: SnapshotFile,
): Promise<SnapshotDetails | undefined> {
  const path = pathOf(volumes, file);
  const handle = path === undefined ? undefined : await open(path, 'r').catch(ifMissing);
  if (handle === undefined) return undefined;
  try {
    const head = new Uint8Array(SNAPSHOT_HEAD_BYTES);
    const { bytesRead } = await handle.read(head, 0, head.length, 0);
    const { size } = await handle.stat();
    return { bytes: size, info: readSnapshotInfo(file.kind, head.subarray(0, bytesRead)) };
  } finally {
    await handle.close();
  }
}

/** Undefined: it went meanwhile. @throws snapshot/damaged: its bytes are not those of its name */
export async function readSnapshot(
  volumes: readonly VolumePlace[],
  file: SnapshotFile,
): Promise<Uint8Array | undefined> {
  const path = pathOf(volumes, file);
  if (path === undefined || (await sizeOf(path)) > MAX_SNAPSHOT_BYTES) return undefined;
  const bytes = await readFile(path).catch(ifMissing);
  if (bytes !== undefined && sha256Of(bytes) !== file.sha256)
    throw new UnderstudyError(
      'corrupt',
      'snapshot/damaged',
      `The snapshot ${file.name} is not what was stored; the disk has changed it.`,
    );
  return bytes;
}

/** False: its volume is away, or it was gone already. */
export async function removeSnapshot(volumes: readonly VolumePlace[], file: SnapshotFile): Promise<boolean> {
  const path = pathOf(volumes, file);
  const volume = volumes.find(({ id }) => id === file.volumeId);
  if (path === undefined || volume === undefined || !(await isPresent(volume))) return false;
  if ((await sizeOf(path)) < 0) return false;
  await removeIfThere(path);
  await syncDirectory(join(volume.path, file.folder)).catch(ifMissing);
  return true;
}

/** As `removeSnapshot`; a copy that another server still has is not taken in again. */
export async function deleteForGood(volumes: readonly VolumePlace[], file: SnapshotFile): Promise<boolean> {
  const volume = volumes.find(({ id }) => id === file.volumeId);
  if (volume === undefined || !(await isPresent(volume))) return false;
  await writeDurably(join(volume.path, file.folder, deletedNameOf(file.sha256)), NOTHING).catch((error: unknown) => {
    // A full disk keeps nobody from deleting.
    if (systemCodeOf(error) !== 'EEXIST' && !isRefusalOfDisk(error)) throw error;
  });
  return await removeSnapshot(volumes, file);
}
const NOTHING = new Uint8Array(0);

/** A volume that cannot be read says nothing. */
export async function wasDeleted(
  volumes: readonly VolumePlace[],
  folder: SnapshotFolder,
  sha256: string,
): Promise<boolean> {
  const marks = volumes.map(({ path }) => join(path, folder, deletedNameOf(sha256)));
  const sizes = await Promise.all(marks.map(async (mark) => await sizeOf(mark).catch(() => -1)));
  return sizes.some((size) => size >= 0);
}

function pathOf(volumes: readonly VolumePlace[], { volumeId, folder, name }: SnapshotFile): string | undefined {
  const volume = volumes.find(({ id }) => id === volumeId);
  return volume && join(volume.path, folder, name);
}

export type NewSnapshot = { readonly at: number; readonly kind: PictureKind; readonly bytes: Uint8Array };
export type PutOptions = {
  readonly folder: SnapshotFolder;
  /** Asked right before it gets its name: false leaves nothing behind. */
  readonly isWanted?: () => boolean;
};
/**
 * Durable when it resolves, on the first of the volumes that is there and has room.
 * @throws snapshot/no-volume, snapshot/not-wanted
 */
export async function putSnapshot(
  volumes: readonly InboxVolume[],
  picture: NewSnapshot,
  options: PutOptions,
): Promise<SnapshotFile> {
  let refused: unknown;
  for (const volume of volumes) {
    if (!(await hasRoom(volume, picture.bytes.length))) continue;
    try {
      return await putOn(volume, picture, options);
    } catch (error) {
      // Another disk may take it.
      if (!isRefusalOfDisk(error) && !MISSING.has(systemCodeOf(error) ?? '')) throw error;
      refused = error;
    }
  }
  const why = refused === undefined ? 'each is away or full' : messageOf(refused);
  const message = `No volume of this server can take a snapshot now: ${why}.`;
  throw new UnderstudyError('unavailable', 'snapshot/no-volume', message, { cause: refused });
}
/** The disk went away between the look and the write. */
const MISSING: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR']);

async function putOn(
  volume: InboxVolume,
  picture: NewSnapshot,
  { folder, isWanted }: PutOptions,
): Promise<SnapshotFile> {
  const name = snapshotNameOf(picture.at, picture.bytes, picture.kind);
  const parsed = parseSnapshotName(name);
  if (parsed === undefined) throw new RangeError('a name of ours can be read');
  const { base, handle } = await holdVolume(volume);
  try {
    if (!(await isPresent({ ...volume, path: base }))) throw Object.assign(new Error('the volume is gone'), GONE);
    await makeFolders(base, folder);
    if ((await stat(join(base, folder))).dev !== (await handle.stat()).dev)
      throw Object.assign(new Error(`${folder} leads out of the volume to another file system; remove the link`), GONE);
    const temporary = join(base, folder, `.${name}.tmp-${randomBytes(6).toString('hex')}`);
    try {
      await writeDurably(temporary, picture.bytes);
      if (isWanted?.() === false)
        throw new UnderstudyError('conflict', 'snapshot/not-wanted', 'The camera is not recorded here any more.');
      await rename(temporary, join(base, folder, name));
    } catch (error) {
      await removeIfThere(temporary).catch(() => undefined);
      throw error;
    }
    await syncDirectory(join(base, folder));
  } finally {
    await handle.close();
  }
  return { ...parsed, volumeId: volume.id, folder, name };
}
const GONE = { code: 'ENOENT' };

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const file: FileHandle = await open(path, 'wx', 0o640);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Each durable in its parent: a process before this one may have died between making and syncing it. */
async function makeFolders(base: string, folder: SnapshotFolder): Promise<void> {
  const parts = folder.split('/');
  for (let depth = 1; depth <= parts.length; depth += 1) {
    await mkdir(join(base, ...parts.slice(0, depth)), { mode: 0o750 }).catch((error: unknown) => {
      if (systemCodeOf(error) !== 'EEXIST') throw error;
    });
    await syncDirectory(join(base, ...parts.slice(0, depth - 1)));
  }
}

/** What a crash left, and what was deleted long ago. */
export async function sweepSnapshots(
  volumes: readonly VolumePlace[],
  folder: SnapshotFolder,
  now: number,
): Promise<void> {
  for (const volume of volumes)
    for (const name of await namesIn(join(volume.path, folder))) {
      const keptMs = TEMPORARY_FILE.test(name) ? LEFTOVER_MS : DELETED.test(name) ? DELETED_KEPT_MS : undefined;
      if (keptMs === undefined) continue;
      const path = join(volume.path, folder, name);
      const found = await stat(path).catch(ifMissing);
      if (found !== undefined && now - found.mtimeMs > keptMs) await removeIfThere(path);
    }
}

/** -1: not there. */
const sizeOf = async (path: string): Promise<number> => (await stat(path).catch(ifMissing))?.size ?? -1;

async function namesIn(path: string): Promise<readonly string[]> {
  return (await readdir(path).catch(ifMissing)) ?? [];
}

function ifMissing(error: unknown): undefined {
  const code = systemCodeOf(error);
  if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
  return undefined;
}
