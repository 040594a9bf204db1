/**
 * Plays one camera at the common clock: asks for the playlists around the time, holds the epoch being played in one of two <video>
 * and preloads the next in the other. Follows the clock; decides nothing about it but "I am waiting for data".
 */
import { api, type PlaylistEpoch, type StreamName } from '../api/api.ts';
import type { EpochVideo } from './epoch-video.ts';
import { correctionFor } from './wall-map.ts';

export type PlayerStatus =
  | { readonly kind: 'playing' | 'loading' | 'nothing' }
  | { readonly kind: 'unsupported'; readonly codec: string }
  | { readonly kind: 'failed'; readonly message: string };
export type Clock = {
  readonly at: number;
  readonly speed: number;
  readonly playing: boolean;
  readonly jumped: boolean;
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
const RETRY_MS = 3000;

type Opener = typeof import('./epoch-video.ts').openEpochVideo;
/** hls.js is large: it loads when the first camera is played. */
let opener: Opener | undefined;

export function createCameraPlayer({ cameraId, videos, onStatus }: Deps): CameraPlayer {
  let stream: StreamName = 'main';
  let epochs: readonly PlaylistEpoch[] = [];
  let askedUntil = 0;
  let asking: AbortController | undefined;
  let current: EpochVideo | undefined;
  let next: EpochVideo | undefined;
  let retryAt = 0;
  let status = '';
  const tell = (to: PlayerStatus): void => {
    const key = JSON.stringify(to);
    if (key !== status) onStatus(to);
    status = key;
  };
  const reset = (): void => {
    current?.close();
    next?.close();
    current = undefined;
    next = undefined;
    show(videos, undefined);
  };
  const ask = async (from: number, to: number): Promise<void> => {
    asking = new AbortController();
    const mine = asking;
    try {
      opener ??= (await import('./epoch-video.ts')).openEpochVideo;
      const { items } = await api.playlists(cameraId, new Date(from), new Date(Math.min(to, Date.now())), stream);
      if (mine.signal.aborted) return;
      epochs = [
        ...epochs.filter(({ start, url }) => Date.parse(start) < from && !items.some((item) => item.url === url)),
        ...items,
      ];
      askedUntil = Math.min(to, Date.now());
      if (epochs.length === 0) retryAt = Date.now() + RETRY_MS;
    } catch (error) {
      if (!mine.signal.aborted) tell({ kind: 'failed', message: error instanceof Error ? error.message : '' });
      retryAt = Date.now() + RETRY_MS;
    } finally {
      if (asking === mine) asking = undefined;
    }
  };
  const open = (epoch: PlaylistEpoch, video: HTMLVideoElement, at: number): EpochVideo | undefined => {
    const mime = `video/mp4; codecs="${epoch.codec}"`;
    if (typeof MediaSource === 'undefined' || !MediaSource.isTypeSupported(mime)) {
      tell({ kind: 'unsupported', codec: epoch.codec });
      return undefined;
    }
    return opener?.(video, epoch, at, (message) => {
      reset();
      retryAt = Date.now() + RETRY_MS;
      tell({ kind: 'failed', message });
    });
  };
  const choose = (at: number): EpochVideo | undefined => {
    if (current !== undefined && holds(current.epoch, at)) return current;
    const epoch = epochs.find((entry) => holds(entry, at));
    if (epoch === undefined) return undefined;
    const prepared = next !== undefined && next.epoch.url === epoch.url ? next : undefined;
    if (prepared === undefined) reset();
    else current?.close();
    next = undefined;
    current = prepared ?? open(epoch, videos[0], at);
    show(videos, current?.video);
    return current;
  };
  const prepare = (at: number): void => {
    if (current === undefined || next !== undefined || Date.parse(current.epoch.end) - at > PRELOAD_MS) return;
    const following = epochs.find(({ start }) => Date.parse(start) >= Date.parse(current?.epoch.end ?? ''));
    const other = videos.find((video) => video !== current?.video);
    if (following !== undefined && other !== undefined) next = open(following, other, Date.parse(following.start));
    else if (
      askedUntil - at < PRELOAD_MS &&
      asking === undefined &&
      Date.now() > retryAt &&
      Date.now() - askedUntil > PRELOAD_MS
    )
      void ask(askedUntil, askedUntil + AFTER_MS);
  };
  return {
    follow: (clock) => {
      const playing = choose(clock.at);
      if (playing === undefined) {
        const known = epochs.some(({ start }) => Date.parse(start) <= clock.at) && clock.at < askedUntil;
        if (asking === undefined && Date.now() > retryAt && (!known || clock.jumped)) {
          epochs = [];
          tell({ kind: 'loading' });
          void ask(clock.at - BEFORE_MS, clock.at + AFTER_MS);
        } else if (asking === undefined && !status.includes('unsupported') && !status.includes('failed'))
          tell({ kind: 'nothing' });
        return;
      }
      steer(playing, clock);
      prepare(clock.at);
      tell({ kind: playing.ready() ? 'playing' : 'loading' });
    },
    useStream: (wanted) => {
      stream = wanted;
      epochs = [];
      asking?.abort();
      asking = undefined;
      retryAt = 0;
      status = '';
      reset();
    },
    close: () => {
      asking?.abort();
      reset();
    },
  };
}

const holds = ({ start, end }: PlaylistEpoch, at: number): boolean => Date.parse(start) <= at && at < Date.parse(end);

function steer(playing: EpochVideo, { at, speed, playing: running, jumped }: Clock): void {
  const { video } = playing;
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
