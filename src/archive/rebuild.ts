/**
 * Brings the catalogue in line with the files of a volume: after a crash the segments that were open, after the loss of the catalogue all of them.
 * Everything is read from the files themselves; nothing is written to the volume.
 *
 * Only unknown files and rows still open are scanned, headers first; of each the last fragments are read in full, because a power cut
 * may have left a header whose payload never reached the disk. Files that are not ours or broken are reported and left alone.
 */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { messageOf, systemCodeOf } from '../core/errors.ts';
import { isCameraId } from '../core/ids.ts';
import { rangeOf, subtract } from '../ledger/spans.ts';
import { readInit } from '../media/mp4/scan.ts';
import type { ByteSource } from '../media/mp4/scan.ts';
import type { ReturnNote } from '../media/mp4/segment-header.ts';
import { openByteSource, withoutBadSectors } from './byte-source.ts';
import type { Catalogue, SegmentRow } from './catalogue-types.ts';
import type { DiskReader } from './disk-reader.ts';
import { RETURN_NOTE_SUFFIX, returnNoteOf } from './return-note.ts';
import type { TimeRange } from '../core/units.ts';
import { isPresent } from './remove-segments.ts';
import type { VolumePlace } from './remove-segments.ts';
import { scanSegmentFile, scanSource } from './scan-segment.ts';
import type { ScannedSegment, SegmentPlace } from './scan-segment.ts';
import { isDayFolder, parseSegmentPath } from './segment-path.ts';

export type ReconcileDeps = {
  readonly catalogue: Pick<Catalogue, 'transaction' | 'segments' | 'removed'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly signal: AbortSignal;
  /** Segments the media process has open now: they are left alone. */
  readonly isBeingWritten: (volumeId: string, path: string) => boolean;
  /** Wall milliseconds since when the media process that writes now runs; undefined: that is not known. */
  readonly writerSince?: () => number | undefined;
  /** On a disc that several servers have as a volume: it is another one's, which sees to it itself. */
  readonly isOthers?: (volumeId: string, segment: SegmentOrigin) => boolean;
  /** Footage that was there is not whole any more; it is booked. */
  readonly onDamage?: (place: DamagedPlace, lost: readonly TimeRange[]) => void;
};
/** Who recorded a segment, for which camera, and whether it was given back. */
export type SegmentOrigin = {
  readonly cameraId: string;
  readonly serverId: string;
  readonly returned: ReturnNote | undefined;
};
export type DamagedPlace = { readonly cameraId: string; readonly volumeId: string; readonly path: string };
export type ReconcileReport = {
  /** False: aborted, or the volume went away in the middle; what was done stands. */
  readonly complete: boolean;
  /** Files read because they were unknown or open in the catalogue. */
  readonly scanned: number;
  /** Rows whose file is not there any more: removed and booked as deleted. */
  readonly missing: number;
  /** Names that are not ours, at most `MAX_REPORTED`. */
  readonly foreign: readonly string[];
  readonly broken: readonly { readonly path: string; readonly message: string }[];
};

export const MAX_REPORTED = 100;
/** A file changed this recently may belong to a writer whose report is still on its way, if that writer is alive. */
const BUSY_MS = 10_000;
/** A day at a segment every 10 s. */
const MAX_FILES_A_DAY = 10_000;

type Work = {
  readonly deps: ReconcileDeps;
  readonly volume: VolumePlace;
  readonly report: { scanned: number; missing: number; foreign: string[]; broken: { path: string; message: string }[] };
};

export async function reconcileVolume(deps: ReconcileDeps, volume: VolumePlace): Promise<ReconcileReport> {
  const work: Work = { deps, volume, report: { scanned: 0, missing: 0, foreign: [], broken: [] } };
  const complete = await reconcileAll(work);
  return { complete, ...work.report };
}

