/** One playlist (one layout epoch) in one <video>, by hls.js: load, seek to a wall time, tell its wall time. */
import HlsLight, { Events } from 'hls.js/light';
import type { EpochParts } from '../api/site-footage.ts';
import { placesOf, watchPlaces } from './fragment-places.ts';
import { watchFrames } from './frame-steps.ts';
import { fragmentsOf, positionOf, wallOf, type MappedFragment } from './wall-map.ts';

export type EpochVideo = {
  readonly epoch: EpochParts;
  readonly video: HTMLVideoElement;
  readonly ready: () => boolean;
  /** Sound that this browser plays; G.711 is left out by the server. */
  readonly hasSound: () => boolean;
  /** False when this playlist has nothing at that time. */
  readonly seek: (wall: number) => boolean;
  /** How far the video is ahead of that time, milliseconds of what is played: over a gap none pass. Undefined where nothing is recorded. */
  readonly aheadOf: (wall: number) => number | undefined;
  /** The picture before or after the shown one: its wall time, undefined when it is not loaded. */
  readonly step: (direction: 1 | -1) => Promise<number | undefined>;
  readonly close: () => void;
};

/** A server that is away is told of soon; the player tries again by itself, for ever. */
const LOADING = {
  default: {
    maxTimeToFirstByteMs: 8000,
    maxLoadTimeMs: 60_000,
    timeoutRetry: { maxNumRetry: 1, retryDelayMs: 0, maxRetryDelayMs: 0 },
    errorRetry: { maxNumRetry: 2, retryDelayMs: 300, maxRetryDelayMs: 1000 },
  },
};

const SETTINGS = {
  maxBufferLength: 20,
  backBufferLength: 20,
  maxMaxBufferLength: 40,
  autoStartLoad: false,
  enableWorker: false,
  manifestLoadPolicy: LOADING,
  playlistLoadPolicy: LOADING,
  fragLoadPolicy: LOADING,
};

export function openEpochVideo(
  video: HTMLVideoElement,
  epoch: EpochParts,
  startAt: number,
  onFail: (message: string) => void,
): EpochVideo {
  let fragments: readonly MappedFragment[] = [];
  let wanted: number | undefined = startAt;
  let sound = false;
  const frames = watchFrames(video);
  const hls = new HlsLight(SETTINGS);
  const seek = (wall: number): boolean => {
    const position = positionOf(fragments, wall);
    if (position === undefined) {
      wanted = wall;
      return false;
    }
    wanted = undefined;
    video.currentTime = position;
    return true;
  };
  // Loading starts once, where it is wanted: a second start while the first is under way stalls hls.js.
  hls.on(Events.MANIFEST_LOADED, (_event, { networkDetails }) => {
    const known: unknown = networkDetails;
    fragments = known instanceof XMLHttpRequest ? fragmentsOf(known.responseText) : [];
    hls.startLoad(positionOf(fragments, wanted ?? startAt) ?? 0);
  });
  hls.on(Events.LEVEL_LOADED, (_event, { details }) => {
    fragments = placesOf(details.fragments);
    if (wanted === undefined) return;
    seek(wanted);
  });
  watchPlaces(hls, (change) => {
    fragments = change(fragments);
  });
  hls.on(Events.BUFFER_CODECS, (_event, { audio, audiovideo }) => {
    sound = audio !== undefined || audiovideo !== undefined;
  });
  hls.on(Events.ERROR, (_event, { fatal, details }) => {
    if (fatal) onFail(details);
  });
  hls.loadSource(epoch.url);
  hls.attachMedia(video);
  return {
    epoch,
    video,
    ready: () => video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA && !video.seeking,
    hasSound: () => sound,
    seek,
    aheadOf: (wall) => {
      const position = positionOf(fragments, wall);
      return position === undefined ? undefined : (video.currentTime - position) * 1000;
    },
    step: async (direction) => wallOf(fragments, ((await frames.step(direction)) ?? Number.NaN) + 0.001),
    close: () => {
      frames.stop();
      hls.destroy();
    },
  };
}
