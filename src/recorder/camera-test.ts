/**
 * Connects to a camera once and waits for its first key frame: what the owner is shown before a camera is added, check by check.
 * Nothing is recorded; the session is ended at once.
 */
import { randomBytes } from 'node:crypto';
import { seconds } from '../core/clock.ts';
import type { Clock } from '../core/clock.ts';
import { UnderstudyError, assertNever, messageOf } from '../core/errors.ts';
import { durationMs } from '../core/units.ts';
import { DEFAULT_TIMEOUTS } from '../media/rtsp/client-state.ts';
import type { ReadyTrack } from '../media/rtsp/client-state.ts';
import { parseRtspUrl } from '../media/rtsp/url.ts';
import type { RtspUrl } from '../media/rtsp/url.ts';
import type { Transport } from '../wire/media-protocol.ts';
import { createCheckRecord, resultOf } from './camera-test-result.ts';
import type { CameraTestResult, CheckName, CheckRecord, TestOutcome } from './camera-test-result.ts';
import { createKeyFrameCatcher } from './key-frame-catcher.ts';
import type { KeyFrame } from './key-frame-catcher.ts';
import { createMediaIntake } from './media-intake.ts';
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

export type CameraTestDeps = { readonly clock: Clock; readonly resolve: Resolve; readonly signal: AbortSignal };

/** Longer than any key-frame interval that can be recorded sensibly, and than the fall-back to another transport. */
const WHOLE_TEST = durationMs(25_000);
/** TCP to UDP, and back. */
const MAX_RESTARTS = 2;

/** Never rejects for what a camera does: `checks` tell. */
export async function testCamera(request: CameraTestRequest, deps: CameraTestDeps): Promise<CameraTestResult> {
  const record = createCheckRecord(deps.clock);
  const target = await findTarget(request, deps, record);
  if (target === undefined) return resultOf(record.checks(), {});
  const outcome = await connectOnce(request, target, deps, record);
  if (outcome.failed) record.failed(outcome.failed.check, outcome.failed.message);
  return resultOf(record.checks(), outcome);
}

type Target = { readonly url: RtspUrl; readonly address: string };

async function findTarget(
  request: CameraTestRequest,
  deps: CameraTestDeps,
  record: CheckRecord,
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
  record: CheckRecord,
): Promise<TestOutcome> {
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
  record: CheckRecord,
): Promise<TestOutcome> {
  let transport = request.transport;
  for (let restarts = 0; ; restarts += 1) {
    const { outcome, end } = await playSession({ ...request, transport }, target, deps, record);
    if (end.kind !== 'restart') return outcome;
    if (restarts === MAX_RESTARTS) return { ...outcome, failed: { check: 'tracks', message: end.message } };
    transport = end.transport;
  }
}

type Session = { readonly outcome: TestOutcome; readonly end: ConnectionEnd };

async function playSession(
  request: CameraTestRequest,
  target: Target,
  deps: CameraTestDeps,
  record: CheckRecord,
): Promise<Session> {
  const ended = Promise.withResolvers<ConnectionEnd>();
  let outcome: TestOutcome = {};
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

function withFailure(outcome: TestOutcome, end: ConnectionEnd, connected: boolean): TestOutcome {
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
  outcome: TestOutcome,
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
