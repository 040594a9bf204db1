/**
 * A returned file that is whole: on a share, on a disc that both servers have, or in its place from before the process died.
 * Belongs here: finding it, and what is wrong with it. Does not: taking it in (return-inbox.ts), its row (insert-return.ts).
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { systemCodeOf, UnderstudyError } from '../core/errors.ts';
import { readInit } from '../media/mp4/scan.ts';
import type { ByteSource } from '../media/mp4/scan.ts';
import type { ReturnNote } from '../media/mp4/segment-header.ts';
import type { ReturnFile } from '../wire/footage-protocol.ts';
import { openByteSource } from './byte-source.ts';
import { WINDOW_BYTES } from './disk-reader.ts';
import type { DiskReader } from './disk-reader.ts';
import { namesOf } from './insert-return.ts';
import type { VolumePlace } from './remove-segments.ts';
import { createReturnCheck } from './return-check.ts';
import { verifySegment } from './verify-segment.ts';

/** It has its name already, and no row: reconciling leaves files of this moment to their writers. */
export async function placed(
  deps: { readonly volumes: () => readonly VolumePlace[] },
  file: ReturnFile,
): Promise<{ volume: VolumePlace; path: string } | undefined> {
  for (const volume of deps.volumes())
    for (const path of namesOf(file)) {
      const note = await noteIn(join(volume.path, path));
      if (note === 'nothing') break;
      if (note?.id === file.id) return { volume, path };
    }
  return undefined;
}

async function noteIn(path: string): Promise<ReturnNote | undefined | 'nothing'> {
  try {
    const source = await openByteSource(path);
    try {
      return (await readInit(source)).header.returned;
    } finally {
      await source.close();
    }
  } catch (error) {
    return systemCodeOf(error) === undefined ? undefined : 'nothing';
  }
}

/** What is wrong with a whole file that is durable, as its disk gives it back. */
export async function wrongIn(disk: DiskReader, path: string, file: ReturnFile): Promise<string | undefined> {
  const source = await disk.open(path);
  try {
    const check = createReturnCheck(file);
    return (await check.advance(source)) ?? check.finish();
  } finally {
    await source.close();
  }
}

export type Disk = {
  readonly disk: DiskReader;
  /** Resolves when so many bytes may be read: live recording comes first. */
  readonly pause: (bytes: number) => Promise<void>;
};

/** What was verified while it arrived is on the disk like that: until then it came from memory. @throws system errors */
export async function isOnDisk({ disk, pause }: Disk, path: string, { sha256 }: ReturnFile): Promise<boolean> {
  const source = await disk.open(path);
  try {
    return (await hashOf(source, pause)) === sha256;
  } finally {
    await source.close();
  }
}

async function hashOf(source: ByteSource, pause: Disk['pause']): Promise<string> {
  const hash = createHash('sha256');
  for (let at = 0; at < source.size; at += WINDOW_BYTES) {
    await pause(Math.min(WINDOW_BYTES, source.size - at));
    hash.update(await source.read(at, WINDOW_BYTES));
  }
  return hash.digest('hex');
}

/** A segment as its recorder left it. @throws footage/damaged */
export async function checkAdopted({ disk, pause }: Disk, path: string, file: ReturnFile): Promise<void> {
  const source = await disk.open(path);
  try {
    const { header, findings } = await verifySegment(source, path);
    const wrong = findings.find(({ kind, severity }) => severity === 'error' && kind !== 'torn');
    if (wrong !== undefined) throw damaged(file, wrong.message);
    if (header?.cameraId !== file.cameraId || header.stream !== file.stream || header.serverId !== file.recordedBy)
      throw damaged(file, 'it holds other footage');
    if ((await hashOf(source, pause)) !== file.sha256) throw damaged(file, 'its SHA-256 is another one');
  } finally {
    await source.close();
  }
}

export const damaged = ({ id }: ReturnFile, wrong: string): UnderstudyError =>
  new UnderstudyError('corrupt', 'footage/damaged', `File ${id} is not what was offered: ${wrong}.`);
