/**
 * Which footage of the ring may go: what was recorded of cameras that are only kept ready, or rehearsed. Pure.
 *
 * A ring is counted by its own length, not by the clock: a clock that was set takes nothing from it. Footage of a cover is
 * never touched here: it goes home, or stays under the retention of its camera.
 *
 * Invariants: an open segment, one that overlaps a cover that was not settled, and one of a server that is suspected or covered
 * never come out. Of a hot stream at least the ordered length of the newest footage stays.
 */
import type { SegmentRow } from '../archive/catalogue-types.ts';
import type { StreamName } from '../wire/media-protocol.ts';

export type RingSegment = Pick<
  SegmentRow,
  'cameraId' | 'stream' | 'volumeId' | 'path' | 'start' | 'end' | 'open' | 'firstSequence' | 'serverId'
>;
export type RingStream = {
  readonly cameraId: string;
  readonly stream: StreamName;
  /** How much of it stays: `hotSeconds` for a hot stream, 0 for the others. */
  readonly keepMs: number;
  /** Its server is suspected, or this stream is covered or drilled: nothing goes. */
  readonly frozen: boolean;
  /** Of all volumes, in any order. */
  readonly segments: readonly RingSegment[];
  /** Of covers that were not settled; half open, `to` of one that goes on is infinite. */
  readonly covered: readonly { readonly from: number; readonly to: number }[];
};

/** Clocks of two tracks of one stream, and rounding to whole milliseconds: what touches a cover belongs to it. */
const MARGIN_MS = 2000;

/** Oldest first. `ownId`: only what this server recorded is its ring; `keptBefore`: wall ms, older footage is left alone. */
export function trimRing(
  streams: readonly RingStream[],
  { ownId, keptBefore }: { readonly ownId: string; readonly keptBefore: number | undefined },
): readonly RingSegment[] {
  return streams.flatMap((stream) => {
    if (stream.frozen) return [];
    const own = stream.segments
      .filter(({ serverId }) => serverId === ownId)
      .sort((a, b) => b.firstSequence - a.firstSequence);
    let newer = 0;
    const going: RingSegment[] = [];
    for (const segment of own) {
      const isEnough = newer >= stream.keepMs;
      newer += Math.max(0, segment.end - segment.start);
      if (isEnough && mayGo(segment, stream) && !(keptBefore !== undefined && segment.start < keptBefore))
        going.push(segment);
    }
    return going.reverse();
  });
}

const mayGo = (segment: RingSegment, { covered }: RingStream): boolean => !segment.open && !isNeeded(segment, covered);

export const isNeeded = (segment: Pick<RingSegment, 'start' | 'end'>, covered: RingStream['covered']): boolean =>
  covered.some(({ from, to }) => segment.end > from - MARGIN_MS && segment.start < to + MARGIN_MS);
