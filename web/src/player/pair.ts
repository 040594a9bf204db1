/**
 * Two <video> elements in turn: one is seen, the other holds what comes next. The one that is seen stays, picture and all, until the
 * other has a picture of its own: nowhere between two epochs, servers or seeks is there a black one.
 */
import type { EpochParts } from '../api/site-footage.ts';
import type { EpochVideo } from './epoch-video.ts';

type Not = { readonly kind: 'unsupported' } | { readonly kind: 'later' };
export type Opened = { readonly kind: 'open'; readonly video: EpochVideo } | Not;
export type Open = (epoch: EpochParts, video: HTMLVideoElement, at: number) => Opened;
export type Chosen =
  | { readonly kind: 'seen'; readonly playing: EpochVideo }
  /** The picture on screen is an older one. */
  | { readonly kind: 'pending'; readonly opening: EpochVideo }
  | Not;
export type Pair = {
  /** Turns to `epoch`. */
  readonly choose: (epoch: EpochParts, at: number) => Chosen;
  /** Loads `epoch` behind what is seen. */
  readonly prepare: (epoch: EpochParts) => void;
  readonly seen: () => EpochVideo | undefined;
  readonly reset: () => void;
};
/** A video that has had no picture for so long is loaded anew; twice as long each time: where all is slow that would only begin it again. */
export const STUCK_MS = 8000;
const MAX_STUCK_MS = 64_000;

export function createPair(
  videos: readonly [HTMLVideoElement, HTMLVideoElement],
  openEpoch: Open,
  now: () => number = () => performance.now(),
): Pair {
  let current: EpochVideo | undefined;
  let next: { readonly epoch: EpochVideo; readonly since: number } | undefined;
  let patience = STUCK_MS;
  const drop = (): void => {
    next?.epoch.close();
    next = undefined;
  };
  const open = (epoch: EpochParts, at: number): Opened => {
    const spare = videos.find((video) => video !== current?.video) ?? videos[0];
    const opened = openEpoch(epoch, spare, at);
    if (opened.kind === 'open') next = { epoch: opened.video, since: now() };
    return opened;
  };
  const reset = (): void => {
    drop();
    current?.close();
    current = undefined;
    show(videos, undefined);
  };
  return {
    seen: () => current,
    reset,
    choose: (epoch, at) => {
      if (current?.epoch.url === epoch.url) return { kind: 'seen', playing: current };
      if (next !== undefined && next.epoch.epoch.url !== epoch.url) {
        drop();
        patience = STUCK_MS;
      } else if (next !== undefined && now() - next.since > patience) {
        drop();
        patience = Math.min(MAX_STUCK_MS, patience * 2);
      }
      const opened: Opened = next === undefined ? open(epoch, at) : { kind: 'open', video: next.epoch };
      if (opened.kind !== 'open') {
        if (opened.kind === 'unsupported') reset();
        return opened;
      }
      if (!opened.video.ready()) return { kind: 'pending', opening: opened.video };
      show(videos, opened.video.video);
      current?.close();
      current = opened.video;
      next = undefined;
      patience = STUCK_MS;
      return { kind: 'seen', playing: current };
    },
    prepare: (epoch) => {
      if (next === undefined && current !== undefined && current.epoch.url !== epoch.url)
        open(epoch, Date.parse(epoch.start));
    },
  };
}

function show(videos: readonly HTMLVideoElement[], shown: HTMLVideoElement | undefined): void {
  for (const video of videos) {
    video.hidden = video !== shown;
    if (video === shown) video.removeAttribute('aria-hidden');
    else video.setAttribute('aria-hidden', 'true');
  }
}
