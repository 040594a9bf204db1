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
import type { Member } from '../failover/plan-types.ts';
import type { ClaimEffect, ClaimEvent, ClaimsState } from '../failover/claim-types.ts';
import { epochOf, initialClaims, resumeClaims, savedClaimsOf, stepClaims } from '../failover/claims.ts';
import type { SavedClaims } from '../failover/claims.ts';
import type { ReleaseWhy, StreamRef } from '../failover/cover-reasons.ts';
import type { HandoverConfirmation } from '../failover/machine-types.ts';
import { rankedFor } from '../failover/placement.ts';
import type { NotCovered, Plan, PlanRequest } from '../failover/plan.ts';
import type { FailoverSettings } from '../site/failover-settings.ts';
import type { BackedUpSettings } from '../site/settings-backup.ts';
import type { CoverProgress } from '../wire/peer-protocol.ts';
import { seatsOrCovered, withinSeats } from './cover-seats.ts';
import type { Ranks } from './cover-seats.ts';
import { camerasOf, wholeServer } from './cover-wishes.ts';
import type { Wish, Wishes } from './cover-wishes.ts';
import { createReviewStalls } from './review-stalls.ts';

/** Another failover server that is heard now. */
export type OtherMember = Pick<Member, 'id' | 'channels' | 'seats'> & {
  readonly covering: readonly CoverProgress[];
  /** By the lists of the site; absent: everybody. */
  readonly protects?: (serverId: string) => boolean;
};
export type CoveringDeps = {
  readonly ownId: () => string;
  /** Cameras that a probe found out of reach from here. */
  readonly unreachable: () => ReadonlySet<string>;
  readonly cover: Pick<CoverService, 'cover' | 'release' | 'channels'>;
  /** Cameras that this server may cover by the licences; `Infinity`: not limited. */
  readonly seats: () => number;
  readonly plan: (request: PlanRequest) => Plan;
  readonly others: () => readonly OtherMember[];
  readonly settingsOf: (serverId: string) => BackedUpSettings | undefined;
  readonly failover: () => Pick<FailoverSettings, 'shortagePolicy' | 'oneServerAtATime'>;
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
      const blind = { ...deps, unreachable: (): ReadonlySet<string> => new Set() };
      const { assigned } = deps.plan(failureOf(blind, [serverId], state));
      return new Set([...assigned].flatMap(([cameraId, id]) => (id === deps.ownId() ? [cameraId] : [])));
    },
    epochOfCamera: (cameraId) => epochOf(state, cameraId),
    maxEpoch: () => state.maxEpoch,
  };
}

/** As if these failed now, and nothing were covered yet. */
function failureOf(deps: CoveringDeps, failed: readonly string[], state: ClaimsState): PlanRequest {
  const all: Wishes = new Map(failed.map((id) => [id, wholeServer(deps.settingsOf(id)?.cameras ?? [])] as const));
  return { ...requestOf(deps, all, state), present: new Map() };
}

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

function requestOf(deps: CoveringDeps, wishes: Wishes, { held }: ClaimsState): PlanRequest {
  const others = deps.others();
  const present = new Map<string, string>();
  for (const { id, covering } of others) for (const cameraId of recordedIn(covering)) present.set(cameraId, id);
  for (const cameraId of Object.keys(held)) present.set(cameraId, deps.ownId());
  const { shortagePolicy: shortage, oneServerAtATime } = deps.failover();
  const own = {
    id: deps.ownId(),
    channels: deps.cover.channels().max,
    seats: seatsOrCovered(deps.seats(), Object.keys(held).length),
    // What is recorded here is in reach, or takes a channel at least.
    unreachable: new Set([...deps.unreachable()].filter((id) => held[id] === undefined)),
  };
  const cameras = camerasOf(wishes, (serverId) => deps.settingsOf(serverId)?.cameras ?? []);
  return {
    members: [
      own,
      ...others.map(({ id, channels, seats, protects }) => ({
        id,
        channels,
        seats,
        unreachable: new Set(cameras.flatMap((camera) => (protects?.(camera.serverId) === false ? [camera.id] : []))),
      })),
    ],
    cameras,
    present,
    shortage,
    oneServerAtATime,
  };
}

/** Cameras that somebody says he records. */
const recordedIn = (covering: readonly CoverProgress[]): readonly string[] =>
  covering.flatMap(({ streams }) =>
    streams.flatMap(({ cameraId, state }) => (state === 'recording' ? [cameraId] : [])),
  );
