/**
 * The handle, in the main thread, of the writer thread of one volume. Never blocks: a disk that hangs shows itself by
 * `onWaiting`, by `oldestPendingMs` and by a state that turns to `volume-error`, while everything else goes on.
 *
 * Belongs here: starting and stopping the thread, counting what it owes, noticing that it is silent or dead.
 * Does not: files (writer-core.ts), what to drop when it is slow (recorder).
 */
import { Worker } from 'node:worker_threads';
import { seconds, withDeadline } from '../core/clock.ts';
import type { Cancel, Clock } from '../core/clock.ts';
import { UnderstudyError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Running } from '../core/running.ts';
import type { MonotonicMs } from '../core/units.ts';
import type { VolumeOrder, VolumeState } from '../wire/media-protocol.ts';
import { createDiskPulse } from './disk-pulse.ts';
import type { DiskPulse } from './disk-pulse.ts';
import { MAX_SLABS } from './writer-protocol.ts';
import type { FromThread, ThreadStart, ToThread, WriteFailure, WriteJob, WriteResult } from './writer-protocol.ts';

export type VolumeWriterDeps = {
  readonly volume: VolumeOrder;
  readonly log: Log;
  readonly clock: Clock;
  /** Called in the main thread, once a batch and once a change of state. */
  readonly onResult: (result: WriteResult) => void;
  /** The disk keeps the thread waiting, or no longer does (disk-pulse.ts). */
  readonly onWaiting?: (waiting: boolean) => void;
};

export type VolumeWriter = Running & {
  readonly volumeId: string;
  /** Shares memory with the thread; the index is what jobs call `slab`. At least MIN_SLAB_BYTES, else it is copied once more. */
  readonly addSlab: (slab: SharedArrayBuffer) => number;
  /** One message to the thread. Jobs are done in order. After `stop` every job fails at once. */
  readonly submit: (jobs: readonly WriteJob[]) => void;
  /** Submitted and not yet answered. */
  readonly pendingBytes: () => number;
  /** Age of the oldest batch without an answer; 0 when there is none. */
  readonly oldestPendingMs: () => number;
  readonly state: () => VolumeState;
};

/** The thread checks its disk every 2 s; silent for this long, the disk hangs. */
const HUNG_AFTER = seconds(6);
/** Before its first sign a thread may take this long: a loaded box starts dozens at once. What comes meanwhile waits in memory. */
const STARTED_WITHIN = seconds(20);
/** A thread that died (a defect of ours) is started again after this. */
const RESTART_AFTER = seconds(1);
/** `stop` waits this long for a thread that has started, then leaves it behind: its disk hangs. */
const STOP_DEADLINE = seconds(5);
/** Measured need: under 6 MB. */
const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 24, maxYoungGenerationSizeMb: 2, stackSizeMb: 1 };

type Pending = {
  readonly batch: number;
  readonly jobs: readonly WriteJob[];
  readonly bytes: number;
  readonly since: MonotonicMs;
};

export function startVolumeWriter(deps: VolumeWriterDeps): VolumeWriter {
  const { volume, log, clock, onResult } = deps;
  const backlog = createBacklog(clock);
  const slabs: SharedArrayBuffer[] = [];
  let state: VolumeState = unusable(`${volume.path} was not looked at yet`);
  let thread: Thread | undefined;
  let stopping: Promise<void> | undefined;
  let cancelRestart: Cancel = () => undefined;
  const pulse = createThreadPulse(deps, backlog.oldest);

  const report = (result: WriteResult): void => {
    if (state.kind !== result.state.kind) log.info('volume state', { volumeId: volume.id, state: result.state });
    state = result.state;
    onResult(result);
  };
  /** Whether what was in the thread's hands reached the disk is not known: it counts as lost, and rebuilding finds what did. */
  const fail = (entries: readonly Pending[], message: string): void =>
    report(emptyResult(unusable(message), failuresOf(entries, message)));
  const start = (): void => {
    thread = startThread(deps, pulse.newSteps(), {
      hear: (batch, result) => {
        if (batch !== undefined) backlog.settle(batch);
        report(result);
      },
      hang: (message) => report(emptyResult(unusable(message), [])),
      end: () => {
        thread = undefined;
        if (stopping) return;
        fail(backlog.drain(), `the writer thread of ${volume.path} ended; it is started again`);
        cancelRestart = clock.after(RESTART_AFTER, start);
      },
    });
    for (const slab of slabs) thread.post({ kind: 'slab', slab });
  };
  const stop = async (): Promise<void> => {
    cancelRestart();
    await thread?.stop();
    pulse.stop();
    if (backlog.oldest() !== undefined) fail(backlog.drain(), `stopped while the disk of ${volume.path} hangs`);
  };

  start();
  return {
    volumeId: volume.id,
    addSlab: (slab) => {
      slabs.push(checkedSlab(slab, slabs.length));
      thread?.post({ kind: 'slab', slab });
      return slabs.length - 1;
    },
    submit: (jobs) => {
      if (jobs.length === 0) return;
      const entry = backlog.add(jobs);
      pulse.expect();
      if (thread && !stopping) return thread.post({ kind: 'jobs', batch: entry.batch, jobs });
      queueMicrotask(() => fail(backlog.settle(entry.batch), `the writer thread of ${volume.path} is not running`));
    },
    pendingBytes: backlog.bytes,
    oldestPendingMs: backlog.oldestMs,
    state: () => state,
    stop: () => (stopping ??= stop()),
  };
}

