/**
 * RTP packets as a camera sends them: header and sequence numbers here, payload formats in the files beside (RFC 3550 §5.1).
 *
 * Belongs here: the 12-byte header, numbering, sender reports (RFC 3550 §6.4.1). Does not: who gets the packets.
 */

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

/** Seconds from 1900 to 1970 (RFC 868). */
const NTP_OFFSET = 2_208_988_800;

/** Sender report and SDES with a CNAME (RFC 3550 §6.4.1, §6.5.1): at wall time `at` (milliseconds) the clock stood at `timestamp`. */
export function encodeSenderReport(numbering: RtpNumbering, at: number, timestamp: number, cname: string): Uint8Array {
  const name = new TextEncoder().encode(cname.slice(0, 64));
  const chunk = Math.ceil((4 + 2 + name.length + 1) / 4) * 4;
  const packet = new Uint8Array(28 + 4 + chunk);
  const view = new DataView(packet.buffer);
  view.setUint8(0, 0x80);
  view.setUint8(1, 200);
  view.setUint16(2, 6);
  view.setUint32(4, numbering.ssrc);
  view.setUint32(8, modulo32(Math.floor(at / 1000) + NTP_OFFSET));
  view.setUint32(12, Math.floor(((at % 1000) / 1000) * 0x1_0000_0000));
  view.setUint32(16, modulo32(timestamp));
  view.setUint32(20, numbering.packets % 0x1_0000_0000);
  view.setUint32(24, numbering.octets % 0x1_0000_0000);
  view.setUint8(28, 0x81);
  view.setUint8(29, 202);
  view.setUint16(30, chunk / 4);
  view.setUint32(32, numbering.ssrc);
  view.setUint8(36, 1);
  view.setUint8(37, name.length);
  packet.set(name, 38);
  return packet;
}
