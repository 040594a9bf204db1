/** Keeps a video with the common clock, and notices when this browser cannot. */
import type { Clock } from './camera-player.ts';
import type { EpochVideo } from './epoch-video.ts';
import { correctionFor } from './wall-map.ts';

/** A seek to the very picture that is shown would only decode it again. */
const SAME_PICTURE_MS = 20;
/** While playing, what the clock jumps over is often nothing to the video: behind a gap its next picture comes by itself. */
const NEXT_PICTURE_MS = 300;
const MAX_RATE = 16;

/** Says whether the video was behind and had to jump to catch up. */
export function steer(playing: EpochVideo, clock: Clock): 'kept' | 'jumped' {
  const { video } = playing;
  const { at, speed, playing: running, jumped, heard } = clock;
  video.muted = !heard;
  const drift = playing.aheadOf(at) ?? Infinity;
  const correction = correctionFor(drift, speed, running);
  const seeks = correction.kind === 'seek' || (jumped && isElsewhere(drift, running));
  if (correction.kind === 'rate') setRate(video, correction.rate);
  const found = moved(playing, at, seeks && (jumped || !video.seeking));
  setRunning(playing, running && found);
  return seeks && running && !jumped && drift < 0 ? 'jumped' : 'kept';
}

const isElsewhere = (drift: number, running: boolean): boolean =>
  Math.abs(drift) > (running ? NEXT_PICTURE_MS : SAME_PICTURE_MS);

/** False where this playlist has nothing: the video then waits. */
const moved = (playing: EpochVideo, at: number, seeks: boolean): boolean => !seeks || playing.seek(at);

function setRate(video: HTMLVideoElement, rate: number): void {
  if (video.playbackRate !== rate) video.playbackRate = Math.min(MAX_RATE, rate);
}

function setRunning({ video, ready }: EpochVideo, running: boolean): void {
  if (!running) video.pause();
  // To play a video that is at its end would begin it anew, and the clock would wait for ever: what follows lies in another one.
  else if (video.paused && !video.ended && ready()) void video.play().catch(() => undefined);
}

const KEYS_ABOVE = 4;
const MAX_JUMPS = 3;
const JUMPS_WITHIN_MS = 8000;
export type Pace = {
  readonly note: (how: 'kept' | 'jumped', clock: Clock) => void;
  readonly keysOnly: (clock: Clock) => boolean;
};
/** Above four times the speed a browser that falls behind again and again is shown key frames instead. */
export function createPace(): Pace {
  let jumps: readonly number[] = [];
  let slow = false;
  return {
    note: (how, { speed }) => {
      if (how === 'kept' || speed <= KEYS_ABOVE) return;
      const now = performance.now();
      jumps = [...jumps.filter((at) => now - at < JUMPS_WITHIN_MS), now];
      slow ||= jumps.length > MAX_JUMPS;
    },
    keysOnly: ({ speed, playing }) => {
      if (speed <= KEYS_ABOVE) [slow, jumps] = [false, []];
      return slow && playing;
    },
  };
}
