/**
 * O_DIRECT: whether a volume takes it, and from where in memory. Found by really writing, never by the name of the file system:
 * tmpfs, FUSE, ecryptfs and some network file systems refuse it, each at another call.
 *
 * Belongs here: the probe and the alignment. Does not: when to write (writer-thread.ts).
 */
import { closeSync, constants, openSync, unlinkSync, writeSync } from 'node:fs';
import { systemCodeOf } from '../core/errors.ts';

/** What O_DIRECT asks of every disk we know, of memory, length and position in the file. */
export const DIRECT_ALIGNMENT = 4096;
/**
 * The first place of a slab whose memory lies on a page boundary. Large blocks of glibc's malloc are mapped pages with a header of 16 bytes, so
 * the data of a SharedArrayBuffer begins at page offset 16 and 4096 - 16 is a boundary. Held by the pinned Node on x86_64 and aarch64;
 * every slab is tried before it is trusted, and one that fails is copied through an aligned buffer.
 */
export const SLAB_BASE = 4080;
/** glibc maps blocks above 32 MiB in any case (its threshold grows to that and no further), so only such slabs are sure to be aligned. */
export const MIN_SLAB_BYTES: number = 33 * 1024 * 1024;

export type DirectProbe =
  | { readonly kind: 'direct' }
  /** The file system refuses the flag or the write. */
  | { readonly kind: 'buffered'; readonly code: string }
  | { readonly kind: 'failed'; readonly error: unknown };

/** What a file system answers that does not take it. */
export const REFUSALS: ReadonlySet<string> = new Set(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/** Writes one unit of `memory` (from `offset`) to `file`, which must not exist, with O_DIRECT, and removes it again. */
export function probeDirect(file: string, memory: Uint8Array, offset: number): DirectProbe {
  let fd: number | undefined;
  try {
    fd = openSync(file, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_DIRECT, 0o640);
    const written = writeSync(fd, memory, offset, DIRECT_ALIGNMENT, 0);
    return written === DIRECT_ALIGNMENT ? { kind: 'direct' } : { kind: 'buffered', code: 'SHORT' };
  } catch (error) {
    const code = systemCodeOf(error);
    return code !== undefined && REFUSALS.has(code) ? { kind: 'buffered', code } : { kind: 'failed', error };
  } finally {
    if (fd !== undefined) closeSync(fd);
    removeQuietly(file);
  }
}

/** A view of page-aligned memory of `length` bytes, as far as `SLAB_BASE` holds. */
export function createAlignedBuffer(length: number): Uint8Array {
  return new Uint8Array(new ArrayBuffer(Math.max(MIN_SLAB_BYTES, length + DIRECT_ALIGNMENT)), SLAB_BASE, length);
}

function removeQuietly(file: string): void {
  try {
    unlinkSync(file);
  } catch {
    // It never came to be, or the disk is ill: the caller's next write tells.
  }
}
