/**
 * What the plan is asked: the failover servers that are there, and the cameras that are wanted, as this server knows them.
 * Belongs here: that question. Does not: the plan (failover/plan.ts), when it is asked (covering.ts).
 */
import type { CoverService } from '../cover/cover-service.ts';
import type { ClaimsState } from '../failover/claim-types.ts';
import type { Member } from '../failover/plan-types.ts';
import type { PlanRequest } from '../failover/plan.ts';
import type { FailoverSettings } from '../site/failover-settings.ts';
import type { BackedUpSettings } from '../site/settings-backup.ts';
import type { CoverProgress } from '../wire/peer-protocol.ts';
import { seatsOrCovered } from './cover-seats.ts';
import { camerasOf, wholeServer } from './cover-wishes.ts';
import type { Wishes } from './cover-wishes.ts';

/** Another failover server that is heard now. */
export type OtherMember = Pick<Member, 'id' | 'channels' | 'seats'> & {
  readonly covering: readonly CoverProgress[];
  /** By the lists of the site; absent: everybody. */
  readonly protects?: (serverId: string) => boolean;
};
export type RequestDeps = {
  readonly ownId: () => string;
  /** Cameras that a probe found out of reach from here. */
  readonly unreachable: () => ReadonlySet<string>;
  readonly cover: Pick<CoverService, 'channels'>;
  /** Cameras that this server may cover by the licences; `Infinity`: not limited. */
  readonly seats: () => number;
  readonly others: () => readonly OtherMember[];
  readonly settingsOf: (serverId: string) => BackedUpSettings | undefined;
  readonly failover: () => Pick<FailoverSettings, 'shortagePolicy' | 'oneServerAtATime'>;
};

/** As if these failed now, and nothing were covered yet. */
export function failureOf(deps: RequestDeps, failed: readonly string[], state: Pick<ClaimsState, 'held'>): PlanRequest {
  const all: Wishes = new Map(failed.map((id) => [id, wholeServer(deps.settingsOf(id)?.cameras ?? [])] as const));
  return { ...requestOf(deps, all, state), present: new Map() };
}

export function requestOf(deps: RequestDeps, wishes: Wishes, { held }: Pick<ClaimsState, 'held'>): PlanRequest {
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
