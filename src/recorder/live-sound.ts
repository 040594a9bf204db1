/**
 * The sound of a live view: where each frame stands on the time line of the pictures, and silence where none comes. A browser shows
 * pictures only as far as it has sound, and behind a hole in the sound it leaves pictures out until the next key frame; so there is
 * never a hole, and a camera that sends no sound holds no picture up.
 *
 * Belongs here: times, silence, which sound browsers play. Does not: who hears it (live-hub.ts), bytes (media/mp4/live-fragment.ts).
 */
import { parseAudioSpecificConfig } from '../media/codec/aac.ts';
import { opusSamplesOf } from '../media/codec/opus.ts';
import type { AudioSink } from '../media/rtp/access-unit-sink.ts';
import { VIDEO_TIMESCALE } from '../media/tracks.ts';
import type { AudioTrack } from '../media/tracks.ts';

/** The clocks of sound and picture may run apart by so much before the sound is placed anew: below what anybody sees on lips. */
const MAX_DRIFT_US = 60_000;
/** Pictures wait for the sound so long, then silence stands in for it. Cameras send several frames of sound at once. */
export const MISSING_AFTER_MS = 700;
/** Sound that claims to be so far ahead of the picture is not waited for. */
export const MAX_AHEAD_MS = 3000;
/** As long as a picture may last (fragment-builder.ts). A longer hole is one of the pictures too: the sound goes on behind it. */
export const MAX_SILENCE_MS = 10_000;
/** So many frames of 960 samples are `MAX_SILENCE_MS` at 96 kHz: more come only of a clock that no camera has. */
const MAX_SILENT_FRAMES = 1000;

export type SoundPiece = {
  /** Ticks of the sound's own clock on the time line of the pictures. */
  readonly decodeTime: number;
  readonly duration: number;
  readonly bytes: Uint8Array;
};
export type LiveSound = {
  /** A picture: ticks on the time line of the view, and its wall microseconds. */
  readonly picture: (ticks: number, wallUs: number) => void;
  /** One coded frame; `timestamp` in ticks of the sound. Nothing comes of it before the first picture. */
  readonly frame: (timestamp: number, wallUs: number, bytes: Uint8Array) => void;
};

/** `emit` gets frames in order, each where the one before ends; less than a frame is left out in between. */
// oxlint-disable-next-line max-lines-per-function -- one closure over the place of the sound
export function createLiveSound(track: AudioTrack, emit: (piece: SoundPiece) => void): LiveSound {
  const { sampleRate } = track;
  const lengths = createLengths(track);
  const silence = silenceOf(track);
  const ticksOf = (ms: number): number => (ms * sampleRate) / 1000;
  let pictureAt: number | undefined;
  let pictureUs = 0;
  let newest = 0;
  /** Of the newest picture when sound came last. */
  let heardAt = 0;
  /** Timestamp of sound at which the time line is 0. */
  let origin: number | undefined;
  let writtenUpTo: number | undefined;
  /** Repeated where no silence is known. */
  let last: Uint8Array | undefined;

  const put = (duration: number, bytes: Uint8Array): void => {
    const decodeTime = writtenUpTo ?? 0;
    writtenUpTo = decodeTime + duration;
    emit({ decodeTime, duration, bytes });
  };
  const fillUpTo = (end: number): void => {
    const bytes = silence ?? last;
    const duration = lengths.usual();
    if (bytes === undefined) return;
    const hole = end - (writtenUpTo ?? end);
    let frames = Math.floor(hole / duration);
    if (hole > ticksOf(MAX_SILENCE_MS) || frames > MAX_SILENT_FRAMES) {
      writtenUpTo = Math.floor(end);
      return;
    }
    for (; frames > 0; frames -= 1) put(duration, bytes);
  };
  const placeOf = (timestamp: number, wallUs: number, at: number): number => {
    const wanted = Math.round(timestamp - at - ((wallUs - pictureUs) * sampleRate) / 1e6);
    if (origin === undefined || Math.abs(wanted - origin) * 1e6 > MAX_DRIFT_US * sampleRate) origin = wanted;
    return timestamp - origin;
  };

  return {
    picture: (ticks, wallUs) => {
      const at = (ticks * sampleRate) / VIDEO_TIMESCALE;
      if (pictureAt === undefined) heardAt = at;
      pictureAt = at;
      pictureUs = wallUs;
      newest = Math.max(newest, at);
      if (newest - heardAt <= ticksOf(MISSING_AFTER_MS)) return;
      writtenUpTo ??= Math.max(0, Math.round(heardAt));
      fillUpTo(newest);
    },
    frame: (timestamp, wallUs, bytes) => {
      if (pictureAt === undefined || bytes.length === 0) return;
      const place = placeOf(timestamp, wallUs, pictureAt);
      if (place < 0 || place - newest > ticksOf(MAX_AHEAD_MS)) return;
      heardAt = newest;
      const duration = lengths.of(timestamp, bytes);
      writtenUpTo ??= place;
      // What comes too late has silence in its place by now.
      if (place + duration <= writtenUpTo) return;
      if (silence === undefined) last = bytes.slice();
      fillUpTo(place);
      writtenUpTo = Math.max(writtenUpTo, place);
      put(duration, bytes);
    },
  };
}

