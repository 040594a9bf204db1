/**
 * The local socket of the media process (docs/design/media-protocol.md): orders in, events out, live view, key frames.
 * Belongs here: connections and their first line. Does not: what orders mean (media-service.ts).
 */
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { dirname } from 'node:path';
import { messageOf, UnderstudyError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Running } from '../core/running.ts';
import { createLineReader, encodeLine } from '../wire/lines.ts';
import { MAX_MESSAGE_BYTES, MEDIA_PROTOCOL_VERSION } from '../wire/media-protocol.ts';
import type {
  KeyFrameRequest,
  LiveRequest,
  MediaEvent,
  MediaHello,
  Orders,
  Refused,
  Subscribe,
} from '../wire/media-protocol.ts';
import { parseControlMessage } from '../wire/parse-control-message.ts';
import type { EventRing } from './event-ring.ts';
import type { LiveHub, ViewerSink } from './live-hub.ts';

/** Control has one event connection; the rest are viewers and snapshots. */
export const MAX_CONNECTIONS = 1024;
/** Events that control has not taken: then it must come again and ask for what it missed. */
export const MAX_UNSENT_EVENTS: number = 64 * 1024 * 1024;

export type MediaServerDeps = {
  readonly path: string;
  readonly log: Log;
  readonly ring: EventRing;
  readonly hello: () => Omit<MediaHello, 'kind' | 'protocol' | 'reset' | 'instance'>;
  /** How things are now, for a new subscriber. */
  readonly present: () => readonly MediaEvent[];
  /** @throws UnderstudyError when they cannot be taken. */
  readonly order: (orders: Orders) => void;
  readonly hubOf: (cameraId: string, stream: 'main' | 'sub') => LiveHub | undefined;
};

/** @throws UnderstudyError `recorder/socket` if the socket cannot be made. */
export async function startMediaServer(deps: MediaServerDeps): Promise<Running> {
  const { path, log } = deps;
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  rmSync(path, { force: true });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', (error) => log.debug('local connection failed', { reason: messageOf(error) }));
    if (sockets.size > MAX_CONNECTIONS) socket.destroy();
    else serve(socket, deps);
  });
  server.listen(path);
  try {
    await once(server, 'listening');
  } catch (cause) {
    throw new UnderstudyError('unavailable', 'recorder/socket', `The socket ${path} cannot be made.`, { cause });
  }
  return {
    stop: async () => {
      server.close();
      for (const socket of sockets) socket.destroySoon();
      await Promise.resolve();
    },
  };
}

function serve(socket: Socket, deps: MediaServerDeps): void {
  const reader = createLineReader(MAX_MESSAGE_BYTES);
  socket.on('data', (chunk: Uint8Array) => {
    try {
      for (const line of reader.push(chunk)) answer(socket, line, deps);
    } catch (error) {
      if (!(error instanceof UnderstudyError)) throw error;
      // A broken line says nothing about where the next one begins.
      refuse(socket, error.code, error.message);
      socket.destroySoon();
    }
  });
}

function answer(socket: Socket, line: string, deps: MediaServerDeps): void {
  const message = parseControlMessage(line);
  switch (message.kind) {
    case 'orders':
      return takeOrders(socket, message, deps);
    case 'subscribe':
      return subscribe(socket, message, deps);
    case 'live':
      return live(socket, message, deps);
    case 'key-frame':
      return keyFrame(socket, message, deps);
  }
}

const refuse = (socket: Socket, code: string, message: string): void => {
  socket.write(encodeLine({ kind: 'refused', code, message } satisfies Refused));
};

function takeOrders(socket: Socket, orders: Orders, deps: MediaServerDeps): void {
  try {
    deps.order(orders);
  } catch (error) {
    if (!(error instanceof UnderstudyError)) throw error;
    refuse(socket, error.code, error.message);
  }
}

function subscribe(socket: Socket, { instance, after }: Subscribe, deps: MediaServerDeps): void {
  const { ring } = deps;
  const { reset, events } = ring.since(instance, after);
  const hello: MediaHello = {
    kind: 'hello',
    protocol: MEDIA_PROTOCOL_VERSION,
    instance: ring.instance,
    reset,
    ...deps.hello(),
  };
  socket.write(encodeLine(hello));
  for (const event of events) socket.write(encodeLine(event));
  const seq = events.at(-1)?.seq ?? (reset ? 0 : after);
  for (const event of deps.present()) socket.write(encodeLine({ seq, event }));
  const stop = ring.listen((event) => {
    if (socket.writableLength > MAX_UNSENT_EVENTS) socket.destroy();
    else socket.write(encodeLine(event));
  });
  socket.on('close', stop);
}

function live(socket: Socket, { cameraId, stream, audio }: LiveRequest, deps: MediaServerDeps): void {
  const hub = deps.hubOf(cameraId, stream);
  if (hub === undefined) return refuseEnd(socket, 'live/no-stream', 'This camera has no such stream.');
  const header = hub.header(audio);
  if (header === undefined) return refuseEnd(socket, 'live/no-picture', 'The camera has not sent a picture yet.');
  socket.write(encodeLine(header));
  const viewer: ViewerSink = {
    write: (bytes) => void socket.write(bytes),
    unsentBytes: () => socket.writableLength,
    end: () => socket.destroySoon(),
  };
  const leave = hub.add(viewer, audio);
  if (leave === undefined) return socket.destroySoon();
  socket.on('close', leave);
}

const refuseEnd = (socket: Socket, code: string, message: string): void => {
  refuse(socket, code, message);
  socket.destroySoon();
};

/** Four-byte lengths become start codes, with the parameter sets in front. */
function keyFrame(socket: Socket, { cameraId, stream }: KeyFrameRequest, deps: MediaServerDeps): void {
  const hub = deps.hubOf(cameraId, stream);
  if (hub === undefined) return refuseEnd(socket, 'live/no-stream', 'This camera has no such stream.');
  const kept = hub.keyFrame();
  if (kept === undefined) return refuseEnd(socket, 'live/no-picture', 'The camera has not sent a picture yet.');
  const { video } = kept.layout;
  const bytes = annexB(video.parameterSets, kept.bytes);
  const header = { kind: 'key-frame-header', codec: video.codec, at: Math.round(kept.at), length: bytes.length };
  socket.write(encodeLine(header));
  socket.end(bytes);
}

const START_CODE = Uint8Array.of(0, 0, 0, 1);

export function annexB(parameterSets: readonly Uint8Array[], sample: Uint8Array): Uint8Array {
  const out = Buffer.concat([...parameterSets.flatMap((set) => [START_CODE, set]), sample]);
  let at = out.length - sample.length;
  while (at + 4 <= out.length) {
    const length = out.readUInt32BE(at);
    out.set(START_CODE, at);
    at += 4 + length;
  }
  return out;
}
