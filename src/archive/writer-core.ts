/**
 * What the writer thread of a volume does, without the thread: batches of jobs in, one result out. Synchronous throughout.
 *
 * A batch is written in order, then every file it touched is synced once, then every folder that got a new file. Only then is anything
 * called durable. On ext4 the first fdatasync commits the sizes of all, so the others cost little (docs/design/archive.md has figures).
 *
 * Belongs here: order, grouping, what a failure means for the rest. Does not: whether the volume is fit (volume-health.ts).
 */
import type { Clock } from '../core/clock.ts';
import { syncDirectorySync } from '../core/durable-file.ts';
import { messageOf, systemCodeOf } from '../core/errors.ts';
import type { VolumeOrder, VolumeState } from '../wire/media-protocol.ts';
import { createAlignedBuffer, SLAB_BASE } from './direct-io.ts';
import { openSegmentFile } from './segment-file.ts';
import type { SegmentFile } from './segment-file.ts';
import { createVolumeHealth } from './volume-health.ts';
import type { VolumeHealth } from './volume-health.ts';
import { causeOf } from './volume-problem.ts';
import type { VolumeProblem } from './volume-problem.ts';
import { MAX_OPEN_HANDLES, MAX_SLABS } from './writer-protocol.ts';
import type { AppendJob, OpenJob, WriteFailure, WriteJob, WriteResult } from './writer-protocol.ts';

export type WriterCore = {
  readonly addSlab: (slab: SharedArrayBuffer) => void;
  readonly run: (jobs: readonly WriteJob[]) => WriteResult;
  /** Looks at the volume; the state. */
  readonly check: () => VolumeState;
  readonly close: () => void;
};

type Slab = { readonly memory: Uint8Array; aligned: boolean | undefined };
type Failure = VolumeProblem & { readonly code: string };
type Handle = { file: SegmentFile | undefined; failure: Failure | undefined };
/** What the batch in hand has done so far. */
type Batch = {
  readonly opened: { handle: number; target: Handle; path: string }[];
  readonly written: { job: AppendJob; target: Handle }[];
  readonly failed: WriteFailure[];
  readonly dirty: Set<Handle>;
  readonly folders: Map<string, Handle[]>;
  readonly closing: Set<SegmentFile>;
  /** Failed while syncing: nothing that this batch wrote to them is durable. */
  readonly unsynced: Map<Handle, Failure>;
};
type Core = {
  readonly health: VolumeHealth;
  readonly slabs: Slab[];
  readonly handles: Map<number, Handle>;
  bounce: Uint8Array | undefined;
  readonly onStep: () => void;
};

/** Copies through it are made in pieces of this. */
const BOUNCE_BYTES: number = 1024 * 1024;
/** Codes of failures that say nothing about the disk. */
const NOT_THE_DISK = new Set(['HANDLE', 'UNUSABLE', 'UNKNOWN', 'EEXIST', 'EMFILE', 'ENFILE', 'ENAMETOOLONG']);
const DIRECTORY = /^[a-z0-9][a-z0-9-]{0,62}\/(main|sub)\/\d{4}-\d\d-\d\d$/;
const SUFFIX = /^Z-[0-9a-f]{8}-\d{1,16}$/;

/** `onStep`: a call to the disk, or a few, came back. */
export function createWriterCore(
  volume: VolumeOrder,
  clock: Pick<Clock, 'monotonic'>,
  onStep: () => void = () => undefined,
): WriterCore {
  const core: Core = { health: createVolumeHealth(volume), slabs: [], handles: new Map(), bounce: undefined, onStep };
  return {
    addSlab: (slab) => {
      if (core.slabs.length >= MAX_SLABS) throw coded('HANDLE', `more than ${MAX_SLABS} slabs`);
      core.slabs.push({ memory: new Uint8Array(slab), aligned: undefined });
    },
    run: (jobs) => {
      const began = clock.monotonic();
      const batch = emptyBatch();
      core.health.measure();
      for (const job of jobs) {
        if (job.kind === 'open') open(core, job, batch);
        else if (job.kind === 'write') write(core, job, batch);
        else release(core, job.handle, batch);
        onStep();
      }
      const written = clock.monotonic();
      sync(core, batch);
      for (const file of batch.closing) closeQuietly(file);
      const end = clock.monotonic();
      return { ...answerOf(batch), state: core.health.state(), batchMs: end - began, syncMs: end - written };
    },
    check: () => core.health.check(),
    close: () => {
      for (const { file, failure } of core.handles.values()) if (file && !failure) closeQuietly(file);
      core.handles.clear();
      core.health.close();
    },
  };
}

