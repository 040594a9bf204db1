/** What is told of a file and of a fragment in it. Does not belong here: when (write-queue.ts). */
import type { FragmentReport, SegmentReport } from '../wire/media-protocol.ts';
import type { FinishedFragment, Segment } from './segment.ts';

/** Where a fragment came to lie. */
export type Place = {
  readonly volumeId: string;
  readonly path: string;
  readonly offset: number;
  readonly continuous: boolean;
};

export function fragmentReport(
  fragment: FinishedFragment,
  { volumeId, path, offset, continuous }: Place,
): FragmentReport {
  const { cameraId, stream } = fragment.segment.origin;
  return {
    cameraId,
    stream,
    volumeId,
    segment: path,
    offset,
    length: fragment.length,
    sequence: fragment.sequence,
    start: Math.round(fragment.startUs / 1000),
    end: Math.round(fragment.endUs / 1000),
    key: fragment.key,
    continuous,
    accessUnits: fragment.accessUnits,
    audioFrames: fragment.audioFrames,
  };
}

export function segmentReport(segment: Segment, volumeId: string, path: string): SegmentReport {
  const { origin, layout, layoutHash, startUs, startBytes } = segment;
  const { codec, codecString, width, height } = layout.video;
  return {
    ...origin,
    volumeId,
    segment: path,
    start: Math.floor(startUs / 1000),
    initLength: startBytes.length,
    layoutHash,
    video: { codec, codecString, width, height },
    audio: layout.audio && { codec: layout.audio.codec, codecString: layout.audio.codecString },
  };
}
