/**
 * Who keeps which cameras ready follows from which failover servers there are: when one comes, or stays away, the others plan anew.
 * Belongs here: when. Does not: the plan (failover/plan.ts), standby sessions (cover).
 */
import type { Clock } from '../core/clock.ts';
import type { OtherMember } from './cover-request.ts';

/** One that is only started again is not worth connecting to all its cameras. */
export const SETTLED_MS = 3000;

export type StandbyReviewDeps = {
  readonly others: () => readonly Pick<OtherMember, 'id' | 'channels' | 'seats'>[];
  readonly review: () => void;
  readonly clock: Pick<Clock, 'monotonic'>;
};

/** To be called a few times a second. */
export function createStandbyReview({ others, review, clock }: StandbyReviewDeps): () => void {
  const membersNow = (): string =>
    others()
      .map(({ id, channels, seats }) => `${id} ${channels} ${seats}`)
      .sort()
      .join('\n');
  let planned = membersNow();
  let seen = planned;
  let since = clock.monotonic();
  return () => {
    const now = membersNow();
    if (now !== seen) {
      seen = now;
      since = clock.monotonic();
    }
    if (seen === planned || clock.monotonic() - since < SETTLED_MS) return;
    planned = seen;
    review();
  };
}
