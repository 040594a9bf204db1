/**
 * One RTP packet (RFC 3550 §5.1) seen through a view that is made once a stream and filled again for every packet, so that
 * the hot path allocates nothing.
 *
 * Belongs here: where the fields are. Does not: order and loss (sequence.ts, reorder.ts), what the payload means (depacketize-*.ts).
 */

/** Filled by `readPacket`; valid until `bytes` change. */
export type PacketView = {
  bytes: Uint8Array;
  /** Payload without header, extension and padding; half open. */
  start: number;
  end: number;
  payloadType: number;
  marker: boolean;
  /** 16 bits, as sent. */
  sequence: number;
  /** 32 bits, as sent. */
  timestamp: number;
  ssrc: number;
};

const FIXED_HEADER = 12;
const NO_BYTES = new Uint8Array(0);

/** The large first values keep the engine from treating 32-bit fields as small integers and changing its mind later. */
export const createPacketView = (): PacketView => ({
  bytes: NO_BYTES,
  start: 0,
  end: 0,
  payloadType: 0,
  marker: false,
  sequence: 0,
  timestamp: 4_294_967_295.5,
  ssrc: 4_294_967_295.5,
});

/** False if `bytes[start, end)` is no RTP version 2 packet with a payload; `view` is then undefined. */
export function readPacket(view: PacketView, bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < FIXED_HEADER) return false;
  const first = byte(bytes, start);
  if (first >> 6 !== 2) return false;
  let payload = start + FIXED_HEADER + ((first & 0x0f) << 2);
  if ((first & 0x10) !== 0) {
    if (payload + 4 > end) return false;
    payload += 4 + (((byte(bytes, payload + 2) << 8) | byte(bytes, payload + 3)) << 2);
  }
  let last = end;
  if ((first & 0x20) !== 0) last -= byte(bytes, end - 1);
  if (payload >= last) return false;
  const second = byte(bytes, start + 1);
  view.bytes = bytes;
  view.start = payload;
  view.end = last;
  view.marker = second >= 0x80;
  view.payloadType = second & 0x7f;
  view.sequence = (byte(bytes, start + 2) << 8) | byte(bytes, start + 3);
  view.timestamp = uint32(bytes, start + 4);
  view.ssrc = uint32(bytes, start + 8);
  return true;
}

/** Sequence number of a packet that is at least 12 bytes long. */
export const sequenceAt = (bytes: Uint8Array, start: number): number =>
  (byte(bytes, start + 2) << 8) | byte(bytes, start + 3);

const byte = (bytes: Uint8Array, at: number): number => bytes[at] ?? 0;
const uint32 = (bytes: Uint8Array, at: number): number =>
  ((byte(bytes, at) << 24) | (byte(bytes, at + 1) << 16) | (byte(bytes, at + 2) << 8) | byte(bytes, at + 3)) >>> 0;
