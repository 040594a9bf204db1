/**
 * The only file that asks the system for the time or sets a timer; everything else takes a `Clock`, so that tests can
 * play hours in milliseconds.
 */
import { durationMs, epochMs, monotonicMs } from './units.ts';
import type { DurationMs, EpochMs, MonotonicMs } from './units.ts';

/** Stops a timer; calling it twice does nothing. */
export type Cancel = () => void;

export type Clock = {
  readonly now: () => EpochMs;
  readonly monotonic: () => MonotonicMs;
  /** Resolves after `duration`, at once if `signal` is or becomes aborted; never rejects. */
  readonly sleep: (duration: DurationMs, signal?: AbortSignal) => Promise<void>;
  readonly after: (duration: DurationMs, run: () => void) => Cancel;
  readonly every: (period: DurationMs, run: () => void) => Cancel;
};

export const systemClock: Clock = {
  now: () => epochMs(Date.now()),
  monotonic: () => monotonicMs(performance.now()),
  sleep: sleepOrAbort,
  after: (duration, run) => {
    const timer = setTimeout(run, duration);
    return () => clearTimeout(timer);
  },
  every: (period, run) => {
    const timer = setInterval(run, period);
    return () => clearInterval(timer);
  },
};

async function sleepOrAbort(duration: DurationMs, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, duration);
  const abort = (): void => resolve();
  signal?.addEventListener('abort', abort, { once: true });
  await promise;
  clearTimeout(timer);
  signal?.removeEventListener('abort', abort);
}

/** The result, or `undefined` once `deadline` is over: the work goes on unseen, its failure too. */
export async function withDeadline<T>(
  clock: Pick<Clock, 'sleep'>,
  deadline: DurationMs,
  work: Promise<T>,
): Promise<T | undefined> {
  const done = new AbortController();
  try {
    return await Promise.race([work, clock.sleep(deadline, done.signal).then(() => undefined)]);
  } finally {
    done.abort();
  }
}

export const seconds = (value: number): DurationMs => durationMs(value * 1000);
/** ISO 8601 UTC with milliseconds, the one way the product writes a wall time. */
export const isoOf = (at: EpochMs): string => new Date(at).toISOString();
/** For libraries that want a `Date`. */
export const dateOf = (at: EpochMs): Date => new Date(at);
/** `undefined` if `text` is not a date and time with a zone. */
export function parseIso(text: string): EpochMs | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : epochMs(at);
}
