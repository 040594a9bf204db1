/**
 * The test of a camera that pushes: waits for its push and shows the first key frame.
 * Belongs here: the checks and how long to wait. Does not: taking pushes (media does, as for any stream).
 */
import type { Clock } from '../core/clock.ts';
import { UnderstudyError } from '../core/errors.ts';
import { durationMs } from '../core/units.ts';
import { nalTypeOf } from '../media/codec/nal-kinds.ts';
import type { VideoCodec } from '../media/tracks.ts';
import { previewOf } from './camera-test-result.ts';
import type { CameraTestResult, Check, CheckName } from './camera-test-result.ts';
import { createKeyFrameCatcher } from './key-frame-catcher.ts';
import type { KeyFrame } from './key-frame-catcher.ts';

/** Time to press "save" in the camera's own page, and for its first key frame. */
const WAIT = durationMs(20_000);
const LOOK_EVERY = durationMs(300);

export type PushTestRequest = {
  /** Begins to take the push; the result ends it. */
  readonly take: () => () => void;
  /** The last key frame as Annex B with its parameter sets; rejects while there is none. */
  readonly keyFrame: () => Promise<{ readonly codec: VideoCodec; readonly bytes: Uint8Array }>;
};
export type PushTestDeps = { readonly clock: Clock; readonly signal: AbortSignal };

const NOTHING_KNOWN: Omit<CameraTestResult, 'ok' | 'checks'> = {
  codec: undefined,
  audioCodec: undefined,
  width: undefined,
  height: undefined,
  transport: undefined,
  fingerprint: undefined,
  preview: undefined,
};
const NO_PUSH =
  `No camera pushed H.264 or H.265 to this address within ${WAIT / 1000} s: enter the push address in the RTMP settings ` +
  'of the camera and switch its push on, then test again.';

/** Never rejects for what a camera does: `checks` tell. */
export async function testPush(request: PushTestRequest, deps: PushTestDeps): Promise<CameraTestResult> {
  const began = deps.clock.monotonic();
  const release = request.take();
  try {
    const found = await waitForKeyFrame(request, deps);
    const waited = Math.round(deps.clock.monotonic() - began);
    const url = checkOf('url', true, 'The address can be understood.', 0);
    if (found === undefined)
      return { ...NOTHING_KNOWN, ok: false, checks: [url, checkOf('connect', false, NO_PUSH, waited)] };
    const { width, height, codecString } = found.track;
    const connect = checkOf('connect', true, 'The camera pushes.', waited);
    const checks = [url, connect, checkOf('key-frame', true, `${width} x ${height}`, 0)];
    return { ...NOTHING_KNOWN, ok: true, checks, codec: codecString, width, height, preview: previewOf(found) };
  } finally {
    release();
  }
}

const checkOf = (check: CheckName, ok: boolean, message: string, milliseconds: number): Check => ({
  check,
  ok,
  message,
  milliseconds,
});

async function waitForKeyFrame(
  request: PushTestRequest,
  { clock, signal }: PushTestDeps,
): Promise<KeyFrame | undefined> {
  const until = clock.monotonic() + WAIT;
  while (!signal.aborted && clock.monotonic() < until) {
    const found = await request.keyFrame().catch((error: unknown) => {
      if (error instanceof UnderstudyError) return undefined;
      throw error;
    });
    const keyFrame = found === undefined ? undefined : keyFrameOf(found.codec, found.bytes);
    if (keyFrame !== undefined) return keyFrame;
    await clock.sleep(LOOK_EVERY, signal);
  }
  return undefined;
}

/** From an access unit in Annex B (ITU-T H.264 annex B) with its parameter sets in front. */
export function keyFrameOf(codec: VideoCodec, bytes: Uint8Array): KeyFrame | undefined {
  let found: KeyFrame | undefined;
  const sink = createKeyFrameCatcher(codec, [], (keyFrame) => {
    found = keyFrame;
  });
  sink.beginAccessUnit(0);
  for (const nal of nalUnitsOf(bytes)) {
    const first = nal[0] ?? 0;
    sink.beginNal(nalTypeOf(codec, first), first, codec === 'h264' ? -1 : (nal[1] ?? 0));
    sink.data(nal, codec === 'h264' ? 1 : 2, nal.length);
    sink.endNal();
  }
  sink.endAccessUnit(true);
  return found;
}

/** Between start codes of three or four bytes. */
function nalUnitsOf(bytes: Uint8Array): readonly Uint8Array[] {
  const units: Uint8Array[] = [];
  let begin = -1;
  for (let at = 0; at + 3 <= bytes.length; at += 1) {
    if (bytes[at] !== 0 || bytes[at + 1] !== 0 || bytes[at + 2] !== 1) continue;
    if (begin >= 0) units.push(bytes.subarray(begin, bytes[at - 1] === 0 ? at - 1 : at));
    begin = at + 3;
    at += 2;
  }
  if (begin >= 0) units.push(bytes.subarray(begin));
  return units.filter(({ length }) => length > 2);
}
