/**
 * Who covers whom: cameras of failed servers to failover servers. Pure and deterministic: the same inputs give the same plan
 * on every failover server, so nobody needs to talk before he covers (docs/design/coordination.md).
 */
import type { MissingCause } from '../ledger/causes.ts';

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
export type PlanRequest = {
  readonly members: readonly Member[];
  /** In the order in which their servers failed: the first to fail is taken first (product B10). */
  readonly cameras: readonly PlanCamera[];
  /** Who records a camera now: it stays there. */
  readonly present: ReadonlyMap<string, string>;
  readonly shortage: 'all-or-nothing' | 'by-name' | 'by-priority';
  readonly oneServerAtATime: boolean;
};
export type NotCovered = { readonly camera: PlanCamera; readonly cause: MissingCause; readonly detail: string };
export type Plan = {
  /** Camera id to member id. */
  readonly assigned: ReadonlyMap<string, string>;
  readonly notCovered: readonly NotCovered[];
};
