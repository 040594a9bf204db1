/** H.265 into RTP payloads (RFC 7798), no DONL: single NAL units, aggregation packets for small neighbours, fragmentation units. */
import { MAX_PAYLOAD, packetizeNals } from './rtp-packetizer.ts';
import type { NalFormat, Payload } from './rtp-packetizer.ts';

const AGGREGATION = 48;
const FRAGMENTATION = 49;

const FORMAT: NalFormat = {
  isSlice: (first) => ((first >> 1) & 0x3f) < 32,
  headerBytes: 2,
  /** RFC 7798 §4.4.2: layer id and temporal id are the lowest of the aggregated units; ours are all of layer 0, id 1. */
  aggregateHeader: () => Uint8Array.of(AGGREGATION << 1, 1),
  fragments,
};

export const packetizeH265 = (nals: readonly Uint8Array[]): readonly Payload[] => packetizeNals(nals, FORMAT);

/** RFC 7798 §4.4.3. */
function fragments(nal: Uint8Array): readonly (readonly Uint8Array[])[] {
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
