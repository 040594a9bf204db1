/**
 * Asks a camera for the key frame with which the pictures of a session should begin, when it does not come by itself: recording, and
 * what a viewer sees, begins with it (docs/design/rtsp-client.md).
 *
 * Belongs here: asking in one session. Does not: when it is due, and the packets (media/rtp/key-frame-request.ts).
 */
import type { Cancel, Clock } from '../core/clock.ts';
import { durationMs } from '../core/units.ts';
import { FIRST_REQUEST_AFTER_MS, isRequestDue } from '../media/rtp/key-frame-request.ts';
import type { Asked } from '../media/rtp/key-frame-request.ts';
import type { PictureStart } from '../media/rtp/picture-start.ts';

/** What a session knows of its pictures. */
export type Pictures = {
  /** What they began with; without pictures as with a key frame: nothing is missing. */
  readonly pictureStart: () => PictureStart;
  /** RTCP that asks for a key frame, and the track it goes to; undefined while nobody knows whom to ask. `sequence`: of the request. */
  readonly keyFrameRequest: (sequence: number) => { readonly track: number; readonly packet: Uint8Array } | undefined;
};
export type KeyFrameAskerDeps = {
  readonly clock: Pick<Clock, 'monotonic' | 'after'>;
  readonly pictures: () => Pictures | undefined;
  /** RTCP for a track. */
  readonly send: (track: number, packet: Uint8Array) => void;
  /** Once: pictures have begun, or have been asked for. Until then packets should be taken as they come. */
  readonly begun: () => void;
};
export type KeyFrameAsker = {
  /** PLAY was answered. */
  readonly playing: () => void;
  readonly hasBegun: () => boolean;
  /** After each packet, until it has begun. */
  readonly look: () => void;
  /** At least every second. */
  readonly timePassed: () => void;
  readonly stop: Cancel;
};

export function createKeyFrameAsker({ clock, pictures, send, begun }: KeyFrameAskerDeps): KeyFrameAsker {
  let asked: Asked | undefined;
  let hasBegun = false;
  let cancel: Cancel = () => undefined;
  const askIfDue = (): void => {
    const at = clock.monotonic();
    const from = pictures();
    if (asked === undefined || from === undefined || !isRequestDue(asked, from.pictureStart(), at)) return;
    const request = from.keyFrameRequest(asked.requests);
    if (request === undefined) return;
    asked = { ...asked, requests: asked.requests + 1, lastAt: at };
    send(request.track, request.packet);
  };
  const begin = (): void => {
    if (hasBegun) return;
    hasBegun = true;
    cancel();
    askIfDue();
    begun();
  };
  return {
    playing: () => {
      asked = { playingSince: clock.monotonic(), requests: 0, lastAt: 0 };
      cancel = clock.after(durationMs(FIRST_REQUEST_AFTER_MS), begin);
    },
    hasBegun: () => hasBegun,
    look: () => {
      if (asked !== undefined && pictures()?.pictureStart() !== 'unknown') begin();
    },
    timePassed: () => {
      if (hasBegun) askIfDue();
    },
    stop: () => cancel(),
  };
}
