/** H.264 into RTP payloads, packetization mode 1 (RFC 6184): single NAL units, STAP-A for small neighbours, FU-A for large ones. */
import { MAX_PAYLOAD } from './rtp-packetizer.ts';
import type { Payload } from './rtp-packetizer.ts';

const STAP_A = 24;
const FU_A = 28;

/** The payloads of one access unit, the last with the marker. Parameter sets and SEI share a STAP-A as far as they fit. */
export function packetizeH264(nals: readonly Uint8Array[]): readonly Payload[] {
  const payloads: (readonly Uint8Array[])[] = [];
  let small: Uint8Array[] = [];
  const flush = (): void => {
    if (small.length > 0) payloads.push(aggregated(small));
    small = [];
  };
  for (const nal of nals) {
    const type = (nal[0] ?? 0) & 0x1f;
    const isSlice = type >= 1 && type <= 5;
    if (isSlice || nal.length + aggregateSize(small) + 3 > MAX_PAYLOAD) flush();
    if (isSlice || nal.length + 3 > MAX_PAYLOAD) payloads.push(...fragments(nal));
    else small.push(nal);
  }
  flush();
  return payloads.map((bytes, at) => ({ bytes, marker: at === payloads.length - 1 }));
}

const aggregateSize = (nals: readonly Uint8Array[]): number => nals.reduce((sum, nal) => sum + 2 + nal.length, 0);

/** RFC 6184 §5.7.1; a single NAL unit stays as it is. */
function aggregated(nals: readonly Uint8Array[]): readonly Uint8Array[] {
  if (nals.length === 1) return nals;
  const importance = Math.max(...nals.map((nal) => (nal[0] ?? 0) & 0x60));
  const sizes = nals.flatMap((nal) => [Uint8Array.of(nal.length >> 8, nal.length & 0xff), nal]);
  return [Uint8Array.of(importance | STAP_A), ...sizes];
}

/** RFC 6184 §5.8. */
function fragments(nal: Uint8Array): readonly (readonly Uint8Array[])[] {
  if (nal.length <= MAX_PAYLOAD) return [[nal]];
  const first = nal[0] ?? 0;
  const parts: (readonly Uint8Array[])[] = [];
  for (let at = 1; at < nal.length; at += MAX_PAYLOAD - 2) {
    const end = Math.min(nal.length, at + MAX_PAYLOAD - 2);
    const header = (at === 1 ? 0x80 : 0) | (end === nal.length ? 0x40 : 0) | (first & 0x1f);
    parts.push([Uint8Array.of((first & 0xe0) | FU_A, header), nal.subarray(at, end)]);
  }
  return parts;
}
