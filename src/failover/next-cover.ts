/**
 * Who covers a camera next, should the failover server that covers it now die too: it keeps the camera hot meanwhile. Pure, and the same
 * on every failover server, as the plan is.
 *
 * Belongs here: that choice, and for how long it stands. Does not: the plan (plan.ts), standby sessions (cover).
 *
 * Invariants: nobody is next for what he records himself; what is recorded or planned has its channel before anything that is only kept
 * hot; with room for all, the next one is the one that `planCover` names without the one that records now.
 */
import { askOf, createPlacement } from './placement.ts';
import type { PlanCamera } from './plan-types.ts';
import { CLASSES, planCover } from './plan.ts';
import type { PlanRequest } from './plan.ts';

/** Camera id to member id, of those of `hot` that somebody records. */
export function nextCovers(request: PlanRequest, hot: ReadonlySet<string>): ReadonlyMap<string, string> {
  const { members, present, oneServerAtATime } = request;
  const isMember = new Set(members.map(({ id }) => id));
  const byId = new Map(request.cameras.map((camera) => [camera.id, camera]));
  const { assigned } = planCover(request);
  const planned = [...assigned].flatMap(([id, memberId]) => {
    const camera = byId.get(id);
    return camera === undefined ? [] : [{ ask: askOf(camera), memberId }];
  });
  const asks = planned.map(({ ask }) => ask);
  const placement = createPlacement(members, asks, oneServerAtATime);
  for (const { ask, memberId } of planned) placement.keep(ask, memberId);
  const next = new Map<string, string>();
  const place = (camera: PlanCamera): void => {
    const holder = present.get(camera.id);
    if (holder === undefined || !isMember.has(holder) || !hot.has(camera.id)) return;
    const memberId = assigned.get(camera.id);
    const other = memberId === holder ? placement.placeBeside(camera, holder) : memberId;
    if (other !== undefined) next.set(camera.id, other);
  };
  for (const priority of CLASSES) for (const { camera } of asks) if (camera.priority === priority) place(camera);
  return next;
}

export type NextHere = {
  readonly ownId: string;
  readonly request: PlanRequest;
  /** Camera ids that are to be hot, of servers that have no session with them now. */
  readonly hot: ReadonlySet<string>;
  /** What this server was next for until now. */
  readonly before: ReadonlySet<string>;
};
/**
 * Cameras for which this server is next. While nobody is heard to record one, or it is recorded here by now, nothing changes: the ring is
 * needed in that very moment.
 */
export function nextHere({ ownId, request, hot, before }: NextHere): ReadonlySet<string> {
  if (hot.size === 0) return hot;
  const next = nextCovers(request, hot);
  const isNext = ({ id }: PlanCamera): boolean => {
    const holder = request.present.get(id);
    return holder === undefined || holder === ownId ? before.has(id) : next.get(id) === ownId;
  };
  return new Set(request.cameras.filter((camera) => hot.has(camera.id) && isNext(camera)).map(({ id }) => id));
}
