/** Bytes in memory as a file that can be scanned. */
import type { ByteSource } from '../../src/media/mp4/scan.ts';

export const sourceOf = (bytes: Uint8Array): ByteSource => ({
  size: bytes.length,
  read: async (position, length) => bytes.slice(position, Math.min(bytes.length, position + length)),
});
