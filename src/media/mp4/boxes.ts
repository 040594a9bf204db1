/**
 * ISO/IEC 14496-12 boxes as bytes: one function a box, named as the standard names it. Section numbers are of that
 * standard (2022) unless another is named.
 *
 * Belongs here: boxes that hold no media format of their own. Does not: sample entries (sample-entries.ts), whole files
 * (init-segment.ts), and the boxes in front of every fragment, which are written in place (fragment-writer.ts).
 */
export type Bytes = Uint8Array<ArrayBuffer>;

const TEXT = new TextEncoder();
/** Unity matrix of `mvhd` and `tkhd` (§6.2.2). */
const MATRIX: readonly number[] = [0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000];

export function concat(parts: readonly Uint8Array[]): Bytes {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}

const ascii = (text: string): Bytes => TEXT.encode(text);
export const u8 = (...values: readonly number[]): Bytes => Uint8Array.from(values);

export function u16(...values: readonly number[]): Bytes {
  const view = new DataView(new ArrayBuffer(values.length * 2));
  values.forEach((value, index) => view.setUint16(index * 2, value));
  return new Uint8Array(view.buffer);
}

/** Negative values become their two's complement. */
export function u32(...values: readonly number[]): Bytes {
  const view = new DataView(new ArrayBuffer(values.length * 4));
  values.forEach((value, index) => view.setUint32(index * 4, value));
  return new Uint8Array(view.buffer);
}

export function u64(...values: readonly number[]): Bytes {
  const view = new DataView(new ArrayBuffer(values.length * 8));
  values.forEach((value, index) => view.setBigUint64(index * 8, BigInt(value)));
  return new Uint8Array(view.buffer);
}

/** §4.2.2 Object structure. */
export function box(type: string, ...parts: readonly Uint8Array[]): Bytes {
  const size = parts.reduce((sum, part) => sum + part.length, 8);
  return concat([u32(size), ascii(type), ...parts]);
}

export const fullBox = (type: string, version: number, flags: number, ...parts: readonly Uint8Array[]): Bytes =>
  box(type, u32(version * 0x1000000 + flags), ...parts);

/** §4.2.2 with an extended type of 16 bytes. */
export const uuid = (extendedType: Uint8Array, ...parts: readonly Uint8Array[]): Bytes =>
  box('uuid', extendedType, ...parts);

/** §4.3 File type. */
export const ftyp = (major: string, minor: number, compatible: readonly string[]): Bytes =>
  box('ftyp', ascii(major), u32(minor), ...compatible.map(ascii));

/** §8.1.2 Free space: `length` bytes in all, at least 8, zeros inside. */
export const free = (length: number): Bytes => box('free', new Uint8Array(length - 8));

/** §8.2.2 Movie header. `duration` in ticks of `timescale`. */
export const mvhd = (timescale: number, duration: number, nextTrackId: number): Bytes =>
  fullBox(
    'mvhd',
    1,
    0,
    u64(0, 0),
    u32(timescale),
    u64(duration),
    u32(0x10000),
    u16(0x100, 0),
    u32(0, 0, ...MATRIX, 0, 0, 0, 0, 0, 0, nextTrackId),
  );

export type TrackHeader = {
  readonly trackId: number;
  /** In ticks of the movie's timescale. */
  readonly duration: number;
  /** Of the picture; both 0 for sound. */
  readonly width: number;
  readonly height: number;
};

/** §8.3.2 Track header: enabled and in the movie. */
export const tkhd = ({ trackId, duration, width, height }: TrackHeader): Bytes =>
  fullBox(
    'tkhd',
    1,
    3,
    u64(0, 0),
    u32(trackId, 0),
    u64(duration),
    u32(0, 0),
    u16(0, 0, width === 0 ? 0x100 : 0, 0),
    u32(...MATRIX, width * 0x10000, height * 0x10000),
  );

/** One row of an edit list; `mediaTime` -1 is an empty edit. */
export type Edit = { readonly duration: number; readonly mediaTime: number };

/** §8.6.5 and §8.6.6. Durations in ticks of the movie, media times in ticks of the track. */
export const edts = (edits: readonly Edit[]): Bytes =>
  box(
    'edts',
    fullBox(
      'elst',
      1,
      0,
      u32(edits.length),
      ...edits.map(({ duration, mediaTime }) =>
        concat([u64(duration), mediaTime < 0 ? u32(-1, -1) : u64(mediaTime), u16(1, 0)]),
      ),
    ),
  );

/** §8.4.2 Media header, language undetermined. */
export const mdhd = (timescale: number, duration: number): Bytes =>
  fullBox('mdhd', 1, 0, u64(0, 0), u32(timescale), u64(duration), u16(0x55c4, 0));

/** §8.4.3 Handler reference. */
export const hdlr = (handlerType: 'vide' | 'soun'): Bytes =>
  fullBox('hdlr', 0, 0, u32(0), ascii(handlerType), u32(0, 0, 0), u8(0));

/** §12.1.2 Video media header. */
export const vmhd = (): Bytes => fullBox('vmhd', 0, 1, u16(0, 0, 0, 0));
/** §12.2.2 Sound media header. */
export const smhd = (): Bytes => fullBox('smhd', 0, 0, u16(0, 0));
/** §8.7.1 Data information: the media lie in this file. */
export const dinf = (): Bytes => box('dinf', fullBox('dref', 0, 0, u32(1), fullBox('url ', 0, 1)));
/** §8.5.2 Sample descriptions. */
export const stsd = (entry: Uint8Array): Bytes => fullBox('stsd', 0, 0, u32(1), entry);

/** §8.8.3 Track extends: every sample but the first of a fragment depends on others and is no sync sample (§8.8.3.1). */
export const trex = (trackId: number, defaultSampleFlags: number): Bytes =>
  fullBox('trex', 0, 0, u32(trackId, 1, 0, 0, defaultSampleFlags));
