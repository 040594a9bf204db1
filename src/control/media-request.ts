/** Single questions to media over connections of their own: live view and the last key frame. */
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import type { Clock } from '../core/clock.ts';
import { UnderstudyError } from '../core/errors.ts';
import type { ErrorKind } from '../core/errors.ts';
import { durationMs } from '../core/units.ts';
import { createLineReader, encodeLine } from '../wire/lines.ts';
import type { KeyFrameHeader, KeyFrameRequest, LiveRequest, Refused, StreamName } from '../wire/media-protocol.ts';
import { parseKeyFrameAnswer, parseLiveAnswer } from '../wire/parse-media-message.ts';

const ANSWER_WITHIN_MS = 5_000;
const MAX_HEADER_BYTES = 16_384;

export type MediaRequestDeps = { readonly socketPath: string; readonly clock: Pick<Clock, 'after'> };
type Stream = { readonly cameraId: string; readonly stream: StreamName };
type Answer = { readonly line: string; readonly socket: Socket; readonly rest: Uint8Array };

/** Frames ready to be copied; the socket is paused. @throws live/no-media, or with the code of media */
export async function openLive(
  deps: MediaRequestDeps,
  { cameraId, stream, audio }: Stream & Pick<LiveRequest, 'audio'>,
  signal: AbortSignal,
): Promise<{ readonly socket: Socket; readonly first: Uint8Array }> {
  const { line, socket, rest } = await ask(deps, { kind: 'live', cameraId, stream, audio }, signal);
  const answer = accepted(socket, () => parseLiveAnswer(line));
  if (answer.kind === 'refused') throw refusal(socket, answer);
  return { socket, first: rest };
}

/** Annex B. @throws live/no-media, or with the code of media */
export async function fetchKeyFrame(
  deps: MediaRequestDeps,
  { cameraId, stream }: Stream,
  signal: AbortSignal,
): Promise<{ readonly header: KeyFrameHeader; readonly bytes: Uint8Array }> {
  const { line, socket, rest } = await ask(deps, { kind: 'key-frame', cameraId, stream }, signal);
  const header = accepted(socket, () => parseKeyFrameAnswer(line));
  if (header.kind === 'refused') throw refusal(socket, header);
  const cancel = deps.clock.after(durationMs(ANSWER_WITHIN_MS), () => socket.destroy(noMedia()));
  try {
    return { header, bytes: await readRest(socket, rest, header.length) };
  } finally {
    cancel();
    socket.destroy();
  }
}

async function readRest(socket: Socket, first: Uint8Array, length: number): Promise<Uint8Array> {
  const bytes = Buffer.alloc(length);
  let at = Buffer.from(first).copy(bytes);
  if (at >= length) return bytes;
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    at += chunk.copy(bytes, at);
    if (at >= length) return bytes;
  }
  throw noMedia();
}

/** Sends one line and waits for one. */
async function ask(
  deps: MediaRequestDeps,
  request: LiveRequest | KeyFrameRequest,
  signal: AbortSignal,
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const socket = connect(deps.socketPath);
  const reader = createLineReader(MAX_HEADER_BYTES);
  const abort = (): void => void socket.destroy(noMedia());
  const cancel = deps.clock.after(durationMs(ANSWER_WITHIN_MS), abort);
  signal.addEventListener('abort', abort, { once: true });
  const onData = (chunk: Buffer): void => {
    const at = chunk.indexOf(0x0a);
    try {
      // What stands behind the header may be larger than a header line may be.
      const line = reader.pushOne(at < 0 ? chunk : chunk.subarray(0, at + 1));
      if (line === undefined) return;
      socket.pause();
      socket.off('data', onData);
      resolve({ line, socket, rest: chunk.subarray(at + 1) });
    } catch (error) {
      socket.destroy();
      reject(error instanceof Error ? error : noMedia());
    }
  };
  socket.on('data', onData);
  socket.on('error', () => reject(noMedia()));
  socket.once('close', () => reject(noMedia()));
  socket.write(encodeLine(request));
  try {
    return await promise;
  } finally {
    cancel();
    signal.removeEventListener('abort', abort);
  }
}

function accepted<T>(socket: Socket, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function refusal(socket: Socket, { code, message }: Refused): UnderstudyError {
  socket.destroy();
  const kind: ErrorKind = code.endsWith('no-stream') ? 'not-found' : 'unavailable';
  return new UnderstudyError(kind, code, message);
}

const noMedia = (): UnderstudyError =>
  new UnderstudyError(
    'unavailable',
    'live/no-media',
    'The recording process does not answer now; try again in a moment.',
  );
