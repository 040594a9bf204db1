/**
 * Plays one camera at the common clock: asks for the playlists around the time, whichever server they lie on, holds the epoch being
 * played in one of two <video> and preloads the next in the other. Follows the clock; decides nothing about it but "I am waiting".
 */
import type { StreamName } from '../api/api.ts';
import type { EpochParts } from '../api/site-footage.ts';
import { boxNow } from '../app/box-clock.ts';
import { createDoubt, type Doubt } from './doubt.ts';
import { createPair, type Open, type Pair } from './pair.ts';
import { createOverlay, type Overlay } from './overlay.ts';
import { createPlaylists, epochOpener, type Playlists } from './playlists.ts';
import { createPace, steer, type Pace } from './steer.ts';

export type PlayerStatus =
  /** Who recorded what is seen; key frames only when this browser cannot keep up with the speed. */
  | { readonly kind: 'playing'; readonly hasSound: boolean; readonly serverId: string; readonly keysOnly: boolean }
  | { readonly kind: 'loading' | 'nothing' }
  | { readonly kind: 'unsupported'; readonly codec: string }
  | { readonly kind: 'failed'; readonly message: string; readonly serverId: string | undefined };
export type Clock = {
  readonly at: number;
  readonly speed: number;
  readonly playing: boolean;
  readonly jumped: boolean;
  readonly heard: boolean;
  /** The pointer drags time along: key frames follow it. */
  readonly scrubbing: boolean;
  /** The timeline has footage at this time, or nobody knows now. */
  readonly expected: boolean;
};
export type CameraPlayer = {
  /** Called often; moves the videos to where the clock is. */
  readonly follow: (clock: Clock) => void;
  readonly useStream: (stream: StreamName) => void;
  /** The wall time of the picture before or after the shown one. */
  readonly step: (direction: 1 | -1) => Promise<number | undefined>;
  readonly close: () => void;
};
type Deps = {
  readonly cameraId: string;
  /** Its sub-stream is recorded too. */
  readonly hasSub: boolean;
  readonly videos: readonly [HTMLVideoElement, HTMLVideoElement];
  /** Above them, for the picture under the pointer. */
  readonly scrubVideo: HTMLVideoElement;
  readonly onStatus: (status: PlayerStatus) => void;
};

/** How much is asked for at once, around the time that is wanted. */
const BEFORE_MS = 60_000;
const AFTER_MS = 15 * 60_000;
/** This close to the end of what is loaded, the next is fetched and preloaded; at a higher speed sooner. */
const PRELOAD_MS = 20_000;
/** Near what is being recorded now, so much more must be there to ask for it. */
const FRESH_MS = 3000;
/** After footage could not be played. */
const RETRY_MS = 3000;

export function createCameraPlayer({ cameraId, hasSub, videos, scrubVideo, onStatus }: Deps): CameraPlayer {
  const tell = createTeller(onStatus);
  const playlists = createPlaylists(cameraId, (message) => tell({ kind: 'failed', message, serverId: undefined }));
  const pair: Pair = createPair(
    videos,
    openerOf((message, epoch) => {
      pair.reset();
      playlists.forget(); // who holds this footage may be another by now
      tell({ kind: 'failed', message, serverId: epoch.serverId });
    }),
  );
  const overlay = createOverlay({ video: scrubVideo, cameraId, stream: hasSub ? 'sub' : 'main', isPlayable });
  const parts: Parts = { playlists, pair, overlay, pace: createPace(), doubt: createDoubt(), tell };
  return {
    follow: (clock) => {
      const epoch = playlists.at(clock.at);
      const keysOnly = parts.pace.keysOnly(clock);
      const isDoubted = epoch === undefined && clock.expected && playlists.knows(clock.at);
      if (parts.doubt.note(isDoubted, performance.now()) && playlists.idle()) ask(clock, parts);
      if (epoch === undefined) rest(clock, parts);
      else if ((clock.scrubbing || keysOnly) && isPlayable(epoch.codec)) scrub(clock, epoch, { ...parts, keysOnly });
      else play(clock, epoch, parts);
    },
    useStream: (wanted) => {
      playlists.useStream(wanted);
      pair.reset();
      overlay.hide();
    },
    step: async (direction) => pair.seen()?.step(direction),
    close: () => {
      playlists.close();
      pair.reset();
      overlay.close();
    },
  };
}

