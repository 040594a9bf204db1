/** AAC into RTP payloads (RFC 3640 §3.3.6, AAC-hbr): one frame a packet, 16-bit AU header (13 bits size, 3 bits index). */
import { MAX_PAYLOAD } from './rtp-packetizer.ts';
import type { Payload } from './rtp-packetizer.ts';

/** Fragments share header and time stamp; only the last has the marker (RFC 3640 §3.1). */
export function packetizeAac(frame: Uint8Array): readonly Payload[] {
  const header = Uint8Array.of(0, 16, frame.length >> 5, (frame.length << 3) & 0xff);
  const payloads: Payload[] = [];
  for (let at = 0; at < frame.length; at += MAX_PAYLOAD - 4) {
    const end = Math.min(frame.length, at + MAX_PAYLOAD - 4);
    payloads.push({ bytes: [header, frame.subarray(at, end)], marker: end === frame.length });
  }
  return payloads;
}
