/**
 * Cameras that let in one server only and were left to their own: their standby session would take what their server needs. In
 * memory only: after a restart the camera itself refuses, for its server has the session by then.
 * Belongs here: for how long. Does not: when it begins (failover/give-way.ts), orders (cover-orders.ts).
 */

/** As long as a camera is left alone that refuses to be held (recorder/camera-loop.ts). */
export const STOOD_DOWN_MS = 600_000;

export type StoodDown = {
  readonly begin: (cameraIds: Iterable<string>) => void;
  readonly cameras: () => ReadonlySet<string>;
  /** True: some may be kept ready again. */
  readonly expire: () => boolean;
};

/** `now`: monotonic milliseconds. */
export function createStoodDown(now: () => number): StoodDown {
  const until = new Map<string, number>();
  return {
    begin: (cameraIds) => {
      for (const cameraId of cameraIds) until.set(cameraId, now() + STOOD_DOWN_MS);
    },
    cameras: () => new Set(until.keys()),
    expire: () => {
      const over = [...until].flatMap(([cameraId, end]) => (end <= now() ? [cameraId] : []));
      for (const cameraId of over) until.delete(cameraId);
      return over.length > 0;
    },
  };
}
