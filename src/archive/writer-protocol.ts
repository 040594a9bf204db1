/**
 * What the main thread and the writer thread of one volume say to each other. Memory is shared: a job names a place in a slab,
 * and that place belongs to the thread from `submit` until its token or handle is reported back. Offsets and lengths are
 * multiples of `DIRECT_ALIGNMENT`, counted from `SLAB_BASE` (direct-io.ts).
 *
 * Belongs here: jobs, results, bounds. Does not: files (writer-thread.ts), who records what (recorder).
 */
import type { MissingCause } from '../ledger/causes.ts';
import type { VolumeState } from '../wire/media-protocol.ts';

/** 128 streams twice over while segments change; a file is one descriptor. */
export const MAX_OPEN_HANDLES = 1024;
export const MAX_SLABS = 256;

/**
 * A new segment file. `directory` is `cameraId/stream/yyyy-mm-dd`, `suffix` is `Z-server8-epoch` (segment-path.ts makes both). The init bytes
 * (`ftyp` to the padding `free`) are written and the folders made durable. Answered by `opened`, or by `failed` without a token.
 */
export type OpenJob = {
  readonly kind: 'open';
  /** Chosen by the caller, unused at the moment; free again after `close` or a failure of it. */
  readonly handle: number;
  readonly directory: string;
  readonly startMs: number;
  readonly suffix: string;
  readonly slab: number;
  readonly offset: number;
  readonly length: number;
};
/** Appends one fragment. Answered by its token in `durable` or in `failed`. */
export type AppendJob = {
  readonly kind: 'write';
  readonly handle: number;
  readonly slab: number;
  readonly offset: number;
  readonly length: number;
  /** Unique among the pending ones; the caller's. */
  readonly token: number;
};
/** No answer of its own. Closing a handle that failed or never opened does nothing. */
export type CloseJob = { readonly kind: 'close'; readonly handle: number };
export type WriteJob = OpenJob | AppendJob | CloseJob;

export type VolumeCause = Extract<MissingCause, `volume-${string}`>;
export type WriteFailure = {
  readonly handle: number;
  /** `undefined`: the open failed; its writes follow with their own failures. */
  readonly token: number | undefined;
  /** `errno` name such as `ENOSPC`, or `UNUSABLE` when the volume's state forbade the attempt, `HANDLE` for an unknown or broken handle. */
  readonly code: string;
  readonly cause: VolumeCause;
  readonly message: string;
};

/**
 * After each batch, and with empty lists whenever the volume's state has changed. A handle named in `failed` is closed: its file ends
 * with the last fragment reported durable (perhaps a torn tail behind it), and the recorder opens a new segment.
 */
export type WriteResult = {
  readonly opened: readonly { readonly handle: number; readonly path: string }[];
  /** Tokens; their bytes, the size of their file and its name in every folder above are on stable storage. */
  readonly durable: readonly number[];
  readonly failed: readonly WriteFailure[];
  readonly state: VolumeState;
  /** How long the thread worked on the batch; 0 for a change of state alone. */
  readonly batchMs: number;
  /** Of that, waiting for fdatasync and fsync. */
  readonly syncMs: number;
};

export type ToThread =
  | { readonly kind: 'slab'; readonly slab: SharedArrayBuffer }
  | { readonly kind: 'jobs'; readonly batch: number; readonly jobs: readonly WriteJob[] }
  /** Say the state again. */
  | { readonly kind: 'tell' }
  | { readonly kind: 'stop' };
export type FromThread =
  | { readonly kind: 'result'; readonly batch: number | undefined; readonly result: WriteResult }
  /** The periodic check came back; without it the disk is taken to hang. */
  | { readonly kind: 'alive' };
/** `workerData`. `steps`: one 32-bit number, counted up whenever a call to the disk has come back; it wraps around. */
export type ThreadStart = {
  readonly id: string;
  readonly path: string;
  readonly reserveBytes: number;
  readonly steps: SharedArrayBuffer;
};
