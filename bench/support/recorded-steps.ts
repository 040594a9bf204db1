/** How evenly the pictures of a recording follow each other, read from the boxes of its files. Shares no code with what wrote them. */
import { closeSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';

/** 25 pictures a second at 90 kHz. */
const STEP_TICKS = 3600;
/** docs/design/segment-format.md: bit 1 of the fragment table's flags says that nothing is missing before it. */
const FLAG_CONTINUOUS = 2;
const UUID_FIELDS = 24;

export type Steps = {
  readonly accessUnits: number;
  /** Pictures that were due and are not there, by the durations. */
  readonly skipped: number;
  /** Fragments, but for the first, that say that something is missing before them. */
  readonly holes: number;
};

export function stepsOf(folder: string): Steps {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.mp4'));
  const boxes = names.sort().flatMap((name) => [...boxesOf(join(folder, name))]);
  const tables = boxes.filter(({ type }) => type === 'uuid');
  const durations = boxes.filter(({ type }) => type === 'moof').flatMap(({ bytes }) => durationsOf(bytes));
  return {
    accessUnits: durations.length,
    skipped: durations.reduce((sum, ticks) => sum + Math.max(0, Math.round(ticks / STEP_TICKS) - 1), 0),
    holes: tables.slice(1).filter(({ bytes }) => (bytes.readUInt32BE(UUID_FIELDS) & FLAG_CONTINUOUS) === 0).length,
  };
}

/** The `uuid` and `moof` boxes behind the `moov`; stops at the first box that is not whole, for the file is being written. */
function* boxesOf(file: string): Generator<{ readonly type: 'uuid' | 'moof'; readonly bytes: Buffer }> {
  const fd = openSync(file, 'r');
  try {
    const { size } = fstatSync(fd);
    const head = Buffer.alloc(8);
    let inFragments = false;
    for (let at = 0; at + 8 <= size;) {
      readSync(fd, head, 0, 8, at);
      const length = head.readUInt32BE(0);
      const type = head.toString('latin1', 4, 8);
      if (length < 8 || at + length > size) return;
      if (type === 'prft') inFragments = true;
      if (inFragments && (type === 'uuid' || type === 'moof')) {
        const bytes = Buffer.alloc(length);
        readSync(fd, bytes, 0, length, at);
        yield { type, bytes };
      }
      at += length;
    }
  } finally {
    closeSync(fd);
  }
}

/** ISO/IEC 14496-12 §8.8.8: of the first track's `trun`; its entries carry duration, size and perhaps an offset. */
function durationsOf(moof: Buffer): readonly number[] {
  const traf = childOf(moof, 8, 'traf');
  const trun = traf < 0 ? -1 : childOf(moof, traf + 8, 'trun');
  if (trun < 0) return [];
  const flags = moof.readUInt32BE(trun + 8) & 0xff_ffff;
  const count = moof.readUInt32BE(trun + 12);
  const first = trun + 16 + ((flags & 1) === 0 ? 0 : 4) + ((flags & 4) === 0 ? 0 : 4);
  const each = 4 * [0x100, 0x200, 0x400, 0x800].filter((bit) => (flags & bit) !== 0).length;
  return Array.from({ length: count }, (_, index) => moof.readUInt32BE(first + index * each));
}

function childOf(bytes: Buffer, from: number, type: string): number {
  for (let at = from; at + 8 <= bytes.length; at += Math.max(8, bytes.readUInt32BE(at))) {
    if (bytes.toString('latin1', at + 4, at + 8) === type) return at;
  }
  return -1;
}
