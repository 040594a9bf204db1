/**
 * From "these streams of a failed server are to be covered" to "these are ours": asks the plan with what is known of the other
 * failover servers, again whenever that changes, and hands our share to the cover service. Record first, agree later.
 *
 * Belongs here: that loop. Does not: the plan (failover/plan.ts), who keeps a camera that two cover (failover/claims.ts).
 */
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { CoverService } from '../cover/cover-service.ts';
import type { Member, PlanCamera } from '../failover/capacity.ts';
import { keyOf } from '../failover/cover.ts';
import type { StreamRef } from '../failover/cover.ts';
import type { NotCovered, Plan, PlanRequest } from '../failover/plan.ts';
import type { FailoverSettings } from '../site/failover-settings.ts';
import type { BackedUpSettings } from '../site/settings-backup.ts';

/** Another failover server that covers, as its keep-alive says it. */
export type OtherMember = Pick<Member, 'id' | 'channels' | 'seats'> & {
  /** Cameras that it records for somebody now. */
  readonly records: ReadonlySet<string>;
};
export type CoveringDeps = {
  readonly ownId: () => string;
  /** Cameras that a probe found out of reach from here. */
  readonly unreachable: () => ReadonlySet<string>;
  readonly cover: Pick<CoverService, 'cover' | 'release' | 'channels' | 'covered'>;
  readonly plan: (request: PlanRequest) => Plan;
  /** Those that are heard now and know the protected server too. */
  readonly others: () => readonly OtherMember[];
  readonly settingsOf: (serverId: string) => BackedUpSettings | undefined;
  readonly failover: () => Pick<FailoverSettings, 'shortagePolicy' | 'oneServerAtATime'>;
  /** In which epoch this server covers `serverId`: the one it has, else a new one above all it knows of. */
  readonly epochFor: (serverId: string) => number;
  readonly onNotCovered: (serverId: string, left: readonly NotCovered[]) => void;
  readonly clock: Pick<Clock, 'monotonic' | 'now'>;
  readonly log: Log;
};
export type Covering = {
  /** Idempotent. `lostFrom`: wall milliseconds from when on footage may be missing there. */
  readonly want: (serverId: string, streams: readonly StreamRef[], lostFrom: number) => void;
  readonly release: (serverId: string, streams: readonly StreamRef[]) => void;
  /** Others came, went, or record something now. */
  readonly review: () => void;
  /** Why wanted cameras are not covered by anybody, by the newest plan. */
  readonly notCovered: () => readonly NotCovered[];
  readonly planFor: (failed: readonly string[]) => Plan;
};

/** Whoever the plan gives a camera must be seen recording it within this; else the next one steps in. */
export const STEP_IN_MS = 3000;

type Wish = { readonly stream: StreamRef; readonly lostFrom: number; readonly since: number };

export function createCovering(deps: CoveringDeps): Covering {
  const wishes = new Map<string, Map<string, Wish>>();
  /** Cameras recorded here for somebody, by the plan. */
  const ours = new Map<string, string>();
  let left: readonly NotCovered[] = [];
  const takeUp = createTakingUp(deps);
  const review = (): void => {
    const plan = deps.plan(requestOf(deps, camerasOf(deps, wishes), { wishes, ours }));
    left = plan.notCovered;
    for (const [serverId, streams] of wishes) {
      const mine = [...streams.values()].filter(({ stream }) => plan.assigned.get(stream.cameraId) === deps.ownId());
      const refused = takeUp(serverId, mine);
      const lost = [...streams.values()].filter(
        ({ stream }) => ours.has(stream.cameraId) && !mine.some((wish) => wish.stream.cameraId === stream.cameraId),
      );
      // Footage recorded twice is cheap: what was begun ends only by a hand-over or a claim, not by a new plan.
      for (const { stream } of lost) deps.log.debug('a camera is planned elsewhere now', { ...stream });
      for (const { stream } of mine) if (!refused.has(keyOf(stream))) ours.set(stream.cameraId, serverId);
      deps.onNotCovered(
        serverId,
        left.filter(({ camera }) => camera.serverId === serverId),
      );
    }
  };
  return {
    review: () => {
      if (wishes.size > 0) review();
    },
    want: (serverId, streams, lostFrom) => {
      const known = wishes.get(serverId) ?? new Map<string, Wish>();
      wishes.set(serverId, known);
      for (const stream of streams) {
        const key = keyOf(stream);
        if (!known.has(key)) known.set(key, { stream, lostFrom, since: deps.clock.monotonic() });
      }
      review();
    },
    release: (serverId, streams) => {
      const known = wishes.get(serverId);
      for (const { cameraId, stream } of streams) {
        known?.delete(keyOf({ cameraId, stream }));
        // Its other stream may still be wanted: then the camera stays where it is.
        if (![...(known?.values() ?? [])].some((wish) => wish.stream.cameraId === cameraId)) ours.delete(cameraId);
      }
      if (known?.size === 0) wishes.delete(serverId);
      deps.cover.release(serverId, streams);
    },
    notCovered: () => left,
    planFor: (failed) => {
      const wanted = new Map(failed.map((serverId) => [serverId, allOf(deps, serverId)] as const));
      return deps.plan(requestOf(deps, camerasOf(deps, wanted), { wishes: wanted, ours: new Map() }));
    },
  };
}

