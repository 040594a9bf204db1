/**
 * Keeps one camera stream recorded: connects, hands sessions to the builder, tries again with growing waits, and tells what is
 * going on. From the end of the last recorded access unit to the start of the next there is always a gap with its cause.
 *
 * Belongs here: the life of one stream over many sessions. Does not: one session (rtsp-connection.ts, recording-session.ts),
 * which streams there are (media-service.ts).
 */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../core/clock.ts';
import { messageOf, UnderstudyError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Running } from '../core/running.ts';
import { pushKeyOf } from '../core/push-key.ts';
import { epochMs } from '../core/units.ts';
import type { MissingCause } from '../ledger/causes.ts';
import { DEFAULT_TIMEOUTS } from '../media/rtsp/client-state.ts';
import type { Policy } from '../media/rtsp/client-state.ts';
import { parseRtspUrl } from '../media/rtsp/url.ts';
import type { MediaEvent, StreamOrder, StreamState } from '../wire/media-protocol.ts';
import { backoffOf } from './backoff.ts';
import type { ConnectGate } from './connect-gate.ts';
import { createGapBook } from './gap-book.ts';
import { startPushSession } from './push-session.ts';
import type { PushSource } from './push-session.ts';
import { startRecordingSession } from './recording-session.ts';
import type { RecordingSession, SessionDeps, SessionEnd } from './recording-session.ts';
import type { Resolve } from './resolve.ts';
import { createStreamCounter } from './stream-counter.ts';
import type { StreamCounter } from './stream-counter.ts';

/** A session that recorded for so long was good: the next failure is the first one again. */
const GOOD_SESSION_MS = 10_000;

export type CameraLoopDeps = Omit<SessionDeps, 'order' | 'on' | 'policy' | 'address' | 'counter'> & {
  readonly order: StreamOrder;
  readonly clock: Clock;
  readonly log: Log;
  readonly gate: ConnectGate;
  readonly resolve: Resolve;
  /** Why an address must not be connected to; asked with what a name resolved to, before every connection. */
  readonly refuse: (address: string, port: number) => string | undefined;
  /** Where pushes are fetched. */
  readonly pushes: PushSource;
  readonly emit: (event: MediaEvent) => void;
  /** 0 up to, not with, 1. */
  readonly random: () => number;
  readonly timeouts?: Timeouts;
};
export type CameraLoop = Running & {
  readonly counter: StreamCounter;
  readonly session: () => RecordingSession | undefined;
  readonly setWatched: (watched: boolean) => void;
};

