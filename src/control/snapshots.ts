/**
 * Stored snapshots of the cameras that this server records, for itself or in the place of another one: taking, listing, reading, deleting, and what goes for its
 * age (docs/design/archive.md).
 *
 * Belongs here: rules. Does not: files (archive/snapshot-folder.ts), the way home (restoration/snapshots-here.ts, -home.ts).
 */
import type { ActivityLog } from '../api/activity.ts';
import type { StoredSnapshot } from '../api/contract/snapshots.ts';
import type { MillisecondRange, StreamRef } from '../api/footage-access.ts';
import type { SnapshotPicture, SnapshotRef, StoredSnapshotDeps, TakenBy } from '../api/routes/snapshots.ts';
import type { InboxVolume } from '../archive/incoming-file.ts';
import { homeFolder, owedFolder, putSnapshot } from '../archive/snapshot-folder.ts';
import type { SnapshotDetails, SnapshotFile, SnapshotFolder } from '../archive/snapshot-folder.ts';
import { encodeSnapshot, isSnapshotId, MEDIA_TYPES, sha256Of } from '../archive/snapshot-format.ts';
import type { PictureKind } from '../archive/snapshot-format.ts';
import { mapAtOnce } from '../core/at-once.ts';
import { isoOf } from '../core/clock.ts';
import type { Clock } from '../core/clock.ts';
import { messageOf, UnderstudyError } from '../core/errors.ts';
import { isCameraId } from '../core/ids.ts';
import type { Running } from '../core/running.ts';
import { durationMs, epochMs } from '../core/units.ts';
import type { SnapshotsElsewhere } from '../restoration/snapshots-home.ts';
import { createSnapshotFiles } from './snapshot-files.ts';
import type { SnapshotFiles, SnapshotFilesDeps } from './snapshot-files.ts';

/** Of one camera; a list of so many is read in a moment. */
export const MAX_SNAPSHOTS = 2000;
/** Of one camera: 2000 of 4K at a good quality. */
export const MAX_SNAPSHOTS_BYTES: number = 4 * 1024 * 1024 * 1024;
/** Files looked at. */
const AT_ONCE = 16;
const ROUND_MS = 3_600_000;
const DAY_MS = 86_400_000;

export type TakenPicture = { readonly kind: PictureKind; readonly bytes: Uint8Array; readonly at: number };
export type SnapshotsDeps = SnapshotFilesDeps & {
  readonly nameOf: (serverId: string) => string;
  /** Those that can be written now, the one to be preferred first. */
  readonly volumesFor: (cameraId: string) => readonly InboxVolume[];
  /** The server in whose place the camera is recorded here now; undefined: in nobody's. */
  readonly coveredFor: (cameraId: string) => string | undefined;
  readonly isOwn: (cameraId: string) => boolean;
  /** Of this server itself. */
  readonly cameraIds: () => readonly string[];
  readonly maxDaysOf: (cameraId: string) => number | undefined;
  /** Start of the oldest footage of a camera. */
  readonly oldestOf: (cameraId: string) => number | undefined;
  /** @throws live/no-media, and with the code of media */
  readonly takePicture: (stream: StreamRef, signal: AbortSignal) => Promise<TakenPicture>;
  readonly elsewhere: SnapshotsElsewhere;
  readonly activity: Pick<ActivityLog, 'record'>;
  readonly clock: Pick<Clock, 'now' | 'every' | 'sleep'>;
};
type Parts = SnapshotsDeps & { readonly files: SnapshotFiles };
export type Snapshots = Running &
  Pick<StoredSnapshotDeps, 'take' | 'list' | 'picture' | 'remove'> & {
    /** Those of a camera whose footage is deleted too. */
    readonly removeAll: (cameraId: string) => Promise<void>;
    /** What is too old goes, and what a crash left. */
    readonly thin: () => Promise<void>;
  };

export function startSnapshots(given: SnapshotsDeps): Snapshots {
  const files = createSnapshotFiles(given);
  const deps: Parts = { ...given, files };
  const thinning = async (): Promise<void> => {
    await thin(deps).catch((error: unknown) => deps.log.warn('snapshots not looked at', { reason: messageOf(error) }));
  };
  let round = Promise.resolve();
  const cancel = deps.clock.every(durationMs(ROUND_MS), () => {
    round = round.then(thinning);
  });
  return {
    take: async (stream, by) => await take(deps, stream, by),
    list: async (cameraId, range) => await list(deps, cameraId, range),
    picture: async (cameraId, id) => await picture(deps, cameraId, id),
    remove: async (cameraId, id, user) => await remove(deps, { cameraId, id }, user),
    removeAll: async (cameraId) => {
      for (const file of await files.atHome(cameraId)) await files.remove(file);
    },
    thin: async () => await thin(deps),
    stop: async () => {
      cancel();
      await round;
    },
  };
}

