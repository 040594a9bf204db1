/** Wall time of the tracks of one session: one wall clock (media/rtp/wall-clock.ts) a track, microseconds outside. */
import { createWallClock } from '../media/rtp/wall-clock.ts';
import type { TrackClock } from './media-intake.ts';

export type SessionClock = {
  readonly trackClock: (track: number) => TrackClock;
  /** Wall microseconds, whole. */
  readonly wallUs: (track: number, timestamp: number) => number;
  /** Of the first track. */
  readonly kind: () => 'sender-report' | 'arrival';
};

export function createSessionClock(clockRates: readonly number[]): SessionClock {
  const clocks = clockRates.map((rate) => createWallClock(rate));
  return {
    trackClock: (track) => ({
      arrived: (timestamp, wall, monotonic) => clocks[track]?.observe(timestamp, wall, monotonic) ?? 'steady',
      senderReport: (timestamp, cameraWall) => clocks[track]?.senderReport(timestamp, cameraWall),
    }),
    wallUs: (track, timestamp) => Math.round((clocks[track]?.wallOf(timestamp) ?? 0) * 1000),
    kind: () => clocks[0]?.source() ?? 'arrival',
  };
}
