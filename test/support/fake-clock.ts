/** A `Clock` that stands still until a test moves it; timers run in the order they are due. */
import type { Cancel, Clock } from '../../src/core/clock.ts';
import { epochMs, monotonicMs } from '../../src/core/units.ts';
import type { DurationMs } from '../../src/core/units.ts';

type Timer = { readonly id: number; due: number; readonly period: number | undefined; readonly run: () => void };

export type FakeClock = Clock & {
  /** Moves both clocks; lets promises settle between timers. */
  readonly advance: (ms: number) => Promise<void>;
  /** Steps the wall clock only. */
  readonly stepWall: (ms: number) => void;
  readonly pendingTimers: () => number;
};

/** `start`: wall time at which it begins, 2026-01-01T00:00Z by default. */
export function createFakeClock(start = 1_767_225_600_000): FakeClock {
  let monotonic = 0;
  let wallOffset = start;
  let nextId = 1;
  let timers: Timer[] = [];
  const add = (delay: number, period: number | undefined, run: () => void): Cancel => {
    const timer: Timer = { id: nextId++, due: monotonic + Math.max(0, delay), period, run };
    timers.push(timer);
    return () => (timers = timers.filter((other) => other !== timer));
  };
  const sleep = (duration: DurationMs, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const cancel = add(duration, undefined, resolve);
      const abort = (): void => {
        cancel();
        resolve();
      };
      signal?.addEventListener('abort', abort, { once: true });
    });
  const nextDue = (until: number): Timer | undefined =>
    timers.filter((timer) => timer.due <= until).sort((a, b) => a.due - b.due || a.id - b.id)[0];
  const advance = async (ms: number): Promise<void> => {
    const until = monotonic + ms;
    await settle();
    for (let timer = nextDue(until); timer !== undefined; timer = nextDue(until)) {
      const due = timer;
      monotonic = Math.max(monotonic, due.due);
      if (due.period === undefined) timers = timers.filter((other) => other !== due);
      else due.due += Math.max(1, due.period);
      due.run();
      await settle();
    }
    monotonic = until;
  };
  return {
    now: () => epochMs(wallOffset + monotonic),
    monotonic: () => monotonicMs(monotonic),
    sleep,
    after: (duration, run) => add(duration, undefined, run),
    every: (period, run) => add(period, period, run),
    advance,
    stepWall: (ms) => (wallOffset += ms),
    pendingTimers: () => timers.length,
  };
}

/** Enough turns of the microtask queue for a few awaits in a row. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}
