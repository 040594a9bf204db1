/**
 * A segment while it is being recorded, and a finished fragment of it on its way to the disk.
 * Belongs here: what both are. Does not: how they are filled (fragment-builder.ts), where they go (write-queue.ts).
 */
import { chainStartOf, hexOf, sha256 } from '../media/mp4/fragment-hash.ts';
import { encodeMoov, encodeSegmentStart } from '../media/mp4/init-segment.ts';
import type { TrackLayout } from '../media/tracks.ts';
import type { StreamName } from '../wire/media-protocol.ts';
import type { Block } from './slabs.ts';

/** Whose footage it is. */
export type Origin = {
  readonly cameraId: string;
  readonly stream: StreamName;
  readonly serverId: string;
  readonly epoch: number;
};

/** What one file begins with. A second file goes on with an equal one when the disk of the first was lost. */
export type Segment = {
  readonly origin: Origin;
  readonly layout: TrackLayout;
  readonly layoutHash: string;
  /** Wall microseconds at which every track's time is 0. */
  readonly startUs: number;
  readonly clock: 'sender-report' | 'arrival';
  /** `ftyp` to the padding in front of the first fragment. */
  readonly startBytes: Uint8Array;
  /** What the first fragment's chain goes on from. */
  readonly chainStart: Uint8Array;
};

export type FinishedFragment = {
  readonly segment: Segment;
  readonly block: Block;
  /** Where it lies in the block; both multiples of 4096. */
  readonly start: number;
  readonly length: number;
  readonly sequence: number;
  /** Wall microseconds, half open. */
  readonly startUs: number;
  readonly endUs: number;
  readonly key: boolean;
  readonly continuous: boolean;
  readonly accessUnits: number;
  readonly audioFrames: number;
  /** First of its segment: its chain begins with the segment's start. */
  readonly first: boolean;
  /** What it is linked to, and the link it makes. A writer that left out the one before links it anew. */
  readonly chainBefore: Uint8Array;
  readonly chain: Uint8Array;
};

export type SegmentSpec = Pick<Segment, 'origin' | 'layout' | 'startUs' | 'clock'>;

/** `previous`: the chain with which the segment before of the same stream ended. */
export function createSegment(
  { origin, layout, startUs, clock }: SegmentSpec,
  previous: Uint8Array | undefined,
): Segment {
  const { bytes, hashedLength } = encodeSegmentStart(layout, {
    ...origin,
    start: Math.floor(startUs / 1000),
    previous: previous === undefined ? undefined : hexOf(previous),
    clock,
  });
  const chainStart = chainStartOf(bytes.subarray(0, hashedLength));
  const layoutHash = hexOf(sha256(encodeMoov(layout)));
  return { origin, layout, layoutHash, startUs, clock, startBytes: bytes, chainStart };
}
