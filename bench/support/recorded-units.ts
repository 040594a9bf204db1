/**
 * The access units that a recorder wrote, read from the boxes of its files. Shares no code with what wrote them. Their hashes tell them;
 * what is missing among them is told in lost-units.ts.
 */
import { closeSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';

/** docs/design/segment-format.md, table of the fragment, counted from the start of its box. */
const FIELDS = 24;
const START_AT: number = FIELDS + 36;
const COUNT_AT: number = FIELDS + 52;
const LEAVES_AT: number = FIELDS + 156;
const LEAF_BYTES = 32;
const US_PER_TICK: number = 1e6 / 90_000;

export type Unit = { readonly hash: string; readonly atUs: number };
/** `units`: in the order of the files. */
export type Recording = { readonly units: readonly Unit[] };

export function recordingIn(folder: string): Recording {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.mp4'));
  const units: Unit[] = [];
  for (const { table, moof } of names.sort().flatMap((name) => [...fragmentsOf(join(folder, name))])) {
    let atUs = Number(table.readBigUInt64BE(START_AT));
    const durations = durationsOf(moof);
    for (let index = 0; index < table.readUInt32BE(COUNT_AT); index += 1) {
      const leaf = LEAVES_AT + index * LEAF_BYTES;
      units.push({ hash: table.toString('base64', leaf, leaf + LEAF_BYTES), atUs });
      atUs += (durations[index] ?? 0) * US_PER_TICK;
    }
  }
  return { units };
}

type FragmentBoxes = { readonly table: Buffer; readonly moof: Buffer };

function* fragmentsOf(file: string): Generator<FragmentBoxes> {
  let table: Buffer | undefined;
  for (const { type, bytes } of boxesOf(file)) {
    if (type === 'uuid') table = bytes;
    else if (table !== undefined) yield { table, moof: bytes };
  }
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
