/**
 * Keeps one camera stream recorded: connects, hands sessions to the builder, tries again with growing waits, and tells what is
 * going on. From the end of the last recorded access unit to the start of the next there is always a gap with its cause.
 *
 * A session may be held (warm standby): set up and kept alive until an order says to play; nothing is missing meanwhile.
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
import { durationMs, epochMs } from '../core/units.ts';
import type { DurationMs } from '../core/units.ts';
import type { MissingCause } from '../ledger/causes.ts';
import { DEFAULT_TIMEOUTS } from '../media/rtsp/client-state.ts';
import type { Policy } from '../media/rtsp/client-state.ts';
import { parseRtspUrl } from '../media/rtsp/url.ts';
import type { MediaEvent, StreamOrder, StreamState } from '../wire/media-protocol.ts';
import { backoffOf, trialOf } from './backoff.ts';
import type { ConnectGate } from './connect-gate.ts';
import { createGapBook } from './gap-book.ts';
import { createRecordingSwitch } from './recording-switch.ts';
import { startPushSession } from './push-session.ts';
import type { PushSource } from './push-session.ts';
import { startRecordingSession } from './recording-session.ts';
import type { RecordingSession, SessionDeps, SessionEnd } from './recording-session.ts';
import type { Resolve } from './resolve.ts';
import { createStreamCounter } from './stream-counter.ts';
import type { StreamCounter } from './stream-counter.ts';

/** A session that recorded for so long was good: the next failure is the first one again. */
const GOOD_SESSION_MS = 10_000;
/** A camera that refuses a session which is only held needs it for somebody else, or never allows it: asking often helps nobody. */
export const HOLD_RETRY: DurationMs = durationMs(600_000);
/** In a row, before that is believed: one that is starting up does not know its own path for a moment, or says it is overloaded. */
const HOLD_REFUSALS = 3;

export type CameraLoopDeps = Omit<SessionDeps, 'order' | 'on' | 'policy' | 'address' | 'counter' | 'taking'> & {
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
  /** Another order for the same session, see `needsNewSession`. */
  readonly update: (order: StreamOrder) => void;
};

/**
 * Priority, volumes, epoch, length of segments, recording or not and playing what is held change without a new session; everything
 * else, holding what plays too, needs one.
 */
export function needsNewSession(before: StreamOrder, after: StreamOrder): boolean {
  const source = ({ url, username, password, transport, fingerprint, audio }: StreamOrder): string =>
    JSON.stringify([url, username, password, transport, fingerprint, audio]);
  return source(before) !== source(after) || (after.hold && !before.hold);
}