type Tell = (status: PlayerStatus) => void;
type Parts = {
  readonly playlists: Playlists;
  readonly pair: Pair;
  readonly overlay: Overlay;
  readonly pace: Pace;
  readonly doubt: Doubt;
  readonly tell: Tell;
};

/** Only what is new is told. */
function createTeller(onStatus: Tell): Tell {
  let told = '';
  return (status) => {
    const text = JSON.stringify(status);
    if (text !== told) onStatus(status);
    told = text;
  };
}

function openerOf(onFail: (message: string, epoch: EpochParts) => void): Open {
  let retryAt = 0;
  return (epoch, video, at) => {
    if (Date.now() < retryAt) return { kind: 'later' };
    if (!isPlayable(epoch.codec)) return { kind: 'unsupported' };
    const made = epochOpener()?.(video, epoch, at, (message) => {
      retryAt = Date.now() + RETRY_MS;
      onFail(message, epoch);
    });
    return made === undefined ? { kind: 'later' } : { kind: 'open', video: made };
  };
}

const isPlayable = (codec: string): boolean =>
  typeof MediaSource !== 'undefined' && MediaSource.isTypeSupported(`video/mp4; codecs="${codec}"`);

/** Key frames at the pointer, or at a speed that this browser cannot play. */
function scrub(
  clock: Clock,
  epoch: EpochParts,
  { pair, overlay, tell, keysOnly }: Parts & { readonly keysOnly: boolean },
): void {
  pair.seen()?.video.pause();
  overlay.show(epoch, clock.at);
  if (overlay.seen()) tell({ kind: 'playing', hasSound: false, serverId: epoch.serverId, keysOnly });
}

function play(clock: Clock, epoch: EpochParts, parts: Parts): void {
  const { pair, overlay, pace, tell } = parts;
  const chosen = pair.choose(epoch, clock.at);
  if (chosen.kind === 'later') return;
  if (chosen.kind === 'unsupported') {
    tell({ kind: 'unsupported', codec: epoch.codec });
    return;
  }
  if (chosen.kind === 'pending') {
    if (clock.jumped) chosen.opening.seek(clock.at);
    if (!overlay.seen()) tell({ kind: 'loading' });
    return;
  }
  const { playing } = chosen;
  pace.note(steer(playing, clock), clock);
  preload(clock, parts);
  if (playing.ready()) {
    overlay.hide();
    tell({ kind: 'playing', hasSound: playing.hasSound(), serverId: epoch.serverId, keysOnly: false });
  } else if (!overlay.seen()) tell({ kind: 'loading' });
}

/** No footage at this time, as far as is known: ask, or wait where the last picture was, with the next one ready. */
function rest(clock: Clock, parts: Parts): void {
  const { playlists, pair, tell } = parts;
  pair.seen()?.video.pause();
  if (playlists.knows(clock.at)) {
    preload(clock, parts);
    tell({ kind: 'nothing' });
  } else if (playlists.idle()) {
    tell({ kind: 'loading' });
    ask(clock, parts);
  }
}

const ask = ({ at }: Clock, { playlists }: Parts): void => void playlists.load(at - BEFORE_MS, at + AFTER_MS);

function preload({ at, speed }: Clock, { playlists, pair }: Parts): void {
  const ahead = PRELOAD_MS * Math.max(1, speed);
  const end = Date.parse(pair.seen()?.epoch.end ?? '');
  const following = playlists.after(Number.isNaN(end) ? at : Math.max(at, end));
  if (following !== undefined && Date.parse(following.start) - at <= ahead) pair.prepare(following);
  else if (playlists.askedUntil() - at <= ahead && playlists.idle() && boxNow() - playlists.askedUntil() > FRESH_MS)
    void playlists.extend(playlists.askedUntil() + AFTER_MS);
}
