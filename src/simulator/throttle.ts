/**
 * A narrow way out: what does not fit waits its turn, and what would wait too long is skipped, as cameras on a bad radio link do.
 * Pure: time is passed in.
 */
type Waiting = { readonly size: number; readonly send: () => void };

/** Access units that wait at most; two seconds of video. */
export const MAX_WAITING = 50;

export type Throttle = {
  /** Sends at once when nothing waits and the way is wide (`bytesPerSecond` undefined). */
  readonly push: (bytesPerSecond: number | undefined, at: number, size: number, send: () => void) => void;
  /** Sends what may go by now; everything once the way is wide again. */
  readonly drain: (at: number, bytesPerSecond: number | undefined) => void;
};

export function createThrottle(): Throttle {
  const waiting: Waiting[] = [];
  /** Monotonic milliseconds at which the way is free again. */
  let freeAt = 0;
  const drain: Throttle['drain'] = (at, bytesPerSecond) => {
    for (let first = waiting[0]; first !== undefined; first = waiting[0]) {
      if (bytesPerSecond !== undefined && freeAt > at) return;
      waiting.shift();
      if (bytesPerSecond !== undefined) freeAt = Math.max(freeAt, at - 1000) + (first.size * 1000) / bytesPerSecond;
      first.send();
    }
  };
  return {
    push: (bytesPerSecond, at, size, send) => {
      if (waiting.length < MAX_WAITING) waiting.push({ size, send });
      drain(at, bytesPerSecond);
    },
    drain,
  };
}
