/**
 * Connects to a camera once and waits for its first key frame: what the owner is shown before a camera is added, check by check.
 * Nothing is recorded; the session is ended at once.
 */
import { randomBytes } from 'node:crypto';
import { seconds } from '../core/clock.ts';
import type { Clock } from '../core/clock.ts';
import { UnderstudyError, assertNever, messageOf } from '../core/errors.ts';
import { durationMs } from '../core/units.ts';
import { encodeLiveFragment } from '../media/mp4/live-fragment.ts';
import { encodeInitSegment } from '../media/mp4/init-segment.ts';
import { DEFAULT_TIMEOUTS } from '../media/rtsp/client-state.ts';
import type { ReadyTrack } from '../media/rtsp/client-state.ts';
import { parseRtspUrl } from '../media/rtsp/url.ts';
import type { RtspUrl } from '../media/rtsp/url.ts';
import { VIDEO_TIMESCALE } from '../media/tracks.ts';
import type { Transport } from '../wire/media-protocol.ts';
import { createKeyFrameCatcher } from './key-frame-catcher.ts';
import type { KeyFrame } from './key-frame-catcher.ts';
import { audioTrackOf, createMediaIntake } from './media-intake.ts';
import type { Resolve } from './resolve.ts';
import { openRtspConnection } from './rtsp-connection.ts';
import type { ConnectionEnd } from './rtsp-connection.ts';
import { READ_BUFFER_BYTES } from './rtsp-socket.ts';

export type CameraTestRequest = {
  readonly url: string;
  readonly transport: Transport;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** RTSPS: the certificate that is trusted already. */
  readonly fingerprint: string | undefined;
  /** Why an address must not be connected to, or `undefined`. */
  readonly allowAddress: (address: string, port: number) => string | undefined;
};

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

export type CameraTestDeps = { readonly clock: Clock; readonly resolve: Resolve; readonly signal: AbortSignal };

/** Longer than any key-frame interval that can be recorded sensibly, and than the fall-back to another transport. */
const WHOLE_TEST = durationMs(25_000);
/** TCP to UDP, and back. */
const MAX_RESTARTS = 2;

type Outcome = {
  readonly keyFrame?: KeyFrame;
  readonly tracks?: readonly ReadyTrack[];
  readonly certificate?: string;
  readonly failed?: { readonly check: CheckName; readonly message: string };
};

/** Never rejects for what a camera does: `checks` tell. */
export async function testCamera(request: CameraTestRequest, deps: CameraTestDeps): Promise<CameraTestResult> {
  const record = createRecord(deps.clock);
  const target = await findTarget(request, deps, record);
  if (target === undefined) return resultOf(record.checks(), {});
  const outcome = await connectOnce(request, target, deps, record);
  if (outcome.failed) record.failed(outcome.failed.check, outcome.failed.message);
  return resultOf(record.checks(), outcome);
}

type Record = {
  readonly passed: (check: CheckName, message: string) => void;
  readonly failed: (check: CheckName, message: string) => void;
  readonly checks: () => readonly Check[];
};

