/** What is asked for many times in one breath and is done once, a moment later. */
import type { Clock } from './clock.ts';
import type { DurationMs } from './units.ts';

/** `run` takes place `after` the first call since it ran last; calls meanwhile ask for nothing more. */
export function together(clock: Pick<Clock, 'after'>, after: DurationMs, run: () => void): () => void {
  let isWaiting = false;
  return () => {
    if (isWaiting) return;
    isWaiting = true;
    clock.after(after, () => {
      isWaiting = false;
      run();
    });
  };
}
