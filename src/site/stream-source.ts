/**
 * How media reaches one stream of a camera: the same for the server the camera belongs to and for one that covers it.
 * Belongs here: what follows from the settings of the camera. Does not: whether and where it is recorded (control, cover).
 */
import type { StreamName, StreamOrder } from '../wire/media-protocol.ts';
import type { CameraSettings } from './camera.ts';

export type StreamSource = Omit<StreamOrder, 'record' | 'hold' | 'epoch' | 'segmentSeconds' | 'volumeIds'>;

/** `undefined` if the camera has no such stream. `password`: the one kept for the camera, used only if it has one. */
export function streamSourceOf(
  camera: CameraSettings,
  stream: StreamName,
  password: string | undefined,
): StreamSource | undefined {
  const source = stream === 'main' ? camera.main : camera.sub;
  if (source === undefined) return undefined;
  return {
    cameraId: camera.id,
    stream,
    url: source.url,
    username: camera.username,
    password: camera.hasPassword ? password : undefined,
    transport: source.transport,
    fingerprint: camera.fingerprint,
    audio: camera.audio,
    priority: camera.priority,
  };
}
