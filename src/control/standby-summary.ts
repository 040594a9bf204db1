/**
 * How many cameras of a protected server are as ready as they should be, and which are not and why: for the API. Pure.
 * Belongs here: counting and cutting. Does not: how ready a camera is (cover/standby-views.ts).
 */
import type { KnownServer } from '../api/contract/failover.ts';
import type { StandbyView } from '../cover/cover-types.ts';

/** In one answer; the counts are of all. */
export const MAX_NOT_READY_LISTED = 32;

export type StandbySummary = NonNullable<NonNullable<KnownServer['watch']>['standby']>;
const RANK = { cold: 0, warm: 1, hot: 2 } as const;

export function standbySummaryOf(
  views: readonly StandbyView[],
  nameOf: (cameraId: string) => string | undefined,
): StandbySummary {
  const isReady = ({ level, actual }: StandbyView): boolean => RANK[actual] >= RANK[level];
  const countsOf = (wanted: 'hot' | 'warm'): StandbySummary['hot'] => {
    const ones = views.filter(({ level }) => level === wanted);
    return { wanted: ones.length, ready: ones.filter(isReady).length };
  };
  const notReady = views
    .filter((view) => !isReady(view))
    .sort((a, b) => RANK[b.level] - RANK[a.level] || (a.cameraId < b.cameraId ? -1 : 1))
    .slice(0, MAX_NOT_READY_LISTED)
    .map(({ cameraId, level, actual, message }) => ({
      cameraId,
      name: nameOf(cameraId) ?? cameraId,
      level,
      actual,
      ...(message === undefined ? {} : { reason: message }),
    }));
  return {
    hot: countsOf('hot'),
    warm: countsOf('warm'),
    cold: views.filter(({ level }) => level === 'cold').length,
    notReady,
  };
}
