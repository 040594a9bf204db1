/**
 * The handle, in the main thread, of the writer thread of one volume. Never blocks: a disk that hangs shows itself by
 * `oldestPendingMs` and by a state that turns to `volume-error`, while everything else goes on.
 *
 * Belongs here: starting and stopping the thread, counting what it owes, noticing that it is silent.
 * Does not: files (writer-thread.ts), what to drop when it is slow (recorder).
 */
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { Running } from '../core/running.ts';
import type { VolumeOrder, VolumeState } from '../wire/media-protocol.ts';
import type { WriteJob, WriteResult } from './writer-protocol.ts';

export type VolumeWriterDeps = {
  readonly volume: VolumeOrder;
  readonly log: Log;
  readonly clock: Clock;
  /** Called in the main thread, once a batch and once a change of state. */
  readonly onResult: (result: WriteResult) => void;
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

export function startVolumeWriter(deps: VolumeWriterDeps): VolumeWriter {
  throw new Error(`not built yet: ${deps.volume.id}`);
}
