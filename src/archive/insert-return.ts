/**
 * Puts a verified file of returned footage into the archive: its name, the folders, the catalogue row with what it supersedes, the receipt.
 *
 * Order: the file is durable, then its name, then row and receipt in one durable transaction. A crash between name and row leaves a file that
 * reconciling finds, with the same row; the file offered again is then answered with a receipt for it.
 *
 * Belongs here: the last step. Does not: taking bytes in (return-inbox.ts), judging them (return-check.ts).
 */
import { link, mkdir, open, rename, stat, unlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { syncDirectory } from '../core/durable-file.ts';
import { systemCodeOf, UnderstudyError } from '../core/errors.ts';
import { epochMs } from '../core/units.ts';
import type { ReturnNote } from '../media/mp4/segment-header.ts';
import type { Receipt, ReturnFile } from '../wire/footage-protocol.ts';
import type { Catalogue, ScannedFragment, SegmentToStore } from './catalogue-types.ts';
import { createGroupReader } from './footage-groups.ts';
import type { GroupProver } from './prove-groups.ts';
import { scanSegmentFile } from './scan-segment.ts';
import { signReceipt } from './receipt.ts';
import type { VolumePlace } from './remove-segments.ts';
import { writeReturnNote } from './return-note.ts';
import { MAX_NAME_TRIES } from './segment-file.ts';
import { parseSegmentPath, segmentPathOf } from './segment-path.ts';
import type { SigningKey } from './signing-key.ts';
import { hasOthersNear, withoutTwins } from './twice-returned.ts';
import type { Inserted } from './twice-returned.ts';

export type InsertDeps = {
  readonly catalogue: Pick<Catalogue, 'segments' | 'receipts' | 'transaction'>;
  readonly serverId: string;
  readonly key: Pick<SigningKey, 'privateKey'>;
  readonly clock: Pick<Clock, 'now'>;
  /** All of this server. */
  readonly volumes: () => readonly VolumePlace[];
  readonly prover: GroupProver;
};

/** `file` lies on `volume` at `path`, absolute and durable; it gets its place there. @throws system errors; footage/supersedes */
export async function insertFile(
  deps: InsertDeps,
  file: ReturnFile,
  from: { readonly volume: VolumePlace; readonly base: string; readonly path: string },
): Promise<Receipt> {
  const name = await giveName(file, from);
  return await register(deps, file, { volume: from.volume, path: name });
}

/** It lies where it was recorded, on a disc that both servers have as a volume; what is to be known of the return is written beside it. */
export async function adoptFile(
  deps: InsertDeps,
  file: ReturnFile,
  place: { readonly volume: VolumePlace; readonly path: string; readonly note: ReturnNote },
): Promise<Receipt> {
  if (parseSegmentPath(place.path) === undefined)
    throw new UnderstudyError('invalid', 'footage/place', `${place.path} is not the path of a segment.`);
  checkSupersedes(deps.catalogue, file, place.note);
  await writeReturnNote(join(place.volume.path, place.path), place.note);
  return await register(deps, file, place);
}

/** The row is there, or is made now from the file. One file of a stream at a time. */
export async function register(
  deps: InsertDeps,
  file: ReturnFile,
  { volume, path }: { readonly volume: VolumePlace; readonly path: string },
): Promise<Receipt> {
  const { catalogue, clock } = deps;
  const scanned = await scanSegmentFile(join(volume.path, path), volume.id, path);
  checkSupersedes(catalogue, file, scanned.segment.returned);
  const shown = await shownOnce(deps, file, { ...scanned, volume, path });
  const receipt = receiptFor(deps, file, clock.now());
  catalogue.transaction(() => {
    catalogue.segments.putScanned(shown, scanned.fragments);
    catalogue.receipts.put(receipt);
  }, 'durable');
  return receipt;
}

/** The same for the same bytes and the same key, whenever it is asked for. */
export function receiptFor(
  { catalogue, serverId, key }: Pick<InsertDeps, 'catalogue' | 'serverId' | 'key'>,
  { id: fileId, sha256 }: Pick<ReturnFile, 'id' | 'sha256'>,
  now: number,
): Receipt {
  const before = catalogue.receipts.get(fileId);
  return signReceipt({ fileId, serverId, sha256, at: before?.sha256 === sha256 ? before.at : now }, key);
}

type Placed = {
  readonly segment: SegmentToStore;
  readonly fragments: readonly ScannedFragment[];
  readonly volume: VolumePlace;
  readonly path: string;
};
/** With a note beside it, before its receipt, where another server gave some of it back as well. */
async function shownOnce(deps: InsertDeps, file: ReturnFile, placed: Placed): Promise<SegmentToStore> {
  const { segment, fragments, volume, path } = placed;
  const { segments } = deps.catalogue;
  const [start, end] = [file.start + file.clockOffsetMs, file.end + file.clockOffsetMs];
  const inserted: Inserted = { ...file, start, end };
  if (segment.returned === undefined || !hasOthersNear(segments, inserted, deps.serverId)) return segment;
  segments.putScanned(segment, fragments);
  const row = segments.get(volume.id, path);
  if (row === undefined) return segment;
  const given = { row, note: segment.returned, ownServerId: deps.serverId };
  const groups = createGroupReader({ segments, now: deps.clock.now, fileOf: fileIn(deps) });
  const note = await withoutTwins({ groups, prover: deps.prover }, inserted, given);
  if (note === segment.returned) return segment;
  await writeReturnNote(join(volume.path, path), note);
  return { ...segment, returned: note };
}

const fileIn =
  ({ volumes }: InsertDeps) =>
  (row: { readonly volumeId: string; readonly path: string }): string | undefined => {
    const volume = volumes().find(({ id }) => id === row.volumeId);
    return volume && join(volume.path, row.path);
  };

/** How far from its own time a file may replace footage: a group, and what the clocks are off. */
const NEAR_MS = 20_000;
/**
 * Nobody hides footage of another time: what is replaced must lie beside what replaces it.
 * @throws UnderstudyError `footage/supersedes`
 */
export function checkSupersedes(
  { segments }: Pick<Catalogue, 'segments'>,
  file: Pick<ReturnFile, 'id' | 'cameraId' | 'stream' | 'recordedBy' | 'start' | 'end' | 'clockOffsetMs'>,
  note: Pick<ReturnNote, 'supersedes'> | undefined,
): void {
  const [start, end] = [file.start + file.clockOffsetMs - NEAR_MS, file.end + file.clockOffsetMs + NEAR_MS];
  const rows = note === undefined || note.supersedes.length === 0 ? [] : segments.findRows(file, { start, end });
  for (const { server, groups } of note?.supersedes ?? []) {
    const near = rows.filter(({ serverId, firstSequence }) => serverId === server && firstSequence >= 0);
    const lies = ([first, last]: readonly [number, number]): boolean =>
      near.some((row) => first >= row.firstSequence && first <= row.lastSequence) &&
      near.some((row) => last >= row.firstSequence && last <= row.lastSequence);
    // Nothing of that server near it: retention was quicker, or a catalogue that is just made again has not come to it. Its own is its own.
    if (server !== file.recordedBy && near.length > 0 && !groups.every(lies))
      throw new UnderstudyError(
        'invalid',
        'footage/supersedes',
        `The returned file ${file.id} wants to replace footage of server ${server} that does not lie beside it.`,
      );
  }
}

/** Names that a file may have got, the likeliest first. */
export function* namesOf({ cameraId, stream, recordedBy, epoch, start, clockOffsetMs }: ReturnFile): Generator<string> {
  for (let tries = 0; tries < MAX_NAME_TRIES; tries += 1)
    yield segmentPathOf({
      cameraId,
      stream,
      start: epochMs(start + clockOffsetMs + tries),
      server8: recordedBy.slice(0, 8),
      epoch,
    });
}

/** By hard link, which never replaces a file; where the file system has none, by rename to a name that is free. */
async function giveName(
  file: ReturnFile,
  { base, path }: { readonly base: string; readonly path: string },
): Promise<string> {
  for (const name of namesOf(file)) {
    const target = join(base, name);
    await makeFolders(base, dirname(name));
    if (!(await take(path, target))) continue;
    await syncDirectory(dirname(target));
    return name;
  }
  throw Object.assign(new Error(`${MAX_NAME_TRIES} names from ${file.start} on are taken`), { code: 'EEXIST' });
}

async function take(path: string, target: string): Promise<boolean> {
  try {
    await link(path, target);
    await unlink(path);
    return true;
  } catch (error) {
    const code = systemCodeOf(error);
    if (code === 'EEXIST') return await isSameFile(path, target);
    if (!NO_LINKS.has(code ?? '')) throw error;
  }
  if (await isThere(target)) return false;
  await rename(path, target);
  return true;
}
const NO_LINKS: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/** A crash came between link and unlink. */
async function isSameFile(path: string, target: string): Promise<boolean> {
  const [one, other] = [await stat(path), await stat(target)];
  if (one.ino !== other.ino || one.dev !== other.dev) return false;
  await unlink(path);
  return true;
}

const isThere = async (path: string): Promise<boolean> =>
  await stat(path).then(
    () => true,
    () => false,
  );

/** Each durable in its parent. */
async function makeFolders(base: string, folder: string): Promise<void> {
  const parts = folder.split('/');
  for (let depth = 1; depth <= parts.length; depth += 1) {
    const made = await mkdir(join(base, ...parts.slice(0, depth)), { mode: 0o750 }).then(
      () => true,
      (error: unknown) => {
        if (systemCodeOf(error) !== 'EEXIST') throw error;
        return false;
      },
    );
    if (made || depth === parts.length) await syncDirectory(join(base, ...parts.slice(0, depth - 1)));
  }
}

/** A directory held open, and below it names that lead into its file system even while its mount goes away (volume-root.ts). */
export async function holdVolume(volume: VolumePlace): Promise<{ readonly base: string; readonly handle: FileHandle }> {
  const handle = await open(volume.path, 'r');
  const base = `/proc/self/fd/${handle.fd}`;
  return { base: (await isThere(base)) ? base : volume.path, handle };
}
