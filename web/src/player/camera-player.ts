/**
 * Plays one camera at the common clock: asks for the playlists around the time, holds the epoch being played in one of two <video>
 * and preloads the next in the other. Follows the clock; decides nothing about it but "I am waiting for data".
 */
import type { PlaylistEpoch, StreamName } from '../api/api.ts';
import type { EpochVideo } from './epoch-video.ts';
import { createPlaylists, epochOpener, holds, type Playlists } from './playlists.ts';
import { correctionFor } from './wall-map.ts';

export type PlayerStatus =
  | { readonly kind: 'playing'; readonly hasSound: boolean }
  | { readonly kind: 'loading' | 'nothing' }
  | { readonly kind: 'unsupported'; readonly codec: string }
  | { readonly kind: 'failed'; readonly message: string };
export type Clock = {
  readonly at: number;
  readonly speed: number;
  readonly playing: boolean;
  readonly jumped: boolean;
  readonly heard: boolean;
};
export type CameraPlayer = {
  /** Called often; moves the videos to where the clock is. */
  readonly follow: (clock: Clock) => void;
  readonly useStream: (stream: StreamName) => void;
  readonly close: () => void;
};
type Deps = {
  readonly cameraId: string;
  readonly videos: readonly [HTMLVideoElement, HTMLVideoElement];
  readonly onStatus: (status: PlayerStatus) => void;
};

/** How much is asked for at once, around the time that is wanted. */
const BEFORE_MS = 60_000;
const AFTER_MS = 15 * 60_000;
/** This close to the end of what is loaded, the next is fetched and preloaded. */
const PRELOAD_MS = 20_000;
/** After footage could not be played. */
const RETRY_MS = 3000;

export function createCameraPlayer({ cameraId, videos, onStatus }: Deps): CameraPlayer {
  let told: PlayerStatus | undefined;
  const tell = (status: PlayerStatus): void => {
    if (JSON.stringify(status) !== JSON.stringify(told)) onStatus(status);
    told = status;
  };
  const playlists = createPlaylists(cameraId, (message) => tell({ kind: 'failed', message }));
  const pair = createPair(videos, playlists, tell);
  return {
    follow: (clock) => {
      const playing = pair.choose(clock.at);
      if (playing !== undefined) {
        steer(playing, clock);
        pair.prepare(clock.at);
        tell(playing.ready() ? { kind: 'playing', hasSound: playing.hasSound() } : { kind: 'loading' });
        return;
      }
      if (!playlists.knows(clock.at) && playlists.idle()) {
        tell({ kind: 'loading' });
        void playlists.load(clock.at - BEFORE_MS, clock.at + AFTER_MS);
      } else if (playlists.knows(clock.at) && playlists.at(clock.at) === undefined) tell({ kind: 'nothing' });
    },
    useStream: (wanted) => {
      playlists.useStream(wanted);
      pair.reset();
    },
    close: () => {
      playlists.close();
      pair.reset();
    },
  };
}

type Pair = {
  readonly choose: (at: number) => EpochVideo | undefined;
  readonly prepare: (at: number) => void;
  readonly reset: () => void;
};

/** The two <video> elements: one plays, the other holds what comes next. */
function createPair(videos: Deps['videos'], playlists: Playlists, tell: (status: PlayerStatus) => void): Pair {
  let current: EpochVideo | undefined;
  let next: EpochVideo | undefined;
  let retryAt = 0;
  const reset = (): void => {
    current?.close();
    next?.close();
    current = undefined;
    next = undefined;
    show(videos, undefined);
  };
  const open = (epoch: PlaylistEpoch, video: HTMLVideoElement, at: number): EpochVideo | undefined => {
    if (typeof MediaSource === 'undefined' || !MediaSource.isTypeSupported(`video/mp4; codecs="${epoch.codec}"`)) {
      tell({ kind: 'unsupported', codec: epoch.codec });
      return undefined;
    }
    return epochOpener()?.(video, epoch, at, (message) => {
      reset();
      retryAt = Date.now() + RETRY_MS;
      tell({ kind: 'failed', message });
    });
  };
  return {
    reset,
    choose: (at) => {
      if (current !== undefined && holds(current.epoch, at)) return current;
      const epoch = playlists.at(at);
      if (epoch === undefined || Date.now() < retryAt) return undefined;
      const prepared = next?.epoch.url === epoch.url ? next : undefined;
      if (prepared === undefined) reset();
      else current?.close();
      next = undefined;
      current = prepared ?? open(epoch, videos[0], at);
      show(videos, current?.video);
      return current;
    },
    prepare: (at) => {
      if (current === undefined || next !== undefined || Date.parse(current.epoch.end) - at > PRELOAD_MS) return;
      const following = playlists.after(Date.parse(current.epoch.end));
      const other = videos.find((video) => video !== current?.video);
      if (following !== undefined && other !== undefined) next = open(following, other, Date.parse(following.start));
      else if (playlists.idle() && Date.now() - playlists.askedUntil() > PRELOAD_MS)
        void playlists.extend(playlists.askedUntil() + AFTER_MS);
    },
  };
}

function steer(playing: EpochVideo, { at, speed, playing: running, jumped, heard }: Clock): void {
  const { video } = playing;
  video.muted = !heard;
  const wall = playing.wall();
  const correction = correctionFor(wall === undefined ? Infinity : wall - at, speed, running);
  if (jumped || correction.kind === 'seek') {
    if (!video.seeking || jumped) playing.seek(at);
  } else if (video.playbackRate !== correction.rate) video.playbackRate = Math.min(16, correction.rate);
  if (running && video.paused && playing.ready()) void video.play().catch(() => undefined);
  if (!running && !video.paused) video.pause();
}

function show(videos: readonly HTMLVideoElement[], shown: HTMLVideoElement | undefined): void {
  for (const video of videos) video.hidden = video !== shown;
}
