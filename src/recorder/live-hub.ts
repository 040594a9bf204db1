/**
 * Live view of one stream for any number of viewers: each access unit is made into one WebSocket frame once, and written
 * to all of them. While nobody watches, one copy of what has come since the last key frame is kept, so that the first viewer
 * has a moving picture at once; of a stream with large groups of pictures only the key frame, to spare memory.
 *
 * Belongs here: what a viewer gets and when one is too slow. Does not: sockets' first line (media-server.ts).
 *
 * Sound is sent only to those who asked for it, and while nobody has, it costs nothing; it begins when they come.
 *
 * Bounds: `MAX_IDLE_BYTES` an unwatched stream (or one key frame); the run since the last key frame up to `MAX_RUN_BYTES` a watched stream, `MAX_VIEWER_BYTES` unsent a viewer. A viewer
 * behind that gets nothing until the next key frame after it has caught up.
 */
import { encodeInitSegment } from '../media/mp4/init-segment.ts';
import { encodeLiveFragment } from '../media/mp4/live-fragment.ts';
import { playsInBrowsers } from '../media/tracks.ts';
import type { TrackLayout } from '../media/tracks.ts';
import type { LiveHeader } from '../wire/media-protocol.ts';
import type { AccessUnitView } from './fragment-builder-types.ts';
import { createLiveSound } from './live-sound.ts';
import type { LiveSound, SoundPiece, SoundTaker } from './live-sound.ts';
import { createSlabs } from './slabs.ts';
import type { Block, Slabs } from './slabs.ts';
import { binaryFrame, textFrame } from './websocket-frames.ts';

/** Two key-frame intervals of 2 s at 16 Mbit/s. */
export const MAX_RUN_BYTES: number = 8 * 1024 * 1024;
/** 2 s of 1 Mbit/s: the sub-streams of a grid. 128 cameras with two streams hold 64 MiB at most. */
export const MAX_IDLE_BYTES: number = 256 * 1024;
/** 2 s of 16 Mbit/s that the browser has not taken yet. */
export const MAX_VIEWER_BYTES: number = 4 * 1024 * 1024;
/** A key frame above this is recorded, but not kept for viewers and snapshots. */
export const MAX_KEPT_KEY_FRAME: number = 4 * 1024 * 1024;
export const MAX_VIEWERS_PER_STREAM = 32;
const FIRST_DURATION = 3600;

/** Every segment has a layout of its own; its tracks are those of the session until they change. */
const isSame = (one: TrackLayout, other: TrackLayout): boolean =>
  one.video === other.video && one.audio === other.audio;
/** What of a socket a viewer needs. */
export type ViewerSink = {
  readonly write: (bytes: Uint8Array) => void;
  readonly unsentBytes: () => number;
  readonly end: () => void;
};
export type KeptKeyFrame = {
  readonly layout: TrackLayout;
  /** Four-byte lengths; borrowed until the next key frame. */
  readonly bytes: Uint8Array;
  /** Wall milliseconds. */
  readonly at: number;
};
export type LiveHub = SoundTaker & {
  readonly accessUnit: (unit: AccessUnitView, layout: TrackLayout, wallMs: number) => void;
  /** `undefined`: too many, or nothing to show yet. The result takes the viewer off. */
  readonly add: (viewer: ViewerSink, audio?: boolean) => (() => void) | undefined;
  /** `audio`: the viewer asks for sound. */
  readonly header: (audio?: boolean) => LiveHeader | undefined;
  readonly keyFrame: () => KeptKeyFrame | undefined;
  readonly viewers: () => number;
  /** The session ended: times start anew, viewers must ask again. */
  readonly reset: () => void;
  /** The stream is no more: what was kept of it goes. */
  readonly close: () => void;
};

/** Within `kept`. */
type IdleUnit = { readonly start: number; readonly end: number; readonly timestamp: number };
type Viewer = { readonly sink: ViewerSink; readonly hears: boolean; waitsForKey: boolean };
/** False: it gets nothing now, and nothing more until the next key frame. */
function keepsUp(viewer: Viewer, key: boolean): boolean {
  if (viewer.sink.unsentBytes() > MAX_VIEWER_BYTES) viewer.waitsForKey = true;
  else if (key) viewer.waitsForKey = false;
  return !viewer.waitsForKey;
}

