/**
 * The endless, deterministic sequence of access units of one camera stream: which clip frame is due when, with its stamp. Pure: the
 * counter is a function of time alone, so that it goes on whatever happens to connections, and equal for every client.
 *
 * Belongs here: counters, due times, time stamps, NAL units. Does not: packets (rtp-packetizer*.ts), timers and faults (camera-engine.ts).
 */
import type { AudioClip, ClipAccessUnit, VideoClip } from './clip.ts';
import { encodeStamp } from './stamp.ts';

/** Ticks of the video clock a second. */
const VIDEO_CLOCK = 90_000;
/** Samples in a frame of AAC-LC. */
const AAC_SAMPLES = 1024;

export type StreamModel = {
  readonly cameraId: string;
  readonly stream: 'main' | 'sub';
  /** Wall time of access unit 0, milliseconds. */
  readonly origin: number;
};

export type DueAccessUnit = {
  readonly counter: number;
  readonly key: boolean;
  /** In the order of the wire: parameter sets before a key frame, stamp, slices. */
  readonly nals: readonly Uint8Array[];
  /** Presentation time in ticks of 90 kHz since counter 0; not reduced to 32 bits. */
  readonly ticks: number;
};

export const frameMsOf = (clip: VideoClip): number => 1000 / clip.framesPerSecond;
export const ticksPerFrameOf = (clip: VideoClip): number => VIDEO_CLOCK / clip.framesPerSecond;

/** Counter of the access unit that is due at `elapsed` milliseconds after the origin; -1 before the first. */
export const counterAt = (clip: VideoClip, elapsed: number): number => Math.floor(elapsed / frameMsOf(clip) + 1e-6);

/** `moved`: by so many access units the clip is ahead of the counter. */
const atOf = (clip: VideoClip, counter: number, moved: number): ClipAccessUnit => {
  const unit = clip.accessUnits[(counter + moved) % clip.accessUnits.length];
  if (unit === undefined) throw new TypeError('a clip has at least one access unit');
  return unit;
};

export const isKeyAt = (clip: VideoClip, counter: number, moved = 0): boolean => atOf(clip, counter, moved).key;

/** How far the clip must be ahead so that `counter` is a key frame; at least `moved`. */
export function movedToKey(clip: VideoClip, counter: number, moved: number): number {
  const ahead = clip.accessUnits.findIndex((_, more) => isKeyAt(clip, counter, moved + more));
  return (moved + Math.max(0, ahead)) % clip.accessUnits.length;
}

export function accessUnitAt(model: StreamModel, clip: VideoClip, counter: number, moved = 0): DueAccessUnit {
  const unit = atOf(clip, counter, moved);
  const stamp = encodeStamp(clip.codec, {
    cameraId: model.cameraId,
    stream: model.stream,
    counter,
    wallMicros: (model.origin + counter * frameMsOf(clip)) * 1000,
    crc: unit.crc,
  });
  return {
    counter,
    key: unit.key,
    nals: unit.key ? [...clip.parameterSets, stamp, ...unit.slices] : [stamp, ...unit.slices],
    ticks: (counter + unit.offset) * ticksPerFrameOf(clip),
  };
}

export type DueAudioFrame = { readonly index: number; readonly frame: Uint8Array; readonly ticks: number };

/** Index of the audio frame that is due at `elapsed` milliseconds after the origin. */
export const audioIndexAt = (clip: AudioClip, elapsed: number): number =>
  Math.floor((elapsed * clip.sampleRate) / (AAC_SAMPLES * 1000) + 1e-6);

export function audioFrameAt(clip: AudioClip, index: number): DueAudioFrame {
  const frame = clip.frames[index % clip.frames.length];
  if (frame === undefined) throw new TypeError('a clip has at least one audio frame');
  return { index, frame, ticks: index * AAC_SAMPLES };
}
