/** A file read at positions, for media/mp4's scan. Holds one descriptor; reads only what is asked for. */
import { open } from 'node:fs/promises';
import type { ByteSource } from '../media/mp4/scan.ts';

export type OpenByteSource = ByteSource & { readonly close: () => Promise<void> };

/** @throws system errors. The size is that at opening: what is appended later is not seen. */
export async function openByteSource(path: string): Promise<OpenByteSource> {
  const file = await open(path, 'r');
  const { size } = await file.stat();
  return {
    size,
    read: async (position, length) => {
      const bytes = new Uint8Array(Math.max(0, Math.min(length, size - position)));
      let done = 0;
      while (done < bytes.length) {
        const { bytesRead } = await file.read(bytes, done, bytes.length - done, position + done);
        if (bytesRead === 0) break;
        done += bytesRead;
      }
      return done === bytes.length ? bytes : bytes.subarray(0, done);
    },
    close: () => file.close(),
  };
}
