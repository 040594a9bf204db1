/** What streams and volumes are doing now, as media told it. In memory only: media tells it again at every connection. */
import type { CausedSpan } from '../ledger/account.ts';
import { rangeOf } from '../ledger/spans.ts';
import type { MediaEvent, StreamName, StreamState, StreamStats, VolumeState } from '../wire/media-protocol.ts';

export type StreamView = {
  readonly cameraId: string;
  readonly stream: StreamName;
  readonly state: StreamState;
  readonly since: number;
  readonly stats: StreamStats | undefined;
};
export type VolumeView = { readonly state: VolumeState; readonly since: number };

export type LiveState = {
  readonly setStream: (event: Extract<MediaEvent, { readonly kind: 'stream-state' }>) => StreamState | undefined;
  readonly setVolume: (event: Extract<MediaEvent, { readonly kind: 'volume-state' }>) => VolumeState | undefined;
  readonly setStats: (event: Extract<MediaEvent, { readonly kind: 'stats' }>) => void;
  /** Fragments of a stream whose state nobody told: it records. */
  readonly sawFragment: (cameraId: string, stream: StreamName, at: number) => void;
  readonly streamOf: (cameraId: string, stream: StreamName) => StreamView | undefined;
  readonly streams: () => readonly StreamView[];
  readonly volumeOf: (volumeId: string) => VolumeView | undefined;
  readonly loopDelayP99Ms: () => number | undefined;
  /** Media is gone, or no longer has these: what is not `wanted` is forgotten. */
  readonly retain: (wanted: (cameraId: string, stream: StreamName) => boolean) => void;
};

export function createLiveState(): LiveState {
  const streams = new Map<string, StreamView>();
  const volumes = new Map<string, VolumeView>();
  let loopDelayP99Ms: number | undefined;
  const keyOf = (cameraId: string, stream: StreamName): string => `${cameraId}/${stream}`;
  return {
    setStream: ({ cameraId, stream, at, state }) => {
      const key = keyOf(cameraId, stream);
      const before = streams.get(key);
      const since = before?.state.kind === state.kind ? before.since : at;
      streams.set(key, { cameraId, stream, state, since, stats: before?.stats });
      return before?.state;
    },
    setVolume: ({ volumeId, at, state }) => {
      const before = volumes.get(volumeId);
      const isSame = before !== undefined && problemOf(before.state) === problemOf(state);
      volumes.set(volumeId, { state, since: isSame ? before.since : at });
      return before?.state;
    },
    setStats: (event) => {
      ({ loopDelayP99Ms } = event);
      for (const stats of event.streams) {
        const key = keyOf(stats.cameraId, stats.stream);
        const before = streams.get(key);
        if (before !== undefined) streams.set(key, { ...before, stats });
      }
    },
    sawFragment: (cameraId, stream, at) => {
      const key = keyOf(cameraId, stream);
      if (!streams.has(key))
        streams.set(key, { cameraId, stream, state: { kind: 'recording' }, since: at, stats: undefined });
    },
    streamOf: (cameraId, stream) => streams.get(keyOf(cameraId, stream)),
    streams: () => [...streams.values()],
    volumeOf: (volumeId) => volumes.get(volumeId),
    loopDelayP99Ms: () => loopDelayP99Ms,
    retain: (wanted) => {
      for (const [key, { cameraId, stream }] of streams) if (!wanted(cameraId, stream)) streams.delete(key);
    },
  };
}

/** A disk is called hung some seconds after its last answer; what was on its way then waits too. */
const HANGING_BEFORE_MS = 10_000;
/** Times for which the ledger can only say that a disk is in trouble: recorded after all, or booked once media knows. */
export function hungDisks(
  { volumeOf }: Pick<LiveState, 'volumeOf'>,
  volumes: readonly { readonly id: string }[],
  now: number,
): readonly CausedSpan[] {
  return volumes.flatMap(({ id }) => {
    const view = volumeOf(id);
    if (view?.state.kind !== 'unusable' || view.state.cause !== 'volume-error') return [];
    const range = rangeOf(view.since - HANGING_BEFORE_MS, Math.max(now, view.since));
    return [{ ...range, cause: 'volume-error', detail: view.state.message }];
  });
}

const problemOf = (state: VolumeState): string => (state.kind === 'unusable' ? state.cause : '');
