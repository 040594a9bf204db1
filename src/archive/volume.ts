/**
 * Volumes as control sees them: making a folder or disk ours, looking at one. Asynchronous; a hung disk costs a thread of the pool for as long
 * as it hangs, so callers look at one volume at a time and give a deadline.
 *
 * Belongs here: the marker's life, rules of adoption. Does not: writing footage (volume-root.ts, writer-thread.ts).
 */
import { open, readdir, readFile, realpath, stat, statfs } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isoOf } from '../core/clock.ts';
import type { Clock } from '../core/clock.ts';
import { syncDirectory } from '../core/durable-file.ts';
import { systemCodeOf } from '../core/errors.ts';
import { createId } from '../core/ids.ts';
import { encodeMarker, MARKER_FILE, parseMarker } from './volume-marker.ts';
import type { VolumeMarker } from './volume-marker.ts';
import { problemOf } from './volume-problem.ts';
import type { VolumeProblem } from './volume-problem.ts';

export type InspectedVolume =
  | {
      readonly kind: 'folder';
      /** Links resolved. */
      readonly path: string;
      readonly marker: VolumeMarker | undefined;
      /** Files or folders beside our marker; they are left alone, but the owner should know. */
      readonly hasOtherContent: boolean;
      /** It lies on the system disk, where a full volume hurts everything. */
      readonly onSystemDisk: boolean;
      readonly freeBytes: number;
      readonly totalBytes: number;
    }
  | ({ readonly kind: 'unusable' } & VolumeProblem);

export type AdoptedVolume =
  /** The marker was made now. */
  | { readonly kind: 'created'; readonly marker: VolumeMarker }
  /** This server made it before: its footage is still there, reconcile it. */
  | { readonly kind: 'known'; readonly marker: VolumeMarker }
  /** Another server keeps its footage there. */
  | { readonly kind: 'foreign'; readonly marker: VolumeMarker }
  | ({ readonly kind: 'unusable' } & VolumeProblem);

/** What `path` is; writes nothing. */
export async function inspectVolume(path: string): Promise<InspectedVolume> {
  try {
    const real = await realpath(resolve(path));
    const names = await readdir(real);
    const [own, system, space] = [await stat(real), await stat('/'), await statfs(real)];
    return {
      kind: 'folder',
      path: real,
      marker: names.includes(MARKER_FILE) ? await readMarker(real) : undefined,
      hasOtherContent: names.some((name) => name !== MARKER_FILE && name !== 'lost+found'),
      onSystemDisk: own.dev === system.dev,
      freeBytes: space.bavail * space.bsize,
      totalBytes: space.blocks * space.bsize,
    };
  } catch (error) {
    return { kind: 'unusable', ...problemOf(`the folder ${path} cannot be looked at`, error) };
  }
}

/**
 * Makes the folder at `path` a volume of `serverId`. The folder must exist: creating it would turn a forgotten mount into footage on the
 * system disk. A folder with other things in it is taken; they stay untouched. With `takeOver` the volume of another server is taken
 * as it is, footage included (a disk moved to a new box); its marker stays.
 */
export async function adoptVolume(
  path: string,
  { serverId, clock, takeOver = false }: { serverId: string; clock: Clock; takeOver?: boolean },
): Promise<AdoptedVolume> {
  const marker: VolumeMarker = { id: createId('vol'), created: isoOf(clock.now()), serverId };
  try {
    await createMarker(path, marker);
    return { kind: 'created', marker };
  } catch (error) {
    if (systemCodeOf(error) !== 'EEXIST')
      return { kind: 'unusable', ...problemOf(`the folder ${path} cannot be made a volume`, error) };
  }
  const there = await readMarker(path);
  if (there === undefined)
    return {
      kind: 'unusable',
      cause: 'volume-error',
      message: `${join(path, MARKER_FILE)} is there but cannot be read; move it away if the volume shall be used anew`,
    };
  const ours = there.serverId === undefined || there.serverId === serverId || takeOver;
  return { kind: ours ? 'known' : 'foreign', marker: there };
}

/** Of the volume at `path`; `undefined` if there is none that can be read. */
export async function readMarker(path: string): Promise<VolumeMarker | undefined> {
  try {
    return parseMarker(await readFile(join(path, MARKER_FILE), 'utf8'));
  } catch {
    return undefined;
  }
}

/** Created exclusively: of two servers that share a disk by mistake one loses here. File, then folder, are made durable. */
async function createMarker(path: string, marker: VolumeMarker): Promise<void> {
  const file = await open(join(path, MARKER_FILE), 'wx', 0o640);
  try {
    await file.writeFile(encodeMarker(marker));
    await file.sync();
  } finally {
    await file.close();
  }
  await syncDirectory(path);
}