async function reconcileAll(work: Work): Promise<boolean> {
  const { deps, volume } = work;
  const folders = await dayFolders(work);
  for (const folder of folders) {
    if (deps.signal.aborted || !(await isPresent(volume))) return false;
    await reconcileFolder(work, folder, await namesIn(join(volume.path, folder)));
  }
  // Folders that only the catalogue knows.
  const known = new Set(folders);
  let after = '';
  for (;;) {
    const [row] = deps.catalogue.segments.page(volume.id, after, 1);
    if (row === undefined) return true;
    if (deps.signal.aborted || !(await isPresent(volume))) return false;
    const folder = folderOf(row.path);
    if (!known.has(folder)) await reconcileFolder(work, folder, []);
    after = `${folder}0`; // '0' follows '/': behind every file of the folder
  }
}

const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/'));

/** `camera/stream/day` in order. */
async function dayFolders(work: Work): Promise<readonly string[]> {
  const top = (await namesIn(work.volume.path)).filter((name) => !name.startsWith('.') && name !== 'lost+found');
  for (const name of top) if (!isCameraId(name)) note(work, name);
  const streams = await below(work, top.filter(isCameraId));
  const days = await below(work, streams);
  const isOurs = (folder: string): boolean => /\/(main|sub)\//.test(folder) && isDayFolder(folder.slice(-10));
  for (const folder of days) if (!isOurs(folder)) note(work, folder);
  return days.filter(isOurs);
}

async function below({ volume }: Work, folders: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const folder of folders)
    for (const name of await namesIn(join(volume.path, folder))) found.push(`${folder}/${name}`);
  return found;
}

function note({ report }: Work, path: string): void {
  if (report.foreign.length < MAX_REPORTED) report.foreign.push(path);
}