/** Each check took from the end of the one before. A check passes once: after a fall-back to the other transport it is known. */
function createRecord(clock: Clock): Record {
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

type Target = { readonly url: RtspUrl; readonly address: string };

async function findTarget(
  request: CameraTestRequest,
  deps: CameraTestDeps,
  record: Record,
): Promise<Target | undefined> {
  let check: CheckName = 'url';
  try {
    const url = parseRtspUrl(request.url);
    record.passed('url', 'The address can be understood.');
    check = 'resolve';
    const address = await deps.resolve(url.host);
    const refusal = request.allowAddress(address, url.port);
    if (refusal !== undefined) throw new UnderstudyError('forbidden', 'camera/address', refusal);
    record.passed('resolve', address === url.host ? `${address} is an address.` : `${url.host} is ${address}.`);
    return { url, address };
  } catch (error) {
    record.failed(check, messageOf(error));
    return undefined;
  }
}

async function connectOnce(
  request: CameraTestRequest,
  target: Target,
  deps: CameraTestDeps,
  record: Record,
): Promise<Outcome> {
  const tooLate = new AbortController();
  const cancel = deps.clock.after(WHOLE_TEST, () => tooLate.abort());
  try {
    const signal = AbortSignal.any([deps.signal, tooLate.signal]);
    return await connectUntilSettled(request, target, { ...deps, signal }, record);
  } finally {
    cancel();
  }
}

/** The camera may refuse one transport and send over the other. */
async function connectUntilSettled(
  request: CameraTestRequest,
  target: Target,
  deps: CameraTestDeps,
  record: Record,
): Promise<Outcome> {
  let transport = request.transport;
  for (let restarts = 0; ; restarts += 1) {
    const { outcome, end } = await playSession({ ...request, transport }, target, deps, record);
    if (end.kind !== 'restart') return outcome;
    if (restarts === MAX_RESTARTS) return { ...outcome, failed: { check: 'tracks', message: end.message } };
    transport = end.transport;
  }
}

type Session = { readonly outcome: Outcome; readonly end: ConnectionEnd };

async function playSession(
  request: CameraTestRequest,
  target: Target,
  deps: CameraTestDeps,
  record: Record,
): Promise<Session> {
  const ended = Promise.withResolvers<ConnectionEnd>();
  let outcome: Outcome = {};
  let connected = false;
  const connection = openRtspConnection({
    slots: { join: () => () => undefined, everySecond: (run) => deps.clock.every(seconds(1), run) },
    readBuffer: Buffer.allocUnsafeSlow(READ_BUFFER_BYTES),
    clock: deps.clock,
    policy: policyOf(request, target.url),
    address: target.address,
    fingerprint: request.fingerprint,
    on: {
      connected: (certificate) => {
        connected = true;
        record.passed('connect', `Port ${target.url.port} answers.`);
        if (certificate === undefined) return;
        outcome = { ...outcome, certificate };
        record.passed(
          'certificate',
          request.fingerprint === undefined
            ? 'It has a certificate that is not trusted yet.'
            : 'Its certificate is the trusted one.',
        );
      },
      prepare: (tracks) => {
        record.passed(
          'credentials',
          request.username === undefined ? 'No password is asked for.' : 'User name and password are accepted.',
        );
        record.passed('path', 'The stream is there.');
        record.passed('tracks', tracks.map(({ description }) => description.codec.toUpperCase()).join(' and '));
        outcome = { ...outcome, tracks };
        return intakeOf(tracks, deps.clock, (keyFrame) => {
          record.passed('key-frame', `${keyFrame.track.width} x ${keyFrame.track.height}`);
          outcome = { ...outcome, keyFrame };
          connection.stop();
        });
      },
      // A viewer's rhythm: every packet at once.
      playing: () => connection.setImmediate(true),
      ended: ended.resolve,
    },
  });
  const stop = (): void => connection.stop();
  deps.signal.addEventListener('abort', stop, { once: true });
  if (deps.signal.aborted) stop();
  const end = await ended.promise;
  deps.signal.removeEventListener('abort', stop);
  return { outcome: withFailure(outcome, end, connected), end };
}

function withFailure(outcome: Outcome, end: ConnectionEnd, connected: boolean): Outcome {
  if (outcome.keyFrame) return outcome;
  switch (end.kind) {
    case 'failed':
      return { ...outcome, failed: { check: failedCheckOf(end, outcome, connected), message: end.message } };
    case 'stopped':
      return {
        ...outcome,
        failed: {
          check: connected ? 'key-frame' : 'connect',
          message: `No key frame came within ${WHOLE_TEST / 1000} s: set a shorter key-frame interval in the camera.`,
        },
      };
    case 'restart':
      return outcome;
    default:
      return assertNever(end);
  }
}

function failedCheckOf(
  end: Extract<ConnectionEnd, { kind: 'failed' }>,
  outcome: Outcome,
  connected: boolean,
): CheckName {
  if (end.about !== undefined) return end.about;
  if (!connected) return end.cause === 'camera-refused' ? 'certificate' : 'connect';
  if (outcome.tracks) return 'key-frame';
  return end.cause === 'camera-refused' ? 'path' : 'tracks';
}

function policyOf(request: CameraTestRequest, url: RtspUrl): Parameters<typeof openRtspConnection>[0]['policy'] {
  const { username, password, transport } = request;
  return {
    url,
    credentials: username === undefined ? undefined : { username, password: password ?? '' },
    transport,
    audio: true,
    userAgent: 'Understudy',
    cnonce: randomBytes(8).toString('hex'),
    ...DEFAULT_TIMEOUTS,
    pauseBeforePlay: false,
  };
}

function intakeOf(
  tracks: readonly ReadyTrack[],
  clock: Clock,
  caught: (keyFrame: KeyFrame) => void,
): ReturnType<typeof createMediaIntake> {
  const video = tracks.map(({ description }) => description).find((track) => track.kind === 'video');
  return createMediaIntake({
    tracks,
    video: createKeyFrameCatcher(video?.codec ?? 'h264', video?.parameterSets ?? [], caught),
    audio: { frame: () => undefined },
    newRun: () => undefined,
    lost: () => undefined,
    clockOf: () => ({ arrived: () => 'steady', senderReport: () => undefined }),
    now: clock.now,
    monotonic: clock.monotonic,
    slabs: undefined,
    ssrc: randomBytes(4).readUInt32BE(),
  });
}

function resultOf(checks: readonly Check[], { keyFrame, tracks, certificate }: Outcome): CameraTestResult {
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
