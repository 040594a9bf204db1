/**
 * How far each covered stream is, as this server's own media tells it: for keep-alives to the protected server, for the machine,
 * and for the incident (first durable frame).
 */
import type { Clock } from '../core/clock.ts';
import type { FragmentReport, MediaEvent, StreamState } from '../wire/media-protocol.ts';
import type { StreamProgress } from '../wire/peer-protocol.ts';
import { streamKeyOf } from './cover-orders.ts';
import type { CoverDeps } from './cover-service.ts';
import type { StreamRef } from './cover-types.ts';

/** Fragments of 500 ms, written in groups; a slow disk fits in. */
const ALIVE_MS = 4000;

type Progress = {
  readonly state: StreamState;
  readonly durableUntil: number | undefined;
  /** Monotonic milliseconds. */
  readonly grewAt: number;
};
export type ProgressBook = {
  readonly onMediaEvent: (event: MediaEvent) => void;
  /** `since`: monotonic milliseconds, when the stream came to be covered; footage from before does not count. */
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
  readonly waitsFor: CoverDeps['waitsFor'];
};

export function createProgressBook({ clock, wanted, grew, waitsFor }: ProgressDeps): ProgressBook {
  const streams = new Map<string, Progress>();
  const idle: StreamState = { kind: 'idle' };
  const sawFragment = (fragment: FragmentReport): void => {
    const key = streamKeyOf(fragment);
    if (!wanted(key)) return;
    const before = streams.get(key);
    const durableUntil = Math.max(before?.durableUntil ?? 0, fragment.end);
    streams.set(key, { state: before?.state ?? { kind: 'recording' }, durableUntil, grewAt: clock.monotonic() });
    grew(fragment);
  };
  return {
    onMediaEvent: (event) => {
      if (event.kind === 'fragments-written') for (const fragment of event.fragments) sawFragment(fragment);
      if (event.kind !== 'stream-state') return;
      const key = streamKeyOf(event);
      if (!wanted(key)) return;
      const before = streams.get(key);
      streams.set(key, {
        state: event.state,
        durableUntil: before?.durableUntil,
        grewAt: before?.grewAt ?? clock.monotonic(),
      });
    },
    progressOf: ({ cameraId, stream }, since) => {
      const known = streams.get(streamKeyOf({ cameraId, stream }));
      const state = known?.state ?? idle;
      // What it recorded in an earlier cover says nothing about this one.
      const isGrowing = known?.durableUntil !== undefined && known.grewAt >= since;
      return {
        cameraId,
        stream,
        ...(waitsFor?.({ cameraId, stream }) === undefined ? told(state) : besideDisk(told(state))),
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
function told(state: StreamState): Told {
  if (state.kind === 'failed') return { state: 'failed', cause: state.cause };
  return { state: state.kind === 'recording' ? 'recording' : 'waiting', cause: undefined };
}

/** While its disk does not answer memory bridges here; for the machine and for other failover servers it is not recorded. */
const besideDisk = (said: Told): Told =>
  said.state === 'recording' ? { state: 'failed', cause: 'volume-error' } : said;
