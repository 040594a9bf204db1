/**
 * One client's RTSP connection to a simulated camera (RFC 2326): cuts requests out of its bytes, writes the answers, ends it when it
 * is silent or too slow. What is answered stands in rtsp-answers.ts; sockets in camera-server.ts.
 */
import { randomBytes } from 'node:crypto';
import { durationMs } from '../core/units.ts';
import { INTERLEAVED_HEADER, interleavedLength, isInterleaved } from '../media/rtsp/interleaved.ts';
import { encodeResponse, headerOf, parseMessage } from '../media/rtsp/message.ts';
import type { Header, RtspRequest } from '../media/rtsp/message.ts';
import { answerTo, beginPackets, endSession, heardPacket } from './rtsp-answers.ts';
import type { Client, ConnectionDeps, Wire } from './rtsp-answers.ts';
import type { EndedBy } from './simulated-camera.ts';

/** Unparsed bytes a client may make us hold. */
export const MAX_INPUT: number = 256 * 1024;
/** A client that lets this much wait is dropped, as cameras with small buffers do. */
export const MAX_BACKLOG: number = 8 * 1024 * 1024;
const WATCH_EVERY_MS = 500;

export type Connection = {
  readonly receive: (bytes: Uint8Array) => Promise<void>;
  /** Frees everything; the socket is gone or will be. */
  readonly end: (by: EndedBy) => void;
};

export function createConnection(deps: ConnectionDeps, wire: Wire): Connection {
  const { clock } = deps;
  const client: Client = {
    deps,
    wire,
    nonce: randomBytes(16).toString('hex'),
    session: undefined,
    lastSign: clock.monotonic(),
    ended: false,
  };
  let input: Uint8Array = new Uint8Array(0);
  let busy: Promise<void> = Promise.resolve();
  const end: Connection['end'] = (by) => {
    if (client.ended) return;
    client.ended = true;
    watch();
    endSession(client, by);
    wire.close();
  };
  const watch = clock.every(durationMs(WATCH_EVERY_MS), () => {
    const silence = clock.monotonic() - client.lastSign;
    if (wire.backlog() > MAX_BACKLOG) end('too-slow');
    else if (client.session !== undefined && silence > deps.sessionTimeoutSeconds * 1000) end('timeout');
  });
  const consume = async (bytes: Uint8Array): Promise<void> => {
    if (client.ended) return;
    input = Buffer.concat([input, bytes]);
    for (let next = takeOne(input); next !== undefined && !client.ended; next = takeOne(input)) {
      input = input.subarray(next.end);
      if (next.request === undefined) heardPacket(client, next.packet);
      else if (!(await respond(client, next.request))) end('fault');
    }
    if (input.length > MAX_INPUT) end('fault');
  };
  return {
    receive: (bytes) => {
      // Whatever is no RTSP ends the connection; there is nobody to tell.
      busy = busy.then(() => consume(bytes)).catch(() => end('fault'));
      return busy;
    },
    end,
  };
}

/** `request` is undefined for interleaved data, which is in `packet`, and for stray answers. @throws `rtsp/framing` */
type Taken = { readonly end: number; readonly request: RtspRequest | undefined; readonly packet: Uint8Array };

const NOTHING = new Uint8Array(0);

function takeOne(input: Uint8Array): Taken | undefined {
  if (input.length === 0) return undefined;
  if (isInterleaved(input, 0)) {
    const end = input.length >= INTERLEAVED_HEADER ? interleavedLength(input, 0) : Number.POSITIVE_INFINITY;
    return input.length >= end
      ? { end, request: undefined, packet: input.subarray(INTERLEAVED_HEADER, end) }
      : undefined;
  }
  const parsed = parseMessage(input, 0, input.length);
  if (parsed.kind === 'incomplete') return undefined;
  const request = parsed.message.kind === 'request' ? parsed.message : undefined;
  return { end: parsed.end, request, packet: NOTHING };
}

/** False if the connection shall end. */
async function respond(client: Client, request: RtspRequest): Promise<boolean> {
  const { engine, clock } = client.deps;
  if (engine.faultNow('mute') !== undefined) return true;
  if (engine.faultNow('not-rtsp') !== undefined) {
    client.wire.write(new TextEncoder().encode('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n'));
    return false;
  }
  const isKeepAlive = request.method === 'GET_PARAMETER' || request.method === 'OPTIONS';
  if (!(isKeepAlive && engine.faultNow('refuse-keep-alive') !== undefined)) client.lastSign = clock.monotonic();
  const { status, reason, headers, body } = await answerTo(client, request);
  if (client.ended) return false;
  const common: readonly Header[] = [
    ['CSeq', headerOf(request, 'CSeq') ?? '0'],
    ['Server', 'Understudy simulated camera'],
  ];
  const giant = engine.faultNow('giant-headers') === undefined ? [] : GIANT_HEADERS;
  client.wire.write(encodeResponse({ status, reason, headers: [...common, ...headers, ...giant], body }));
  if (request.method === 'PLAY') beginPackets(client);
  return true;
}

/** One megabyte. */
const GIANT_HEADERS: readonly Header[] = Array.from({ length: 2000 }, (_, at) => [`X-Giant-${at}`, 'x'.repeat(500)]);
