/**
 * Pushes H.265 by Enhanced RTMP v1 as new cameras do; Debian's ffmpeg cannot yet. The smallest client that a server lets in: plain
 * handshake, `connect`, `createStream`, `publish`, then video messages at the rate of the clip.
 */
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { VideoClip } from '../../src/simulator/clip.ts';

/** Of every message: larger than any, so that none is cut. */
const CHUNK_BYTES = 0x100000;
const [SET_CHUNK_SIZE, VIDEO, COMMAND] = [1, 9, 20];

export type Pushed = { readonly sent: () => number; readonly stop: () => void; readonly ended: Promise<void> };

/** `configuration`: HEVCDecoderConfigurationRecord. The clip is repeated until `stop`. */
export async function pushH265(
  { port, key }: { readonly port: number; readonly key: string },
  clip: VideoClip,
  configuration: Uint8Array,
): Promise<Pushed> {
  const socket = connect({ host: '127.0.0.1', port });
  socket.on('error', () => undefined);
  const incoming = reader(socket);
  socket.write(Buffer.concat([Buffer.from([3]), Buffer.alloc(1536)]));
  const answer = await incoming(1 + 1536 + 1536);
  socket.write(answer.subarray(1, 1537));
  socket.resume();
  const size = Buffer.alloc(4);
  size.writeUInt32BE(CHUNK_BYTES);
  socket.write(message({ type: SET_CHUNK_SIZE }, size));
  const url = `rtmp://127.0.0.1:${port}/live`;
  socket.write(message({ type: COMMAND }, amf('connect', 1, { app: 'live', type: 'nonprivate', tcUrl: url })));
  socket.write(message({ type: COMMAND }, amf('createStream', 2, undefined)));
  await sleep(200);
  socket.write(message({ type: COMMAND, stream: 1 }, amf('publish', 3, undefined, key, 'live')));
  await sleep(200);
  socket.write(message({ type: VIDEO, stream: 1 }, Buffer.concat([header(0, true), configuration])));
  const stop = new AbortController();
  let sent = 0;
  const run = async (): Promise<void> => {
    const began = performance.now();
    while (!stop.signal.aborted && !socket.destroyed) {
      const unit = clip.accessUnits[sent % clip.accessUnits.length];
      if (unit === undefined) throw new Error('an empty clip');
      const at = Math.round((sent * 1000) / clip.framesPerSecond);
      // PacketTypeCodedFramesX: presented when it is decoded.
      const body = Buffer.concat([header(3, unit.key), ...unit.slices.map(lengthPrefixed)]);
      socket.write(message({ type: VIDEO, at, stream: 1 }, body));
      sent += 1;
      await sleep(Math.max(0, began + at - performance.now()));
    }
    socket.destroy();
  };
  return { sent: () => sent, stop: () => stop.abort(), ended: run() };
}

/** Enhanced RTMP v1: high bit, frame type, packet type; then the four characters of the codec. */
const header = (packetType: number, isKey: boolean): Buffer =>
  Buffer.concat([Buffer.from([0x80 | ((isKey ? 1 : 2) << 4) | packetType]), Buffer.from('hvc1')]);

function lengthPrefixed(nal: Uint8Array): Buffer {
  const out = Buffer.alloc(4 + nal.length);
  out.writeUInt32BE(nal.length);
  out.set(nal, 4);
  return out;
}

type Message = { readonly type: number; readonly at?: number; readonly stream?: number };
/** One message in one chunk of type 0, on a chunk stream of its type. */
function message({ type, at = 0, stream = 0 }: Message, body: Uint8Array): Buffer {
  const head = Buffer.alloc(12);
  head[0] = type === SET_CHUNK_SIZE ? 2 : type === COMMAND ? 3 : 6;
  head.writeUIntBE(at, 1, 3);
  head.writeUIntBE(body.length, 4, 3);
  head[7] = type;
  head.writeUInt32LE(stream, 8);
  return Buffer.concat([head, body]);
}

type AmfValue = string | number | Readonly<Record<string, string>> | undefined;
const amf = (...values: readonly AmfValue[]): Buffer => Buffer.concat(values.map(amfOf));
function amfOf(value: AmfValue): Buffer {
  if (value === undefined) return Buffer.from([5]);
  if (typeof value === 'string') return Buffer.concat([Buffer.from([2]), amfText(value)]);
  if (typeof value === 'number') {
    const out = Buffer.alloc(9);
    out.writeDoubleBE(value, 1);
    return out;
  }
  const fields = Object.entries(value).map(([name, text]) => Buffer.concat([amfText(name), amfOf(text)]));
  return Buffer.concat([Buffer.from([3]), ...fields, Buffer.from([0, 0, 9])]);
}
function amfText(text: string): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(text.length);
  return Buffer.concat([length, Buffer.from(text)]);
}

/** So many bytes, once they have come. */
function reader(socket: Socket): (count: number) => Promise<Buffer> {
  let have = Buffer.alloc(0);
  return (count) =>
    new Promise((resolve, reject) => {
      const take = (data: Buffer): void => {
        have = Buffer.concat([have, data]);
        if (have.length < count) return;
        socket.off('data', take);
        resolve(have.subarray(0, count));
      };
      socket.on('data', take);
      socket.once('close', () => reject(new Error('the server hung up')));
    });
}
