/** Stored snapshots put together: control's rules, archive's files. Their way home: snapshot-returns-set-up.ts. */
import type { InboxVolume } from '../archive/incoming-file.ts';
import { pictureAsMp4 } from '../archive/snapshot-format.ts';
import type { Catalogue } from '../archive/catalogue-types.ts';
import type { FailoverSetUp } from './failover-set-up.ts';
import { nameOfServer } from '../control/failover-api.ts';
import { mediaSocketOf } from '../control/media-link.ts';
import { fetchKeyFrame } from '../control/media-request.ts';
import { preferenceOf } from '../control/orders.ts';
import type { RecordingSide } from '../control/recording-side.ts';
import type { Decoder } from '../control/snapshot.ts';
import { startSnapshots } from '../control/snapshots.ts';
import type { Snapshots, SnapshotsDeps } from '../control/snapshots.ts';
import { UnderstudyError } from '../core/errors.ts';
import type { Settings } from '../settings/settings.ts';
import type { Box } from './failover-box.ts';

const isOwn = ({ cameras }: Pick<Settings, 'cameras'>, cameraId: string): boolean =>
  cameras.get().cameras.some(({ id }) => id === cameraId);

/** What lies there can be shown. */
const READABLE: ReadonlySet<string> = new Set(['volume-full', 'volume-read-only']);

export type SnapshotParts = Pick<Box, 'settings' | 'activity' | 'clock' | 'log' | 'dataDir'> & {
  readonly catalogue: { readonly segments: Pick<Catalogue['segments'], 'around'> };
  readonly recording: Pick<RecordingSide, 'state'>;
  readonly decoder: Decoder;
  readonly failover: Pick<FailoverSetUp, 'coveredCameras' | 'snapshotsElsewhere'>;
};

export function composeSnapshots(parts: SnapshotParts): Snapshots {
  const { settings, recording, failover, catalogue } = parts;
  const volumes = (): readonly InboxVolume[] => settings.volumes.get().volumes;
  return startSnapshots({
    ...parts,
    serverId: () => settings.server.get().id,
    nameOf: (serverId) => nameOfServer(settings, serverId),
    volumes,
    // One that nobody has looked at yet may be there.
    isReadable: (id) => {
      const state = recording.state.volumeOf(id)?.state;
      return state?.kind !== 'unusable' || READABLE.has(state.cause);
    },
    volumesFor: (cameraId) => volumesFor(parts, cameraId),
    coveredFor: (cameraId) =>
      failover.coveredCameras().find(({ camera }) => camera.id === cameraId)?.coveredFor.serverId,
    isOwn: (cameraId) => isOwn(settings, cameraId),
    cameraIds: () => settings.cameras.get().cameras.map(({ id }) => id),
    maxDaysOf: (cameraId) => settings.cameras.get().cameras.find(({ id }) => id === cameraId)?.retention.maxDays,
    oldestOf: (cameraId) => {
      const starts = (['main', 'sub'] as const).flatMap(
        (stream) => catalogue.segments.around({ cameraId, stream }, 0).after?.start ?? [],
      );
      return starts.length === 0 ? undefined : Math.min(...starts);
    },
    takePicture: takerOf(parts),
    elsewhere: failover.snapshotsElsewhere,
  });

  function volumesFor({ settings: { failover: spare } }: SnapshotParts, cameraId: string): readonly InboxVolume[] {
    const usable = volumes().filter(({ id }) => recording.state.volumeOf(id)?.state.kind === 'usable');
    const { storeVolumeIds } = spare.get();
    const isStore = (id: string): boolean =>
      isOwn(settings, cameraId) || storeVolumeIds.length === 0 || storeVolumeIds.includes(id);
    const order = preferenceOf(cameraId, usable);
    return usable
      .filter(({ id }) => isStore(id))
      .toSorted((one, other) => order.indexOf(one.id) - order.indexOf(other.id));
  }
}

/** These say that no JPEG can be made; the key frame itself is stored then, and nothing is lost. */
const NO_JPEG: ReadonlySet<string> = new Set(['snapshot/no-decoder', 'snapshot/no-picture']);

function takerOf({ decoder, dataDir, clock }: SnapshotParts): SnapshotsDeps['takePicture'] {
  const media = { socketPath: mediaSocketOf(dataDir), clock };
  return async (stream, signal) => {
    const { header, bytes } = await fetchKeyFrame(media, stream, signal);
    const { codec, at } = header;
    try {
      return { kind: 'jpeg', bytes: await decoder(codec, bytes, signal), at };
    } catch (error) {
      const movie = isNoJpeg(error) ? pictureAsMp4(codec, bytes) : undefined;
      if (movie === undefined) throw error;
      return { kind: 'mp4', bytes: movie, at };
    }
  };
}

const isNoJpeg = (error: unknown): boolean => error instanceof UnderstudyError && NO_JPEG.has(error.code);