function open(core: Core, job: OpenJob, batch: Batch): void {
  release(core, job.handle, batch);
  const target: Handle = { file: undefined, failure: undefined };
  core.handles.set(job.handle, target);
  try {
    if (core.handles.size > MAX_OPEN_HANDLES) throw coded('HANDLE', `more than ${MAX_OPEN_HANDLES} segments are open`);
    if (!DIRECTORY.test(job.directory) || !SUFFIX.test(job.suffix))
      throw coded('HANDLE', `${job.directory} with ${job.suffix} does not name a segment`);
    const found = core.health.rootForNewFile();
    if (found.kind === 'unusable') throw unusable(found);
    target.file = openSegmentFile(found.root, job, core.health.directIo());
    append(core, target.file, job);
    batch.opened.push({ handle: job.handle, target, path: target.file.path });
    batch.dirty.add(target);
    const folder = `${found.root.base}/${target.file.directory}`;
    batch.folders.set(folder, [...(batch.folders.get(folder) ?? []), target]);
  } catch (error) {
    batch.failed.push({ handle: job.handle, token: undefined, ...breakHandle(core, target, error, batch) });
  }
}

function write(core: Core, job: AppendJob, batch: Batch): void {
  const target = core.handles.get(job.handle);
  const fail = (failure: Failure): void => {
    batch.failed.push({ handle: job.handle, token: job.token, ...failure });
  };
  if (target?.file === undefined || target.failure) {
    fail(target?.failure ?? failureOf(coded('HANDLE', `handle ${job.handle} is not open`)));
    return;
  }
  try {
    const full = core.health.full();
    if (full) throw unusable(full);
    append(core, target.file, job);
    batch.written.push({ job, target });
    batch.dirty.add(target);
  } catch (error) {
    fail(breakHandle(core, target, error, batch));
  }
}

function append(core: Core, file: SegmentFile, { slab: index, offset, length }: OpenJob | AppendJob): void {
  const slab = core.slabs[index];
  if (slab === undefined || offset < 0 || length <= 0 || offset + length > slab.memory.length)
    throw coded('HANDLE', `bytes ${offset} to ${offset + length} of slab ${index} do not exist`);
  // Tried at the first use and not before: a slab may be handed over while the volume is not there.
  if (core.health.directIo()) slab.aligned ??= core.health.tryMemory(slab.memory, SLAB_BASE);
  if (slab.aligned !== false) {
    file.append(slab.memory, offset, length);
    return;
  }
  core.bounce ??= createAlignedBuffer(BOUNCE_BYTES);
  for (let done = 0; done < length; done += BOUNCE_BYTES) {
    const piece = Math.min(BOUNCE_BYTES, length - done);
    core.bounce.set(slab.memory.subarray(offset + done, offset + done + piece));
    file.append(core.bounce, 0, piece);
  }
}

function breakHandle(core: Core, target: Handle, error: unknown, batch: Batch): Failure {
  const failure = failureOf(error);
  target.failure = failure;
  if (target.file) batch.closing.add(target.file);
  if (!NOT_THE_DISK.has(failure.code)) core.health.failed(failure, failure.code);
  return failure;
}

function release(core: Core, handle: number, batch: Batch): void {
  const target = core.handles.get(handle);
  if (target?.file && !target.failure) batch.closing.add(target.file);
  core.handles.delete(handle);
}

/** Every file once, then the folders of new files. */
function sync(core: Core, batch: Batch): void {
  const lose = (target: Handle, error: unknown): void => {
    batch.unsynced.set(target, breakHandle(core, target, error, batch));
  };
  for (const target of batch.dirty) {
    try {
      target.file?.sync();
    } catch (error) {
      lose(target, error);
    }
    core.onStep();
  }
  for (const [folder, targets] of batch.folders) {
    try {
      syncDirectorySync(folder);
    } catch (error) {
      for (const target of targets) lose(target, error);
    }
    core.onStep();
  }
}

function answerOf({ opened, written, failed, unsynced }: Batch): Pick<WriteResult, 'opened' | 'durable' | 'failed'> {
  for (const { handle, target } of opened) {
    const failure = unsynced.get(target);
    if (failure) failed.push({ handle, token: undefined, ...failure });
  }
  for (const { job, target } of written) {
    const failure = unsynced.get(target);
    if (failure) failed.push({ handle: job.handle, token: job.token, ...failure });
  }
  return {
    opened: opened.filter(({ target }) => !unsynced.has(target)).map(({ handle, path }) => ({ handle, path })),
    durable: written.filter(({ target }) => !unsynced.has(target)).map(({ job }) => job.token),
    failed,
  };
}

const emptyBatch = (): Batch => ({
  opened: [],
  written: [],
  failed: [],
  dirty: new Set(),
  folders: new Map(),
  closing: new Set(),
  unsynced: new Map(),
});
const coded = (code: string, message: string): Error => Object.assign(new Error(message), { code });
const unusable = ({ cause, message }: VolumeProblem): Error =>
  Object.assign(coded('UNUSABLE', message), { volumeCause: cause });

function failureOf(error: unknown): Failure {
  const code = systemCodeOf(error) ?? 'UNKNOWN';
  const cause =
    error instanceof Error && 'volumeCause' in error ? (error.volumeCause as Failure['cause']) : causeOf(code);
  return { code, cause, message: messageOf(error) };
}

/** Everything in it that counts has been synced; close(2) reports nothing that could be acted upon. */
function closeQuietly(file: SegmentFile): void {
  try {
    file.close();
  } catch {
    // The descriptor is gone in any case.
  }
}
