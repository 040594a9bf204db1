/**
 * An open volume for the thread that writes to it: synchronous, because only that thread may hang on its disk.
 *
 * The root is held as a directory descriptor and everything is made below `/proc/self/fd/N`, which leads into the mounted file system even when
 * its mount is taken away between a check and a write: not one byte can land on the disk below the mount point (invariant 1 of
 * docs/design/archive.md). `check` is for knowing it, and for making no new files on a disk that was taken out.
 */
import { accessSync, closeSync, constants, existsSync, fstatSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { readFileSync, statfsSync, statSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { syncDirectorySync } from '../core/durable-file.ts';
import { systemCodeOf } from '../core/errors.ts';
import { MARKER_FILE, parseMarker, PROBE_FILE } from './volume-marker.ts';
import { problemOf } from './volume-problem.ts';
import type { VolumeProblem } from './volume-problem.ts';

export type VolumeSpace = { readonly freeBytes: number; readonly totalBytes: number; readonly freeInodes: number };
export type VolumeRoot = {
  /** Prefix of every path of ours, ends without `/`. */
  readonly base: string;
  /** `undefined`: the path still leads to this file system, its marker is ours, and it may be written. */
  readonly check: () => VolumeProblem | undefined;
  readonly space: () => VolumeSpace;
  /** Writes, syncs and removes a small file. */
  readonly probeWrite: () => VolumeProblem | undefined;
  /** Makes the folders of a relative path and makes them durable. @throws system errors */
  readonly ensureDirectory: (directory: string) => void;
  readonly close: () => void;
};
export type OpenedRoot =
  | { readonly kind: 'open'; readonly root: VolumeRoot }
  | ({ readonly kind: 'unusable' } & VolumeProblem);

const { O_RDONLY, O_DIRECTORY, O_WRONLY, O_CREAT, O_TRUNC, W_OK, X_OK } = constants;
const MODE_DIRECTORY = 0o750;
const PROBE_BYTES: Uint8Array = new Uint8Array(4096);
/** Days times streams, forgotten all at once when there are more. */
const MAX_KNOWN_DIRECTORIES = 4096;

/** `id` is the marker's; a volume without it is `volume-gone`: a mount point without its disk looks like that. */
export function openVolumeRoot(path: string, id: string): OpenedRoot {
  let fd: number | undefined;
  try {
    fd = openSync(path, O_RDONLY | O_DIRECTORY);
    const problem = markerProblem(path, id, baseOf(fd, path)) ?? accessProblem(path);
    if (problem === undefined) return { kind: 'open', root: rootOf(path, id, fd) };
    closeSync(fd);
    return { kind: 'unusable', ...problem };
  } catch (error) {
    if (fd !== undefined) closeSync(fd);
    return { kind: 'unusable', ...problemOf(`the volume at ${path} could not be opened`, error) };
  }
}

function rootOf(path: string, id: string, fd: number): VolumeRoot {
  const own = fstatSync(fd);
  const base = baseOf(fd, path);
  const known = new Set<string>();
  return {
    base,
    check: () => {
      try {
        const now = statSync(path);
        if (now.dev !== own.dev || now.ino !== own.ino)
          return gone(path, 'another file system or folder is there now; mount the volume again');
        return markerProblem(path, id) ?? accessProblem(path);
      } catch (error) {
        return problemOf(`the volume at ${path} could not be checked`, error);
      }
    },
    space: () => {
      const { bavail, blocks, bsize, ffree, files } = statfsSync(base);
      // Some file systems (btrfs, network) count no inodes and say 0 of 0.
      return { freeBytes: bavail * bsize, totalBytes: blocks * bsize, freeInodes: files === 0 ? Infinity : ffree };
    },
    probeWrite: () => probeWrite(path, join(base, PROBE_FILE)),
    ensureDirectory: (directory) => {
      if (known.has(directory) && existsSync(join(base, directory))) return;
      if (known.size >= MAX_KNOWN_DIRECTORIES) known.clear();
      makeFolders(base, directory, own.dev);
      known.add(directory);
    },
    close: () => closeSync(fd),
  };
}

/** Without /proc mounted the path itself must do, and only the checks guard it. */
const baseOf = (fd: number, path: string): string => (existsSync(`/proc/self/fd/${fd}`) ? `/proc/self/fd/${fd}` : path);

/** `from`: the folder to read it in, told by descriptor while opening, by path while checking. */
function markerProblem(path: string, id: string, from: string = path): VolumeProblem | undefined {
  let text: string;
  try {
    text = readFileSync(join(from, MARKER_FILE), 'utf8');
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT')
      return gone(path, `${MARKER_FILE} is missing there: the disk is not mounted, or not this one; mount it again`);
    return problemOf(`the marker of the volume at ${path} could not be read`, error);
  }
  const marker = parseMarker(text);
  if (marker?.id === id) return undefined;
  return gone(path, `its marker says ${marker?.id ?? 'nothing readable'}, expected ${id}; mount the right disk`);
}

const gone = (path: string, what: string): VolumeProblem => ({
  cause: 'volume-gone',
  message: `the volume at ${path} is gone: ${what}`,
});

/** access(2) says EROFS of a read-only mount to root too. */
function accessProblem(path: string): VolumeProblem | undefined {
  try {
    accessSync(path, W_OK | X_OK);
    return undefined;
  } catch (error) {
    return problemOf(`the volume at ${path} cannot be written`, error);
  }
}

function probeWrite(path: string, file: string): VolumeProblem | undefined {
  let fd: number | undefined;
  try {
    fd = openSync(file, O_WRONLY | O_CREAT | O_TRUNC, 0o640);
    const written = writeSync(fd, PROBE_BYTES, 0, PROBE_BYTES.length, 0);
    if (written < PROBE_BYTES.length) throw Object.assign(new Error('short write'), { code: 'ENOSPC' });
    fsyncSync(fd);
    return undefined;
  } catch (error) {
    return problemOf(`a trial write to the volume at ${path} failed`, error);
  } finally {
    if (fd !== undefined) closeQuietly(fd, file);
  }
}

function closeQuietly(fd: number, file: string): void {
  try {
    closeSync(fd);
    unlinkSync(file);
  } catch {
    // A left-over probe file is harmless and is used again.
  }
}

/** The name of a folder is durable once its parent has been fsynced. */
function makeFolders(base: string, directory: string, device: number): void {
  const parts = directory.split('/');
  for (let depth = 1; depth <= parts.length; depth += 1) {
    const folder = join(base, ...parts.slice(0, depth));
    try {
      mkdirSync(folder, MODE_DIRECTORY);
    } catch (error) {
      if (systemCodeOf(error) !== 'EEXIST') throw error;
    }
  }
  const folder = join(base, directory);
  if (statSync(folder).dev !== device)
    throw Object.assign(new Error(`${directory} leads out of the volume to another file system; remove the link`), {
      code: 'EXDEV',
    });
  // Those that existed too: a process before us may have died between mkdir and fsync. Once a folder and run it costs nothing.
  for (let depth = 0; depth < parts.length; depth += 1) syncDirectorySync(join(base, ...parts.slice(0, depth)));
}
