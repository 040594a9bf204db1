/**
 * How many cameras a failover server may take (product C1, C2): at most 128 channels, and of a licence its even share of seats.
 * Belongs here: the arithmetic. Does not: reading a licence, choosing cameras (plan.ts).
 */
import { MAX_CAMERAS } from '../site/camera.ts';

export const MAX_CHANNELS: number = MAX_CAMERAS;

/** A failover server that is heard. */
export type Member = {
  readonly id: string;
  /** For covering, those in use for covering included (capacity.ts). */
  readonly channels: number;
  /** Of the licence; `Infinity` without one. */
  readonly seats: number;
  /** Cameras that a probe says it cannot reach. */
  readonly unreachable: ReadonlySet<string>;
};
export type PlanCamera = {
  readonly id: string;
  readonly serverId: string;
  readonly name: string;
  readonly priority: 'high' | 'medium' | 'low' | 'never';
};
/** Channels for covering, those that cover now included: what is left beside the cameras of its own. */
export function channelsForCovering({ max, own }: { readonly max: number; readonly own: number }): number {
  return Math.max(0, Math.min(max, MAX_CHANNELS) - own);
}

/** Seats of a licence split evenly (90 over 3 are 30 each); what is left over goes to the first by id. */
export function seatShares(seats: number, memberIds: readonly string[]): ReadonlyMap<string, number> {
  const ids = [...new Set(memberIds)].sort();
  const share = ids.length === 0 ? 0 : Math.floor(seats / ids.length);
  const rest = Number.isFinite(seats) ? seats - share * ids.length : 0;
  return new Map(ids.map((id, index) => [id, share + (index < rest ? 1 : 0)]));
}
