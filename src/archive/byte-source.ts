/** A file read at positions, for media/mp4's scan. Holds one descriptor; reads only what is asked for. */
import { open } from 'node:fs/promises';
import { systemCodeOf } from '../core/errors.ts';
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

/** More than this is no bad sector, but a disk that is gone. */
export const MAX_UNREADABLE_BYTES: number = 1024 * 1024;
const SECTOR_BYTES = 4096;

/** What its disk cannot give back reads as zeros, which no check takes for footage. @throws system errors, EIO beyond `MAX_UNREADABLE_BYTES` */
export function withoutBadSectors(source: ByteSource): ByteSource {
  let left = MAX_UNREADABLE_BYTES;
  const read = async (position: number, length: number): Promise<Uint8Array> => {
    try {
      return await source.read(position, length);
    } catch (error) {
      if (systemCodeOf(error) !== 'EIO') throw error;
      if (length > SECTOR_BYTES - (position % SECTOR_BYTES)) return await readHalves(read, position, length);
      left -= length;
      if (left < 0) throw error;
      return new Uint8Array(Math.max(0, Math.min(length, source.size - position)));
    }
  };
  return { size: source.size, read };
}

/** Divided at the border of sectors that is nearest behind the middle, or else before it. */
async function readHalves(read: ByteSource['read'], position: number, length: number): Promise<Uint8Array> {
  const middle = position + length / 2;
  const border = Math.ceil(middle / SECTOR_BYTES) * SECTOR_BYTES;
  const first = (border < position + length ? border : border - SECTOR_BYTES) - position;
  return Buffer.concat([await read(position, first), await read(position + first, length - first)]);
}
