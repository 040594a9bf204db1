/**
 * H.264 from RTP: packets in, NAL units and access units out (RFC 6184, packetization modes 0 and 1: single NAL unit §5.6,
 * STAP-A §5.7.1, FU-A §5.8). Interleaved mode is refused. What is tolerated stands at `createAccessUnitBuilder`, and here:
 * - NAL units with an Annex B start code in front of them lose it (cheap cameras behind Live555 of 2012);
 * - a STAP-A whose last length runs over the packet keeps the NAL units before it, its access unit is not intact.
 */
import { UnderstudyError } from '../../core/errors.ts';
import type { AccessUnitSink } from './access-unit-sink.ts';
import { aggregateOf, createVideoDepacketizer } from './depacketizer.ts';
import type { AccessUnitBuilder, Depacketizer } from './depacketizer.ts';

const STAP_A = 24;
const FU_A = 28;

export const createH264Depacketizer = (sink: AccessUnitSink): Depacketizer =>
  createVideoDepacketizer(sink, readH264, unsupported);

function readH264(unit: AccessUnitBuilder, bytes: Uint8Array, start: number, end: number): boolean {
  const type = (bytes[start] ?? 0) & 0x1f;
  if (type === FU_A) fragment(unit, bytes, start, end);
  else if (type >= 1 && type < STAP_A) single(unit, bytes, start, end);
  else if (type === STAP_A) aggregate(unit, bytes, start + 1, end);
  else if (startCodeAt(bytes, start, end) > 0) annexB(unit, bytes, start, end);
  else return false;
  return true;
}

/** §5.8: `FU indicator`, `FU header` with start, end and type, then a piece. */
function fragment(unit: AccessUnitBuilder, bytes: Uint8Array, start: number, end: number): void {
  if (end - start < 3) return unit.damage();
  const header = bytes[start + 1] ?? 0;
  if ((header & 0x80) !== 0) {
    const type = header & 0x1f;
    unit.nal(type, ((bytes[start] ?? 0) & 0xe0) | type, -1, firstSliceOf(type, bytes[start + 2] ?? 0));
  } else if (!unit.isNalOpen()) return unit.damage();
  unit.data(bytes, start + 2, end);
  if ((header & 0x40) !== 0) unit.endNal();
}

function single(unit: AccessUnitBuilder, bytes: Uint8Array, start: number, end: number): void {
  const first = bytes[start] ?? 0;
  const type = first & 0x1f;
  unit.nal(type, first, -1, firstSliceOf(type, bytes[start + 1] ?? 0));
  unit.data(bytes, start + 1, end);
  unit.endNal();
}

/** §5.7.1. */
const aggregate = aggregateOf(single);

/** NAL units with start codes between them (ISO/IEC 14496-10 Annex B), which RFC 6184 does not know. */
function annexB(unit: AccessUnitBuilder, bytes: Uint8Array, start: number, end: number): void {
  let at = start + startCodeAt(bytes, start, end);
  while (at < end) {
    let next = at;
    while (next < end && startCodeAt(bytes, next, end) === 0) next += 1;
    if (next > at) single(unit, bytes, at, next);
    at = next + startCodeAt(bytes, next, end);
  }
}

/** Length of the start code at `at`: 3, 4, or 0 if there is none. */
function startCodeAt(bytes: Uint8Array, at: number, end: number): number {
  if (at + 3 >= end || bytes[at] !== 0 || bytes[at + 1] !== 0) return 0;
  if (bytes[at + 2] === 1) return 3;
  return bytes[at + 2] === 0 && bytes[at + 3] === 1 ? 4 : 0;
}

/** `first_mb_in_slice` is 0 exactly if the first bit of the slice header is 1 (Exp-Golomb); data partitions B and C have no picture start. */
const firstSliceOf = (type: number, afterHeader: number): number => {
  if (type === 1 || type === 2 || type === 5) return afterHeader >> 7;
  return -1;
};

const unsupported = (first: number): UnderstudyError =>
  new UnderstudyError(
    'protocol',
    'rtp/payload-format',
    `Expected H.264 in packetization mode 0 or 1 (RFC 6184), got packets of type ${first & 0x1f}: set the camera to non-interleaved H.264.`,
  );
