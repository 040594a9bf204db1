/**
 * When it is worth a word that a camera is not as ready as it should be, and that it is again. Pure: views in, remarks out.
 *
 * Belongs here: how long a trouble lasts and that it is told once. Does not: how ready a camera is (standby-views.ts).
 */
import type { CoverRemark, StandbyView } from './cover-types.ts';

/** Connecting, a key frame and a camera that starts again take less. */
export const NOT_READY_AFTER_MS = 15_000;
/** A camera that comes and goes is one trouble. */
export const READY_AGAIN_AFTER_MS = 15_000;

type Trouble = {
  /** Monotonic milliseconds: since when it has been as it is now, ready or not. */
  readonly since: number;
  readonly isReady: boolean;
  readonly isTold: boolean;
};
/** By camera id; one that is as ready as it should be, and of which nothing was told, is not in it. */
export type Readiness = ReadonlyMap<string, Trouble>;
export const ALL_READY: Readiness = new Map();

const RANK = { cold: 0, warm: 1, hot: 2 } as const;
export const isReadyAsOrdered = ({ level, actual }: Pick<StandbyView, 'level' | 'actual'>): boolean =>
  RANK[actual] >= RANK[level];

/** Cameras without a view are forgotten: nobody wants them ready any more. */
export function stepReadiness(
  before: Readiness,
  views: readonly StandbyView[],
  at: number,
): { readonly readiness: Readiness; readonly remarks: readonly CoverRemark[] } {
  const readiness = new Map<string, Trouble>();
  const remarks: CoverRemark[] = [];
  for (const view of views) {
    const next = nextOf(before.get(view.cameraId), view, at);
    if (next === undefined) continue;
    if (next.trouble !== undefined) readiness.set(view.cameraId, next.trouble);
    if (next.remark !== undefined) remarks.push(next.remark);
  }
  return { readiness, remarks };
}

/** It was told in other words. */
export function toldOf(before: Readiness, cameraId: string, at: number): Readiness {
  const since = before.get(cameraId)?.since ?? at;
  return new Map(before).set(cameraId, { since, isReady: false, isTold: true });
}

type Next = { readonly trouble: Trouble | undefined; readonly remark: CoverRemark | undefined };
function nextOf(known: Trouble | undefined, view: StandbyView, at: number): Next | undefined {
  // What is covered or rehearsed is recorded, not kept ready; what was told of it before is still to be taken back.
  if (view.inUse) return known?.isTold === true ? { trouble: known, remark: undefined } : undefined;
  const isReady = isReadyAsOrdered(view);
  const since = known?.isReady === isReady ? known.since : at;
  const trouble = { since, isReady, isTold: known?.isTold ?? false };
  return isReady ? ofReady(trouble, view, at) : ofNotReady(trouble, view, at);
}
function ofReady(trouble: Trouble, view: StandbyView, at: number): Next | undefined {
  if (!trouble.isTold) return undefined;
  if (at - trouble.since < READY_AGAIN_AFTER_MS) return { trouble, remark: undefined };
  return { trouble: undefined, remark: readyAgain(view) };
}
function ofNotReady(trouble: Trouble, view: StandbyView, at: number): Next {
  if (trouble.isTold || at - trouble.since < NOT_READY_AFTER_MS) return { trouble, remark: undefined };
  return { trouble: { ...trouble, isTold: true }, remark: notReady(view) };
}

const notReady = ({ serverId, cameraId, level, actual, message }: StandbyView): CoverRemark => ({
  severity: 'warning',
  code: 'cover/not-ready',
  serverId,
  cameraId,
  message: `Camera ${cameraId} should be ${level} and is ${actual}: ${message ?? 'it does not become ready.'}`,
});
const readyAgain = ({ serverId, cameraId, level }: StandbyView): CoverRemark => ({
  severity: 'info',
  code: 'cover/ready-again',
  serverId,
  cameraId,
  message: `Camera ${cameraId} is ${level} again.`,
});
