/**
 * One segment file while it is being written: created exclusively, only appended to, synchronous (writer thread only).
 *
 * After a failed write or sync a file is never touched again: the kernel reports a lost page once and says "ok" the second time with the data
 * gone, so a retry on the same descriptor proves nothing.
 */
import { closeSync, constants, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { systemCodeOf } from '../core/errors.ts';
import { epochMs } from '../core/units.ts';
import { dayFolderOf, segmentFileOf } from './segment-path.ts';
import type { VolumeRoot } from './volume-root.ts';
import type { OpenJob } from './writer-protocol.ts';

export type SegmentFile = {
  /** Relative to the volume's root. */
  readonly path: string;
  /** The folder whose entry for this file must be made durable. */
  readonly directory: string;
  /** @throws system errors; the file is to be closed then */
  readonly append: (memory: Uint8Array, offset: number, length: number) => void;
  /** @throws system errors; the file is to be closed then */
  readonly sync: () => void;
  readonly close: () => void;
};

/** Names tried when the clock was set back onto footage that is there: 5 s worth. */
export const MAX_NAME_TRIES = 5000;
const MODE_FILE = 0o640;
const { O_WRONLY, O_CREAT, O_EXCL, O_DIRECT } = constants;

/** @throws system errors; ENOENT if the day's folder was removed in between (`ensureDirectory` again) */
export function openSegmentFile(root: VolumeRoot, job: OpenJob, direct: boolean): SegmentFile {
  for (let tries = 0; tries < MAX_NAME_TRIES; tries += 1) {
    const start = epochMs(job.startMs + tries);
    const directory = `${job.directory.slice(0, job.directory.lastIndexOf('/'))}/${dayFolderOf(start)}`;
    root.ensureDirectory(directory);
    const path = `${directory}/${segmentFileOf(start, job.suffix)}`;
    try {
      const flags = O_WRONLY | O_CREAT | O_EXCL | (direct ? O_DIRECT : 0);
      return segmentFileAt(openSync(join(root.base, path), flags, MODE_FILE), path, directory);
    } catch (error) {
      if (systemCodeOf(error) !== 'EEXIST') throw error;
    }
  }
  throw Object.assign(new Error(`${MAX_NAME_TRIES} names from ${job.startMs} on are taken in ${job.directory}`), {
    code: 'EEXIST',
  });
}

function segmentFileAt(opened: number, path: string, directory: string): SegmentFile {
  let fd = opened;
  let position = 0;
  let direct = true;
  const write = (memory: Uint8Array, offset: number, length: number): number => {
    try {
      return writeSync(fd, memory, offset, length, position);
    } catch (error) {
      if (systemCodeOf(error) !== 'EINVAL' || !direct) throw error;
    }
    // Refused for its alignment before anything was written (a short write left the position between two blocks): go on without O_DIRECT.
    direct = false;
    const buffered = openSync(`/proc/self/fd/${fd}`, O_WRONLY);
    closeSync(fd);
    fd = buffered;
    return writeSync(fd, memory, offset, length, position);
  };
  return {
    path,
    directory,
    append: (memory, offset, length) => {
      let done = 0;
      while (done < length) {
        const written = write(memory, offset + done, length - done);
        if (written === 0) throw Object.assign(new Error('the disk took no byte'), { code: 'EIO' });
        done += written;
        position += written;
      }
    },
    sync: () => fdatasyncSync(fd),
    close: () => closeSync(fd),
  };
}
