/** From a planned part to the tables of its file, and where in the sources its bytes lie. Pure. */
import type { Edit } from '../media/mp4/boxes.ts';
import { MOVIE_TIMESCALE } from '../media/mp4/init-segment.ts';
import { MAX_SAMPLES } from '../media/mp4/movie-index.ts';
import type { Chunk, Movie, SampleTable } from '../media/mp4/movie-index.ts';
import { UnderstudyError } from '../core/errors.ts';
import { sum } from './export-plan.ts';
import type { Part, PlannedFragment, WallRange } from './export-plan.ts';

/** Bytes of one fragment in the source file. */
export type CopyRange = { readonly position: number; readonly length: number };

/** The one or two ranges of a fragment: its access units, its sound. */
export function rangesOf({ info, accessUnits, audio: [from, to] }: PlannedFragment): readonly CopyRange[] {
  const videoBytes = sum(info.video.sizes, 0, info.video.count);
  const video = { position: info.payloadOffset, length: sum(info.video.sizes, 0, accessUnits) };
  const soundAt = info.payloadOffset + videoBytes + sum(info.audio.sizes, 0, from);
  return from === to ? [video] : [video, { position: soundAt, length: sum(info.audio.sizes, from, to) }];
}

type Growing = {
  readonly starts: number[];
  readonly sizes: number[];
  readonly offsets: number[];
  readonly sync: number[];
  readonly chunks: Chunk[];
  end: number;
  shifted: boolean;
};

/** @throws UnderstudyError `export/too-long` */
export function movieOf({ layout, fragments, start, end }: Part, asked: WallRange): Movie {
  const [video, audio] = [emptyTrack(), emptyTrack()];
  let mediaBytes = 0;
  for (const fragment of fragments) {
    const [videoRange, audioRange] = rangesOf(fragment);
    addVideo(video, fragment, mediaBytes);
    mediaBytes += videoRange?.length ?? 0;
    if (audioRange !== undefined) addAudio(audio, fragment, mediaBytes);
    mediaBytes += audioRange?.length ?? 0;
    if (video.sizes.length + audio.sizes.length > MAX_SAMPLES) {
      const message = `the range holds more than ${MAX_SAMPLES} samples: export it in several pieces`;
      throw new UnderstudyError('limit', 'export/too-long', message);
    }
  }
  const skip = Math.max(0, Math.min(asked.start, end) - start);
  const shown = Math.max(1, Math.round((Math.min(asked.end, end) - start - skip) / 1000));
  const videoEdits =
    skip === 0 && end <= asked.end ? [] : [{ duration: shown, mediaTime: Math.round((skip * 9) / 100) }];
  const sound = layout.audio;
  return {
    video: { track: layout.video, table: tableOf(video, videoEdits, true) },
    audio:
      sound === undefined || audio.sizes.length === 0
        ? undefined
        : { track: sound, table: tableOf(audio, audioEdits(audio, sound.sampleRate, skip, shown), false) },
    mediaBytes,
  };
}

/** Sound may begin behind the picture: then nothing is played until it does. */
function audioEdits({ starts }: Growing, rate: number, skip: number, shown: number): readonly Edit[] {
  const first = starts[0] ?? 0;
  const from = Math.round((skip * rate) / 1_000_000);
  // None where none is needed: with one, ffmpeg 5 loses packets at the end of a G.711 track.
  if (from === 0 && first === 0) return [];
  const silence = Math.max(0, Math.round(((first - from) * MOVIE_TIMESCALE) / rate));
  if (silence >= shown) return [{ duration: shown, mediaTime: -1 }];
  const media = { duration: shown - silence, mediaTime: Math.max(0, from - first) };
  return silence === 0 ? [media] : [{ duration: silence, mediaTime: -1 }, media];
}

function addVideo(track: Growing, { info, accessUnits, decodeTime }: PlannedFragment, offset: number): void {
  if (info.key) track.sync.push(track.sizes.length);
  let time = decodeTime;
  for (let index = 0; index < accessUnits; index += 1) {
    track.starts.push(time);
    track.sizes.push(info.video.sizes[index] ?? 0);
    const shift = info.video.compositionOffsets?.[index] ?? 0;
    track.offsets.push(shift);
    track.shifted ||= shift !== 0;
    time += info.video.durations[index] ?? 0;
  }
  track.chunks.push({ offset, samples: accessUnits });
  track.end = time;
}

function addAudio(track: Growing, { info, audio: [from, to], audioTime }: PlannedFragment, offset: number): void {
  let time = Math.max(audioTime, track.end);
  for (let index = from; index < to; index += 1) {
    track.starts.push(time);
    track.sizes.push(info.audio.sizes[index] ?? 0);
    time += info.audio.durations[index] ?? 0;
  }
  track.chunks.push({ offset, samples: to - from });
  track.end = time;
}

/** A sample lasts until the next one begins: gaps become long samples. */
function tableOf(track: Growing, edits: readonly Edit[], video: boolean): SampleTable {
  const durations = track.starts.map((time, index) => (track.starts[index + 1] ?? track.end) - time);
  return {
    durations,
    sizes: track.sizes,
    compositionOffsets: track.shifted ? track.offsets : undefined,
    sync: video ? track.sync : undefined,
    chunks: track.chunks,
    edits,
  };
}

const emptyTrack = (): Growing => ({
  starts: [],
  sizes: [],
  offsets: [],
  sync: [],
  chunks: [],
  end: Number.NEGATIVE_INFINITY,
  shifted: false,
});
