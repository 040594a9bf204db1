/** What a stream has done since the process started, and its rates over the last second. */
import type { StreamName, StreamStats } from '../wire/media-protocol.ts';

/** Written by the hot path: plain numbers. */
export type StreamCounter = {
  bytes: number;
  accessUnits: number;
  packetsLost: number;
  reconnects: number;
  /** Wall milliseconds, 0 before the first. */
  lastFrameAt: number;
  viewers: number;
  // At the last `statsOf`.
  countedBytes: number;
  countedUnits: number;
  /** Monotonic milliseconds; `undefined` before. */
  countedAt: number | undefined;
  countedFrameAt: number;
};

export const createStreamCounter = (): StreamCounter => ({
  bytes: 0,
  accessUnits: 0,
  packetsLost: 0,
  reconnects: 0,
  lastFrameAt: 0,
  viewers: 0,
  countedBytes: 0,
  countedUnits: 0,
  countedAt: undefined,
  countedFrameAt: 0,
});

/**
 * Begins a new interval for the rates. `at`: monotonic milliseconds; `now`: wall milliseconds, before which every frame was sent,
 * whatever the clock of the camera says. Rates are those of media time from frame to frame: frames are read in bursts, so those
 * of an interval of ours come and go by a fifth. They are 0 until a whole interval was seen.
 */
export function statsOf(
  { cameraId, stream }: { readonly cameraId: string; readonly stream: StreamName },
  counter: StreamCounter,
  { at, now }: { readonly at: number; readonly now: number },
): StreamStats {
  const seconds = secondsOf(counter, at);
  const stats: StreamStats = {
    cameraId,
    stream,
    bytes: counter.bytes,
    accessUnits: counter.accessUnits,
    packetsLost: counter.packetsLost,
    reconnects: counter.reconnects,
    lastFrameAt: counter.lastFrameAt === 0 ? undefined : Math.round(Math.min(counter.lastFrameAt, now)),
    framesPerSecond: Math.round((10 * (counter.accessUnits - counter.countedUnits)) / seconds) / 10,
    bitsPerSecond: Math.round((8 * (counter.bytes - counter.countedBytes)) / seconds),
    viewers: counter.viewers,
  };
  counter.countedBytes = counter.bytes;
  counter.countedUnits = counter.accessUnits;
  counter.countedAt = at;
  counter.countedFrameAt = counter.lastFrameAt;
  return stats;
}

/** What the frames since the last call stand for; infinite if that is not known yet. */
function secondsOf({ countedAt, countedFrameAt, lastFrameAt }: StreamCounter, at: number): number {
  if (countedAt === undefined || countedFrameAt === 0) return Infinity;
  const elapsed = Math.max(1, at - countedAt);
  const span = lastFrameAt - countedFrameAt;
  // Behind an outage or a step of a clock the frames stand for another time than the one between them.
  return (span < elapsed / 2 || span > elapsed * 2 ? elapsed : span) / 1000;
}
