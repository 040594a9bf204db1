/** RTP packets for tests: captured ones, made ones, and what a sink heard as text. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AccessUnitSink } from '../../src/media/rtp/access-unit-sink.ts';
import type { Depacketizer } from '../../src/media/rtp/depacketizer.ts';
import { createPacketView, readPacket } from '../../src/media/rtp/packet.ts';
import { unwrapTimestamp } from '../../src/media/rtp/sequence.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures');

/** Packets of a fixture: each behind a 16-bit length. */
export function capturedPackets(name: string): readonly Uint8Array[] {
  const bytes = readFileSync(join(FIXTURES, 'rtp', name));
  const packets: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += 2 + bytes.readUInt16BE(at)) {
    packets.push(bytes.subarray(at + 2, at + 2 + bytes.readUInt16BE(at)));
  }
  return packets;
}

/** NAL units between the start codes of an Annex B file. */
export function annexBUnits(name: string): readonly Uint8Array[] {
  const bytes = readFileSync(join(FIXTURES, 'codec', name));
  const starts: number[] = [];
  for (let at = bytes.indexOf('\0\0\u0001', 0, 'latin1'); at >= 0; at = bytes.indexOf('\0\0\u0001', at + 3, 'latin1'))
    starts.push(at + 3);
  return starts.map((start, index) => {
    let end = starts[index + 1] === undefined ? bytes.length : (starts[index + 1] ?? 0) - 3;
    while (bytes[end - 1] === 0) end -= 1;
    return bytes.subarray(start, end);
  });
}

export type Unit = { readonly timestamp: number; readonly intact: boolean; readonly nals: readonly Uint8Array[] };

/** Keeps access units and checks the order of calls that access-unit-sink.ts promises. */
export function createUnitCollector(): { readonly sink: AccessUnitSink; readonly units: Unit[] } {
  const units: Unit[] = [];
  let open: { timestamp: number; nals: Uint8Array[] } | undefined;
  let nal: number[] | undefined;
  const must = (fine: boolean, what: string): void => {
    if (!fine) throw new Error(`sink: ${what}`);
  };
  const sink: AccessUnitSink = {
    beginAccessUnit: (timestamp) => {
      must(open === undefined, 'begin in an access unit');
      open = { timestamp, nals: [] };
      nal = undefined;
    },
    beginNal: (_type, first, second) => {
      must(open !== undefined, 'NAL unit outside an access unit');
      nal = second < 0 ? [first] : [first, second];
    },
    data: (bytes, start, end) => {
      must(nal !== undefined && start <= end && end <= bytes.length, 'data outside a NAL unit');
      for (let at = start; at < end; at += 1) nal?.push(bytes[at] ?? 0);
    },
    endNal: () => {
      must(nal !== undefined, 'end without begin');
      open?.nals.push(Uint8Array.from(nal ?? []));
      nal = undefined;
    },
    endAccessUnit: (intact) => {
      must(open !== undefined, 'end without access unit');
      must(!intact || nal === undefined, 'intact with an open NAL unit');
      if (open) units.push({ ...open, intact });
      open = undefined;
    },
  };
  return { sink, units };
}

/** Pushes packets in order; a hole in the sequence numbers counts as loss. */
export function feed(depacketizer: Depacketizer, packets: readonly Uint8Array[]): void {
  const view = createPacketView();
  let timestamp = 0;
  let last: number | undefined;
  for (const packet of packets) {
    if (!readPacket(view, packet, 0, packet.length)) continue;
    timestamp = unwrapTimestamp(timestamp, view.timestamp);
    const lost = last !== undefined && ((last + 1) & 0xffff) !== view.sequence;
    last = view.sequence;
    depacketizer.push(view, timestamp, lost);
  }
}

/** A packet made of its parts; `payload` in hex. */
export function packetOf(sequence: number, timestamp: number, marker: boolean, payload: string): Uint8Array {
  const header = Buffer.alloc(12);
  header[0] = 0x80;
  header[1] = (marker ? 0x80 : 0) | 96;
  header.writeUInt16BE(sequence & 0xffff, 2);
  header.writeUInt32BE(timestamp >>> 0, 4);
  header.writeUInt32BE(0x1234_5678, 8);
  return Buffer.concat([header, Buffer.from(payload.replaceAll(' ', ''), 'hex')]);
}

export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
/** `1000 ok 65aa 41bb` for each access unit. */
export const textOf = (units: readonly Unit[]): readonly string[] =>
  units.map(({ timestamp, intact, nals }) => [timestamp, intact ? 'ok' : 'broken', ...nals.map(hexOf)].join(' '));