/** The count of each thread stands in memory of its own: one left behind counts nothing for its successor. */
function createThreadPulse(
  { clock, onWaiting }: VolumeWriterDeps,
  oldest: () => MonotonicMs | undefined,
): DiskPulse & { readonly newSteps: () => SharedArrayBuffer } {
  let steps = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const pulse = createDiskPulse({
    clock,
    steps: () => Atomics.load(new Int32Array(steps), 0),
    oldest,
    onChange: (waiting) => onWaiting?.(waiting),
  });
  return { ...pulse, newSteps: () => (steps = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) };
}

function checkedSlab(slab: SharedArrayBuffer, count: number): SharedArrayBuffer {
  if (count < MAX_SLABS) return slab;
  throw new UnderstudyError('limit', 'archive/slabs', `a writer takes at most ${MAX_SLABS} slabs; use larger ones`);
}

type Backlog = {
  readonly add: (jobs: readonly WriteJob[]) => Pending;
  /** Takes a batch out: none if it was out already. */
  readonly settle: (batch: number) => readonly Pending[];
  readonly drain: () => readonly Pending[];
  readonly bytes: () => number;
  readonly oldestMs: () => number;
  readonly oldest: () => MonotonicMs | undefined;
};

function createBacklog(clock: Pick<Clock, 'monotonic'>): Backlog {
  let entries: readonly Pending[] = [];
  let batches = 0;
  let total = 0;
  const keep = (kept: readonly Pending[]): void => {
    entries = kept;
    total = kept.reduce((sum, { bytes }) => sum + bytes, 0);
  };
  return {
    add: (jobs) => {
      batches += 1;
      const bytes = jobs.reduce((sum, job) => sum + (job.kind === 'close' ? 0 : job.length), 0);
      const entry: Pending = { batch: batches, jobs, bytes, since: clock.monotonic() };
      keep([...entries, entry]);
      return entry;
    },
    settle: (batch) => {
      const found = entries.filter((entry) => entry.batch === batch);
      keep(entries.filter((entry) => entry.batch !== batch));
      return found;
    },
    drain: () => {
      const all = entries;
      keep([]);
      return all;
    },
    bytes: () => total,
    oldest: () => entries[0]?.since,
    oldestMs: () => (entries[0] ? clock.monotonic() - entries[0].since : 0),
  };
}

type Thread = { readonly post: (message: ToThread) => void; readonly stop: () => Promise<void> };
type ThreadEvents = {
  readonly hear: (batch: number | undefined, result: WriteResult) => void;
  readonly hang: (message: string) => void;
  readonly end: () => void;
};

function startThread(
  { volume, log, clock }: VolumeWriterDeps,
  steps: SharedArrayBuffer,
  { hear, hang, end }: ThreadEvents,
): Thread {
  const workerData: ThreadStart = { id: volume.id, path: volume.path, reserveBytes: volume.reserveBytes, steps };
  const worker = new Worker(threadUrl(), { workerData, resourceLimits: RESOURCE_LIMITS, execArgv: [] });
  const post = (message: ToThread): void => worker.postMessage(message);
  let lastSign = clock.monotonic();
  let hung = false;
  let patience: number = STARTED_WITHIN;
  const heard = new Promise<void>((resolve) => void worker.once('message', () => resolve()));
  const stopWatching = clock.every(seconds(1), () => {
    if (hung || clock.monotonic() - lastSign < patience) return;
    hung = true;
    log.warn('volume hangs', { volumeId: volume.id });
    hang(`the disk of ${volume.path} has not answered for ${patience / 1000} s; check cable and disk`);
  });
  const exited = new Promise<void>((resolve) => {
    worker.once('exit', () => {
      stopWatching();
      end();
      resolve();
    });
  });
  worker.on('error', (error) => log.error('writer thread failed', { volumeId: volume.id, error }));
  worker.on('message', (message: FromThread) => {
    lastSign = clock.monotonic();
    patience = HUNG_AFTER;
    if (message.kind === 'result') hear(message.batch, message.result);
    else if (hung) post({ kind: 'tell' });
    hung = false;
  });
  const stop = async (): Promise<void> => {
    post({ kind: 'stop' });
    const ended = exited.then(() => true);
    // What was submitted to a thread that is still starting is not lost yet.
    await withDeadline(clock, STARTED_WITHIN, Promise.race([heard, ended]));
    if (await withDeadline(clock, STOP_DEADLINE, ended)) return;
    log.warn('writer thread left behind: its disk hangs', { volumeId: volume.id });
    stopWatching();
    worker.unref();
  };
  return { post, stop };
}

/** The sources run as they are in development and tests, compiled in a release. */
const threadUrl = (): URL =>
  new URL(import.meta.url.endsWith('.ts') ? './writer-thread.ts' : './writer-thread.js', import.meta.url);

const unusable = (message: string): VolumeState => ({
  kind: 'unusable',
  cause: 'volume-error',
  message,
  freeBytes: 0,
  totalBytes: 0,
});
const emptyResult = (state: VolumeState, failed: readonly WriteFailure[]): WriteResult => ({
  opened: [],
  durable: [],
  failed,
  state,
  batchMs: 0,
  syncMs: 0,
});

function failuresOf(entries: readonly Pending[], message: string): readonly WriteFailure[] {
  return entries
    .flatMap(({ jobs }) => jobs)
    .filter((job) => job.kind !== 'close')
    .map((job) => ({
      handle: job.handle,
      token: job.kind === 'write' ? job.token : undefined,
      code: 'THREAD',
      cause: 'volume-error',
      message,
    }));
}
