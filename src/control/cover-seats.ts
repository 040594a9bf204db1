/**
 * Seats of the licence where covers begin: what is recorded keeps its seat whatever the licence says, and nothing begins without one.
 * Pure. Belongs here: that limit. Does not: how many seats there are (licence-book.ts), who gets one (failover/plan.ts).
 */
import type { ClaimEvent } from '../failover/claim-types.ts';
import type { PlanCamera } from '../failover/plan-types.ts';
import type { NotCovered } from '../failover/plan.ts';

export type Ranks = Extract<ClaimEvent, { readonly kind: 'ranks' }>['ranks'];

/** For the plan: an expired licence moves nothing away from who records it. */
export const seatsOrCovered = (seats: number, covered: number): number => Math.max(seats, covered);

export type SeatsHere = {
  readonly ownId: string;
  /** By the licences; `Infinity`: not limited. */
  readonly seats: number;
  /** Cameras that are recorded here for others now. */
  readonly held: ReadonlySet<string>;
  readonly cameras: readonly PlanCamera[];
};
const IMPORTANCE = { high: 0, medium: 1, low: 2, never: 3 } as const;

/**
 * Takes this server out of the ranks of cameras for which it has no seat left: those where it is first keep theirs, the important ones
 * before the others. `left`: cameras that nobody would begin to record because of it.
 */
export function withinSeats(
  ranks: Ranks,
  { ownId, seats, held, cameras }: SeatsHere,
): { readonly ranks: Ranks; readonly left: readonly NotCovered[] } {
  if (seats === Infinity) return { ranks, left: [] };
  const asking = cameras
    .flatMap((camera) => {
      const turn = ranks[camera.id]?.indexOf(ownId) ?? -1;
      return turn < 0 || held.has(camera.id) ? [] : [{ camera, turn }];
    })
    .toSorted((a, b) => a.turn - b.turn || IMPORTANCE[a.camera.priority] - IMPORTANCE[b.camera.priority]);
  const without = asking.slice(Math.max(0, seats - held.size)).map(({ camera }) => camera);
  if (without.length === 0) return { ranks, left: [] };
  const others = new Map(without.map(({ id }) => [id, (ranks[id] ?? []).filter((member) => member !== ownId)]));
  return {
    ranks: { ...ranks, ...Object.fromEntries(others) },
    left: without
      .filter(({ id }) => others.get(id)?.length === 0)
      .map((camera) => ({ camera, cause: 'not-covered-seat', detail: 'All seats of the licence are taken.' })),
  };
}
