/**
 * What a test of a camera tells: check by check, the tracks, the key frame as a file. Does not belong here: connecting (camera-test.ts),
 * waiting for a push (push-test.ts).
 */
import type { Clock } from '../core/clock.ts';
import { encodeInitSegment } from '../media/mp4/init-segment.ts';
import { encodeLiveFragment } from '../media/mp4/live-fragment.ts';
import type { ReadyTrack } from '../media/rtsp/client-state.ts';
import { VIDEO_TIMESCALE } from '../media/tracks.ts';
import type { KeyFrame } from './key-frame-catcher.ts';
import { audioTrackOf } from './media-intake.ts';

export type CheckName =
  | 'url'
  | 'resolve'
  | 'connect'
  | 'certificate'
  | 'credentials'
  | 'path'
  | 'room'
  | 'tracks'
  | 'key-frame';
export type Check = {
  readonly check: CheckName;
  readonly ok: boolean;
  readonly message: string;
  readonly milliseconds: number;
};

export type CameraTestResult = {
  readonly ok: boolean;
  readonly checks: readonly Check[];
  readonly codec: string | undefined;
  readonly audioCodec: string | undefined;
  readonly width: number | undefined;
  readonly height: number | undefined;
  readonly transport: 'tcp' | 'udp' | undefined;
  readonly fingerprint: string | undefined;
  /** The key frame as a whole fragmented MP4 file, base64. */
  readonly preview: string | undefined;
};

/** Of one connection. */
export type TestOutcome = {
  readonly keyFrame?: KeyFrame;
  readonly tracks?: readonly ReadyTrack[];
  readonly certificate?: string;
  readonly failed?: { readonly check: CheckName; readonly message: string };
};

export type CheckRecord = {
  readonly passed: (check: CheckName, message: string) => void;
  readonly failed: (check: CheckName, message: string) => void;
  readonly checks: () => readonly Check[];
};

/** Each check took from the end of the one before. A check passes once: after a fall-back to the other transport it is known. */
export function createCheckRecord(clock: Clock): CheckRecord {
  const checks: Check[] = [];
  let since = clock.monotonic();
  const add = (check: CheckName, ok: boolean, message: string): void => {
    if (checks.some((known) => known.check === check)) return;
    const now = clock.monotonic();
    checks.push({ check, ok, message, milliseconds: Math.round(now - since) });
    since = now;
  };
  return {
    passed: (check, message) => add(check, true, message),
    failed: (check, message) => add(check, false, message),
    checks: () => checks,
  };
}

export function resultOf(checks: readonly Check[], { keyFrame, tracks, certificate }: TestOutcome): CameraTestResult {
  const audio = tracks?.map(({ description }) => description).find((track) => track.kind === 'audio');
  return {
    ok: keyFrame !== undefined,
    checks,
    codec: keyFrame?.track.codecString,
    audioCodec: audio === undefined ? undefined : audioTrackOf(audio).codecString,
    width: keyFrame?.track.width,
    height: keyFrame?.track.height,
    transport: tracks?.[0]?.transport.kind,
    fingerprint: certificate,
    preview: keyFrame === undefined ? undefined : previewOf(keyFrame),
  };
}

export function previewOf({ track, sample }: KeyFrame): string {
  const init = encodeInitSegment({ video: track, audio: undefined });
  const fragment = encodeLiveFragment(
    {
      track: 'video',
      sequence: 1,
      decodeTime: 0,
      compositionOffset: 0,
      duration: VIDEO_TIMESCALE,
      size: sample.length,
      key: true,
    },
    sample,
  );
  return Buffer.concat([init, fragment]).toString('base64');
}
