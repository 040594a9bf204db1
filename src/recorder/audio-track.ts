/**
 * The sound of one fragment while it is being collected: frames wait in a side buffer, because all of a fragment's video
 * comes first in the file.
 *
 * Belongs here: durations and the place of sound relative to the picture. Does not: the picture (fragment-builder.ts).
 */
import type { SampleRun } from '../media/mp4/fragment-writer.ts';
import type { AudioTrack } from '../media/tracks.ts';

export const MAX_AUDIO_FRAMES = 256;
const FIRST_BUFFER = 8 * 1024;
/** 2 s of 256 kbit/s; what is beyond is dropped: sound without a picture in between. */
export const MAX_AUDIO_BYTES: number = 64 * 1024;
/** The camera's sound clock may run away from its picture clock by so much before sound is placed anew. */
const MAX_DRIFT_US = 200_000;
/** A hole longer than this is silence between frames, not a long frame. */
const MAX_FRAME_SECONDS = 0.5;

/** One memmove and nothing allocated, also from memory that is no Buffer. */
// oxlint-disable-next-line typescript/unbound-method -- called with its `this` below
const copyBytes = Buffer.prototype.copy;

export type AudioCollector = {
  readonly frame: (timestamp: number, bytes: Uint8Array, start: number, end: number) => void;
  readonly count: () => number;
  readonly bytes: () => Uint8Array;
  readonly byteLength: () => number;
  /** What has been collected, as a track of the segment that began at wall time `segmentStartUs`. Ticks of the sound clock. */
  readonly run: (segmentStartUs: number) => SampleRun;
  /** The fragment is done: start anew. `newSegment`: with a new origin of time. */
  readonly clear: (newSegment: boolean) => void;
  /** So many whole access units of sound may be taken before the fragment must end. */
  readonly isNearlyFull: () => boolean;
};

/** `wallUsOf`: wall microseconds of a sound timestamp. */
// oxlint-disable-next-line max-lines-per-function -- one closure, so that the hot path reads local variables
export function createAudioCollector(track: AudioTrack, wallUsOf: (timestamp: number) => number): AudioCollector {
  const sizes = new Uint32Array(MAX_AUDIO_FRAMES);
  const durations = new Uint32Array(MAX_AUDIO_FRAMES);
  const perSecond = track.sampleRate;
  let buffer = new Uint8Array(FIRST_BUFFER);
  let used = 0;
  let count = 0;
  let firstTimestamp = 0;
  let lastTimestamp = 0;
  /** Sound timestamp at which the segment's time is 0. */
  let origin: number | undefined;
  let writtenUpTo = 0;

  const nominal = (size: number): number => {
    if (track.codec === 'aac') return 1024;
    if (track.codec !== 'opus') return Math.max(1, Math.floor(size / Math.max(1, track.channels)));
    const before = count >= 2 ? (durations[count - 2] ?? 0) : 0;
    return before > 0 ? before : perSecond / 50;
  };
  const fits = (size: number): boolean => {
    if (count >= MAX_AUDIO_FRAMES || used + size > MAX_AUDIO_BYTES) return false;
    if (used + size > buffer.length) {
      const larger = new Uint8Array(Math.min(MAX_AUDIO_BYTES, Math.max(2 * buffer.length, used + size)));
      larger.set(buffer.subarray(0, used));
      buffer = larger;
    }
    return true;
  };
  const place = (segmentStartUs: number): number => {
    const wanted = firstTimestamp - Math.round(((wallUsOf(firstTimestamp) - segmentStartUs) * perSecond) / 1e6);
    if (origin === undefined || Math.abs(wanted - origin) * 1e6 > MAX_DRIFT_US * perSecond) origin = wanted;
    return firstTimestamp - origin;
  };

  return {
    frame: (timestamp, bytes, start, end) => {
      const size = end - start;
      if (size <= 0 || !fits(size)) return;
      if (count === 0) firstTimestamp = timestamp;
      else {
        const step = timestamp - lastTimestamp;
        if (step <= 0) return;
        if (step < MAX_FRAME_SECONDS * perSecond) durations[count - 1] = step;
      }
      copyBytes.call(bytes, buffer, used, start, end);
      used += size;
      sizes[count] = size;
      count += 1;
      durations[count - 1] = nominal(size);
      lastTimestamp = timestamp;
    },
    count: () => count,
    bytes: () => buffer,
    byteLength: () => used,
    run: (segmentStartUs) => {
      if (count === 0) return { count: 0, decodeTime: 0, sizes, durations };
      // Never before the segment, never into what is written: a player takes sound that goes back for a new stream.
      const decodeTime = Math.max(writtenUpTo, place(segmentStartUs));
      writtenUpTo = decodeTime;
      for (let index = 0; index < count; index += 1) writtenUpTo += durations[index] ?? 0;
      return { count, decodeTime, sizes, durations };
    },
    clear: (newSegment) => {
      count = 0;
      used = 0;
      if (!newSegment) return;
      origin = undefined;
      writtenUpTo = 0;
    },
    isNearlyFull: () => count > MAX_AUDIO_FRAMES - 32 || used > MAX_AUDIO_BYTES - 8192,
  };
}
