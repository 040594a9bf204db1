/**
 * Who may cover what: failover servers with the channels and seats that they have, and cameras as the plan sees them (product C1, C2).
 * Belongs here: those types. Does not: choosing cameras (plan.ts).
 */

/** A failover server that is heard. */
export type Member = {
  readonly id: string;
  /** For covering, those in use for covering included. */
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
