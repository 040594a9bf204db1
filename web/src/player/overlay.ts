/** The picture under the pointer, above the two that play: there only while it is wanted and has something to show. */
import type { StreamName } from '../api/api.ts';
import type { EpochParts } from '../api/site-footage.ts';
import { createPlaylists } from './playlists.ts';
import { createScrubber } from './scrub.ts';

export type Overlay = {
  readonly show: (epoch: EpochParts, at: number) => void;
  readonly seen: () => boolean;
  readonly hide: () => void;
  readonly close: () => void;
};
type OverlayDeps = {
  readonly video: HTMLVideoElement;
  readonly cameraId: string;
  /** The smaller stream is taken where it is recorded. */
  readonly stream: StreamName;
  readonly isPlayable: (codec: string) => boolean;
};
const AROUND_MS = 15 * 60_000;

export function createOverlay({ video, cameraId, stream, isPlayable }: OverlayDeps): Overlay {
  const scrubber = createScrubber(video);
  const light = stream === 'sub' ? createPlaylists(cameraId, () => undefined) : undefined;
  light?.useStream('sub');
  let last = Number.NaN;
  const smallerAt = (at: number): EpochParts | undefined => {
    const small = light?.at(at);
    if (light !== undefined && small === undefined && !light.knows(at) && light.idle())
      void light.load(at - AROUND_MS, at + AROUND_MS);
    return small !== undefined && isPlayable(small.codec) ? small : undefined;
  };
  const hide = (): void => {
    if (Number.isNaN(last)) return;
    last = Number.NaN;
    video.hidden = true;
    scrubber.clear();
  };
  return {
    hide,
    seen: () => !video.hidden,
    show: (epoch, at) => {
      if (at !== last) scrubber.show(smallerAt(at) ?? epoch, at);
      last = at;
      video.hidden = !scrubber.hasPicture();
    },
    close: () => {
      light?.close();
      hide();
    },
  };
}
