/**
 * `ftyp` and `moov` of a progressive file: tables of samples that lie in one `mdat` behind them (ISO/IEC 14496-12 §8.6, §8.7).
 *
 * Belongs here: run-length tables and their bytes. Does not: which samples (archive/export-plan.ts).
 */
import type { AudioTrack, VideoTrack } from '../tracks.ts';
import { VIDEO_TIMESCALE } from '../tracks.ts';
import { box, concat, ftyp, fullBox, mvhd, u32, u64 } from './boxes.ts';
import type { Bytes, Edit } from './boxes.ts';
import { audioTrak, MOVIE_TIMESCALE, videoTrak } from './init-segment.ts';

/** 32 GB of a busy camera, or four days of an ordinary one; the tables of more do not fit a small box's memory. */
export const MAX_SAMPLES: number = 8 * 1024 * 1024;

/** Samples that lie side by side. */
export type Chunk = {
  /** From the start of the media data. */
  readonly offset: number;
  readonly samples: number;
};

export type SampleTable = {
  /** Ticks of the track, one a sample. */
  readonly durations: readonly number[];
  readonly sizes: readonly number[];
  /** Presentation minus decoding time; undefined: all 0. */
  readonly compositionOffsets: readonly number[] | undefined;
  /** Indices of key frames; undefined: every sample is one. */
  readonly sync: readonly number[] | undefined;
  readonly chunks: readonly Chunk[];
  readonly edits: readonly Edit[];
};

export type Movie = {
  readonly video: { readonly track: VideoTrack; readonly table: SampleTable };
  readonly audio: { readonly track: AudioTrack; readonly table: SampleTable } | undefined;
  /** Bytes of media data. */
  readonly mediaBytes: number;
};

/** Everything in front of the media data, the header of `mdat` included. */
export function encodeMovieStart(movie: Movie): Bytes {
  const large = movie.mediaBytes + 2 ** 24 > 2 ** 32;
  const type = ftyp('isom', 512, ['isom', 'iso2', movie.video.track.codec === 'h264' ? 'avc1' : 'iso6', 'mp41']);
  const header = large
    ? concat([u32(1), new TextEncoder().encode('mdat'), u64(movie.mediaBytes + 16)])
    : concat([u32(movie.mediaBytes + 8), new TextEncoder().encode('mdat')]);
  const length = type.length + encodeMovieBox(movie, 0, large).length + header.length;
  return concat([type, encodeMovieBox(movie, length, large), header]);
}

function encodeMovieBox({ video, audio }: Movie, mediaOffset: number, large: boolean): Bytes {
  const videoTiming = timingOf(video.table, VIDEO_TIMESCALE, mediaOffset, large);
  const audioTiming = audio && timingOf(audio.table, audio.track.sampleRate, mediaOffset, large);
  const duration = Math.max(videoTiming.movieDuration, audioTiming?.movieDuration ?? 0);
  return box(
    'moov',
    mvhd(MOVIE_TIMESCALE, duration, 3),
    videoTrak(video.track, videoTiming),
    ...(audio && audioTiming ? [audioTrak(audio.track, audioTiming)] : []),
  );
}

type Timing = Parameters<typeof videoTrak>[1];

function timingOf(table: SampleTable, timescale: number, mediaOffset: number, large: boolean): Timing {
  const duration = table.durations.reduce((sum, value) => sum + value, 0);
  const edited = table.edits.reduce((sum, edit) => sum + edit.duration, 0);
  const movieDuration = table.edits.length > 0 ? edited : Math.round((duration * MOVIE_TIMESCALE) / timescale);
  const offsets = table.chunks.map(({ offset }) => offset + mediaOffset);
  const tables = [
    fullBox('stts', 0, 0, runLengths(table.durations)),
    ...(table.compositionOffsets === undefined ? [] : [fullBox('ctts', 1, 0, runLengths(table.compositionOffsets))]),
    ...(table.sync === undefined
      ? []
      : [fullBox('stss', 0, 0, concat([u32(table.sync.length), numbers(oneBased(table.sync))]))]),
    fullBox('stsc', 0, 0, stscRows(table.chunks)),
    fullBox('stsz', 0, 0, concat([u32(0, table.sizes.length), numbers(table.sizes)])),
    large
      ? fullBox('co64', 0, 0, concat([u32(offsets.length), ...offsets.map((offset) => u64(offset))]))
      : fullBox('stco', 0, 0, concat([u32(offsets.length), numbers(offsets)])),
  ];
  return { duration, movieDuration, edits: table.edits, tables };
}

/** Count of rows, then rows of how often and what. */
function runLengths(values: readonly number[]): Bytes {
  const rows: number[] = [];
  let rowValue: number | undefined;
  for (const value of values) {
    if (value === rowValue) rows[rows.length - 2] = (rows.at(-2) ?? 0) + 1;
    else rows.push(1, value);
    rowValue = value;
  }
  return concat([u32(rows.length / 2), numbers(rows)]);
}

/** §8.7.4: rows of first chunk, samples a chunk, sample description. */
function stscRows(chunks: readonly Chunk[]): Bytes {
  const rows: number[] = [];
  for (const [index, { samples }] of chunks.entries()) {
    if (rows.at(-2) !== samples) rows.push(index + 1, samples, 1);
  }
  return concat([u32(rows.length / 3), numbers(rows)]);
}

const oneBased = (indices: readonly number[]): readonly number[] => indices.map((index) => index + 1);

/** As `u32`, for lists too long to be arguments. */
function numbers(values: readonly number[]): Bytes {
  const view = new DataView(new ArrayBuffer(values.length * 4));
  values.forEach((value, index) => view.setUint32(index * 4, value));
  return new Uint8Array(view.buffer);
}