// oxlint-disable-next-line max-lines-per-function -- one closure over the life of one stream
export function startCameraLoop(deps: CameraLoopDeps): CameraLoop {
  const { clock, log, emit } = deps;
  const { cameraId, stream } = deps.order;
  const stopping = new AbortController();
  const counter = createStreamCounter();
  let { order } = deps;
  const gaps = createGapBook(order, emit);
  let session: RecordingSession | undefined;
  let told: StreamState['kind'] = 'idle';
  let watched = false;
  let failures = 0;
  let trouble: Trouble | undefined;
  let wake = new AbortController();
  let { transport } = order;
  const pushKey = pushKeyOf(order.url);

  const tell = (state: StreamState): void => {
    told = state.kind;
    log.info('stream state', { cameraId, stream, state });
    emit({ kind: 'stream-state', cameraId, stream, at: clock.now(), state });
  };
  const recording = createRecordingSwitch({
    on: isRecorded(order),
    builder: () => session?.builder(),
    started: (startUs) => begun(Math.round(startUs / 1000)),
    stopped: (endUs) => {
      gaps.open(Math.round(endUs / 1000), 'service-down', 'Recording was stopped.');
      tell({ kind: 'watching' });
    },
  });
  const miss = (start: number, cause: MissingCause, detail: string): void => {
    if (recording.isOn()) gaps.open(start, cause, detail);
  };
  const begun = (start: number): void => {
    gaps.close(start);
    tell({ kind: 'recording' });
  };

  const eventsOf = (release: () => void): SessionDeps['on'] => ({
    ready: () => {
      release();
      trouble = undefined;
      tell({ kind: 'ready' });
    },
    playing: () => {
      release();
      trouble = undefined;
      miss(clock.now(), 'no-key-frame', 'The camera sends; recording begins with its next key frame.');
      tell(recording.isOn() ? { kind: 'starting' } : { kind: 'watching' });
    },
    begun: (start) => {
      recording.sessionBegun();
      if (recording.isOn()) begun(start);
    },
    remark: (message) => log.warn('camera remark', { cameraId, stream, remark: message }),
  });
  const interrupted = (recordedUntil: number | undefined, cause: MissingCause, message: string): void => {
    log.info('push began anew', { cameraId, stream });
    miss(recordedUntil ?? clock.now(), cause, message);
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
        session = startRecordingSession({ ...deps, ...target, order, counter, on, taking: recording });
        // The order may have changed while the name was resolved.
        if (!order.hold) session.play();
      } else {
        // It may be hours until the camera pushes: nobody else waits for that.
        release();
        session = startPushSession({ ...deps, order, key: pushKey, counter, on, interrupted, taking: recording });
      }
      session.setWatched(watched);
      return await session.ended;
    } catch (error) {
      if (!(error instanceof UnderstudyError)) throw error;
      return { kind: 'failed', cause: causeOf(error), message: messageOf(error), recordedUntil: undefined };
    } finally {
      release();
      session = undefined;
      recording.sessionEnded();
    }
  };

  const settle = async (end: Exclude<SessionEnd, { kind: 'stopped' }>, past: Past): Promise<void> => {
    if (end.kind === 'restart') {
      transport = end.transport;
      log.info('camera transport changed', { cameraId, stream, transport, why: end.message });
      miss(end.recordedUntil ?? clock.now(), 'no-key-frame', end.message);
      return;
    }
    miss(end.recordedUntil ?? clock.now(), end.cause, end.message);
    const wasGood = past.lastedMs >= GOOD_SESSION_MS && (past.wasHeld || end.recordedUntil !== undefined);
    failures = wasGood ? 1 : failures + 1;
    // What was learnt about the transport may have changed with the fault.
    if (failures > 3) ({ transport } = order);
    counter.reconnects += 1;
    trouble = end;
    // What was held and is gone when it is needed: a new connection has not been tried yet.
    if (past.wasHeld && !order.hold) {
      failures = 0;
      return;
    }
    await pause(end);
  };
  const pause = async (end: Trouble): Promise<void> => {
    const { cause, message, about } = end;
    const isPush = pushKey !== undefined;
    const isGivenUp = order.hold && !isPush && cause === 'camera-refused' && failures >= HOLD_REFUSALS;
    // Taking a push costs the camera nothing, and what it sends while we wait is lost.
    const usual = backoffOf(isPush ? 1 : failures, isPush ? 'trouble' : trialOf(order, end), deps.random());
    const wait = isGivenUp ? HOLD_RETRY : usual;
    const said = isGivenUp ? `${message} ${COLD}` : message;
    wake = new AbortController();
    const noRoom = about === 'room' ? { about } : {};
    tell({ kind: 'failed', cause, message: said, retryAt: epochMs(clock.now() + wait), ...noRoom });
    await clock.sleep(wait, AbortSignal.any([stopping.signal, wake.signal]));
  };

  const run = async (): Promise<void> => {
    miss(clock.now(), 'no-key-frame', 'The camera is being connected.');
    while (!stopping.signal.aborted) {
      const began = clock.monotonic();
      const wasHeld = order.hold;
      const end = await runSession();
      if (end.kind === 'stopped') {
        if (end.recordedUntil !== undefined) miss(end.recordedUntil, 'service-down', 'Recording was stopped.');
        break;
      }
      await settle(end, { wasHeld, lastedMs: clock.monotonic() - began });
    }
    tell({ kind: 'idle' });
  };
  const done = run().catch((error: unknown) => {
    log.error('camera loop ended by a defect', { cameraId, stream, error });
    miss(clock.now(), 'unexplained', 'The recorder of this stream ended by a defect.');
  });
  const record = (): void => {
    if (recording.turnOn() === 'goes-on') return;
    const { cause, message } = trouble ?? STARTING;
    gaps.open(clock.now(), cause, message);
    if (told === 'watching') tell({ kind: 'starting' });
  };
  const leaveOut = (): void => {
    if (recording.turnOff() === 'ended' && told === 'starting') tell({ kind: 'watching' });
  };

  return {
    counter,
    session: () => session,
    setWatched: (wanted) => {
      watched = wanted;
      session?.setWatched(wanted);
    },
    update: (next) => {
      const isReleased = order.hold && !next.hold;
      order = next;
      if (isRecorded(next) && !recording.isOn()) record();
      else if (!isRecorded(next) && recording.isOn()) leaveOut();
      if (!isReleased) return;
      failures = 0;
      session?.play();
      wake.abort();
    },
    stop: async () => {
      stopping.abort();
      session?.stop();
      await done;
    },
  };
}

const isRecorded = ({ record, hold }: StreamOrder): boolean => record && !hold;

/** Why a stream is not there. */
type Trouble = Pick<Extract<SessionEnd, { readonly kind: 'failed' }>, 'cause' | 'message' | 'about'>;
const STARTING: Trouble = { cause: 'no-key-frame', message: 'Recording begins with the next key frame of the camera.' };
const COLD = 'It is not kept ready; it is connected when it has to be recorded.';
/** Of the session that ended. */
type Past = { readonly wasHeld: boolean; readonly lastedMs: number };

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
    pauseBeforePlay: order.hold,
  };
}
