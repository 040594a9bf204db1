/**
 * One push of a camera being recorded: its FLV is fetched on loopback from the RTMP server and cut into fragments like any stream.
 * The camera decides when a push begins and ends; each one is a new start of its clock.
 *
 * Belongs here: from FLV to the builder, and what a break of the push means. Does not: RTMP (rtmp/), what happens between
 * sessions (camera-loop.ts).
 */
import { connect } from 'node:net';
import { seconds } from '../core/clock.ts';
import type { Cancel } from '../core/clock.ts';
import { UnderstudyError } from '../core/errors.ts';
import { durationMs } from '../core/units.ts';
import type { MissingCause } from '../ledger/causes.ts';
import { createFlvReader } from '../media/flv/flv-reader.ts';
import type { FlvReader } from '../media/flv/flv-reader.ts';
import { createPushPipeline } from './push-pipeline.ts';
import type { PushPipelineDeps } from './push-pipeline.ts';
import type { RecordingSession, SessionDeps, SessionEnd } from './recording-session.ts';

export type PushSource = {
  /** Loopback address of a push as FLV; `undefined` while the RTMP server is not ready. */
  readonly flvUrlOf: (key: string) => string | undefined;
};
export type PushSessionDeps = PushPipelineDeps &
  Pick<SessionDeps, 'readBuffer'> & { readonly key: string; readonly pushes: PushSource };

/** The server is started for the first push camera, and again when it ended: that takes a second on a small box. */
const SERVER_WAIT_MS = 20_000;
const LOOK_EVERY = durationMs(100);
/** Without a push for so long, the camera counts as unreachable. */
const FIRST_MEDIA_MS = 15_000;
/** Encoders send at least one picture a second. */
const STALL_MS = 5000;
export const MAX_HTTP_HEAD: number = 8 * 1024;

// oxlint-disable-next-line max-lines-per-function -- one closure over the state of one push
export function startPushSession(deps: PushSessionDeps): RecordingSession {
  const { clock, key, pushes } = deps;
  const { promise, resolve } = Promise.withResolvers<SessionEnd>();
  const began = clock.monotonic();
  let heardAt: number | undefined;
  let ended = false;
  let close: () => void = () => undefined;
  let cancelLook: Cancel = () => undefined;
  const pipeline = createPushPipeline(deps);

  const finish = (end: (recordedUntil: number | undefined) => SessionEnd): void => {
    if (ended) return;
    ended = true;
    cancelLook();
    cancelTick();
    close();
    resolve(end(pipeline.end()));
  };
  const fail = (cause: MissingCause, message: string): void =>
    finish((recordedUntil) => ({ kind: 'failed', cause, message, recordedUntil }));
  const guarded = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      if (!(error instanceof UnderstudyError)) throw error;
      fail('camera-protocol', error.message);
    }
  };

  const attach = (): void => {
    const url = pushes.flvUrlOf(key);
    if (url === undefined) {
      if (clock.monotonic() - began > SERVER_WAIT_MS) fail('service-down', NO_SERVER);
      else cancelLook = clock.after(LOOK_EVERY, attach);
      return;
    }
    const reader = createFlvReader(pipeline.output);
    close = fetchFlv(new URL(url), deps.readBuffer, {
      data: (bytes, start, end) => {
        if (ended) return;
        guarded(() => push(reader, bytes, start, end));
      },
      closed: () => fail('service-down', 'The receiver for RTMP pushes ended; it is started again.'),
    });
  };
  const push = (reader: FlvReader, bytes: Uint8Array, start: number, end: number): void => {
    const before = pipeline.accessUnits();
    reader.push(bytes, start, end);
    if (pipeline.accessUnits() > before) heardAt = clock.monotonic();
  };
  const cancelTick = clock.every(seconds(1), () => {
    const at = clock.monotonic();
    if (heardAt !== undefined && at - heardAt > STALL_MS) fail('camera-unreachable', BROKEN_OFF);
    else if (heardAt === undefined && at - began > FIRST_MEDIA_MS) fail('camera-unreachable', NO_PUSH);
  });
  attach();

  return {
    ended: promise,
    stop: () => finish((recordedUntil) => ({ kind: 'stopped', recordedUntil })),
    // Every tag is read as it comes.
    setWatched: () => undefined,
    // A push cannot be held: what comes is not recorded until it is ordered.
    play: () => undefined,
    builder: pipeline.builder,
  };
}

const NO_SERVER = 'The receiver for RTMP pushes does not start: is its port taken by another program?';
const NO_PUSH = "No camera pushes to this address: check the push address and the key in the camera's RTMP settings.";
const BROKEN_OFF = 'The camera no longer pushes.';

type FetchEvents = {
  readonly data: (bytes: Uint8Array, start: number, end: number) => void;
  readonly closed: () => void;
};

/** HTTP/1.0, so that the body is plain bytes until the end; an HTTP client would cost the process more than all of this. */
function fetchFlv(url: URL, readBuffer: Buffer, events: FetchEvents): () => void {
  let head = '';
  let inBody = false;
  const read = (length: number): void => {
    if (inBody) return events.data(readBuffer, 0, length);
    // Bytes beyond ASCII stay one character each, so that lengths agree.
    const text = head + readBuffer.toString('latin1', 0, length);
    const end = text.indexOf('\r\n\r\n');
    if (end < 0 && text.length < MAX_HTTP_HEAD) {
      head = text;
      return;
    }
    if (end < 0 || !/^HTTP\/1\.[01] 200 /.test(text)) return void socket.destroy();
    inBody = true;
    events.data(readBuffer, end + 4 - head.length, length);
  };
  const socket = connect({
    host: url.hostname,
    port: Number(url.port),
    noDelay: true,
    onread: {
      buffer: readBuffer,
      callback: (length) => {
        read(length);
        return true;
      },
    },
  });
  socket.on('error', () => undefined);
  socket.once('close', events.closed);
  socket.write(`GET ${url.pathname} HTTP/1.0\r\nHost: ${url.host}\r\n\r\n`);
  return () => void socket.destroy();
}
