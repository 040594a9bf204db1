/** A folder of this machine with the functions of a share. */
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { SmbShare } from '../../src/smb/smb-share.ts';

export const folderAsShare = (root: string): Partial<SmbShare> => ({
  makeDirectory: async (path) => void (await mkdir(join(root, path), { recursive: true })),
  open: async (path, mode) => {
    const file = await open(join(root, path), mode === 'open' ? 'r+' : mode === 'overwrite' ? 'w+' : 'wx+');
    return {
      write: async (offset, bytes) => void (await file.write(bytes, 0, bytes.length, offset)),
      flush: async () => await file.sync(),
      size: async () => (await file.stat()).size,
      read: async (offset, length) => {
        const { buffer, bytesRead } = await file.read(new Uint8Array(length), 0, length, offset);
        return buffer.subarray(0, bytesRead);
      },
      close: async () => await file.close(),
    };
  },
  rename: async (from, to) => await rename(join(root, from), join(root, to)),
  remove: async (path) => await rm(join(root, path)),
  close: async () => await Promise.resolve(),
});
