/** The picture before or after the one that is shown, found by looking: cameras send at any rate, and not always at the same. */

export type FrameWatch = {
  /** Media time of the picture on screen, seconds. */
  readonly shown: () => number | undefined;
  /** Moves to the picture beside it; resolves with its media time, undefined when there is none near. */
  readonly step: (direction: 1 | -1) => Promise<number | undefined>;
  readonly stop: () => void;
};
const NUDGE_S = 0.002;
/** Tried one after the other until the picture changes: from 60 pictures a second to one. */
const AHEAD_S = [1 / 60, 1 / 30, 1 / 25, 1 / 20, 1 / 15, 1 / 12, 1 / 10, 1 / 8, 1 / 5, 1 / 4, 1 / 3, 1 / 2, 1, 2];
/** From when the video has found the place: a picture that is on screen already is not always presented again. */
const PRESENTED_MS = 150;
/** For a video that never finds it. */
const SEEK_MS = 3000;

export function watchFrames(video: HTMLVideoElement): FrameWatch {
  let shown: number | undefined;
  let stopped = false;
  let changed: (() => void) | undefined;
  const look = (_now: number, { mediaTime }: { readonly mediaTime: number }): void => {
    if (stopped) return;
    shown = mediaTime;
    changed?.();
    video.requestVideoFrameCallback(look);
  };
  if ('requestVideoFrameCallback' in video) video.requestVideoFrameCallback(look);
  /** What is on screen after moving to `position`. */
  const lookAt = async (position: number): Promise<number | undefined> => {
    const presented = new Promise<void>((resolve) => {
      changed = resolve;
      video.addEventListener('seeked', () => setTimeout(resolve, PRESENTED_MS), { once: true });
      setTimeout(resolve, SEEK_MS);
    });
    video.currentTime = position;
    await presented;
    changed = undefined;
    return shown;
  };
  return {
    shown: () => shown,
    step: async (direction) => {
      const from = shown;
      if (from === undefined) return undefined;
      const targets = direction === -1 ? [from - NUDGE_S] : AHEAD_S.map((ahead) => from + ahead + NUDGE_S);
      for (const target of targets) {
        if (stopped || !isBuffered(video, target)) return undefined;
        const now = await lookAt(target);
        if (now !== undefined && Math.abs(now - from) > NUDGE_S / 2) return now;
      }
      return undefined;
    },
    stop: () => {
      stopped = true;
    },
  };
}

function isBuffered({ buffered }: HTMLVideoElement, at: number): boolean {
  for (let index = 0; index < buffered.length; index += 1)
    if (buffered.start(index) <= at && at < buffered.end(index)) return true;
  return false;
}
