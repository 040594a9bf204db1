/**
 * Live view of one stream for any number of viewers: each access unit is made into one WebSocket frame once, and written
 * to all of them. While nobody watches only the last key frame is kept, as one copy.
 *
 * Belongs here: what a viewer gets and when one is too slow. Does not: sockets' first line (media-server.ts).
 *
 * Bounds: the run since the last key frame up to `MAX_RUN_BYTES` a watched stream, `MAX_VIEWER_BYTES` unsent a viewer. A viewer
 * behind that gets nothing until the next key frame after it has caught up.
 */
import { encodeInitSegment } from '../media/mp4/init-segment.ts';
import { encodeLiveFragment } from '../media/mp4/live-fragment.ts';
import type { TrackLayout } from '../media/tracks.ts';
import type { LiveHeader } from '../wire/media-protocol.ts';
import type { AccessUnitView } from './fragment-builder.ts';
import { binaryFrame, textFrame } from './websocket-frames.ts';

/** Two key-frame intervals of 2 s at 16 Mbit/s. */
export const MAX_RUN_BYTES: number = 8 * 1024 * 1024;
/** 2 s of 16 Mbit/s that the browser has not taken yet. */
export const MAX_VIEWER_BYTES: number = 4 * 1024 * 1024;
/** A key frame above this is recorded, but not kept for viewers and snapshots. */
export const MAX_KEPT_KEY_FRAME: number = 4 * 1024 * 1024;
export const MAX_VIEWERS_PER_STREAM = 32;
const FIRST_DURATION = 3600;

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
export type LiveHub = {
  readonly accessUnit: (unit: AccessUnitView, layout: TrackLayout, wallMs: number) => void;
  /** `undefined`: too many, or nothing to show yet. The result takes the viewer off. */
  readonly add: (viewer: ViewerSink) => (() => void) | undefined;
  readonly header: () => LiveHeader | undefined;
  readonly keyFrame: () => KeptKeyFrame | undefined;
  readonly viewers: () => number;
  /** The session ended: times start anew, viewers must ask again. */
  readonly reset: () => void;
};

type Viewer = { readonly sink: ViewerSink; waitsForKey: boolean };

/** `onWatched`: told when the first viewer comes and when the last one goes. */
// oxlint-disable-next-line max-lines-per-function -- one closure over the state of one stream
export function createLiveHub(onWatched: (watched: boolean) => void = () => undefined): LiveHub {
  const viewers = new Set<Viewer>();
  let layout: TrackLayout | undefined;
  let kept = new Uint8Array(0);
  let keptLength = 0;
  let keptAt = 0;
  let keptTimestamp = 0;
  /** Frames since the last key frame, while somebody watches; `undefined` after the bound was reached. */
  let run: Buffer[] | undefined;
  let runBytes = 0;
  let base = 0;
  let sequence = 0;
  let lastDecode = -1;
  let latest = -1;
  let duration = FIRST_DURATION;
  let reordered = false;

  const keep = (unit: AccessUnitView, wallMs: number): void => {
    const length = unit.end - unit.start;
    if (length > MAX_KEPT_KEY_FRAME) return;
    if (length > kept.length) kept = new Uint8Array(Math.ceil((length * 1.25) / 4096) * 4096);
    Buffer.prototype.copy.call(unit.bytes, kept, 0, unit.start, unit.end);
    keptLength = length;
    keptAt = wallMs;
    keptTimestamp = unit.timestamp;
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
  const frameOf = (bytes: Uint8Array, timestamp: number, decodeTime: number, key: boolean): Buffer => {
    sequence += 1;
    return binaryFrame(
      encodeLiveFragment(
        {
          track: 'video',
          sequence: sequence % 2 ** 32,
          decodeTime: decodeTime - base,
          compositionOffset: timestamp - decodeTime,
          duration,
          key,
          size: bytes.length,
        },
        bytes,
      ),
    );
  };
  const send = (frame: Buffer, key: boolean): void => {
    for (const viewer of viewers) {
      const behind = viewer.sink.unsentBytes() > MAX_VIEWER_BYTES;
      if (behind) viewer.waitsForKey = true;
      else if (key) viewer.waitsForKey = false;
      if (!viewer.waitsForKey) viewer.sink.write(frame);
    }
  };
  const header = (): LiveHeader | undefined =>
    layout && {
      kind: 'live-header',
      codec: layout.video.codecString,
      width: layout.video.width,
      height: layout.video.height,
    };
  const reset = (): void => {
    for (const { sink } of viewers) sink.end();
    viewers.clear();
    run = undefined;
    runBytes = 0;
    lastDecode = latest = -1;
    reordered = false;
  };
  const remember = (frame: Buffer, key: boolean): void => {
    if (key) {
      run = [];
      runBytes = 0;
    }
    runBytes += frame.length;
    if (runBytes > MAX_RUN_BYTES) run = undefined;
    run?.push(frame);
  };
  const begin = (viewer: Viewer, current: TrackLayout): void => {
    const { sink } = viewer;
    sink.write(textFrame(JSON.stringify(header())));
    sink.write(binaryFrame(encodeInitSegment({ video: current.video, audio: undefined })));
    if (run !== undefined) {
      for (const frame of run) sink.write(frame);
      viewer.waitsForKey = false;
    } else if (keptLength > 0) {
      // The picture that there is; it moves from the next key frame on.
      if (lastDecode < 0) base = keptTimestamp;
      sink.write(frameOf(kept.subarray(0, keptLength), keptTimestamp, keptTimestamp, true));
    }
  };

  return {
    accessUnit: (unit, current, wallMs) => {
      if (layout !== undefined && layout !== current) reset();
      layout = current;
      if (unit.key) keep(unit, wallMs);
      if (viewers.size === 0) {
        run = undefined;
        lastDecode = latest = -1;
        return;
      }
      if (lastDecode < 0 && base > unit.timestamp) base = unit.timestamp;
      const decodeTime = decodeTimeOf(unit.timestamp, unit.key);
      const frame = frameOf(unit.bytes.subarray(unit.start, unit.end), unit.timestamp, decodeTime, unit.key);
      remember(frame, unit.key);
      send(frame, unit.key);
    },
    add: (sink) => {
      if (layout === undefined || viewers.size >= MAX_VIEWERS_PER_STREAM) return undefined;
      const viewer: Viewer = { sink, waitsForKey: true };
      if (viewers.size === 0) run = undefined;
      begin(viewer, layout);
      viewers.add(viewer);
      if (viewers.size === 1) onWatched(true);
      return () => {
        if (viewers.delete(viewer) && viewers.size === 0) onWatched(false);
      };
    },
    header,
    keyFrame: () =>
      layout === undefined || keptLength === 0
        ? undefined
        : { layout, bytes: kept.subarray(0, keptLength), at: keptAt },
    viewers: () => viewers.size,
    reset,
  };
}
