/** Opens files of segments for reading, inside their volume only: no link, no `..`, nothing the catalogue does not know. */
import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { SegmentBytes } from '../api/footage-access.ts';
import { parseSegmentPath } from '../archive/segment-path.ts';
import { UnderstudyError, systemCodeOf } from '../core/errors.ts';
import type { VolumeSettings } from '../site/server-settings.ts';

export type SegmentRef = { readonly volumeId: string; readonly path: string };

/** @throws footage/volume-gone, footage/file-gone */
export async function openSegment(
  volumes: readonly VolumeSettings[],
  { volumeId, path }: SegmentRef,
): Promise<SegmentBytes> {
  const file = await fileOfSegment(volumes, { volumeId, path });
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW);
  return {
    read: async (offset, length) => {
      const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(length), 0, length, offset);
      return buffer.subarray(0, bytesRead);
    },
    close: async () => await handle.close(),
  };
}

/** The real path. @throws footage/volume-gone, footage/file-gone */
export async function fileOfSegment(
  volumes: readonly VolumeSettings[],
  { volumeId, path }: SegmentRef,
): Promise<string> {
  const volume = volumes.find(({ id }) => id === volumeId);
  if (volume === undefined)
    throw new UnderstudyError('not-found', 'footage/volume-gone', 'The volume of this footage is not set up any more.');
  if (parseSegmentPath(path) === undefined) throw gone();
  try {
    const root = await realpath(volume.path);
    const file = await realpath(join(root, path));
    if (!file.startsWith(root.endsWith(sep) ? root : root + sep)) throw gone();
    return file;
  } catch (error) {
    const code = systemCodeOf(error);
    if (code === undefined) throw error;
    throw code === 'ENOENT' ? gone() : unreadable(code, error);
  }
}

const gone = (): UnderstudyError =>
  new UnderstudyError('not-found', 'footage/file-gone', 'The file of this footage is not on its volume any more.');
const unreadable = (code: string, cause: unknown): UnderstudyError =>
  new UnderstudyError('storage', 'footage/unreadable', `The volume of this footage cannot be read now (${code}).`, {
    cause,
  });
