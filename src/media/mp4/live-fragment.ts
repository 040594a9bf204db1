/**
 * One access unit, or one coded sound frame, as a fragment for a browser's source buffer: `moof` and `mdat`, nothing else.
 *
 * Belongs here: bytes for Media Source Extensions. Does not: which access unit is sent to whom (recorder), the init segment
 * (init-segment.ts).
 */
import { fourCc, write32, writeBoxHeader } from './bytes.ts';
import { writeTrafStart } from './fragment-writer.ts';
import { AUDIO_TRACK_ID, FLAGS_DEPENDENT, FLAGS_SYNC, VIDEO_TRACK_ID } from './init-segment.ts';

const [MOOF, MFHD, MDAT] = [fourCc('moof'), fourCc('mfhd'), fourCc('mdat')];
/** §8.8.8 `trun` version 1: data offset, then duration, size, flags, composition offset of the one sample. */
const TRUN_FLAGS = 0x01000f01;
const TRUN_BYTES = 36;
const MOOF_BYTES = 8 + 16 + 8 + 16 + 20 + TRUN_BYTES;
/** Bytes in front of the sample: `moof` and the header of `mdat`. */
const LIVE_HEADER_BYTES: number = MOOF_BYTES + 8;

export type LiveSample = {
  readonly track: 'video' | 'audio';
  /** `mfhd` number: increases, wraps at 2^32. */
  readonly sequence: number;
  /** Ticks of the track since whatever the viewer starts from. */
  readonly decodeTime: number;
  readonly compositionOffset: number;
  /** Ticks; what is expected, if the next one has not come yet. */
  readonly duration: number;
  readonly key: boolean;
  readonly size: number;
};

/** Writes the header so that it ends at `sampleOffset` of `buffer`, where the sample already lies; returns its start. */
function writeLiveHeader(buffer: Uint8Array, sampleOffset: number, sample: LiveSample): number {
  const start = sampleOffset - LIVE_HEADER_BYTES;
  const trackId = sample.track === 'video' ? VIDEO_TRACK_ID : AUDIO_TRACK_ID;
  const sync = sample.key || sample.track === 'audio';
  const run = { count: 1, decodeTime: sample.decodeTime, sizes: NONE, durations: NONE };
  let offset = writeBoxHeader(buffer, start, MOOF_BYTES, MOOF);
  offset = writeBoxHeader(buffer, offset, 16, MFHD);
  offset = write32(buffer, offset, 0);
  offset = write32(buffer, offset, sample.sequence);
  offset = writeTrafStart(buffer, offset, trackId, { trunBytes: TRUN_BYTES, run });
  offset = write32(buffer, offset, TRUN_FLAGS);
  offset = write32(buffer, offset, 1);
  offset = write32(buffer, offset, LIVE_HEADER_BYTES);
  offset = write32(buffer, offset, sample.duration);
  offset = write32(buffer, offset, sample.size);
  offset = write32(buffer, offset, sync ? FLAGS_SYNC : FLAGS_DEPENDENT);
  offset = write32(buffer, offset, sample.compositionOffset);
  writeBoxHeader(buffer, offset, 8 + sample.size, MDAT);
  return start;
}

const NONE = new Uint32Array(0);

/** A copy of the sample with its header in front. */
export function encodeLiveFragment(sample: LiveSample, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const fragment = new Uint8Array(LIVE_HEADER_BYTES + bytes.length);
  fragment.set(bytes, LIVE_HEADER_BYTES);
  writeLiveHeader(fragment, LIVE_HEADER_BYTES, sample);
  return fragment;
}
