/**
 * AAC from RTP: RFC 3640 in mode AAC-hbr (§3.3.6), several access units a packet or one over several packets. Interleaving
 * is not read (no camera was seen with it): such packets are dropped.
 */
import type { AacFraming } from '../sdp/tracks-of.ts';
import type { AudioSink } from './access-unit-sink.ts';
import type { Depacketizer } from './depacketizer.ts';
import type { PacketView } from './packet.ts';

/** 13 bits of size; some cameras announce 16. */
export const MAX_AAC_FRAME = 16_384;

/** `samplesPerFrame`: 1024 or 960, of the AudioSpecificConfig; the RTP clock is the sample rate. */
// oxlint-disable-next-line max-lines-per-function -- one closure, so that the hot path reads local variables
export function createAacDepacketizer(sink: AudioSink, framing: AacFraming, samplesPerFrame: number): Depacketizer {
  const { sizeLength, indexLength, indexDeltaLength } = framing;
  /** One frame that came in pieces. */
  const partial = new Uint8Array(MAX_AAC_FRAME);
  let have = 0;
  let want = 0;
  let partialTimestamp = 0;

  const drop = (): void => {
    have = 0;
    want = 0;
  };
  const collect = (bytes: Uint8Array, start: number, end: number): void => {
    if (have + end - start > want) return drop();
    for (let at = start; at < end; at += 1, have += 1) partial[have] = bytes[at] ?? 0;
    if (have < want) return;
    const length = have;
    drop();
    sink.frame(partialTimestamp, partial, 0, length);
  };

  /** A piece of a frame whose whole size every piece repeats (§3.2.3.1). */
  const piece = (size: number, timestamp: number): void => {
    if (want === size) return;
    have = 0;
    want = size;
    partialTimestamp = timestamp;
  };
  /** Frames from `data` on, their headers from bit `headers` on. */
  const frames = (packet: PacketView, timestamp: number, headers: number, data: number): void => {
    const { bytes, end } = packet;
    const lastBit = data * 8;
    let bit = headers;
    let at = data;
    for (let index = 0; at < end; index += 1) {
      const indexBits = index === 0 ? indexLength : indexDeltaLength;
      if (bit + sizeLength + indexBits > lastBit) return;
      const size = bitsAt(bytes, bit, sizeLength);
      if (size === 0 || bitsAt(bytes, bit + sizeLength, indexBits) !== 0) return drop();
      if (at + size > end) {
        if (index > 0 || size > MAX_AAC_FRAME) return drop();
        piece(size, timestamp);
        return collect(bytes, at, end);
      }
      drop();
      sink.frame(timestamp + index * samplesPerFrame, bytes, at, at + size);
      bit += sizeLength + indexBits;
      at += size;
    }
  };

  return {
    reset: drop,
    push: (packet, timestamp, lostBefore) => {
      const { bytes, start, end } = packet;
      if (lostBefore || timestamp !== partialTimestamp) drop();
      const headerBits = ((bytes[start] ?? 0) << 8) | (bytes[start + 1] ?? 0);
      const data = start + 2 + ((headerBits + 7) >> 3);
      if (data >= end || sizeLength === 0) return drop();
      frames(packet, timestamp, (start + 2) * 8, data);
    },
  };
}

function bitsAt(bytes: Uint8Array, position: number, count: number): number {
  let value = 0;
  for (let at = position; at < position + count; at += 1) {
    value = (value << 1) | (((bytes[at >> 3] ?? 0) >> (7 - (at & 7))) & 1);
  }
  return value;
}
