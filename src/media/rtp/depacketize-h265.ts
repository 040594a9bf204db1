/**
 * H.265 from RTP: packets in, NAL units and access units out (RFC 7798: single NAL unit §4.4.1, aggregation packet §4.4.2,
 * fragmentation unit §4.4.3). PACI and DONL (`sprop-max-don-diff` > 0, refused in sdp/) are not read.
 * What is tolerated stands at `createAccessUnitBuilder`.
 */
import { UnderstudyError } from '../../core/errors.ts';
import type { AccessUnitSink } from './access-unit-sink.ts';
import { aggregateOf, createVideoDepacketizer } from './depacketizer.ts';
import type { AccessUnitBuilder, Depacketizer } from './depacketizer.ts';

const AGGREGATION = 48;
const FRAGMENTATION = 49;

export const createH265Depacketizer = (sink: AccessUnitSink): Depacketizer =>
  createVideoDepacketizer(sink, readH265, unsupported);

function readH265(unit: AccessUnitBuilder, bytes: Uint8Array, start: number, end: number): boolean {
  const type = ((bytes[start] ?? 0) >> 1) & 0x3f;
  if (type === FRAGMENTATION) fragment(unit, bytes, start, end);
  else if (type < AGGREGATION) single(unit, bytes, start, end);
  else if (type === AGGREGATION) aggregate(unit, bytes, start + 2, end);
  else return false;
  return true;
}

/** §4.4.3: payload header, `FU header` with start, end and type, then a piece. */
function fragment(unit: AccessUnitBuilder, bytes: Uint8Array, start: number, end: number): void {
  if (end - start < 4) return unit.damage();
  const header = bytes[start + 2] ?? 0;
  if ((header & 0x80) !== 0) {
    const type = header & 0x3f;
    const first = ((bytes[start] ?? 0) & 0x81) | (type << 1);
    unit.nal(type, first, bytes[start + 1] ?? 0, firstSliceOf(type, bytes[start + 3] ?? 0));
  } else if (!unit.isNalOpen()) return unit.damage();
  unit.data(bytes, start + 3, end);
  if ((header & 0x40) !== 0) unit.endNal();
}

function single(unit: AccessUnitBuilder, bytes: Uint8Array, start: number, end: number): void {
  if (end - start < 3) return unit.damage();
  const first = bytes[start] ?? 0;
  const type = (first >> 1) & 0x3f;
  unit.nal(type, first, bytes[start + 1] ?? 0, firstSliceOf(type, bytes[start + 2] ?? 0));
  unit.data(bytes, start + 2, end);
  unit.endNal();
}

/** §4.4.2, no DONL. */
const aggregate = aggregateOf(single);

/** `first_slice_segment_in_pic_flag` is the first bit of the slice header (ISO/IEC 23008-2 §7.3.6.1). */
const firstSliceOf = (type: number, afterHeader: number): number => (type < 32 ? afterHeader >> 7 : -1);

const unsupported = (first: number): UnderstudyError =>
  new UnderstudyError(
    'protocol',
    'rtp/payload-format',
    `Expected H.265 as single, aggregation or fragmentation packets (RFC 7798), got packets of type ${(first >> 1) & 0x3f}.`,
  );
