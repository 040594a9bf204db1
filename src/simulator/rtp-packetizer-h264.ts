/** H.264 into RTP payloads, packetization mode 1 (RFC 6184): single NAL units, STAP-A for small neighbours, FU-A for large ones. */
import { MAX_PAYLOAD, packetizeNals } from './rtp-packetizer.ts';
import type { NalFormat, Payload } from './rtp-packetizer.ts';

const STAP_A = 24;
const FU_A = 28;

const FORMAT: NalFormat = {
  isSlice: (first) => (first & 0x1f) >= 1 && (first & 0x1f) <= 5,
  headerBytes: 1,
  /** RFC 6184 §5.7.1: the highest importance of those in it. */
  aggregateHeader: (nals) => Uint8Array.of(Math.max(...nals.map((nal) => (nal[0] ?? 0) & 0x60)) | STAP_A),
  fragments,
};

export const packetizeH264 = (nals: readonly Uint8Array[]): readonly Payload[] => packetizeNals(nals, FORMAT);

/** RFC 6184 §5.8. */
function fragments(nal: Uint8Array): readonly (readonly Uint8Array[])[] {
  const first = nal[0] ?? 0;
  const parts: (readonly Uint8Array[])[] = [];
  for (let at = 1; at < nal.length; at += MAX_PAYLOAD - 2) {
    const end = Math.min(nal.length, at + MAX_PAYLOAD - 2);
    const header = (at === 1 ? 0x80 : 0) | (end === nal.length ? 0x40 : 0) | (first & 0x1f);
    parts.push([Uint8Array.of((first & 0xe0) | FU_A, header), nal.subarray(at, end)]);
  }
  return parts;
}
