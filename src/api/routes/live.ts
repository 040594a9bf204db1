/**
 * `/cameras/{id}/live`: a WebSocket (RFC 6455) whose frames media makes; here they are only copied, so that watching costs
 * control nothing per picture. Origin, session and camera were checked before.
 */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { messageOf, UnderstudyError } from '../../core/errors.ts';
import type { Caller } from '../caller.ts';
import { liveQuery } from '../contract/common.ts';
import type { StreamRef } from '../footage-access.ts';
import { createPlaces } from '../places.ts';
import { problemOf } from '../problem.ts';
import { socketRoute } from '../route.ts';
import type { AnyRoute } from '../route.ts';
import { cameraParams } from './recordings.ts';

/** Which picture, and whether its sound comes with it. */
export type LiveRef = StreamRef & { readonly audio: boolean };
export type LiveDeps = {
  /**
   * Frames of media from its header on, ready to be copied. The stream ends when the camera goes away.
   * @throws live/no-media, or the code with which media refuses
   */
  readonly openLive: (stream: LiveRef, signal: AbortSignal) => Promise<LiveStream>;
};
export type LiveStream = {
  readonly socket: Duplex;
  /** What came behind the header line. */
  readonly first: Uint8Array;
};

/** RFC 6455 §1.3. */
const HANDSHAKE_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const CLOSE_FRAME: Uint8Array = Uint8Array.of(0x88, 0x02, 0x03, 0xe9);
const OPCODE_CLOSE = 8;
/** Below what media takes on its socket, so that its events and snapshots still find room. */
export const MAX_LIVE_VIEWS = 768;
/** Of one user or token: four walls of 64 pictures. */
export const MAX_LIVE_VIEWS_PER_CALLER = 256;

export const liveRoutes = (deps: LiveDeps): readonly AnyRoute[] => [
  liveRoute('/cameras/:id/live', 'Live view: a text message with the codec, then fragmented MP4.', deps.openLive),
];

/** `open` as `openLive`, and who asks. */
export function liveRoute(
  path: `/${string}`,
  summary: string,
  open: (stream: LiveRef, signal: AbortSignal, caller: Caller) => Promise<LiveStream>,
): AnyRoute {
  const places = createPlaces({ all: MAX_LIVE_VIEWS, each: MAX_LIVE_VIEWS_PER_CALLER });
  return socketRoute(
    { path, summary, access: 'viewer', camera: 'id', params: cameraParams, query: liveQuery },
    async ({ params, query, caller, signal }, { request, socket }) => {
      socket.on('error', () => socket.destroy());
      const key = request.headers['sec-websocket-key'];
      if (!isHandshake(request) || key === undefined)
        return refuse(
          socket,
          new UnderstudyError('invalid', 'live/handshake', 'Expected a WebSocket handshake, version 13.'),
        );
      const leave = places.enter(caller.kind === 'anonymous' ? '' : caller.id);
      if (leave === undefined) return refuse(socket, tooMany());
      socket.once('close', leave);
      if (socket.destroyed) leave();
      try {
        const live = await open(
          { cameraId: params.id, stream: query.stream, audio: query.audio === 'true' },
          signal,
          caller,
        );
        copy(live, socket, acceptOf(key), signal);
      } catch (error) {
        refuse(socket, error);
      }
    },
  );
}

const tooMany = (): UnderstudyError =>
  new UnderstudyError('limit', 'live/too-many', 'Too many live views are open: close some browser tabs.');

function isHandshake({ headers }: IncomingMessage): boolean {
  const key = headers['sec-websocket-key'] ?? '';
  return headers['sec-websocket-version'] === '13' && /^[A-Za-z0-9+/]{22}==$/.test(key);
}

/** RFC 6455 §4.2.2. */
const acceptOf = (key: string): string =>
  createHash('sha1')
    .update(key + HANDSHAKE_GUID)
    .digest('base64');

function copy({ socket: media, first }: LiveStream, socket: Duplex, accept: string, signal: AbortSignal): void {
  const end = (): void => {
    media.destroy();
    // One that does not read would never get it, and its socket never end.
    if (socket.writableLength > 0) socket.destroy();
    else if (!socket.destroyed) socket.end(CLOSE_FRAME, () => socket.destroy());
  };
  signal.addEventListener('abort', end, { once: true });
  socket.once('close', () => {
    signal.removeEventListener('abort', end);
    media.destroy();
  });
  media.once('error', () => end());
  media.once('close', () => end());
  // A browser says nothing but "close", and pongs nobody asked for: only the first opcode of what comes is looked at.
  socket.on('data', (chunk: Uint8Array) => {
    if (((chunk[0] ?? 0) & 0x0f) === OPCODE_CLOSE) end();
  });
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  if (first.length > 0) socket.write(first);
  // Backpressure reaches media through the local socket; media drops a viewer that cannot follow.
  media.pipe(socket, { end: false });
}

/** Before the handshake the answer is plain HTTP. */
function refuse(socket: Duplex, error: unknown): void {
  const { status, problem } = problemOf(error instanceof Error ? error : new Error(messageOf(error)));
  const body = JSON.stringify(problem);
  socket.end(
    `HTTP/1.1 ${status} ${problem.title}\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    () => socket.destroy(),
  );
}