/** Sorted; empty if it is no folder. */
async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if (systemCodeOf(error) === 'ENOTDIR' || systemCodeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

async function reconcileFolder(work: Work, folder: string, names: readonly string[]): Promise<void> {
  const { deps, volume, report } = work;
  const rows = new Map<string, SegmentRow>();
  for (const row of deps.catalogue.segments.page(volume.id, `${folder}/`, MAX_FILES_A_DAY))
    if (folderOf(row.path) === folder) rows.set(row.path, row);
  for (const name of names) {
    const path = `${folder}/${name}`;
    const row = rows.get(path);
    rows.delete(path);
    if (isReturnNote(path)) continue;
    if (parseSegmentPath(path) === undefined) note(work, path);
    else if (row === undefined || row.open) await reconcileFile(work, path);
    if (deps.signal.aborted) return;
  }
  for (const row of rows.values()) {
    if (deps.isBeingWritten(volume.id, row.path) && row.partial !== true) continue;
    bookMissing(work, row);
    report.missing += 1;
  }
}

const isReturnNote = (path: string): boolean =>
  path.endsWith(RETURN_NOTE_SUFFIX) && parseSegmentPath(path.slice(0, -RETURN_NOTE_SUFFIX.length)) !== undefined;

function bookMissing({ deps: { catalogue }, volume }: Work, row: SegmentRow): void {
  catalogue.transaction(() => {
    for (const span of catalogue.segments.get(volume.id, row.path)?.spans ?? [])
      catalogue.removed.add(row, span, 'deleted');
    catalogue.segments.remove(volume.id, row.path);
  }, 'durable');
}

async function reconcileFile(work: Work, path: string): Promise<void> {
  const { deps, volume, report } = work;
  const row = deps.catalogue.segments.get(volume.id, path);
  const isWritten = (): boolean => deps.isBeingWritten(volume.id, path);
  // The end of a partial one may not have been told. Asked again behind each wait: meanwhile the writer may have told of the file.
  const isLeft = (): boolean =>
    (isWritten() && row?.partial !== true) || hasGrown(row, deps.catalogue.segments.get(volume.id, path));
  if (isLeft()) return;
  const file = join(volume.path, path);
  try {
    const { mtimeMs } = await stat(file);
    if ((row === undefined || isWritten()) && mayBeReported(deps, mtimeMs)) return;
    if ((await isOthers(work, file)) || isLeft()) return;
    report.scanned += 1;
    const seen = await scanSegmentFile(file, volume.id, path);
    // Damage seldom comes alone: then every payload is read, so that all of it is told at once.
    const isDamaged = lostOf(deps.catalogue, volume.id, path, seen).length > 0;
    const scanned = isDamaged ? await scanSegmentFile(file, volume.id, path, 'all') : seen;
    if (!isLeft()) storeScan({ ...deps, volumeId: volume.id }, path, scanned);
  } catch (error) {
    if (report.broken.length < MAX_REPORTED) report.broken.push({ path, message: messageOf(error) });
  }
}

const hasGrown = (before: SegmentRow | undefined, now: SegmentRow | undefined): boolean =>
  before !== undefined && now !== undefined && before.bytes !== now.bytes;

/** What the writer before left is read at once: until it is in the catalogue, another server takes it for missing and sends its own. */
function mayBeReported({ clock, writerSince }: ReconcileDeps, mtimeMs: number): boolean {
  const age = clock.now() - mtimeMs;
  return age >= 0 && age < BUSY_MS && mtimeMs >= (writerSince?.() ?? 0);
}

/** What was reported durable and is not whole any more is damage, and no gap that nobody can explain. */
function storeScan(
  { catalogue, onDamage, volumeId }: Pick<ReconcileDeps, 'catalogue' | 'onDamage'> & { readonly volumeId: string },
  path: string,
  scanned: ScannedSegment,
): void {
  const { segment, fragments } = scanned;
  const lost = lostOf(catalogue, volumeId, path, scanned);
  catalogue.transaction(() => {
    catalogue.segments.putScanned(segment, fragments);
    for (const span of lost) catalogue.removed.add(segment, span, 'footage-damaged');
  }, 'durable');
  if (lost.length > 0) onDamage?.({ cameraId: segment.cameraId, volumeId, path }, lost);
}

/** Of what the catalogue says that the file holds. */
function lostOf(
  { segments }: ReconcileDeps['catalogue'],
  volumeId: string,
  path: string,
  { fragments }: ScannedSegment,
): readonly TimeRange[] {
  const whole = fragments.map(({ start, end }) => rangeOf(start, end));
  const known = (segments.get(volumeId, path)?.spans ?? []).map(({ start, end }) => rangeOf(start, end));
  return subtract(known, whole).filter(({ start, end }) => end - start > 1);
}

type StoreDeps = Pick<ReconcileDeps, 'catalogue' | 'onDamage'> & { readonly disk: DiskReader };

/**
 * A closed segment of which something was seen to be damaged: every payload is read as its disk gives it back, and what is not whole, or not to
 * be read, is booked. @throws as scanSegmentFile
 */
export async function storeScanned(
  deps: StoreDeps,
  file: string,
  { volumeId, path }: Pick<SegmentRow, 'volumeId' | 'path'>,
): Promise<void> {
  const source = await deps.disk.open(file);
  try {
    await storeSource(deps, withoutBadSectors(source), { file, volumeId, path });
  } finally {
    await source.close();
  }
}

async function storeSource(deps: StoreDeps, source: ByteSource, place: SegmentPlace): Promise<void> {
  const { volumeId, path } = place;
  const scanned = await scanSource(source, place, 'all');
  if (deps.catalogue.segments.get(volumeId, path) !== undefined) storeScan({ ...deps, volumeId }, path, scanned);
}

async function isOthers({ deps, volume }: Work, file: string): Promise<boolean> {
  if (deps.isOthers === undefined) return false;
  const source = await openByteSource(file);
  try {
    const { header } = await readInit(source);
    const { cameraId, serverId } = header;
    return deps.isOthers(volume.id, { cameraId, serverId, returned: await returnNoteOf(file, header) });
  } finally {
    await source.close();
  }
}
