/**
 * From "these streams of a failed server are to be covered" to "these are ours": feeds the claims machine with wishes, ranks of
 * the plan and what other failover servers say, and hands our share to the cover service. Record first, claim second.
 *
 * Belongs here: that loop. Does not: who steps in and who yields (failover/claims.ts), the plan (failover/plan.ts).
 */
import type { Clock } from '../core/clock.ts';
import { messageOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { CoverService } from '../cover/cover-service.ts';
import type { ClaimEffect, ClaimEvent, ClaimsState } from '../failover/claim-types.ts';
import { epochOf, initialClaims, resumeClaims, savedClaimsOf, stepClaims } from '../failover/claims.ts';
import type { SavedClaims } from '../failover/claims.ts';
import type { ReleaseWhy, StreamRef } from '../failover/cover-reasons.ts';
import type { HandoverConfirmation } from '../failover/machine-types.ts';
import { nextHere } from '../failover/next-cover.ts';
import { rankedFor } from '../failover/placement.ts';
import type { NotCovered, Plan, PlanRequest } from '../failover/plan.ts';
import { failureOf, requestOf } from './cover-request.ts';
import type { RequestDeps } from './cover-request.ts';
import { withinSeats } from './cover-seats.ts';
import type { Ranks } from './cover-seats.ts';
import type { Wish, Wishes } from './cover-wishes.ts';
import { createReviewStalls } from './review-stalls.ts';

export type CoveringDeps = RequestDeps & {
  readonly cover: Pick<CoverService, 'cover' | 'release' | 'channels'>;
  readonly plan: (request: PlanRequest) => Plan;
  /** Has an epoch above `above` issued by the host. Rejects without one: then the provisional epoch stays. */
  readonly issueEpoch: (serverId: string, above: number) => Promise<number>;
  /** Asks another failover server what it records of these. */
  readonly askWinner: (memberId: string, streams: readonly StreamRef[]) => Promise<readonly HandoverConfirmation[]>;
  /** Others are to be told now, not with the next keep-alive: whoever comes next in rank waits for it. Called for each claim. */
  readonly claimed: () => void;
  /** Of the run before. */
  readonly kept: SavedClaims | undefined;
  /** Durable when it returns: no epoch is used before. */
  readonly keep: (saved: SavedClaims) => void;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly log: Log;
};
export type Covering = {
  /** Idempotent. `lostFrom`: wall milliseconds from when on footage may be missing there. */
  readonly want: (serverId: string, streams: readonly StreamRef[], lostFrom: number) => void;
  readonly release: (serverId: string, streams: readonly StreamRef[], why?: ReleaseWhy) => void;
  readonly hear: (event: HeardClaim) => void;
  /** Each `REVIEW_MS`; `loopDelayMs`: how much later than due it comes. */
  readonly tick: (loopDelayMs: number) => void;
  /** Why wanted cameras are not covered by anybody, by the newest plan. */
  readonly notCovered: () => readonly NotCovered[];
  readonly planFor: (failed: readonly string[]) => Plan;
  /**
   * Cameras of a server that this one would cover. What a probe did not reach counts as reached: only this server knows of its probes,
   * and what it left to another one that one would leave to it.
   */
  readonly shareOf: (serverId: string) => ReadonlySet<string>;
  /**
   * Looks anew which hot cameras of servers that are away (`isAway`) this one would cover next; true: they are others than before. While
   * a server is there its own session comes first: a camera may have none to spare.
   */
  readonly reviewNext: (isAway: (serverId: string) => boolean) => boolean;
  /** Camera ids, by the last such look: kept hot here although another one covers them. */
  readonly next: () => ReadonlySet<string>;
  /** Those of `next` that another one is heard to record now. */
  readonly nextElsewhere: () => ReadonlySet<string>;
  /** In which epoch a camera is recorded here; undefined: it is not. */
  readonly epochOfCamera: (cameraId: string) => number | undefined;
  /** The highest epoch known. */
  readonly maxEpoch: () => number;
};
type OfKind<Kind extends ClaimEvent['kind']> = Extract<ClaimEvent, { readonly kind: Kind }>;
/** What other servers say, without the time. */
export type HeardClaim =
  | Omit<OfKind<'heard'>, 'at'>
  | Omit<OfKind<'alive' | 'gone'>, 'at'>
  | Omit<OfKind<'known-epoch'>, 'at'>;
type Happening =
  | HeardClaim
  | Omit<OfKind<'want'>, 'at'>
  | Omit<OfKind<'unwant'>, 'at'>
  | Omit<OfKind<'ranks'>, 'at'>
  | Omit<OfKind<'issued'>, 'at'>
  | Omit<OfKind<'winner-answered'>, 'at'>
  | Omit<OfKind<'tick'>, 'at'>;

// oxlint-disable-next-line max-lines-per-function -- one closure over wishes and claims
export function createCovering(deps: CoveringDeps): Covering {
  const { clock, log } = deps;
  const wishes: Wishes = new Map();
  const said = new Set<string>();
  const stalls = createReviewStalls(clock);
  let left: readonly NotCovered[] = [];
  let next: ReadonlySet<string> = new Set();
  // What the run before recorded goes on by the cover service's own index; its machines want it again in a moment.
  let state: ClaimsState = deps.kept
    ? resumeClaims(deps.ownId(), deps.kept, clock.monotonic()).state
    : initialClaims(deps.ownId(), 0);
  let saved = JSON.stringify(savedClaimsOf(state));

  const keep = (): void => {
    const next = savedClaimsOf(state);
    const text = JSON.stringify(next);
    if (text === saved) return;
    saved = text;
    try {
      deps.keep(next);
    } catch (error) {
      // A full system disk must not keep a camera from being covered.
      log.error('claims cannot be kept on disk', { reason: messageOf(error) });
    }
  };
  const forgive = (loopDelayMs: number): void => {
    if (loopDelayMs > 0) decide({ kind: 'tick', loopDelayMs });
  };
  const tell = (happening: Happening): void => {
    forgive(stalls.untold());
    decide(happening);
  };
  const decide = (happening: Happening): void => {
    const step = stepClaims(state, { ...happening, at: clock.monotonic() });
    ({ state } = step);
    keep();
    for (const effect of step.effects) carryOut(effect);
  };
  const record = (serverId: string, cameraIds: readonly string[], epoch: number): void => {
    const mine = [...(wishes.get(serverId)?.values() ?? [])].filter(({ stream }) =>
      cameraIds.includes(stream.cameraId),
    );
    for (const [lostFrom, together] of Map.groupBy(mine, (wish) => wish.lostFrom)) {
      const streams = together.map(({ stream }) => stream);
      const refused = deps.cover.cover({ serverId, streams, epoch, lostFrom });
      for (const { cameraId, stream, cause, message } of refused) {
        const key = `${cameraId}/${stream} ${cause}`;
        if (!said.has(key)) log.warn('camera not covered', { cameraId, stream, cause, reason: message });
        said.add(key);
      }
    }
  };
  const carryOut = (effect: ClaimEffect): void => {
    switch (effect.kind) {
      case 'record':
        record(effect.serverId, effect.cameraIds, effect.epoch);
        return deps.claimed();
      case 'stop':
        return effect.to === undefined ? undefined : yielded(effect.cameraIds, effect.to);
      case 'ask-winner': {
        const { memberId, ask, cameraIds } = effect;
        const streams = cameraIds.map((cameraId) => ({ cameraId, stream: 'main' as const }));
        const answered = deps.askWinner(memberId, streams);
        return inBackground(answered, (rows) => tell({ kind: 'winner-answered', memberId, ask, streams: rows }));
      }
      case 'claim': {
        const { serverId, above } = effect;
        return inBackground(deps.issueEpoch(serverId, above), (epoch) => tell({ kind: 'issued', serverId, epoch }));
      }
    }
  };
  const inBackground = <T>(work: Promise<T>, use: (result: T) => void): void => {
    work.then(use, (error: unknown) => log.debug('no answer about a claim', { reason: messageOf(error) }));
  };
  /** They stay wanted: should the other one stop, this server steps in again. */
  const yielded = (cameraIds: readonly string[], to: string): void => {
    for (const [serverId, streams] of wishes) {
      const lost = [...streams.values()].flatMap(({ stream }) => (cameraIds.includes(stream.cameraId) ? [stream] : []));
      if (lost.length === 0) continue;
      log.info('cameras yielded', { serverId, to, cameraIds });
      deps.cover.release(serverId, lost);
    }
  };
  /** Who would step in in which order, with all that is known now. */
  const rank = (): void => {
    const request = requestOf(deps, wishes, state);
    const plan = deps.plan(request);
    const within = withinSeats(ranksOf(deps.ownId(), request, plan), {
      ownId: deps.ownId(),
      seats: deps.seats(),
      held: new Set(Object.keys(state.held)),
      cameras: request.cameras,
    });
    // What is recorded is not left out, whatever the plan would rather have recorded in its place.
    left = [...plan.notCovered.filter(({ camera }) => state.held[camera.id] === undefined), ...within.left];
    tell({ kind: 'ranks', ranks: within.ranks });
  };
  return {
    want: (serverId, streams, lostFrom) => {
      const known = wishes.get(serverId) ?? new Map<string, Wish>();
      wishes.set(serverId, known);
      const added = streams.filter((stream) => !known.has(keyOf(stream)));
      for (const stream of added) known.set(keyOf(stream), { stream, lostFrom });
      const cameraIds = [...new Set(added.map(({ cameraId }) => cameraId))];
      tell({ kind: 'want', serverId, cameraIds });
      rank();
      // Those of cameras that are recorded here already; for the others it was just done, or is not our turn.
      for (const cameraId of cameraIds) {
        const epoch = epochOf(state, cameraId);
        if (epoch !== undefined) record(serverId, [cameraId], epoch);
      }
    },
    release: (serverId, streams, why) => {
      const known = wishes.get(serverId);
      for (const stream of streams) known?.delete(keyOf(stream));
      if (known?.size === 0) wishes.delete(serverId);
      const wanted = new Set([...(known?.values() ?? [])].map(({ stream }) => stream.cameraId));
      const cameraIds = [...new Set(streams.map(({ cameraId }) => cameraId))].filter((id) => !wanted.has(id));
      for (const key of said) if (streams.some((stream) => key.startsWith(`${keyOf(stream)} `))) said.delete(key);
      tell({ kind: 'unwant', cameraIds });
      deps.cover.release(serverId, streams, why === 'gave-way' ? 'stand-down' : undefined);
    },
    hear: tell,
    tick: (loopDelayMs) => {
      forgive(stalls.reviewed(loopDelayMs));
      if (wishes.size > 0) rank();
      if (wishes.size > 0 || Object.keys(state.held).length > 0) tell({ kind: 'tick', loopDelayMs: 0 });
    },
    notCovered: () => left,
    planFor: (failed) => deps.plan(failureOf(deps, failed, state)),
    shareOf: (serverId) => {
      const { assigned } = deps.plan(failureOf(blindOf(deps), [serverId], state));
      return new Set([...assigned].flatMap(([cameraId, id]) => (id === deps.ownId() ? [cameraId] : [])));
    },
    reviewNext: (isAway) => {
      const before = next;
      const request = requestOf(blindOf(deps), wishes, state);
      const hot = hotOf(deps, [...wishes.keys()].filter(isAway));
      next = nextHere({ ownId: deps.ownId(), request, hot, before });
      return next.size !== before.size || [...next].some((cameraId) => !before.has(cameraId));
    },
    next: () => next,
    nextElsewhere: () => {
      if (next.size === 0) return next;
      const { present } = requestOf(deps, wishes, state);
      return new Set([...next].filter((id) => (present.get(id) ?? deps.ownId()) !== deps.ownId()));
    },
    epochOfCamera: (cameraId) => epochOf(state, cameraId),
    maxEpoch: () => state.maxEpoch,
  };
}

/** Without its own probes, of which the others do not know. */
const blindOf = (deps: CoveringDeps): RequestDeps => ({ ...deps, unreachable: () => new Set() });

const hotOf = ({ settingsOf }: CoveringDeps, serverIds: readonly string[]): ReadonlySet<string> =>
  new Set(
    serverIds
      .flatMap((serverId) => settingsOf(serverId)?.cameras ?? [])
      .flatMap(({ id, standbyLevel }) => (standbyLevel === 'hot' ? [id] : [])),
  );

const keyOf = ({ cameraId, stream }: StreamRef): string => `${cameraId}/${stream}`;

/**
 * In which order the members step in for each camera. A probe may be an hour old: what it did not reach is tried here all the same,
 * last of all and with channels that nothing else needs, rather than not recorded by anybody (promise 1).
 */
function ranksOf(ownId: string, request: PlanRequest, { assigned, notCovered }: Plan): Ranks {
  const out = new Map(notCovered.map(({ camera, cause }) => [camera.id, cause]));
  const own = request.members.find(({ id }) => id === ownId);
  const taken = [...assigned.values()].filter((id) => id === ownId).length;
  const isWhole = request.shortage === 'all-or-nothing' || request.oneServerAtATime;
  let free = own === undefined || isWhole ? 0 : Math.min(own.channels, own.seats) - taken;
  const ranks = request.cameras.map(({ id }) => {
    const cause = out.get(id);
    if (cause !== undefined && cause !== 'not-reachable-from-failover') return [id, []] as const;
    const ids = rankedFor({ id }, request.members, assigned.get(id));
    if (ids.includes(ownId) || free <= 0) return [id, ids] as const;
    free -= 1;
    return [id, [...ids, ownId]] as const;
  });
  return Object.fromEntries(ranks);
}
