/** H.265 into RTP payloads (RFC 7798), no DONL: single NAL units, aggregation packets for small neighbours, fragmentation units. */
import { MAX_PAYLOAD } from './rtp-packetizer.ts';
import type { Payload } from './rtp-packetizer.ts';

const AGGREGATION = 48;
const FRAGMENTATION = 49;

/** The payloads of one access unit, the last with the marker. */
export function packetizeH265(nals: readonly Uint8Array[]): readonly Payload[] {
  const payloads: (readonly Uint8Array[])[] = [];
  let small: Uint8Array[] = [];
  const flush = (): void => {
    if (small.length > 0) payloads.push(aggregated(small));
    small = [];
  };
  for (const nal of nals) {
    const isSlice = (((nal[0] ?? 0) >> 1) & 0x3f) < 32;
    if (isSlice || nal.length + aggregateSize(small) + 4 > MAX_PAYLOAD) flush();
    if (isSlice || nal.length + 4 > MAX_PAYLOAD) payloads.push(...fragments(nal));
    else small.push(nal);
  }
  flush();
  return payloads.map((bytes, at) => ({ bytes, marker: at === payloads.length - 1 }));
}

const aggregateSize = (nals: readonly Uint8Array[]): number => nals.reduce((sum, nal) => sum + 2 + nal.length, 0);

/** RFC 7798 §4.4.2: layer id and temporal id are the lowest of the aggregated units; ours are all of layer 0, id 1. */
function aggregated(nals: readonly Uint8Array[]): readonly Uint8Array[] {
  if (nals.length === 1) return nals;
  const sizes = nals.flatMap((nal) => [Uint8Array.of(nal.length >> 8, nal.length & 0xff), nal]);
  return [Uint8Array.of(AGGREGATION << 1, 1), ...sizes];
}

/** RFC 7798 §4.4.3. */
function fragments(nal: Uint8Array): readonly (readonly Uint8Array[])[] {
  if (nal.length <= MAX_PAYLOAD) return [[nal]];
  const first = nal[0] ?? 0;
  const second = nal[1] ?? 0;
  const type = (first >> 1) & 0x3f;
  const parts: (readonly Uint8Array[])[] = [];
  for (let at = 2; at < nal.length; at += MAX_PAYLOAD - 3) {
    const end = Math.min(nal.length, at + MAX_PAYLOAD - 3);
    const header = (at === 2 ? 0x80 : 0) | (end === nal.length ? 0x40 : 0) | type;
    parts.push([Uint8Array.of((first & 0x81) | (FRAGMENTATION << 1), second, header), nal.subarray(at, end)]);
  }
  return parts;
}
