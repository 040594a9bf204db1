/**
 * RTP packets as a camera sends them: header and sequence numbers here, payload formats in the files beside (RFC 3550 §5.1).
 *
 * Belongs here: the 12-byte header, numbering, what a sender report says. Does not: who gets the packets.
 */
import { encodeSenderReport } from '../media/rtp/rtcp.ts';

/** Payload bytes of one packet: what fits a 1500-byte Ethernet frame over IPv6 with some room, as most cameras choose. */
export const MAX_PAYLOAD = 1400;

export type Payload = { readonly bytes: readonly Uint8Array[]; readonly marker: boolean };

export type RtpNumbering = {
  readonly payloadType: number;
  readonly ssrc: number;
  /** Of the next packet. */
  sequence: number;
  packets: number;
  octets: number;
};

export function createNumbering(payloadType: number, ssrc: number, sequence: number): RtpNumbering {
  return { payloadType, ssrc: ssrc >>> 0, sequence: sequence & 0xffff, packets: 0, octets: 0 };
}

/** One packet; advances the numbering. */
export function encodeRtp(numbering: RtpNumbering, timestamp: number, { bytes, marker }: Payload): Uint8Array {
  const length = bytes.reduce((sum, part) => sum + part.length, 0);
  const packet = new Uint8Array(12 + length);
  const view = new DataView(packet.buffer);
  view.setUint8(0, 0x80);
  view.setUint8(1, (marker ? 0x80 : 0) | numbering.payloadType);
  view.setUint16(2, numbering.sequence);
  view.setUint32(4, modulo32(timestamp));
  view.setUint32(8, numbering.ssrc);
  let at = 12;
  for (const part of bytes) {
    packet.set(part, at);
    at += part.length;
  }
  numbering.sequence = (numbering.sequence + 1) & 0xffff;
  numbering.packets += 1;
  numbering.octets += length;
  return packet;
}

/** Reduces ticks, perhaps negative or beyond 2^53's low bits of interest, to 32 bits. */
export const modulo32 = (ticks: number): number =>
  ((Math.round(ticks) % 0x1_0000_0000) + 0x1_0000_0000) % 0x1_0000_0000;

/** Sender report (RFC 3550 §6.4.1): at wall time `wallMs` the clock stood at `timestamp`. */
export const senderReportOf = (
  { ssrc, packets, octets }: RtpNumbering,
  wallMs: number,
  timestamp: number,
  cname: string,
): Uint8Array =>
  encodeSenderReport(
    { ssrc, wallMs, rtpTimestamp: modulo32(timestamp), packets: modulo32(packets), octets: modulo32(octets) },
    cname,
  );

/** What a video payload format says of itself (RFC 6184, RFC 7798). */
export type NalFormat = {
  readonly isSlice: (first: number) => boolean;
  /** Bytes in front of an aggregate. */
  readonly headerBytes: number;
  readonly aggregateHeader: (nals: readonly Uint8Array[]) => Uint8Array;
  /** The parts of a NAL unit that is larger than a payload. */
  readonly fragments: (nal: Uint8Array) => readonly (readonly Uint8Array[])[];
};

/** The payloads of one access unit, the last with the marker. Parameter sets and SEI are aggregated as far as they fit. */
export function packetizeNals(nals: readonly Uint8Array[], format: NalFormat): readonly Payload[] {
  const payloads: (readonly Uint8Array[])[] = [];
  let small: Uint8Array[] = [];
  const flush = (): void => {
    if (small.length > 0) payloads.push(aggregated(small, format));
    small = [];
  };
  for (const nal of nals) {
    const size = nal.length + 2 + format.headerBytes;
    const isSlice = format.isSlice(nal[0] ?? 0);
    if (isSlice || size + aggregateSize(small) > MAX_PAYLOAD) flush();
    if (!isSlice && size <= MAX_PAYLOAD) small.push(nal);
    else if (nal.length <= MAX_PAYLOAD) payloads.push([nal]);
    else payloads.push(...format.fragments(nal));
  }
  flush();
  return payloads.map((bytes, at) => ({ bytes, marker: at === payloads.length - 1 }));
}

const aggregateSize = (nals: readonly Uint8Array[]): number => nals.reduce((sum, nal) => sum + 2 + nal.length, 0);

/** Each with its 16-bit size; a single NAL unit stays as it is. */
function aggregated(nals: readonly Uint8Array[], { aggregateHeader }: NalFormat): readonly Uint8Array[] {
  if (nals.length === 1) return nals;
  const sized = nals.flatMap((nal) => [Uint8Array.of(nal.length >> 8, nal.length & 0xff), nal]);
  return [aggregateHeader(nals), ...sized];
}
