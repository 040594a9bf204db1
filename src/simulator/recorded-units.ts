/**
 * Access units out of fragmented MP4 segments as Understudy writes them (docs/design/segment-format.md). A reader of its own on
 * purpose: what judges the recorder shares no code with it.
 *
 * @see ISO/IEC 14496-12 §8.8.7 (tfhd), §8.8.8 (trun)
 */
import type { VideoCodec } from '../media/tracks.ts';
import type { RecordedUnit } from './check.ts';

type Box = { readonly type: string; readonly start: number; readonly body: number; readonly end: number };

export type RecordedSegment = {
  readonly codec: VideoCodec | undefined;
  readonly units: readonly RecordedUnit[];
  /** Bytes behind the last whole fragment. */
  readonly tornBytes: number;
};

const VIDEO_TRACK = 1;

/** `name` goes into `place`. Stops at the first box that is not whole. */
export function readSegment(bytes: Uint8Array, name: string): RecordedSegment {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const units: RecordedUnit[] = [];
  let codec: VideoCodec | undefined;
  let moof: Box | undefined;
  let at = 0;
  for (let box = boxAt(view, at, bytes.length); box !== undefined; box = boxAt(view, at, bytes.length)) {
    at = box.end;
    if (box.type === 'moov') codec = codecIn(bytes.subarray(box.body, box.end));
    if (box.type === 'moof') moof = box;
    if (box.type !== 'mdat' || moof === undefined) continue;
    for (const sample of samplesOf(view, moof)) {
      const nals = nalsOf(view, bytes, sample.offset, Math.min(sample.offset + sample.size, box.end));
      units.push({ nals, place: `${name} sample ${units.length}` });
    }
  }
  return { codec, units, tornBytes: bytes.length - at };
}

function boxAt(view: DataView, at: number, end: number): Box | undefined {
  if (at + 8 > end) return undefined;
  const size = view.getUint32(at);
  const type = String.fromCharCode(...Array.from({ length: 4 }, (_, index) => view.getUint8(at + 4 + index)));
  if (size === 1 && at + 16 <= end) {
    const large = Number(view.getBigUint64(at + 8));
    return large < 16 || at + large > end ? undefined : { type, start: at, body: at + 16, end: at + large };
  }
  return size < 8 || at + size > end ? undefined : { type, start: at, body: at + 8, end: at + size };
}

function childrenOf(view: DataView, parent: Box): readonly Box[] {
  const boxes: Box[] = [];
  let at = parent.body;
  for (let box = boxAt(view, at, parent.end); box !== undefined; box = boxAt(view, at, parent.end)) {
    boxes.push(box);
    at = box.end;
  }
  return boxes;
}

type Sample = { readonly offset: number; readonly size: number };

function samplesOf(view: DataView, moof: Box): readonly Sample[] {
  const trafs = childrenOf(view, moof).filter(({ type }) => type === 'traf');
  return trafs.flatMap((traf) => {
    const boxes = childrenOf(view, traf);
    const tfhd = boxes.find(({ type }) => type === 'tfhd');
    if (tfhd === undefined || view.getUint32(tfhd.body + 4) !== VIDEO_TRACK) return [];
    const defaultSize = defaultSizeIn(view, tfhd);
    return boxes
      .filter(({ type }) => type === 'trun')
      .flatMap((trun) => samplesIn(view, trun, moof.start, defaultSize));
  });
}

function defaultSizeIn(view: DataView, tfhd: Box): number {
  const flags = view.getUint32(tfhd.body) & 0xff_ffff;
  if ((flags & 0x10) === 0) return 0;
  const at = tfhd.body + 8 + (flags & 1 ? 8 : 0) + (flags & 2 ? 4 : 0) + (flags & 8 ? 4 : 0);
  return view.getUint32(at);
}

function samplesIn(view: DataView, trun: Box, base: number, defaultSize: number): readonly Sample[] {
  const flags = view.getUint32(trun.body) & 0xff_ffff;
  const count = view.getUint32(trun.body + 4);
  let at = trun.body + 8 + (flags & 1 ? 4 : 0) + (flags & 4 ? 4 : 0);
  let offset = base + (flags & 1 ? view.getInt32(trun.body + 8) : 0);
  const stride = [0x100, 0x200, 0x400, 0x800].filter((flag) => flags & flag).length * 4;
  const samples: Sample[] = [];
  for (let index = 0; index < count && at + stride <= trun.end; index += 1) {
    const size = flags & 0x200 ? view.getUint32(at + (flags & 0x100 ? 4 : 0)) : defaultSize;
    samples.push({ offset, size });
    offset += size;
    at += stride;
  }
  return samples;
}

/** Four-byte lengths. */
function nalsOf(view: DataView, bytes: Uint8Array, start: number, end: number): readonly Uint8Array[] {
  const nals: Uint8Array[] = [];
  for (let at = start; at + 4 <= end;) {
    const length = view.getUint32(at);
    if (at + 4 + length > end) break;
    nals.push(bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return nals;
}

/** The sample entry's name stands in the clear; parsing the whole tree would add nothing. */
function codecIn(moov: Uint8Array): VideoCodec | undefined {
  const text = Buffer.from(moov.buffer, moov.byteOffset, moov.byteLength).toString('latin1');
  if (text.includes('avc1')) return 'h264';
  return text.includes('hvc1') || text.includes('hev1') ? 'h265' : undefined;
}
