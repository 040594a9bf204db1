/** Which streams of which servers are to be covered, and as cameras for the plan. Pure. */
import type { PlanCamera } from '../failover/plan-types.ts';
import type { StreamRef } from '../failover/cover-reasons.ts';
import type { CameraSettings } from '../site/camera.ts';

export type Wish = { readonly stream: StreamRef; readonly lostFrom: number };
/** By server, in the order in which they failed; by `camera/stream`. */
export type Wishes = Map<string, Map<string, Wish>>;

/** Every camera that a server is to record by its settings. */
export const wholeServer = (cameras: readonly CameraSettings[]): Map<string, Wish> =>
  new Map(
    cameras
      .filter(({ enabled, record }) => enabled && record)
      .map(({ id }) => [`${id}/main`, { stream: { cameraId: id, stream: 'main' }, lostFrom: 0 }]),
  );

/** In the order of `wishes`: the first to fail is taken first (product B10). */
export function camerasOf(
  wishes: Wishes,
  settingsOf: (serverId: string) => readonly CameraSettings[],
): readonly PlanCamera[] {
  return [...wishes].flatMap(([serverId, streams]) => {
    const wanted = new Set([...streams.values()].map(({ stream }) => stream.cameraId));
    return settingsOf(serverId)
      .filter(({ id }) => wanted.has(id))
      .map(({ id, name, priority }) => ({ id, serverId, name, priority }));
  });
}