// oxlint-disable-next-line max-lines-per-function -- one closure over the life of one stream
export function startCameraLoop(deps: CameraLoopDeps): CameraLoop {
  const { order, clock, log, emit } = deps;
  const { cameraId, stream } = order;
  const stopping = new AbortController();
  const counter = createStreamCounter();
  const gaps = createGapBook(order, order.record ? emit : () => undefined);
  let session: RecordingSession | undefined;
  let watched = false;
  let failures = 0;
  let transport = order.transport;
  const pushKey = pushKeyOf(order.url);

  const tell = (state: StreamState): void => {
    log.info('stream state', { cameraId, stream, state });
    emit({ kind: 'stream-state', cameraId, stream, at: clock.now(), state });
  };

  const eventsOf = (release: () => void): SessionDeps['on'] => ({
    playing: () => {
      release();
      gaps.open(clock.now(), 'no-key-frame', 'The camera sends; recording begins with its next key frame.');
      tell(order.record ? { kind: 'starting' } : { kind: 'watching' });
    },
    begun: (start) => {
      gaps.close(start);
      if (order.record) tell({ kind: 'recording' });
    },
    remark: (message) => log.warn('camera remark', { cameraId, stream, remark: message }),
  });
  const interrupted = (recordedUntil: number | undefined, cause: MissingCause, message: string): void => {
    log.info('push began anew', { cameraId, stream });
    gaps.open(recordedUntil ?? clock.now(), cause, message);
  };
  const runSession = async (): Promise<SessionEnd> => {
    // Waiting goes on for a push that does not come: why stays told.
    if (pushKey === undefined || failures === 0) tell({ kind: 'connecting' });
    const release = await deps.gate.enter(stopping.signal);
    if (release === undefined) return { kind: 'stopped', recordedUntil: undefined };
    try {
      const on = eventsOf(release);
      if (pushKey === undefined) {
        const target = await findTarget({ ...order, transport }, deps);
        if (stopping.signal.aborted) return { kind: 'stopped', recordedUntil: undefined };
        session = startRecordingSession({ ...deps, ...target, order, counter, on });
      } else {
        // It may be hours until the camera pushes: nobody else waits for that.
        release();
        session = startPushSession({ ...deps, order, key: pushKey, counter, on, interrupted });
      }
      session.setWatched(watched);
      return await session.ended;
    } catch (error) {
      if (!(error instanceof UnderstudyError)) throw error;
      return { kind: 'failed', cause: causeOf(error), message: messageOf(error), recordedUntil: undefined };
    } finally {
      release();
      session = undefined;
    }
  };

  const settle = async (end: Exclude<SessionEnd, { kind: 'stopped' }>, lasted: number): Promise<void> => {
    if (end.kind === 'restart') {
      transport = end.transport;
      log.info('camera transport changed', { cameraId, stream, transport, why: end.message });
      gaps.open(end.recordedUntil ?? clock.now(), 'no-key-frame', end.message);
      return;
    }
    gaps.open(end.recordedUntil ?? clock.now(), end.cause, end.message);
    failures = lasted >= GOOD_SESSION_MS && end.recordedUntil !== undefined ? 1 : failures + 1;
    // What was learnt about the transport may have changed with the fault.
    if (failures > 3) transport = order.transport;
    // Taking a push costs the camera nothing, and what it sends while we wait is lost.
    const counted = pushKey === undefined ? failures : 1;
    const wait = backoffOf(counted, end.cause === 'camera-refused' && pushKey === undefined, deps.random());
    counter.reconnects += 1;
    tell({ kind: 'failed', cause: end.cause, message: end.message, retryAt: epochMs(clock.now() + wait) });
    await clock.sleep(wait, stopping.signal);
  };

  const run = async (): Promise<void> => {
    gaps.open(clock.now(), 'no-key-frame', 'The camera is being connected.');
    while (!stopping.signal.aborted) {
      const began = clock.monotonic();
      const end = await runSession();
      if (end.kind === 'stopped') {
        if (end.recordedUntil !== undefined) gaps.open(end.recordedUntil, 'service-down', 'Recording was stopped.');
        break;
      }
      await settle(end, clock.monotonic() - began);
    }
    tell({ kind: 'idle' });
  };
  const done = run().catch((error: unknown) => {
    log.error('camera loop ended by a defect', { cameraId, stream, error });
    gaps.open(clock.now(), 'unexplained', 'The recorder of this stream ended by a defect.');
  });

  return {
    counter,
    session: () => session,
    setWatched: (wanted) => {
      watched = wanted;
      session?.setWatched(wanted);
    },
    stop: async () => {
      stopping.abort();
      session?.stop();
      await done;
    },
  };
}

type Timeouts = Pick<Policy, 'responseTimeout' | 'udpTimeout' | 'mediaTimeout'>;

/** Resolved and judged anew for every connection: a name that resolves to something else later gains nothing. */
async function findTarget(
  order: StreamOrder,
  { resolve, refuse, timeouts }: Pick<CameraLoopDeps, 'resolve' | 'refuse' | 'timeouts'>,
): Promise<{ readonly policy: Policy; readonly address: string }> {
  const policy = policyOf(order, timeouts ?? DEFAULT_TIMEOUTS);
  const { host, port } = policy.url;
  const address = await resolve(host);
  const refusal = refuse(address, port);
  if (refusal === undefined) return { policy, address };
  const via = address === host ? '' : `${host} resolves to ${address}. `;
  throw new UnderstudyError('forbidden', 'recorder/address', `${via}${refusal} Give the camera another address.`);
}

const CAUSES: Readonly<Record<string, MissingCause>> = {
  'recorder/unresolved': 'camera-unresolved',
  'recorder/address': 'camera-refused',
};
const causeOf = ({ code }: UnderstudyError): MissingCause => CAUSES[code] ?? 'camera-protocol';

function policyOf(order: StreamOrder, timeouts: Timeouts): Policy {
  const url = parseRtspUrl(order.url);
  const username = order.username ?? url.username;
  const password = order.password ?? url.password;
  return {
    url,
    credentials: username === undefined ? undefined : { username, password: password ?? '' },
    transport: order.transport,
    audio: order.audio,
    userAgent: 'Understudy',
    cnonce: randomBytes(8).toString('hex'),
    ...timeouts,
    pauseBeforePlay: false,
  };
}