/** Where one taken now belongs. @throws snapshot/not-recorded */
function folderFor(deps: SnapshotsDeps, cameraId: string): SnapshotFolder {
  const owner = deps.coveredFor(cameraId);
  if (owner !== undefined) return owedFolder(deps.serverId(), owner, cameraId);
  if (deps.isOwn(cameraId)) return homeFolder(cameraId);
  throw new UnderstudyError(
    'conflict',
    'snapshot/not-recorded',
    'This server does not record that camera now; take the snapshot at the server that does.',
  );
}

async function take(deps: Parts, stream: StreamRef, by: TakenBy): Promise<StoredSnapshot> {
  const { user, signal } = by;
  const note = by.note === '' ? undefined : by.note;
  const { cameraId } = stream;
  const folder = folderFor(deps, cameraId);
  const { kind, bytes: plain, at } = await deps.takePicture(stream, signal);
  const more = note === undefined ? {} : { note };
  const info = { ...stream, at, takenBy: deps.serverId(), user: user.slice(0, 256), ...more };
  const bytes = encodeSnapshot(kind, plain, info);
  const away = await checkBounds(deps, cameraId, bytes.length);
  const volumes = deps.volumesFor(cameraId).filter(({ path }) => !away.includes(path));
  // A hand-over may come while the disk is slow: what is stored then would stay behind.
  const isWanted = (): boolean => isFolderStill(deps, cameraId, folder);
  const file = await putSnapshot(volumes, { at, kind, bytes }, { folder, isWanted });
  const words = note === undefined ? '' : ` (${note})`;
  deps.activity.record({
    severity: 'info',
    code: 'snapshot-taken',
    message: `A snapshot was stored${words}.`,
    cameraId,
    user,
  });
  return viewOf(deps, file, { bytes: bytes.length, info });
}

function isFolderStill(deps: SnapshotsDeps, cameraId: string, folder: SnapshotFolder): boolean {
  try {
    return folderFor(deps, cameraId) === folder;
  } catch {
    return false;
  }
}

/** Nothing is deleted to make room: whoever kept it did so on purpose. Volumes that are away. @throws snapshot/too-many */
async function checkBounds({ files }: Parts, cameraId: string, bytes: number): Promise<readonly string[]> {
  const { items, away } = await files.ofCamera(cameraId);
  const sizes = await mapAtOnce(items, AT_ONCE, files.bytesOf);
  const total = sizes.reduce((sum, size) => sum + size, bytes);
  if (items.length < MAX_SNAPSHOTS && total <= MAX_SNAPSHOTS_BYTES) return away;
  throw new UnderstudyError(
    'limit',
    'snapshot/too-many',
    `${items.length} snapshots of this camera are stored, and no more than ${MAX_SNAPSHOTS} or 4 GiB are; delete some first.`,
  );
}

async function list(
  deps: Parts,
  cameraId: string,
  range: MillisecondRange,
): Promise<{ readonly items: readonly SnapshotRef[]; readonly away: readonly string[] }> {
  const [stored, there] = await Promise.all([deps.files.ofCamera(cameraId), elsewhereOf(deps, cameraId, range)]);
  const here = stored.items.filter(({ at }) => at >= range.start && at < range.end);
  const known = new Set(here.map(({ sha256 }) => sha256));
  const refs: SnapshotRef[] = here.map((file) => ({
    id: file.id,
    describe: async () => {
      const details = await deps.files.detailsOf(file);
      return details && viewOf(deps, file, details);
    },
  }));
  for (const { keeper, ...told } of there.items) {
    // On its way home it may be at both.
    if (known.has(told.id.slice(ID_TIME))) continue;
    refs.push({
      id: told.id,
      describe: async () => await Promise.resolve({ ...wireOf(deps, cameraId, told), keptBy: serverOf(deps, keeper) }),
    });
  }
  return { items: refs.toSorted((one, other) => (one.id > other.id ? -1 : 1)), away: [...stored.away, ...there.away] };
}
/** An id is a time, a dash and a hash. */
const ID_TIME = 14;

/** Others have snapshots of cameras of this server only. */
async function elsewhereOf(
  { elsewhere, isOwn }: SnapshotsDeps,
  cameraId: string,
  range: MillisecondRange,
): ReturnType<SnapshotsElsewhere['list']> {
  return isOwn(cameraId) ? await elsewhere.list(cameraId, range) : { items: [], away: [] };
}

function viewOf(deps: SnapshotsDeps, file: SnapshotFile, { bytes, info }: SnapshotDetails): StoredSnapshot {
  const { id, at, kind, folder } = file;
  const cameraId = folder.slice(folder.lastIndexOf('/') + 1);
  const { stream = 'main', takenBy = deps.serverId(), user = '', note } = info ?? {};
  return wireOf(deps, cameraId, { id, at, kind, bytes, stream, takenBy, user, note });
}

