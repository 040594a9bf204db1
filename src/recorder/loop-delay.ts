/** How late the event loop is: the figure that tells whether one process is enough. */
import { monitorEventLoopDelay } from 'node:perf_hooks';

export type LoopDelay = {
  /** 99th percentile since the call before, milliseconds above the timer's own 20 ms. */
  readonly takeP99: () => number;
  /** Looks only while there is something to be late for: a process without streams sleeps. */
  readonly look: (on: boolean) => void;
  readonly stop: () => void;
};

/** Milliseconds. Each look is a wake of the process: at 10 ms they would be a third of all. */
const RESOLUTION = 20;

export function startLoopDelay(): LoopDelay {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION });
  return {
    takeP99: () => {
      const p99 = histogram.percentile(99) / 1e6;
      histogram.reset();
      return Math.max(0, Math.round((p99 - RESOLUTION) * 100) / 100);
    },
    look: (on) => void (on ? histogram.enable() : histogram.disable()),
    stop: () => void histogram.disable(),
  };
}
