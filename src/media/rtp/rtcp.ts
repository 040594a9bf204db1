/**
 * RTCP as values (RFC 3550 §6): what cameras send (SR, SDES, BYE) and what receivers and the simulator send. Once in some seconds,
 * so objects are fine here.
 */
import { keyFrameSources, PSFB } from './key-frame-request.ts';

export type RtcpPacket =
  | {
      readonly kind: 'sender-report';
      readonly ssrc: number;
      /** Wall milliseconds since 1970; `undefined` if the camera has no clock (zero, RFC 3550 §6.4.1). */
      readonly wallMs: number | undefined;
      /** Middle 32 bits of the NTP time, to be sent back as LSR. */
      readonly ntpMiddle: number;
      readonly rtpTimestamp: number;
      readonly packets: number;
      readonly octets: number;
    }
  | { readonly kind: 'receiver-report'; readonly ssrc: number; readonly blocks: readonly ReportBlock[] }
  | { readonly kind: 'source-description'; readonly ssrc: number; readonly cname: string | undefined }
  /** PLI or FIR (key-frame-request.ts). */
  | { readonly kind: 'key-frame-request'; readonly ssrc: number; readonly sources: readonly number[] }
  | { readonly kind: 'bye'; readonly sources: readonly number[]; readonly reason: string | undefined };

export type ReportBlock = {
  /** Whose packets are reported. */
  readonly source: number;
  readonly fractionLost: number;
  readonly cumulativeLost: number;
  readonly extendedHighest: number;
  readonly jitter: number;
  /** `ntpMiddle` of the last sender report, 0 if there was none. */
  readonly lastSenderReport: number;
  /** Since then, in 1/65536 s. */
  readonly delay: number;
};

const SR = 200;
const RR = 201;
const SDES = 202;
const BYE = 203;
const CNAME = 1;
/** Seconds from 1900 to 1970. */
const NTP_OFFSET = 2_208_988_800;
const TWO_32 = 4_294_967_296;
/** Packets in one datagram; more is nonsense. */
export const MAX_COMPOUND = 32;

/** All packets that can be read; the rest behind a broken one is dropped, kinds that we do not use are left out. */
export function parseRtcp(bytes: Uint8Array, start: number, end: number): readonly RtcpPacket[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const packets: RtcpPacket[] = [];
  let at = start;
  for (let count = 0; at + 4 <= end && count < MAX_COMPOUND; count += 1) {
    const first = view.getUint8(at);
    const next = at + 4 + view.getUint16(at + 2) * 4;
    if (first >> 6 !== 2 || next > end) break;
    const packet = parseOne(view, at, next);
    if (packet !== undefined) packets.push(packet);
    at = next;
  }
  return packets;
}

function parseOne(view: DataView, at: number, end: number): RtcpPacket | undefined {
  const length = end - at;
  const items = view.getUint8(at) & 0x1f;
  switch (view.getUint8(at + 1)) {
    case SR:
      return length < 28 ? undefined : parseSenderReport(view, at);
    case RR:
      return length < 8
        ? undefined
        : { kind: 'receiver-report', ssrc: view.getUint32(at + 4), blocks: parseBlocks(view, at + 8, end, items) };
    case SDES:
      return length < 8
        ? undefined
        : { kind: 'source-description', ssrc: view.getUint32(at + 4), cname: parseCname(view, at + 8, end) };
    case BYE:
      return parseBye(view, at, end, items);
    case PSFB:
      return parseFeedback(view, at, end);
    default:
      return undefined;
  }
}

function parseFeedback(view: DataView, at: number, end: number): RtcpPacket | undefined {
  const sources = keyFrameSources(view, at, end);
  return sources.length === 0 ? undefined : { kind: 'key-frame-request', ssrc: view.getUint32(at + 4), sources };
}

function parseSenderReport(view: DataView, at: number): RtcpPacket {
  const seconds = view.getUint32(at + 8);
  const fraction = view.getUint32(at + 12);
  // Seconds run over in 2036 (RFC 3550 §4); what looks like before 1968 is after that.
  const since1900 = seconds < 0x8000_0000 ? seconds + TWO_32 : seconds;
  return {
    kind: 'sender-report',
    ssrc: view.getUint32(at + 4),
    wallMs: seconds === 0 ? undefined : (since1900 - NTP_OFFSET) * 1000 + (fraction / TWO_32) * 1000,
    ntpMiddle: (((seconds & 0xffff) << 16) | (fraction >>> 16)) >>> 0,
    rtpTimestamp: view.getUint32(at + 16),
    packets: view.getUint32(at + 20),
    octets: view.getUint32(at + 24),
  };
}

