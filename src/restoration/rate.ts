/** How fast footage goes back: the limit that is set, and the rate as it is. */
import type { Clock } from '../core/clock.ts';
import { durationMs } from '../core/units.ts';

export type Rate = {
  /** Resolves when so many bytes may go; at once if `signal` is aborted. */
  readonly take: (bytes: number, signal: AbortSignal) => Promise<void>;
};

/** One bucket for all restorations: what may go in a quarter of a second may go at once. `limit`: bits a second. */
export function createRate(clock: Pick<Clock, 'monotonic' | 'sleep'>, limit: () => number | undefined): Rate {
  let freeAt = 0;
  return {
    take: async (bytes, signal) => {
      const bitsPerSecond = limit();
      if (bitsPerSecond === undefined) return;
      const now = clock.monotonic();
      freeAt = Math.max(freeAt, now - BURST_MS) + (bytes * 8000) / bitsPerSecond;
      if (freeAt > now) await clock.sleep(durationMs(freeAt - now), signal);
    },
  };
}
const BURST_MS = 250;

export type Meter = { readonly add: (bytes: number) => void; readonly bytesPerSecond: () => number };

/** Over the last ten seconds. */
export function createMeter(clock: Pick<Clock, 'monotonic'>): Meter {
  let marks: { readonly at: number; readonly bytes: number }[] = [];
  const recent = (): void => {
    const from = clock.monotonic() - METER_MS;
    marks = marks.filter(({ at }) => at >= from);
  };
  return {
    add: (bytes) => {
      recent();
      marks.push({ at: clock.monotonic(), bytes });
    },
    bytesPerSecond: () => {
      recent();
      const [first] = marks;
      if (first === undefined) return 0;
      const seconds = Math.max(1, (clock.monotonic() - first.at) / 1000);
      return marks.reduce((sum, { bytes }) => sum + bytes, 0) / seconds;
    },
  };
}
const METER_MS = 10_000;
