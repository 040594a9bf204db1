/**
 * How far each covered stream is, as this server's own media tells it: for keep-alives to the protected server, for the machine,
 * and for the incident (first durable frame).
 */
import type { Clock } from '../core/clock.ts';
import { DEFAULT_TIMEOUTS } from '../media/rtsp/client-state.ts';
import type { FragmentReport, MediaEvent, StreamState } from '../wire/media-protocol.ts';
import type { StreamProgress } from '../wire/peer-protocol.ts';
import { streamKeyOf } from './cover-orders.ts';
import type { CoverDeps } from './cover-service.ts';
import type { StreamRef } from './cover-types.ts';

/** Fragments of 500 ms, written in groups; a slow disk fits in. */
const ALIVE_MS = 4000;
/**
 * A camera that falls silent is called failed by media itself before; what is left then is a disk of which nothing is known. Before the
 * first footage `ALIVE_MS` is enough: media calls it recording from a key frame on, also where no volume can be used.
 */
const DISK_SILENT_MS: number = DEFAULT_TIMEOUTS.mediaTimeout + 2000;

type Progress = {
  readonly state: StreamState;
  /** When media told this state; while it records, when it began to. Monotonic milliseconds. */
  readonly toldAt: number;
  readonly durableUntil: number | undefined;
  /** Monotonic milliseconds. */
  readonly grewAt: number;
};
export type ProgressBook = {
  readonly onMediaEvent: (event: MediaEvent) => void;
  /** `since`: monotonic milliseconds, when the stream came to be covered; footage and failures from before do not count. */
  readonly progressOf: (stream: StreamRef, since: number) => StreamProgress;
  readonly stateOf: (stream: StreamRef) => StreamState | undefined;
  /** It is being recorded, and its footage grew within the last seconds. */
  readonly isAlive: (stream: StreamRef) => boolean;
  readonly forget: (isWanted: (key: string) => boolean) => void;
};

export type ProgressDeps = {
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Keys of streams that are of interest; others are not remembered. */
  readonly wanted: (key: string) => boolean;
  readonly grew: (fragment: FragmentReport) => void;
  readonly waitsFor?: CoverDeps['waitsFor'];
  readonly lostFor?: CoverDeps['lostFor'];
};

export function createProgressBook(deps: ProgressDeps): ProgressBook {
  const { clock, wanted, grew } = deps;
  const streams = new Map<string, Progress>();
  const sawFragment = (fragment: FragmentReport): void => {
    const key = streamKeyOf(fragment);
    if (!wanted(key)) return;
    const before = streams.get(key);
    const durableUntil = Math.max(before?.durableUntil ?? 0, fragment.end);
    const grewAt = clock.monotonic();
    const told = { state: before?.state ?? { kind: 'recording' as const }, toldAt: before?.toldAt ?? grewAt };
    streams.set(key, { ...told, durableUntil, grewAt });
    grew(fragment);
  };
  return {
    onMediaEvent: (event) => {
      if (event.kind === 'fragments-written') for (const fragment of event.fragments) sawFragment(fragment);
      if (event.kind !== 'stream-state') return;
      const key = streamKeyOf(event);
      if (!wanted(key)) return;
      const before = streams.get(key);
      const now = clock.monotonic();
      const goesOn = event.state.kind === 'recording' && before?.state.kind === 'recording';
      streams.set(key, {
        state: event.state,
        toldAt: goesOn ? before.toldAt : now,
        durableUntil: before?.durableUntil,
        grewAt: before?.grewAt ?? now,
      });
    },
    progressOf: ({ cameraId, stream }, since) => {
      const known = streams.get(streamKeyOf({ cameraId, stream }));
      // What it recorded in an earlier cover says nothing about this one.
      const isGrowing = known?.durableUntil !== undefined && known.grewAt >= since;
      return {
        cameraId,
        stream,
        ...toldOf({ cameraId, stream }, since, known, deps),
        durableUntil: isGrowing ? known.durableUntil : undefined,
        idleMs: isGrowing ? Math.round(clock.monotonic() - known.grewAt) : undefined,
      };
    },
    isAlive: (stream) => {
      const known = streams.get(streamKeyOf(stream));
      return (
        known?.state.kind === 'recording' &&
        known.durableUntil !== undefined &&
        clock.monotonic() - known.grewAt < ALIVE_MS
      );
    },
    stateOf: (stream) => streams.get(streamKeyOf(stream))?.state,
    forget: (isWanted) => {
      for (const key of streams.keys()) if (!isWanted(key)) streams.delete(key);
    },
  };
}

type Told = Pick<StreamProgress, 'state' | 'cause'>;
function toldOf(stream: StreamRef, since: number, known: Progress | undefined, deps: ProgressDeps): Told {
  // That a camera refused to be kept ready, say, is not known of its cover.
  if (known === undefined || (known.state.kind === 'failed' && known.toldAt < since)) return WAITS;
  const said = told(known.state);
  // While its disk does not answer memory bridges here; for the machine and for other failover servers it is not recorded.
  const cause = said.state === 'recording' ? diskTroubleOf(stream, since, known, deps) : undefined;
  return cause === undefined ? said : { state: 'failed', cause };
}
const WAITS: Told = { state: 'waiting', cause: undefined };

/** What keeps a stream from growing that its camera sends: media alone does not call that a failure of the stream. */
function diskTroubleOf(stream: StreamRef, since: number, known: Progress, deps: ProgressDeps): Told['cause'] {
  const begun = Math.max(since, known.toldAt);
  const lost = deps.waitsFor?.(stream) === undefined ? deps.lostFor?.(stream, begun) : 'volume-error';
  const hasGrown = known.durableUntil !== undefined && known.grewAt >= begun;
  const silentMs = deps.clock.monotonic() - Math.max(known.grewAt, begun);
  return lost ?? (silentMs >= (hasGrown ? DISK_SILENT_MS : ALIVE_MS) ? 'volume-error' : undefined);
}

function told(state: StreamState): Told {
  if (state.kind === 'failed') return { state: 'failed', cause: state.cause };
  return { state: state.kind === 'recording' ? 'recording' : 'waiting', cause: undefined };
}
