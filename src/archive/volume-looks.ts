/**
 * Looks at volumes for somebody who waits for an answer: one at a time a volume, each with a deadline, so that a disk that hangs costs one
 * thread of the pool however often it is asked for, and is away for all until it answers.
 */
import { withDeadline } from '../core/clock.ts';
import type { Clock } from '../core/clock.ts';
import { durationMs } from '../core/units.ts';

/** For the looks that wait before it too. */
export const LOOK_WITHIN_MS = 5000;

/** Undefined: no answer in time, now or to one before that has still not come back. @throws what `look` throws */
export type VolumeLooks = <T>(volumeId: string, look: () => Promise<T>) => Promise<T | undefined>;

export function createVolumeLooks(clock: Pick<Clock, 'sleep'>): VolumeLooks {
  const last = new Map<string, Promise<unknown>>();
  const hung = new Set<string>();
  return async (volumeId, look) => {
    if (hung.has(volumeId)) return undefined;
    const turn = last.get(volumeId) ?? Promise.resolve();
    // Nobody waits for one that was late before it began.
    const own = turn.then(async () => (hung.has(volumeId) ? undefined : { seen: await look() }));
    const over = own.catch(() => undefined);
    last.set(volumeId, over);
    const answer = await withDeadline(clock, durationMs(LOOK_WITHIN_MS), own);
    if (answer !== undefined) return answer.seen;
    hung.add(volumeId);
    void over.then(() => hung.delete(volumeId));
    return undefined;
  };
}
