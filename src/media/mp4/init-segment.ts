/**
 * `ftyp` and `moov` of a fragmented file: what a player must know before the first fragment.
 *
 * Belongs here: the init segment of a stored segment and of a browser's source buffer, and padding to blocks.
 * Does not: tables of samples (archive's export makes those), reading (parse-init.ts).
 */
import type { AudioTrack, TrackLayout, VideoTrack } from '../tracks.ts';
import { VIDEO_TIMESCALE } from '../tracks.ts';
import {
  box,
  concat,
  dinf,
  edts,
  free,
  ftyp,
  fullBox,
  hdlr,
  mdhd,
  mvhd,
  smhd,
  stsd,
  tkhd,
  trex,
  u32,
  vmhd,
} from './boxes.ts';
import type { Bytes, Edit } from './boxes.ts';
import { audioSampleEntry, videoSampleEntry } from './sample-entries.ts';
import { encodeSegmentHeader } from './segment-header.ts';
import type { SegmentHeader } from './segment-header.ts';

export const VIDEO_TRACK_ID = 1;
export const AUDIO_TRACK_ID = 2;
/** Ticks a second of `mvhd`. Milliseconds: 49 days in 32 bits. */
export const MOVIE_TIMESCALE = 1000;
/** What O_DIRECT asks of every disk we know; fragments start and end on multiples of it. */
export const BLOCK_BYTES = 4096;
/** §8.8.3.1: depends on others, is no sync sample / depends on none, is one. */
export const FLAGS_DEPENDENT = 0x01010000;
export const FLAGS_SYNC = 0x02000000;

/** Tables and times of one track; `undefined` tables: the samples are in fragments. */
export type TrackTiming = {
  /** In ticks of the track. */
  readonly duration: number;
  /** In ticks of `MOVIE_TIMESCALE`. */
  readonly movieDuration: number;
  readonly edits: readonly Edit[];
  /** Boxes of `stbl` behind `stsd`. */
  readonly tables: readonly Uint8Array[];
};

const IN_FRAGMENTS: TrackTiming = {
  duration: 0,
  movieDuration: 0,
  edits: [],
  tables: [
    fullBox('stts', 0, 0, u32(0)),
    fullBox('stsc', 0, 0, u32(0)),
    fullBox('stsz', 0, 0, u32(0, 0)),
    fullBox('stco', 0, 0, u32(0)),
  ],
};

/** `ftyp` and `moov`. */
export function encodeInitSegment(layout: TrackLayout): Bytes {
  return concat([ftyp('iso6', 512, ['iso6', 'mp41', 'dash']), encodeMoov(layout)]);
}

/** The `moov` alone: equal layouts have equal bytes, whatever else they come from. */
export function encodeMoov({ video, audio }: TrackLayout): Bytes {
  return box(
    'moov',
    mvhd(MOVIE_TIMESCALE, 0, 3),
    videoTrak(video, IN_FRAGMENTS),
    ...(audio === undefined ? [] : [audioTrak(audio, IN_FRAGMENTS)]),
    box(
      'mvex',
      trex(VIDEO_TRACK_ID, FLAGS_DEPENDENT),
      ...(audio === undefined ? [] : [trex(AUDIO_TRACK_ID, FLAGS_SYNC)]),
    ),
  );
}

/**
 * Everything in front of the first fragment of a segment file: `ftyp`, `moov`, the segment's `uuid`, and `free` up to a
 * multiple of 4096 bytes. Its hash without the `free` begins the chain: `chainStartOf`.
 */
export function encodeSegmentStart(layout: TrackLayout, header: SegmentHeader): SegmentStart {
  const hashed = concat([encodeInitSegment(layout), encodeSegmentHeader(header)]);
  const bytes = new Uint8Array(paddedEnd(hashed.length));
  bytes.set(hashed);
  if (bytes.length > hashed.length) bytes.set(free(bytes.length - hashed.length), hashed.length);
  return { bytes, hashedLength: hashed.length };
}

export type SegmentStart = {
  readonly bytes: Bytes;
  /** Bytes of `ftyp`, `moov` and `uuid`: what `chainStartOf` hashes. */
  readonly hashedLength: number;
};

/** Where the padding behind something that ends at `end` ends: a multiple of 4096, with room for a `free` box or none. */
export function paddedEnd(end: number): number {
  const gap = (BLOCK_BYTES - (end % BLOCK_BYTES)) % BLOCK_BYTES;
  return end + (gap > 0 && gap < 8 ? gap + BLOCK_BYTES : gap);
}

export const videoTrak = (track: VideoTrack, timing: TrackTiming): Bytes =>
  trak({
    trackId: VIDEO_TRACK_ID,
    width: track.width,
    height: track.height,
    timescale: VIDEO_TIMESCALE,
    handler: 'vide',
    entry: videoSampleEntry(track),
    timing,
  });

export const audioTrak = (track: AudioTrack, timing: TrackTiming): Bytes =>
  trak({
    trackId: AUDIO_TRACK_ID,
    width: 0,
    height: 0,
    timescale: track.sampleRate,
    handler: 'soun',
    entry: audioSampleEntry(track),
    timing,
  });

type Trak = {
  readonly trackId: number;
  readonly width: number;
  readonly height: number;
  readonly timescale: number;
  readonly handler: 'vide' | 'soun';
  readonly entry: Uint8Array;
  readonly timing: TrackTiming;
};

/** ISO/IEC 14496-12 §8.3.1. */
function trak({ trackId, width, height, timescale, handler, entry, timing }: Trak): Bytes {
  const minf = box('minf', handler === 'vide' ? vmhd() : smhd(), dinf(), box('stbl', stsd(entry), ...timing.tables));
  return box(
    'trak',
    tkhd({ trackId, duration: timing.movieDuration, width, height }),
    ...(timing.edits.length === 0 ? [] : [edts(timing.edits)]),
    box('mdia', mdhd(timescale, timing.duration), hdlr(handler), minf),
  );
}
