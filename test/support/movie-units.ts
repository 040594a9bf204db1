/**
 * Access units out of an exported MP4, whose sample tables tell where each lies. A reader of its own on purpose: what judges exports shares
 * no code with what makes them.
 *
 * @see ISO/IEC 14496-12 §8.7.3.2 (stsz), §8.7.4 (stsc), §8.7.5 (stco, co64)
 */
import type { RecordedUnit } from '../../src/simulator/check.ts';

/** Of the first video track, in decoding order; also those that the edit list hides. `name` goes into `place`. */
export function movieUnits(bytes: Uint8Array, name: string): readonly RecordedUnit[] {
  const moov = only(boxesIn(bytes, 'moov'), 'moov');
  const track = boxesIn(moov, 'trak').find((trak) => handlerOf(trak) === 'vide');
  const stbl = ['mdia', 'minf', 'stbl'].reduce((box, type) => only(boxesIn(box, type), type), only([track], 'video'));
  const sizes = sizesIn(only(boxesIn(stbl, 'stsz'), 'stsz'));
  const units: RecordedUnit[] = [];
  for (const [offset, count] of chunksIn(stbl)) {
    let at = offset;
    for (const size of sizes.slice(units.length, units.length + count)) {
      units.push({ nals: nalsOf(bytes.subarray(at, at + size)), place: `${name} sample ${units.length}` });
      at += size;
    }
  }
  if (units.length !== sizes.length) throw new Error(`${name}: ${sizes.length} sizes, ${units.length} places`);
  return units;
}

/** What is inside of each child of this type. */
function boxesIn(bytes: Uint8Array, wanted: string): readonly Uint8Array[] {
  const view = viewOf(bytes);
  const found: Uint8Array[] = [];
  for (let at = 0; at + 8 <= bytes.length;) {
    const size = view.getUint32(at);
    const type = Buffer.from(bytes.subarray(at + 4, at + 8)).toString('latin1');
    const head = size === 1 ? 16 : 8;
    const length = size === 1 ? Number(view.getBigUint64(at + 8)) : size === 0 ? bytes.length - at : size;
    if (length < head || at + length > bytes.length) throw new Error(`box ${type} at ${at} is not whole`);
    if (type === wanted) found.push(bytes.subarray(at + head, at + length));
    at += length;
  }
  return found;
}

function only(boxes: readonly (Uint8Array | undefined)[], type: string): Uint8Array {
  const [box] = boxes;
  if (box === undefined || boxes.length > 1) throw new Error(`${boxes.length} boxes ${type}`);
  return box;
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function handlerOf(trak: Uint8Array): string {
  const hdlr = only(boxesIn(only(boxesIn(trak, 'mdia'), 'mdia'), 'hdlr'), 'hdlr');
  return Buffer.from(hdlr.subarray(8, 12)).toString('latin1');
}

function sizesIn(stsz: Uint8Array): readonly number[] {
  const view = viewOf(stsz);
  const [common, count] = [view.getUint32(4), view.getUint32(8)];
  return Array.from({ length: count }, (_, index) => (common === 0 ? view.getUint32(12 + index * 4) : common));
}

/** Offset in the file and number of samples. */
function chunksIn(stbl: Uint8Array): readonly (readonly [number, number])[] {
  const [short] = boxesIn(stbl, 'stco');
  const offsets = viewOf(short ?? only(boxesIn(stbl, 'co64'), 'co64'));
  const runs = viewOf(only(boxesIn(stbl, 'stsc'), 'stsc'));
  const entries = Array.from({ length: runs.getUint32(4) }, (_, index) => ({
    first: runs.getUint32(8 + index * 12),
    count: runs.getUint32(12 + index * 12),
  }));
  return Array.from({ length: offsets.getUint32(4) }, (_, index) => {
    const entry = entries.findLast(({ first }) => first <= index + 1);
    const offset = short === undefined ? Number(offsets.getBigUint64(8 + index * 8)) : offsets.getUint32(8 + index * 4);
    return [offset, entry?.count ?? 0];
  });
}

/** Four-byte lengths. */
function nalsOf(sample: Uint8Array): readonly Uint8Array[] {
  const view = viewOf(sample);
  const nals: Uint8Array[] = [];
  for (let at = 0; at + 4 <= sample.length; at += 4 + view.getUint32(at))
    nals.push(sample.subarray(at + 4, at + 4 + view.getUint32(at)));
  return nals;
}
