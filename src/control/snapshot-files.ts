/**
 * The files of stored snapshots as control reaches them: a disk that hangs is away for all until it answers (archive/volume-looks.ts).
 *
 * Belongs here: reaching them. Does not: rules (snapshots.ts), the files themselves (archive/snapshot-folder.ts).
 */
import type { InboxVolume } from '../archive/incoming-file.ts';
import { isPresent } from '../archive/remove-segments.ts';
import {
  bytesOf,
  deleteForGood,
  detailsOf,
  homeCameras,
  homeFolder,
  listSnapshots,
  owedCameras,
  owedFolder,
  readSnapshot,
  removeSnapshot,
  sweepSnapshots,
} from '../archive/snapshot-folder.ts';
import type { SnapshotDetails, SnapshotFile } from '../archive/snapshot-folder.ts';
import { createVolumeLooks } from '../archive/volume-looks.ts';
import type { Clock } from '../core/clock.ts';
import { messageOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';

export type SnapshotFilesDeps = {
  readonly serverId: () => string;
  readonly volumes: () => readonly InboxVolume[];
  /** False: the recording process says that its disk is gone, or does not answer. */
  readonly isReadable: (volumeId: string) => boolean;
  /** Absent: by its marker. */
  readonly isPresent?: (volume: InboxVolume) => Promise<boolean>;
  readonly clock: Pick<Clock, 'now' | 'sleep'>;
  readonly log: Log;
};
/** `away`: paths of volumes that may have more. */
type Found<T> = { readonly items: readonly T[]; readonly away: readonly string[] };
export type SnapshotFiles = {
  /** Home, and what was taken here for others. */
  readonly ofCamera: (cameraId: string) => Promise<Found<SnapshotFile>>;
  readonly atHome: (cameraId: string) => Promise<readonly SnapshotFile[]>;
  /** That have a folder at home. */
  readonly homeCameras: () => Promise<readonly string[]>;
  /** 0: it is gone, or its volume is away. */
  readonly bytesOf: (file: SnapshotFile) => Promise<number>;
  /** Undefined: it is gone, or cannot be read now. */
  readonly detailsOf: (file: SnapshotFile) => Promise<SnapshotDetails | undefined>;
  /** Undefined: it is gone, or its volume is away. @throws snapshot/damaged, system errors */
  readonly read: (file: SnapshotFile) => Promise<Uint8Array | undefined>;
  /** False: it was gone, or its volume is away. @throws system errors */
  readonly remove: (file: SnapshotFile) => Promise<boolean>;
  /** The same, and nobody's copy of it is taken in again. */
  readonly deleteForGood: (file: SnapshotFile) => Promise<boolean>;
  /** What a crash left, and what was deleted long ago. */
  readonly sweep: () => Promise<void>;
};

export function createSnapshotFiles(deps: SnapshotFilesDeps): SnapshotFiles {
  const { serverId, volumes, isReadable, clock, log } = deps;
  const look = createVolumeLooks(clock);
  const isHere = deps.isPresent ?? isPresent;
  const sick = (path: string, error: unknown): undefined => {
    log.warn('snapshots cannot be read', { path, reason: messageOf(error) });
  };
  const onAll = async <T>(see: (volume: InboxVolume) => Promise<Iterable<T>>): Promise<Found<T>> => {
    const away: string[] = [];
    const seen = volumes().map(async (volume) => {
      const present = async (): Promise<Iterable<T> | undefined> =>
        (await isHere(volume)) ? await see(volume) : undefined;
      const told = isReadable(volume.id) ? look(volume.id, present) : undefined;
      const found = await told?.catch((error: unknown) => sick(volume.path, error));
      if (found === undefined) away.push(volume.path);
      return [...(found ?? [])];
    });
    return { items: (await Promise.all(seen)).flat(), away };
  };
  const onOne = async <T>(
    { volumeId }: Pick<SnapshotFile, 'volumeId'>,
    see: (on: readonly InboxVolume[]) => Promise<T>,
  ): Promise<T | undefined> =>
    isReadable(volumeId)
      ? await look(volumeId, async () => await see(volumes().filter(({ id }) => id === volumeId)))
      : undefined;
  return {
    ofCamera: async (cameraId) => await onAll(async (volume) => await listAll(volume, serverId(), cameraId)),
    atHome: async (cameraId) =>
      (await onAll(async (volume) => await listSnapshots([volume], homeFolder(cameraId)))).items,
    homeCameras: async () => [...new Set((await onAll(async (volume) => await homeCameras([volume]))).items)],
    bytesOf: async (file) => (await onOne(file, async (on) => await bytesOf(on, file))) ?? 0,
    detailsOf: async (file) =>
      await onOne(file, async (on) => await detailsOf(on, file)).catch((error: unknown) => sick(file.name, error)),
    read: async (file) => await onOne(file, async (on) => await readSnapshot(on, file)),
    remove: async (file) => (await onOne(file, async (on) => await removeSnapshot(on, file))) ?? false,
    deleteForGood: async (file) => (await onOne(file, async (on) => await deleteForGood(on, file))) ?? false,
    sweep: async () => {
      const places = await onAll(async (volume) => await foldersOn(volume, serverId()));
      for (const { volumeId, folder } of places.items)
        await onOne({ volumeId }, async (on) => await sweepSnapshots(on, folder, clock.now())).catch((error: unknown) =>
          sick(folder, error),
        );
    },
  };
}

type Place = Pick<SnapshotFile, 'volumeId' | 'folder'>;
async function foldersOn(volume: InboxVolume, by: string): Promise<readonly Place[]> {
  const home = [...(await homeCameras([volume]))].map(homeFolder);
  const owed = (await owedCameras([volume], by)).map(({ owner, cameraId }) => owedFolder(by, owner, cameraId));
  return [...home, ...owed].map((folder) => ({ volumeId: volume.id, folder }));
}

async function listAll(volume: InboxVolume, by: string, cameraId: string): Promise<readonly SnapshotFile[]> {
  const owed = (await owedCameras([volume], by)).filter((one) => one.cameraId === cameraId);
  const folders = [homeFolder(cameraId), ...owed.map(({ owner }) => owedFolder(by, owner, cameraId))];
  const files: SnapshotFile[] = [];
  for (const folder of folders) files.push(...(await listSnapshots([volume], folder)));
  return files;
}
