/**
 * Deletes segment files and their rows: the only code that removes footage. File first, then the row with the note that it was removed; a crash
 * between the two leaves a row without a file, which reconciling books the same way.
 */
import { realpath, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { removeIfThere, syncDirectory } from '../core/durable-file.ts';
import { systemCodeOf, UnderstudyError } from '../core/errors.ts';
import { intersect, rangeOf } from '../ledger/spans.ts';
import type { Catalogue, RemovedCause, Span, StreamKey } from './catalogue-types.ts';
import { parseSegmentPath } from './segment-path.ts';
import { removeReturnNote } from './return-note.ts';
import { readMarker } from './volume.ts';

export type VolumePlace = { readonly id: string; readonly path: string };
export type RemovalDeps = {
  readonly catalogue: Pick<Catalogue, 'transaction' | 'segments' | 'removed'>;
  readonly volume: VolumePlace;
};

/** What of a span is missing when it is gone: of footage that nobody was to have, nothing. */
export type Booked = (key: StreamKey, span: Span) => readonly Span[];

/**
 * True if a row went. An open segment is refused: its writer would go on into a file without a name.
 * @throws UnderstudyError `archive/not-a-segment`, `archive/volume-gone`, `archive/segment-open`; system errors
 */
export async function removeSegment(
  { catalogue, volume }: RemovalDeps,
  path: string,
  cause: RemovedCause,
  booked: Booked = (_key, span) => [span],
): Promise<boolean> {
  const row = catalogue.segments.get(volume.id, path);
  if (row?.open)
    throw new UnderstudyError('conflict', 'archive/segment-open', `${path} is still being written; close it first`);
  const file = await locate(volume, path);
  if (file !== undefined) await removeIfThere(file);
  if (file !== undefined && row?.returned) await removeReturnNote(file);
  const removed = catalogue.transaction(() => {
    if (row)
      for (const span of row.spans) for (const part of booked(row, span)) catalogue.removed.add(row, part, cause);
    return catalogue.segments.remove(volume.id, path);
  }, 'durable');
  if (file !== undefined) await removeIfEmpty(dirname(file));
  return removed;
}

/**
 * Of a ring or a drill nothing was promised: it goes without a trace in the account. What was recorded while it was expected, for it was
 * covered, is booked like any other.
 */
export function bookedIfExpected({ expectations }: Pick<Catalogue, 'expectations'>): Booked {
  return (key, span) => {
    const expected = expectations.find(key, span).map(({ start, end }) => rangeOf(start, end ?? span.end));
    return intersect([rangeOf(span.start, span.end)], expected);
  };
}

/** The marker at the volume's path is the volume's own. */
export const isPresent = async ({ id, path }: VolumePlace): Promise<boolean> => (await readMarker(path))?.id === id;

/** Absolute, inside the volume and with no link on the way; `undefined` if its folder is not there. */
async function locate(volume: VolumePlace, path: string): Promise<string | undefined> {
  if (parseSegmentPath(path) === undefined)
    throw new UnderstudyError('invalid', 'archive/not-a-segment', `${path} is not the path of a segment`);
  if (!(await isPresent(volume)))
    throw new UnderstudyError('unavailable', 'archive/volume-gone', `${volume.path} is not volume ${volume.id} now`);
  const folder = join(await realpath(volume.path), dirname(path));
  const real = await realpath(folder).catch((error: unknown) => {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (real !== undefined && real !== folder)
    throw new UnderstudyError('invalid', 'archive/not-a-segment', `${path} leads through a link to ${real}`);
  return real === undefined ? undefined : join(volume.path, path);
}

/**
 * A power cut does not bring back what was removed at `path`. Retention does without it: what comes back is found, and
 * goes again.
 * @throws system errors
 */
export async function syncRemoval(volume: VolumePlace, path: string): Promise<void> {
  // Its folder may have gone with it.
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    try {
      return await syncDirectory(join(volume.path, folder));
    } catch (error) {
      if (systemCodeOf(error) !== 'ENOENT' || folder === '.') throw error;
    }
  }
}

/** The writer makes today's folder again if it was quicker to be emptied than filled. */
async function removeIfEmpty(folder: string): Promise<void> {
  try {
    await rmdir(folder);
  } catch {
    // Not empty, or gone already.
  }
}