type Lengths = {
  /** Ticks of this frame. */
  readonly of: (timestamp: number, bytes: Uint8Array) => number;
  readonly usual: () => number;
};
/** Opus packets tell their length. An AAC frame is as long as its configuration says or, when the camera's steps say so, twice that: SBR. */
function createLengths(track: AudioTrack): Lengths {
  if (track.codec === 'opus') return { of: (_, bytes) => opusSamplesOf(bytes), usual: () => OPUS_SILENCE_SAMPLES };
  const { samplesPerFrame, sampleRate } = parseAudioSpecificConfig(track.config);
  const configured = Math.round((samplesPerFrame * track.sampleRate) / sampleRate);
  let usual = configured;
  let before = Number.NaN;
  let stepBefore = 0;
  return {
    of: (timestamp) => {
      const step = timestamp - before;
      if (step === stepBefore && (step === configured || step === 2 * configured)) usual = step;
      before = timestamp;
      stepBefore = step;
      return usual;
    },
    usual: () => usual,
  };
}

/** A frame of AAC-LC that decodes to zeros at every rate: one channel, two. Decoded by ffmpeg at 8, 16 and 48 kHz. */
const AAC_SILENCE: readonly (Uint8Array | undefined)[] = [
  undefined,
  Uint8Array.of(0x00, 0xc8, 0x00, 0x80, 0x23, 0x80),
  Uint8Array.of(0x21, 0x00, 0x49, 0x90, 0x02, 0x19, 0x00, 0x23, 0x80),
];
/** RFC 6716 §3.1: CELT, full band, one frame of 20 ms; the rest is silence. */
const OPUS_SILENCE = { mono: Uint8Array.of(0xf8, 0xff, 0xfe), stereo: Uint8Array.of(0xfc, 0xff, 0xfe) };
const OPUS_SILENCE_SAMPLES = 960;

function silenceOf({ codec, channels }: AudioTrack): Uint8Array | undefined {
  if (codec === 'opus') return channels === 2 ? OPUS_SILENCE.stereo : OPUS_SILENCE.mono;
  return AAC_SILENCE[channels];
}

/** What a live view takes sound from. */
export type SoundTaker = {
  /** Somebody hears it: otherwise nothing is spent on it. */
  readonly isHeard: () => boolean;
  readonly soundFrame: (timestamp: number, wallUs: number, bytes: Uint8Array) => void;
};
/** Sound goes to the recording, and to the live view as long as somebody hears it. */
export const alsoLive = (audio: AudioSink, taker: SoundTaker, wallUsOf: (timestamp: number) => number): AudioSink => ({
  frame: (timestamp, bytes, start, end) => {
    audio.frame(timestamp, bytes, start, end);
    if (taker.isHeard()) taker.soundFrame(timestamp, wallUsOf(timestamp), bytes.subarray(start, end));
  },
});