type Wishes = ReadonlyMap<string, ReadonlyMap<string, Wish>>;

/** Every stream that the server is to record by its settings. */
function allOf({ settingsOf, clock }: CoveringDeps, serverId: string): ReadonlyMap<string, Wish> {
  const cameras = settingsOf(serverId)?.cameras ?? [];
  // As if it failed now: nobody is overdue.
  const now = clock.monotonic();
  return new Map(
    cameras
      .filter(({ enabled, record }) => enabled && record)
      .map(({ id }) => [`${id}/main`, { stream: { cameraId: id, stream: 'main' }, lostFrom: 0, since: now }]),
  );
}

/** In the order in which their servers failed. */
function camerasOf({ settingsOf }: CoveringDeps, wishes: Wishes): readonly PlanCamera[] {
  return [...wishes].flatMap(([serverId, streams]) => {
    const wanted = new Set([...streams.values()].map(({ stream }) => stream.cameraId));
    return (settingsOf(serverId)?.cameras ?? [])
      .filter(({ id }) => wanted.has(id))
      .map(({ id, name, priority }) => ({ id, serverId, name, priority }));
  });
}

type Present = { readonly wishes: Wishes; readonly ours: ReadonlyMap<string, string> };
function requestOf(deps: CoveringDeps, cameras: readonly PlanCamera[], { wishes, ours }: Present): PlanRequest {
  const others = deps.others();
  const now = deps.clock.monotonic();
  const overdue = new Set(
    [...wishes.values()].flatMap((streams) =>
      [...streams.values()].filter(({ since }) => now - since > STEP_IN_MS).map(({ stream }) => stream.cameraId),
    ),
  );
  const present = new Map<string, string>();
  for (const { id, records } of others) for (const cameraId of records) present.set(cameraId, id);
  for (const cameraId of ours.keys()) present.set(cameraId, deps.ownId());
  const { shortagePolicy: shortage, oneServerAtATime } = deps.failover();
  return {
    members: [
      { id: deps.ownId(), channels: deps.cover.channels().max, seats: Infinity, unreachable: deps.unreachable() },
      ...others.map(({ id, channels, seats, records }) => ({
        id,
        channels,
        seats,
        unreachable: new Set([...overdue].filter((cameraId) => !records.has(cameraId))),
      })),
    ],
    cameras,
    present,
    shortage,
    oneServerAtATime,
  };
}

/** Hands cameras to the cover service; answers with the keys of the streams that it refused. */
function createTakingUp({
  cover,
  epochFor,
  log,
}: CoveringDeps): (serverId: string, mine: readonly Wish[]) => ReadonlySet<string> {
  /** Said once, not with every review. */
  const told = new Map<string, string>();
  return (serverId, mine) => {
    const refused = new Set<string>();
    if (mine.length === 0) return refused;
    const epoch = epochFor(serverId);
    for (const [lostFrom, wishes] of Map.groupBy(mine, (wish) => wish.lostFrom)) {
      const streams = wishes.map(({ stream }) => stream);
      for (const { cameraId, stream, cause, message } of cover.cover({ serverId, streams, epoch, lostFrom })) {
        const key = keyOf({ cameraId, stream });
        refused.add(key);
        if (told.get(key) !== cause) log.warn('camera not covered', { cameraId, stream, cause, reason: message });
        told.set(key, cause);
      }
    }
    for (const { stream } of mine) if (!refused.has(keyOf(stream))) told.delete(keyOf(stream));
    return refused;
  };
}
