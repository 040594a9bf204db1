/**
 * A filled block and what is known of it, made a finished fragment: boxes in front, padding behind, linked to the one before.
 * Belongs here: that. Does not: when a fragment ends (fragment-builder.ts).
 */
import { writeFragmentHeader, writeTrailingPadding } from '../media/mp4/fragment-writer.ts';
import type { SampleRun, VideoRun } from '../media/mp4/fragment-writer.ts';
import { HEAD_ROOM } from './payload.ts';
import type { FilledBlock } from './payload.ts';
import type { FinishedFragment } from './segment.ts';

export type FragmentFacts = Pick<
  FinishedFragment,
  'segment' | 'sequence' | 'startUs' | 'endUs' | 'key' | 'continuous' | 'first' | 'chainBefore'
> & {
  readonly senderReport: boolean;
  readonly video: VideoRun;
  readonly audio: SampleRun;
  /** Hashes of the access units. */
  readonly leaves: Uint8Array;
};

export function sealFragment({ block, audioEnd, restHash }: FilledBlock, facts: FragmentFacts): FinishedFragment {
  const { segment, sequence, startUs, endUs, key, continuous, first, chainBefore, video, audio, leaves } = facts;
  const { epoch, serverId } = segment.origin;
  const written = writeFragmentHeader(
    block.bytes,
    HEAD_ROOM,
    {
      sequence,
      epoch,
      owner: ownerBytes(serverId),
      key,
      continuous,
      senderReport: facts.senderReport,
      start: startUs,
      end: endUs,
      video,
      audio,
      leaves,
      restHash,
      chainBefore,
    },
    0,
  );
  const end = writeTrailingPadding(block.bytes, audioEnd, 0);
  return {
    segment,
    block,
    start: written.start,
    length: end - written.start,
    sequence,
    startUs,
    endUs,
    key,
    continuous,
    accessUnits: video.count,
    audioFrames: audio.count,
    first,
    chainBefore,
    chain: written.chain,
  };
}

/** The 16 bytes of a UUID. */
function ownerBytes(serverId: string): Uint8Array {
  return Buffer.from(serverId.replaceAll('-', ''), 'hex');
}