type Plain = {
  readonly id: string;
  readonly at: number;
  readonly kind: PictureKind;
  readonly bytes: number;
  readonly stream: 'main' | 'sub';
  readonly takenBy: string;
  readonly user: string;
  readonly note: string | undefined;
};
const wireOf = (deps: SnapshotsDeps, cameraId: string, one: Plain): StoredSnapshot => ({
  id: one.id,
  cameraId,
  stream: one.stream,
  at: isoOf(epochMs(Math.round(one.at))),
  mediaType: one.kind === 'jpeg' ? 'image/jpeg' : 'video/mp4',
  bytes: one.bytes,
  sha256: one.id.slice(ID_TIME),
  user: one.user,
  ...(one.note === undefined ? {} : { note: one.note }),
  takenBy: serverOf(deps, one.takenBy),
});
const serverOf = ({ nameOf }: SnapshotsDeps, serverId: string): StoredSnapshot['takenBy'] => ({
  serverId,
  name: nameOf(serverId),
});

async function picture(deps: Parts, cameraId: string, id: string): Promise<SnapshotPicture | undefined> {
  if (!isSnapshotId(id) || !isCameraId(cameraId)) return undefined;
  for (const file of (await deps.files.ofCamera(cameraId)).items) {
    if (file.id !== id) continue;
    const bytes = await deps.files.read(file);
    if (bytes !== undefined) return { bytes, mediaType: MEDIA_TYPES[file.kind] };
  }
  const there = deps.isOwn(cameraId) ? await deps.elsewhere.read({ cameraId, id }) : undefined;
  if (there === undefined || sha256Of(there.bytes) !== id.slice(ID_TIME)) return undefined;
  return { bytes: there.bytes, mediaType: MEDIA_TYPES[there.kind] };
}

type Place = { readonly cameraId: string; readonly id: string };
async function remove(deps: Parts, { cameraId, id }: Place, user: string): Promise<boolean> {
  if (!isSnapshotId(id) || !isCameraId(cameraId)) return false;
  let gone = false;
  for (const file of (await deps.files.ofCamera(cameraId)).items)
    if (file.id === id && (await deleteOne(deps, file))) gone = true;
  if (await removeElsewhere(deps, { cameraId, id })) gone = true;
  if (!gone) return false;
  const message = `The snapshot of ${isoOf(epochMs(Number(id.slice(0, ID_TIME - 1))))} was deleted.`;
  deps.activity.record({ severity: 'info', code: 'snapshot-deleted', message, cameraId, user });
  return true;
}

/** Whoever took it in the place of this server may be away, with a copy whose receipt it has not heard. */
async function deleteOne({ files, serverId }: Parts, file: SnapshotFile): Promise<boolean> {
  const takenBy = (await files.detailsOf(file))?.info?.takenBy ?? serverId();
  return takenBy === serverId() ? await files.remove(file) : await files.deleteForGood(file);
}

/** What is home and still there would come home again; there it has another time in its id. */
async function removeElsewhere(deps: SnapshotsDeps, { cameraId, id }: Place): Promise<boolean> {
  const { items } = await elsewhereOf(deps, cameraId, { start: 0, end: LAST_MS });
  let gone = false;
  for (const told of items.filter((one) => one.id.slice(ID_TIME) === id.slice(ID_TIME)))
    if (await deps.elsewhere.remove({ cameraId, id: told.id })) gone = true;
  return gone;
}
/** Behind every date that a clock may say. */
const LAST_MS = 2 ** 47;

/**
 * A snapshot goes by the owner's days, but not before the footage of its time has gone by them: that is guarded against clocks that are wrong
 * (docs/design/archive.md). Of a camera without footage none goes: nothing says then that the clock is right. What is owed to others stays.
 */
async function thin(deps: Parts): Promise<void> {
  const { clock, log, files } = deps;
  await files.sweep();
  for (const cameraId of new Set([...(await files.homeCameras()), ...deps.cameraIds()])) {
    const days = deps.maxDaysOf(cameraId);
    const oldest = deps.oldestOf(cameraId);
    if (days === undefined || oldest === undefined) continue;
    const until = Math.min(clock.now() - days * DAY_MS, oldest);
    const old = (await files.atHome(cameraId)).filter(({ at }) => at < until);
    for (const file of old) await files.remove(file);
    if (old.length > 0) log.info('snapshots removed', { cameraId, files: old.length });
    await thinElsewhere(deps, cameraId, until);
  }
}

/** What others keep goes by the same days. */
async function thinElsewhere({ elsewhere, log }: SnapshotsDeps, cameraId: string, until: number): Promise<void> {
  const { items } = await elsewhere.list(cameraId, { start: 0, end: Math.max(0, until) });
  for (const { id } of items) await elsewhere.remove({ cameraId, id });
  if (items.length > 0) log.info('snapshots removed where they were kept', { cameraId, files: items.length });
}
