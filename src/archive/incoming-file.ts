/**
 * One returned file while it arrives: `<volume>/.incoming/<id>.part`, which reconciling and verification do not look at.
 * Belongs here: the file and what is verified of it. Does not: who may send what (return-inbox.ts).
 */
import { mkdir, open, readdir, stat, statfs } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { removeIfThere, syncDirectory } from '../core/durable-file.ts';
import { systemCodeOf } from '../core/errors.ts';
import type { ByteSource } from '../media/mp4/scan.ts';
import type { ReturnFile } from '../wire/footage-protocol.ts';
import { holdVolume } from './insert-return.ts';
import { isPresent } from './remove-segments.ts';
import type { VolumePlace } from './remove-segments.ts';
import { createReturnCheck } from './return-check.ts';
import type { ReturnCheck } from './return-check.ts';

export const INCOMING_FOLDER = '.incoming';
export type InboxVolume = VolumePlace & { readonly reserveBytes: number };
/** A transfer that nobody went on with. */
const LEFTOVER_MS = 86_400_000;

export type IncomingFile = {
  readonly file: ReturnFile;
  readonly volume: InboxVolume;
  readonly base: string;
  readonly root: FileHandle;
  readonly path: string;
  readonly handle: FileHandle;
  check: ReturnCheck;
  /** Bytes that are there. */
  written: number;
  /** When anything last came of it, monotonic. */
  touchedAt: number;
  /** What the last look at the volume allows; see `takeRoom`. */
  room: { readonly bytes: number; readonly until: number };
};

/** Files under way at once; each holds two descriptors. */
export const MAX_INCOMING = 16;
/**
 * A look opens the marker and asks the file system: 2 ms under load, as long as everything else that becomes of a piece. So one allows so much
 * for so long, where all transfers together can write that and leave the reserve alone.
 */
const LOOK_ALLOWS_BYTES: number = 4 * 1024 * 1024;
export const LOOK_ALLOWS_MS = 250;
/** Fragments are read in one go to be checked; longer ones piece by piece. */
const MAX_READ_AT_ONCE: number = 2 * 1024 * 1024;

export const partPath = (base: string, id: string): string => join(base, INCOMING_FOLDER, `${id}.part`);

/** Its marker is there, and so many bytes leave the reserve alone. */
export async function hasRoom(volume: InboxVolume, bytes: number): Promise<boolean> {
  try {
    if (!(await isPresent(volume))) return false;
    const { bavail, bsize } = await statfs(volume.path);
    return bavail * bsize - bytes >= volume.reserveBytes;
  } catch {
    return false;
  }
}

/** Whether the next `bytes` of it leave the reserve alone. `now`: monotonic. */
export async function takeRoom(incoming: IncomingFile, bytes: number, now: number): Promise<boolean> {
  const { volume, room } = incoming;
  if (now < room.until && bytes <= room.bytes) {
    incoming.room = { ...room, bytes: room.bytes - bytes };
    return true;
  }
  const isAmple = await hasRoom(volume, bytes + MAX_INCOMING * LOOK_ALLOWS_BYTES);
  incoming.room = isAmple ? { bytes: LOOK_ALLOWS_BYTES, until: now + LOOK_ALLOWS_MS } : NO_ROOM;
  return isAmple || (await hasRoom(volume, bytes));
}
const NO_ROOM = { bytes: 0, until: 0 };

/** Made, or opened as a transfer that was cut left it. @throws system errors */
export async function openIncoming(file: ReturnFile, volume: InboxVolume, touchedAt: number): Promise<IncomingFile> {
  const { base, handle: root } = await holdVolume(volume);
  try {
    const folder = join(base, INCOMING_FOLDER);
    await mkdir(folder, { mode: 0o750 }).catch((error: unknown) => {
      if (systemCodeOf(error) !== 'EEXIST') throw error;
    });
    const path = partPath(base, file.id);
    // Opened for both; made if it is not there, kept if it is.
    const handle = await open(path, 'a+', 0o640).then(async (made) => {
      await made.close();
      return await open(path, 'r+');
    });
    await syncDirectory(folder).catch(async (error: unknown) => {
      await handle.close();
      throw error;
    });
    const { size } = await handle.stat();
    const check = createReturnCheck(file);
    return { file, volume, base, root, path, handle, check, written: size, touchedAt, room: NO_ROOM };
  } catch (error) {
    await root.close();
    throw error;
  }
}

/** Of what a cut transfer left, whole fragments are kept, and the beginning of the next one; what was wrong with the rest, if it was dropped. */
export async function rescan(incoming: IncomingFile): Promise<string | undefined> {
  const { handle, file } = incoming;
  if (incoming.written > file.bytes) await shorten(incoming, 0);
  const wrong = await incoming.check.advance(sourceOf(incoming));
  if (wrong !== undefined) await shorten(incoming, incoming.check.verified());
  await handle.datasync();
  return wrong;
}

/** Forgets everything from `length` on. */
export async function shorten(incoming: IncomingFile, length: number): Promise<void> {
  await incoming.handle.truncate(length);
  incoming.written = length;
}

/** What is there of it now. */
export const sourceOf = ({ handle, written }: IncomingFile): ByteSource => ({
  size: written,
  read: async (position, length) => {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, written - position)));
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, position);
    return bytes.subarray(0, bytesRead);
  },
});

/** The same, with what is not verified yet read in one go: each read waits in a queue with those of everybody else. */
export async function unverifiedOf(incoming: IncomingFile): Promise<ByteSource> {
  const source = sourceOf(incoming);
  const from = incoming.check.verified();
  const length = source.size - from;
  if (length > MAX_READ_AT_ONCE) return source;
  const bytes = await source.read(from, length);
  const end = from + bytes.length;
  return {
    size: source.size,
    read: async (position, wanted) =>
      position < from || Math.min(position + wanted, source.size) > end
        ? await source.read(position, wanted)
        : bytes.slice(position - from, position - from + wanted),
  };
}

/** Removes what nobody went on with for a day. */
export async function sweepIncoming(
  volumes: readonly VolumePlace[],
  now: number,
  isUsed: (id: string) => boolean,
): Promise<void> {
  for (const volume of volumes) {
    const folder = join(volume.path, INCOMING_FOLDER);
    for (const name of await readdir(folder).catch(() => [])) {
      const path = join(folder, name);
      const found = await stat(path).catch(() => undefined);
      const isOld = found !== undefined && now - found.mtimeMs > LEFTOVER_MS;
      if (isOld && !isUsed(name.replace(/\.part$/, ''))) await removeIfThere(path);
    }
  }
}
