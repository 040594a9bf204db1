/**
 * What every access unit of a simulated camera says of itself, in an SEI message `user_data_unregistered` (H.264 §D.1.7, H.265 §D.2.7):
 * which camera and stream, the how-many-th, when it was due, and a CRC of its slices. A checker needs nothing else to name what a
 * recording lacks.
 *
 * Payload after the UUID, big-endian: version (1 byte) = 1; stream (1) 0 main, 1 sub; counter (8); wall microseconds (8); CRC-32 of
 * the slices (4); length of the camera id (1); camera id (ASCII).
 */
import type { VideoCodec } from '../media/tracks.ts';

export type Stamp = {
  readonly cameraId: string;
  readonly stream: 'main' | 'sub';
  /** 0 was due at the camera's origin; never starts anew. */
  readonly counter: number;
  /** Wall time at which it was due, microseconds since 1970. */
  readonly wallMicros: number;
  readonly crc: number;
};

const UUID = Uint8Array.from([
  0x7c, 0x1e, 0x4a, 0x52, 0x9d, 0x3b, 0x4f, 0x60, 0x8a, 0x25, 0x0b, 0x6f, 0x7e, 0x21, 0xc9, 0xd4,
]);
const FIXED_BYTES = 23;
/** A camera id has at most 63 characters (core/ids.ts), which keeps the payload size in one byte. */
const MAX_PAYLOAD = 16 + FIXED_BYTES + 63;

/** The whole SEI NAL unit. */
export function encodeStamp(codec: VideoCodec, stamp: Stamp): Uint8Array {
  const id = new TextEncoder().encode(stamp.cameraId.slice(0, 63));
  const size = 16 + FIXED_BYTES + id.length;
  const payload = new Uint8Array(2 + size + 1);
  const view = new DataView(payload.buffer);
  payload[0] = 5;
  payload[1] = size;
  payload.set(UUID, 2);
  view.setUint8(18, 1);
  view.setUint8(19, stamp.stream === 'main' ? 0 : 1);
  view.setBigUint64(20, BigInt(stamp.counter));
  view.setBigUint64(28, BigInt(Math.round(stamp.wallMicros)));
  view.setUint32(36, stamp.crc);
  view.setUint8(40, id.length);
  payload.set(id, 41);
  payload[2 + size] = 0x80;
  const header = codec === 'h264' ? [0x06] : [0x4e, 0x01];
  return Uint8Array.from([...header, ...escaped(payload)]);
}

/** `undefined` if the NAL unit is not such an SEI. */
export function parseStamp(codec: VideoCodec, nal: Uint8Array): Stamp | undefined {
  if (!isSei(codec, nal[0] ?? 0) || nal.length > 2 * MAX_PAYLOAD) return undefined;
  const payload = unescaped(nal.subarray(codec === 'h264' ? 1 : 2));
  if (payload.length < 2 + 16 + FIXED_BYTES || payload[0] !== 5) return undefined;
  if (!UUID.every((byte, at) => payload[2 + at] === byte) || payload[18] !== 1) return undefined;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  return {
    cameraId: new TextDecoder().decode(payload.subarray(41, 41 + view.getUint8(40))),
    stream: view.getUint8(19) === 0 ? 'main' : 'sub',
    counter: Number(view.getBigUint64(20)),
    wallMicros: Number(view.getBigUint64(28)),
    crc: view.getUint32(36),
  };
}

/** H.264 type 6, H.265 type 39 (prefix). */
const isSei = (codec: VideoCodec, first: number): boolean =>
  codec === 'h264' ? (first & 0x1f) === 6 : ((first >> 1) & 0x3f) === 39;

/** Emulation prevention, H.264 §7.4.1 and H.265 §7.4.2. */
function escaped(bytes: Uint8Array): readonly number[] {
  const out: number[] = [];
  let zeros = 0;
  for (const byte of bytes) {
    if (zeros >= 2 && byte <= 3) {
      out.push(3);
      zeros = 0;
    }
    out.push(byte);
    zeros = byte === 0 ? zeros + 1 : 0;
  }
  return out;
}

function unescaped(bytes: Uint8Array): Uint8Array {
  const out: number[] = [];
  let zeros = 0;
  for (const byte of bytes) {
    const isPrevention = zeros >= 2 && byte === 3;
    zeros = byte === 0 ? zeros + 1 : 0;
    if (!isPrevention) out.push(byte);
  }
  return Uint8Array.from(out);
}
