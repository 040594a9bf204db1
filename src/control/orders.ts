/** From settings to what media shall do: a pure composition of the whole desired state. */
import type { CameraAddressPolicy } from '../core/camera-address.ts';
import { cameraSecretName } from '../site/camera-credentials.ts';
import type { CameraSettings } from '../site/camera.ts';
import type { ServerSettings, VolumeSettings } from '../site/server-settings.ts';
import { streamSourceOf } from '../site/stream-source.ts';
import { MEDIA_PROTOCOL_VERSION } from '../wire/media-protocol.ts';
import type { Orders, PushOrder, StreamName, StreamOrder } from '../wire/media-protocol.ts';

/** Short enough that retention frees space in small steps, long enough for 144 files a camera and day. */
const SEGMENT_SECONDS = 600;
/** Memory of media and what a crash costs (recording.md, "fragment length is the knob"). */
const FRAGMENT_MS = 500;

export type OrderSources = {
  readonly server: ServerSettings;
  readonly cameras: readonly CameraSettings[];
  readonly volumes: readonly VolumeSettings[];
  readonly secretOf: (name: string) => string | undefined;
  readonly version: number;
  /** Coordination epoch. */
  readonly epoch: number;
  readonly addresses: CameraAddressPolicy;
  readonly push: PushOrder;
  /** Kept connected beside the cameras, such as a push that is being tested. */
  readonly extra?: readonly StreamOrder[];
};

export function ordersOf(sources: OrderSources): Orders {
  const { server, cameras, volumes, secretOf, version, epoch, addresses, push, extra = [] } = sources;
  return {
    kind: 'orders',
    protocol: MEDIA_PROTOCOL_VERSION,
    version,
    serverId: server.id,
    epoch,
    segmentSeconds: SEGMENT_SECONDS,
    fragmentMs: FRAGMENT_MS,
    volumes: volumes.map(({ id, path, reserveBytes }) => ({ id, path, reserveBytes })),
    streams: [
      ...cameras
        .filter(({ enabled }) => enabled)
        .flatMap((camera) =>
          streamsOf(camera, preferenceOf(camera.id, volumes), secretOf(cameraSecretName(camera.id))),
        ),
      ...extra,
    ],
    addresses,
    push,
  };
}

function streamsOf(
  camera: CameraSettings,
  volumeIds: readonly string[],
  password: string | undefined,
): readonly StreamOrder[] {
  const order = (stream: StreamName, record: boolean): readonly StreamOrder[] => {
    const source = streamSourceOf(camera, stream, password);
    if (source === undefined) return [];
    return [{ ...source, record, hold: false, epoch: undefined, segmentSeconds: undefined, volumeIds }];
  };
  return [...order('main', camera.record), ...order('sub', camera.recordSub)];
}

/** Cameras spread over the volumes by their id, each with all of them to fall back to. */
export function preferenceOf(cameraId: string, volumes: readonly Pick<VolumeSettings, 'id'>[]): readonly string[] {
  const ids = volumes.map(({ id }) => id);
  if (ids.length === 0) return ids;
  const hash = Array.from(cameraId).reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) % 65_521, 7);
  const first = hash % ids.length;
  return [...ids.slice(first), ...ids.slice(0, first)];
}
