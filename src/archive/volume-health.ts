/**
 * Whether a volume may be written to, as its writer thread sees it: mount and marker, space, and what failed lately.
 *
 * Rules: new files need the volume present, ours, writable and without a recent failure; a failure is forgotten after a trial write that was synced. Appending to an
 * open segment needs only room: when the mount was taken away lazily its descriptor still leads to the real disk. Full is full until a
 * margin above the reserve is free again, so that the state does not flutter with every deletion.
 */
import type { VolumeOrder, VolumeState } from '../wire/media-protocol.ts';
import { createAlignedBuffer, DIRECT_ALIGNMENT, probeDirect } from './direct-io.ts';
import { PROBE_FILE } from './volume-marker.ts';
import { causeOf } from './volume-problem.ts';
import type { VolumeProblem } from './volume-problem.ts';
import { openVolumeRoot } from './volume-root.ts';
import type { VolumeRoot, VolumeSpace } from './volume-root.ts';

export type VolumeHealth = {
  /** The whole check, disk access included. */
  readonly check: () => VolumeState;
  /** Free space only: once a batch. */
  readonly measure: () => void;
  readonly full: () => VolumeProblem | undefined;
  /** Checks mount and marker right now. */
  readonly rootForNewFile: () =>
    | { readonly kind: 'open'; readonly root: VolumeRoot }
    | ({ readonly kind: 'unusable' } & VolumeProblem);
  /** A write, sync or open failed. */
  readonly failed: (problem: VolumeProblem, code: string) => void;
  readonly directIo: () => boolean;
  /** Whether O_DIRECT takes this memory from `offset`. */
  readonly tryMemory: (memory: Uint8Array, offset: number) => boolean;
  readonly state: () => VolumeState;
  readonly close: () => void;
};

/** Free again this much above the reserve: an eighth of it, at most 256 MiB. */
const resumeMarginOf = (reserveBytes: number): number => Math.min(reserveBytes / 8, 256 * 1024 * 1024);
/** A segment costs one inode, a day three. */
const MIN_FREE_INODES = 64;

type Seen = {
  root: VolumeRoot | undefined;
  absent: VolumeProblem | undefined;
  failure: VolumeProblem | undefined;
  full: VolumeProblem | undefined;
  space: VolumeSpace;
  directIo: boolean;
};

export function createVolumeHealth(volume: VolumeOrder): VolumeHealth {
  const seen: Seen = {
    root: undefined,
    absent: { cause: 'volume-gone', message: `${volume.path} was not looked at yet` },
    failure: undefined,
    full: undefined,
    space: { freeBytes: 0, totalBytes: 0, freeInodes: 0 },
    directIo: false,
  };
  return {
    check: () => {
      look(volume, seen);
      measure(volume, seen);
      if (seen.failure && seen.root && seen.absent === undefined) seen.failure = seen.root.probeWrite();
      return stateOf(seen);
    },
    measure: () => measure(volume, seen),
    full: () => seen.full,
    rootForNewFile: () => {
      look(volume, seen);
      const problem = problemNow(seen);
      if (problem !== undefined || seen.root === undefined)
        return { kind: 'unusable', ...(problem ?? { cause: 'volume-gone', message: `${volume.path} is gone` }) };
      return { kind: 'open', root: seen.root };
    },
    failed: ({ message }, code) => {
      seen.failure = { cause: causeOf(code), message: `the last write to ${volume.path} failed: ${message}` };
    },
    directIo: () => seen.directIo,
    tryMemory: (memory, offset) => {
      if (seen.root === undefined || memory.length < offset + DIRECT_ALIGNMENT) return false;
      return probeDirect(`${seen.root.base}/${PROBE_FILE}-memory`, memory, offset).kind === 'direct';
    },
    state: () => stateOf(seen),
    close: () => release(seen),
  };
}

const problemNow = ({ absent, failure, full }: Seen): VolumeProblem | undefined => absent ?? failure ?? full;

function stateOf(seen: Seen): VolumeState {
  const { freeBytes, totalBytes } = seen.space;
  const problem = problemNow(seen);
  return problem === undefined
    ? { kind: 'usable', freeBytes, totalBytes, directIo: seen.directIo }
    : { kind: 'unusable', cause: problem.cause, message: problem.message, freeBytes, totalBytes };
}

function look(volume: VolumeOrder, seen: Seen): void {
  seen.absent = seen.root?.check();
  if (seen.absent?.cause === 'volume-gone') release(seen);
  if (seen.root !== undefined) return;
  const found = openVolumeRoot(volume.path, volume.id);
  if (found.kind === 'unusable') {
    seen.absent = found;
    return;
  }
  seen.root = found.root;
  seen.absent = undefined;
  seen.directIo = takesDirect(found.root);
}

function release(seen: Seen): void {
  seen.root?.close();
  seen.root = undefined;
}

function measure(volume: VolumeOrder, seen: Seen): void {
  if (seen.root === undefined) return;
  try {
    seen.space = seen.root.space();
  } catch {
    return; // The next write or check tells what is wrong.
  }
  seen.full = fullness(volume, seen.space, seen.full !== undefined);
}

function fullness(volume: VolumeOrder, space: VolumeSpace, wasFull: boolean): VolumeProblem | undefined {
  const needed = volume.reserveBytes + (wasFull ? resumeMarginOf(volume.reserveBytes) : 0);
  if (space.freeBytes < needed)
    return {
      cause: 'volume-full',
      message: `${volume.path} has ${space.freeBytes} bytes free, ${needed} are needed; free space on it or lower its reserve`,
    };
  if (space.freeInodes < MIN_FREE_INODES)
    return {
      cause: 'volume-full',
      message: `${volume.path} has ${space.freeInodes} inodes left, ${MIN_FREE_INODES} are needed; remove small files from it`,
    };
  return undefined;
}

/** Memory that is known to be aligned, so that the answer is about the file system. */
function takesDirect(root: VolumeRoot): boolean {
  return probeDirect(`${root.base}/${PROBE_FILE}-direct`, createAlignedBuffer(4096), 0).kind === 'direct';
}
