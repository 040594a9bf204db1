/**
 * Watches over what is kept ready: hears what media says of each stream, lets a hot camera that refuses fall back, and remarks when a
 * camera is not as ready as it should be.
 *
 * Belongs here: the state of that and its remarks. Does not: the decisions (fallback.ts, readiness.ts), orders (cover-orders.ts).
 */
import type { MediaEvent, StreamOrder } from '../wire/media-protocol.ts';
import { streamKeyOf } from './cover-orders.ts';
import type { CoverRemark, StandbyView, StreamRef } from './cover-types.ts';
import { laterOn, refusedHot } from './fallback.ts';
import type { Fallback } from './fallback.ts';
import { ALL_READY, stepReadiness, toldOf } from './readiness.ts';

export type StandbyWatchDeps = {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly remark: (remark: CoverRemark) => void;
  readonly serverOf: (cameraId: string) => string;
  /** What is ordered for a stream that is only kept ready: not for one that is covered or rehearsed. */
  readonly orderOf: (stream: StreamRef) => StreamOrder | undefined;
  readonly views: () => readonly StandbyView[];
  /** What has fallen back is not what it was. */
  readonly changed: () => void;
};
export type StandbyWatch = {
  readonly onState: (event: Extract<MediaEvent, { readonly kind: 'stream-state' }>) => void;
  /** Once a second. */
  readonly tick: () => void;
  /** Why a stream that should be hot is held, by `streamKeyOf`. */
  readonly fallenOf: (streamKey: string) => string | undefined;
  readonly fallen: () => ReadonlySet<string>;
  readonly forget: (isWanted: (streamKey: string) => boolean) => void;
};

export function createStandbyWatch(deps: StandbyWatchDeps): StandbyWatch {
  const fallbacks = new Map<string, Fallback>();
  const remarked = new Set<string>();
  let readiness = ALL_READY;

  const note = (kind: 'warm' | 'cold', { cameraId, stream }: StreamRef, message: string): void => {
    const key = `${kind} ${cameraId}/${stream}`;
    if (remarked.has(key)) return;
    remarked.add(key);
    readiness = toldOf(readiness, cameraId, deps.now());
    deps.remark(fellBack(kind, deps.serverOf(cameraId), { cameraId, stream }, message));
  };
  const refused = (order: StreamOrder, message: string): void => {
    if (order.hold) return note('cold', order, message);
    const key = streamKeyOf(order);
    const next = refusedHot(fallbacks.get(key), { source: sourceOf(order), message, at: deps.now() });
    fallbacks.set(key, next);
    if (next.kind !== 'fallen') return;
    note('warm', order, message);
    deps.changed();
  };
  return {
    onState: ({ cameraId, stream, state }) => {
      const key = streamKeyOf({ cameraId, stream });
      if (state.kind === 'ready' || state.kind === 'recording') remarked.delete(`cold ${key}`);
      const order = deps.orderOf({ cameraId, stream });
      if (order === undefined) return;
      if (state.kind === 'recording' && !order.hold) {
        remarked.delete(`warm ${key}`);
        fallbacks.delete(key);
      }
      if (state.kind === 'failed' && state.cause === 'camera-refused') refused(order, state.message);
    },
    tick: () => {
      if (askAgain(fallbacks, deps)) deps.changed();
      const step = stepReadiness(readiness, deps.views(), deps.now());
      ({ readiness } = step);
      for (const remark of step.remarks) deps.remark(remark);
    },
    fallenOf: (key) => {
      const fallback = fallbacks.get(key);
      return fallback?.kind === 'fallen' ? fallback.message : undefined;
    },
    fallen: () => new Set([...fallbacks].flatMap(([key, { kind }]) => (kind === 'fallen' ? [key] : []))),
    forget: (isWanted) => {
      for (const key of fallbacks.keys()) if (!isWanted(key)) fallbacks.delete(key);
      for (const key of remarked) if (!isWanted(key.slice(key.indexOf(' ') + 1))) remarked.delete(key);
    },
  };
}

/** Whether anything is to be ordered otherwise now. */
function askAgain(fallbacks: Map<string, Fallback>, deps: Pick<StandbyWatchDeps, 'orderOf' | 'now'>): boolean {
  let isOther = false;
  for (const [key, fallback] of fallbacks) {
    const [cameraId = '', stream] = key.split('/');
    const order = deps.orderOf({ cameraId, stream: stream === 'sub' ? 'sub' : 'main' });
    // While it is covered or rehearsed nothing is to be decided.
    const next = order === undefined ? fallback : laterOn(fallback, sourceOf(order), deps.now());
    if (next === fallback) continue;
    if (next === undefined) fallbacks.delete(key);
    else fallbacks.set(key, next);
    isOther = true;
  }
  return isOther;
}

function fellBack(kind: 'warm' | 'cold', serverId: string, { cameraId, stream }: StreamRef, why: string): CoverRemark {
  const words = kind === 'warm' ? 'is kept warm instead of hot' : 'cannot be kept ready';
  const message = `Camera ${cameraId} ${words} (${stream}): ${why}`;
  return { severity: 'warning', code: `cover/fell-back-to-${kind}`, serverId, cameraId, message };
}

/** With another one the camera has not been asked. Never written anywhere. */
const sourceOf = ({ url, username, password, transport }: StreamOrder): string =>
  JSON.stringify([url, username, password, transport]);