/**
 * `onWatched`: told when the first viewer comes and when the last one goes. `slabs`: the fragments' memory; what is kept of streams that
 * nobody watches is given back there and used again, where buffers of the heap left holes and garbage as large as themselves.
 */
// oxlint-disable-next-line max-lines-per-function -- one closure over the state of one stream
export function createLiveHub(
  onWatched: (watched: boolean) => void = () => undefined,
  slabs: Pick<Slabs, 'take' | 'give'> = createSlabs(),
): LiveHub {
  const viewers = new Set<Viewer>();
  let layout: TrackLayout | undefined;
  /** The last key frame, and behind it what has come since, for the first viewer. */
  let kept: Block | undefined;
  let keptLength = 0;
  let keptAt = 0;
  let idle: IdleUnit[] = [];
  /** Also counts what is not kept: the next group is likely to be as large. */
  let idleBytes = 0;
  let idleFits = true;
  /** Frames since the last key frame, while somebody watches; `undefined` after the bound was reached. */
  let run: Buffer[] | undefined;
  let runBytes = 0;
  /** The key frame alone, where the run is not kept. */
  let still: Buffer | undefined;
  let base = 0;
  let sequence = 0;
  let lastDecode = -1;
  let latest = -1;
  let duration = FIRST_DURATION;
  let reordered = false;
  /** While somebody hears it. */
  let sound: LiveSound | undefined;

  /** False: there is no memory, and nothing is kept. */
  const keepAt = (unit: AccessUnitView, at: number): boolean => {
    const end = at + unit.end - unit.start;
    if (kept === undefined || end > kept.bytes.length) {
      const larger = slabs.take(end);
      if (larger !== undefined && kept !== undefined && at > 0) larger.bytes.set(kept.bytes.subarray(0, at));
      drop();
      kept = larger;
    }
    if (kept === undefined) return false;
    Buffer.prototype.copy.call(unit.bytes, kept.bytes, at, unit.start, unit.end);
    idle.push({ start: at, end, timestamp: unit.timestamp });
    return true;
  };
  const drop = (): void => {
    if (kept !== undefined) slabs.give(kept);
    kept = undefined;
  };
  const keepKey = (unit: AccessUnitView, wallMs: number): void => {
    const length = unit.end - unit.start;
    idleFits = idleBytes <= MAX_IDLE_BYTES;
    idleBytes = length;
    idle = [];
    if (length > MAX_KEPT_KEY_FRAME) {
      idleFits = false;
      return;
    }
    // What a whole group needed is not kept for one picture.
    if (!idleFits) drop();
    keptLength = keepAt(unit, 0) ? length : 0;
    keptAt = wallMs;
  };
  const keepIdle = (unit: AccessUnitView): void => {
    idleBytes += unit.end - unit.start;
    if (idleBytes > MAX_IDLE_BYTES) idleFits = false;
    if (!idleFits) idle.length = Math.min(idle.length, 1);
    else if (idle.length > 0 && !keepAt(unit, idle.at(-1)?.end ?? 0)) {
      idle = [];
      keptLength = 0;
    }
  };
  /** Nobody watched so far: what is kept becomes the run, as if somebody had. */
  const wake = (): void => {
    const [first] = idle;
    const bytes = kept?.bytes;
    run = undefined;
    lastDecode = latest = -1;
    if (first === undefined || bytes === undefined) return;
    base = first.timestamp;
    const frames = idle.map(({ start, end, timestamp }, position) =>
      frameOf(bytes.subarray(start, end), timestamp, decodeTimeOf(timestamp, position === 0), position === 0),
    );
    still = frames[0];
    if (!idleFits) return;
    run = frames;
    runBytes = frames.reduce((sum, { length }) => sum + length, 0);
  };
  /** RTP tells presentation times only; decoding goes on evenly and starts anew at each key frame. */
  const decodeTimeOf = (timestamp: number, key: boolean): number => {
    if (timestamp < latest) reordered = true;
    else if (latest >= 0 && !reordered && timestamp > latest) duration = Math.min(timestamp - latest, 10 * 90_000);
    const even = lastDecode + duration;
    const decode = lastDecode < 0 || key || !reordered ? Math.max(timestamp, lastDecode + 1) : even;
    latest = Math.max(latest, timestamp);
    lastDecode = decode;
    return decode;
  };
  const nextSequence = (): number => {
    sequence = (sequence + 1) % 2 ** 32;
    return sequence;
  };
  const frameOf = (bytes: Uint8Array, timestamp: number, decodeTime: number, key: boolean): Buffer =>
    binaryFrame(
      encodeLiveFragment(
        {
          track: 'video',
          sequence: nextSequence(),
          decodeTime: decodeTime - base,
          compositionOffset: timestamp - decodeTime,
          duration,
          key,
          size: bytes.length,
        },
        bytes,
      ),
    );
  const sendSound = ({ decodeTime, duration: length, bytes }: SoundPiece): void => {
    const sample = { track: 'audio', decodeTime, compositionOffset: 0, duration: length, key: true } as const;
    const fragment = encodeLiveFragment({ ...sample, sequence: nextSequence(), size: bytes.length }, bytes);
    const frame = binaryFrame(fragment);
    for (const viewer of viewers) if (viewer.hears && keepsUp(viewer, false)) viewer.sink.write(frame);
  };
  /** Begins with the first who hears it, ends with the last. */
  const followHearers = (): void => {
    const audio = layout?.audio;
    const isWanted = audio !== undefined && [...viewers].some(({ hears }) => hears);
    if (!isWanted) sound = undefined;
    else sound ??= createLiveSound(audio, sendSound);
  };
  const send = (frame: Buffer, key: boolean): void => {
    for (const viewer of viewers) if (keepsUp(viewer, key)) viewer.sink.write(frame);
  };
  const isHearable = (): boolean => layout?.audio !== undefined && playsInBrowsers(layout.audio);
  const header = (audio = false): LiveHeader | undefined =>
    layout && {
      kind: 'live-header',
      codec: layout.video.codecString,
      width: layout.video.width,
      height: layout.video.height,
      audioCodec: layout.audio?.codecString,
      audio: audio && isHearable(),
    };
  const reset = (): void => {
    for (const { sink } of viewers) sink.end();
    viewers.clear();
    sound = undefined;
    run = undefined;
    still = undefined;
    runBytes = 0;
    idle = [];
    lastDecode = latest = -1;
    reordered = false;
  };
  const remember = (frame: Buffer, key: boolean): void => {
    if (key) {
      run = [];
      runBytes = 0;
      still = frame;
    }
    runBytes += frame.length;
    if (runBytes > MAX_RUN_BYTES) run = undefined;
    run?.push(frame);
  };
  const begin = (viewer: Viewer, current: TrackLayout): void => {
    const { sink, hears } = viewer;
    sink.write(textFrame(JSON.stringify(header(hears))));
    sink.write(binaryFrame(encodeInitSegment({ video: current.video, audio: hears ? current.audio : undefined })));
    if (run !== undefined) {
      for (const frame of run) sink.write(frame);
      viewer.waitsForKey = false;
    } else if (still !== undefined) sink.write(still); // it moves from the next key frame on
  };

  return {
    accessUnit: (unit, current, wallMs) => {
      if (layout !== undefined && !isSame(layout, current)) reset();
      layout = current;
      if (unit.key) keepKey(unit, wallMs);
      else keepIdle(unit);
      if (viewers.size === 0) return;
      if (lastDecode < 0) base = unit.timestamp;
      const decodeTime = decodeTimeOf(unit.timestamp, unit.key);
      const frame = frameOf(unit.bytes.subarray(unit.start, unit.end), unit.timestamp, decodeTime, unit.key);
      remember(frame, unit.key);
      send(frame, unit.key);
      sound?.picture(unit.timestamp - base, unit.wallUs);
    },
    isHeard: () => sound !== undefined,
    soundFrame: (timestamp, wallUs, bytes) => sound?.frame(timestamp, wallUs, bytes),
    add: (sink, audio = false) => {
      if (layout === undefined || viewers.size >= MAX_VIEWERS_PER_STREAM) return undefined;
      const viewer: Viewer = { sink, hears: audio && isHearable(), waitsForKey: true };
      if (viewers.size === 0) wake();
      begin(viewer, layout);
      viewers.add(viewer);
      followHearers();
      if (viewers.size === 1) onWatched(true);
      return () => {
        if (!viewers.delete(viewer)) return;
        followHearers();
        if (viewers.size === 0) onWatched(false);
      };
    },
    header,
    keyFrame: () =>
      layout === undefined || kept === undefined || keptLength === 0
        ? undefined
        : { layout, bytes: kept.bytes.subarray(0, keptLength), at: keptAt },
    viewers: () => viewers.size,
    reset,
    close: () => {
      reset();
      drop();
    },
  };
}
