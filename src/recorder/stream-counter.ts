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
  countedAt: number;
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
  countedAt: 0,
});

/** Begins a new interval for the rates. `at`: monotonic milliseconds. */
export function statsOf(
  { cameraId, stream }: { readonly cameraId: string; readonly stream: StreamName },
  counter: StreamCounter,
  at: number,
): StreamStats {
  const seconds = Math.max(0.001, (at - counter.countedAt) / 1000);
  const stats: StreamStats = {
    cameraId,
    stream,
    bytes: counter.bytes,
    accessUnits: counter.accessUnits,
    packetsLost: counter.packetsLost,
    reconnects: counter.reconnects,
    lastFrameAt: counter.lastFrameAt === 0 ? undefined : Math.round(counter.lastFrameAt),
    framesPerSecond: Math.round((10 * (counter.accessUnits - counter.countedUnits)) / seconds) / 10,
    bitsPerSecond: Math.round((8 * (counter.bytes - counter.countedBytes)) / seconds),
    viewers: counter.viewers,
  };
  counter.countedBytes = counter.bytes;
  counter.countedUnits = counter.accessUnits;
  counter.countedAt = at;
  return stats;
}
