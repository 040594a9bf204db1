/**
 * Interleaved binary data (RFC 2326 §10.12): `$`, channel, 16-bit length, packet. Facts and helpers small enough for the
 * engine to inline; the loop over a socket's bytes is the recorder's.
 */
export const DOLLAR = 0x24;
export const INTERLEAVED_HEADER = 4;
/** Header and the longest packet that 16 bits can tell. */
export const MAX_INTERLEAVED: number = INTERLEAVED_HEADER + 0xffff;

export const isInterleaved = (bytes: Uint8Array, at: number): boolean => bytes[at] === DOLLAR;
/** Needs 2 bytes from `at`. */
export const interleavedChannel = (bytes: Uint8Array, at: number): number => bytes[at + 1] ?? 0;
/** Bytes of header and packet together. Needs 4 bytes from `at`. */
export const interleavedLength = (bytes: Uint8Array, at: number): number =>
  INTERLEAVED_HEADER + (((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0));

/** Writes the header of a packet of `length` bytes. */
export function writeInterleavedHeader(bytes: Uint8Array, at: number, channel: number, length: number): void {
  bytes[at] = DOLLAR;
  bytes[at + 1] = channel;
  bytes[at + 2] = length >> 8;
  bytes[at + 3] = length & 0xff;
}
