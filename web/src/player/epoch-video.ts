/** One playlist (one layout epoch) in one <video>, by hls.js: load, seek to a wall time, tell its wall time. */
import HlsLight, { Events, type Fragment } from 'hls.js/light';
import type { PlaylistEpoch } from '../api/api.ts';
import { fragmentsOf, positionOf, wallOf, type MappedFragment } from './wall-map.ts';

export type EpochVideo = {
  readonly epoch: PlaylistEpoch;
  readonly video: HTMLVideoElement;
  readonly ready: () => boolean;
  /** Sound that this browser plays; G.711 is left out by the server. */
  readonly hasSound: () => boolean;
  /** False when this playlist has nothing at that time. */
  readonly seek: (wall: number) => boolean;
  readonly wall: () => number | undefined;
  readonly close: () => void;
};

export function openEpochVideo(
  video: HTMLVideoElement,
  epoch: PlaylistEpoch,
  startAt: number,
  onFail: (message: string) => void,
): EpochVideo {
  let fragments: readonly MappedFragment[] = [];
  let wanted: number | undefined = startAt;
  let sound = false;
  const hls = new HlsLight({
    maxBufferLength: 20,
    backBufferLength: 20,
    maxMaxBufferLength: 40,
    autoStartLoad: false,
    enableWorker: false,
  });
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
    hls.startLoad(positionOf(fragments, startAt) ?? 0);
  });
  hls.on(Events.LEVEL_LOADED, (_event, { details }) => {
    fragments = mapped(details.fragments);
    if (wanted === undefined) return;
    seek(wanted);
  });
  // hls.js moves fragment starts once it has seen their real times
  hls.on(Events.LEVEL_UPDATED, (_event, { details }) => {
    fragments = mapped(details.fragments);
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
    wall: () => wallOf(fragments, video.currentTime),
    close: () => hls.destroy(),
  };
}

function mapped(fragments: readonly Fragment[]): readonly MappedFragment[] {
  return fragments.flatMap(({ start, duration, programDateTime, gap }) =>
    programDateTime === null || programDateTime === undefined || gap === true
      ? []
      : [{ start, duration, wall: programDateTime }],
  );
}
