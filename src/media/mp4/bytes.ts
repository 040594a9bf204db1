/** Big-endian numbers read and written in place, for the hot path and for parsers; nothing is allocated. */

/** Four characters of a box type as the number that stands in the file. */
export const fourCc = (type: string): number =>
  ((type.charCodeAt(0) << 24) | (type.charCodeAt(1) << 16) | (type.charCodeAt(2) << 8) | type.charCodeAt(3)) >>> 0;

/** Returns the offset behind what it wrote; negative values become their two's complement. */
export function write32(buffer: Uint8Array, at: number, value: number): number {
  buffer[at] = value >>> 24;
  buffer[at + 1] = value >>> 16;
  buffer[at + 2] = value >>> 8;
  buffer[at + 3] = value;
  return at + 4;
}

/** Whole numbers up to 2^53. */
export function write64(buffer: Uint8Array, at: number, value: number): number {
  return write32(buffer, write32(buffer, at, Math.floor(value / 2 ** 32)), value % 2 ** 32);
}

export function writeBoxHeader(buffer: Uint8Array, at: number, size: number, type: number): number {
  return write32(buffer, write32(buffer, at, size), type);
}

/** Bytes behind the end read as 0. */
export const read16 = (buffer: Uint8Array, at: number): number => ((buffer[at] ?? 0) << 8) | (buffer[at + 1] ?? 0);

export const read32 = (buffer: Uint8Array, at: number): number =>
  (((buffer[at] ?? 0) << 24) | ((buffer[at + 1] ?? 0) << 16) | ((buffer[at + 2] ?? 0) << 8) | (buffer[at + 3] ?? 0)) >>>
  0;

/** Rounded above 2^53: such a number is none of ours, and compares unequal to what it should be. */
export const read64 = (buffer: Uint8Array, at: number): number => read32(buffer, at) * 2 ** 32 + read32(buffer, at + 4);