function parseBlocks(view: DataView, start: number, end: number, count: number): readonly ReportBlock[] {
  const blocks: ReportBlock[] = [];
  for (let at = start; at + 24 <= end && blocks.length < count; at += 24) {
    const lost = view.getUint32(at + 4);
    blocks.push({
      source: view.getUint32(at),
      fractionLost: lost >>> 24,
      cumulativeLost: (lost << 8) >> 8,
      extendedHighest: view.getUint32(at + 8),
      jitter: view.getUint32(at + 12),
      lastSenderReport: view.getUint32(at + 16),
      delay: view.getUint32(at + 20),
    });
  }
  return blocks;
}

/** Of the first chunk. */
function parseCname(view: DataView, start: number, end: number): string | undefined {
  let at = start;
  while (at + 2 <= end && view.getUint8(at) !== 0) {
    const length = view.getUint8(at + 1);
    if (at + 2 + length > end) return undefined;
    if (view.getUint8(at) === CNAME) return textAt(view, at + 2, length);
    at += 2 + length;
  }
  return undefined;
}

function parseBye(view: DataView, at: number, end: number, count: number): RtcpPacket {
  const sources = Array.from({ length: count }, (_, index) => at + 4 + index * 4)
    .filter((position) => position + 4 <= end)
    .map((position) => view.getUint32(position));
  const reasonAt = at + 4 + count * 4;
  const length = reasonAt < end ? view.getUint8(reasonAt) : 0;
  const reason = length > 0 && reasonAt + 1 + length <= end ? textAt(view, reasonAt + 1, length) : undefined;
  return { kind: 'bye', sources, reason };
}

const textAt = (view: DataView, at: number, length: number): string =>
  new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + at, length));

/** RR with SDES CNAME, the least that a receiver sends (RFC 3550 §6.1). `cname` up to 255 bytes. */
export function encodeReceiverReport(ssrc: number, blocks: readonly ReportBlock[], cname: string): Uint8Array {
  const report = new DataView(new ArrayBuffer(8 + blocks.length * 24));
  writeHeader(report, RR, blocks.length);
  report.setUint32(4, ssrc);
  blocks.forEach((block, index) => writeBlock(report, 8 + index * 24, block));
  return join(report, sourceDescription(ssrc, cname));
}

type SentReport = Omit<Extract<RtcpPacket, { kind: 'sender-report' }>, 'kind' | 'ntpMiddle'>;
/** SR with SDES CNAME; for the simulator. `wallMs`: wall milliseconds since 1970, fractions count. */
export function encodeSenderReport(report: SentReport, cname: string): Uint8Array {
  const view = new DataView(new ArrayBuffer(28));
  writeHeader(view, SR, 0);
  view.setUint32(4, report.ssrc);
  if (report.wallMs !== undefined) {
    const seconds = Math.floor(report.wallMs / 1000);
    view.setUint32(8, (seconds + NTP_OFFSET) % TWO_32);
    view.setUint32(12, Math.min(TWO_32 - 1, Math.round(((report.wallMs - seconds * 1000) / 1000) * TWO_32)));
  }
  view.setUint32(16, report.rtpTimestamp);
  view.setUint32(20, report.packets);
  view.setUint32(24, report.octets);
  return join(view, sourceDescription(report.ssrc, cname));
}

function writeBlock(view: DataView, at: number, block: ReportBlock): void {
  view.setUint32(at, block.source);
  view.setUint32(at + 4, ((block.fractionLost & 0xff) << 24) | (block.cumulativeLost & 0xff_ffff));
  view.setUint32(at + 8, block.extendedHighest);
  view.setUint32(at + 12, block.jitter);
  view.setUint32(at + 16, block.lastSenderReport);
  view.setUint32(at + 20, block.delay);
}

function sourceDescription(ssrc: number, cname: string): DataView {
  const text = new TextEncoder().encode(cname).subarray(0, 255);
  // At least one zero byte ends the list of items, then up to a word.
  const view = new DataView(new ArrayBuffer(8 + Math.ceil((2 + text.length + 1) / 4) * 4));
  writeHeader(view, SDES, 1);
  view.setUint32(4, ssrc);
  view.setUint8(8, CNAME);
  view.setUint8(9, text.length);
  new Uint8Array(view.buffer).set(text, 10);
  return view;
}

function writeHeader(view: DataView, type: number, count: number): void {
  view.setUint8(0, 0x80 | count);
  view.setUint8(1, type);
  view.setUint16(2, view.byteLength / 4 - 1);
}

function join(one: DataView, other: DataView): Uint8Array {
  const result = new Uint8Array(one.byteLength + other.byteLength);
  result.set(new Uint8Array(one.buffer));
  result.set(new Uint8Array(other.buffer), one.byteLength);
  return result;
}
