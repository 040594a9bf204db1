/**
 * A volume writer without a thread and without a disk: batches wait until a test lets them be answered, as the real one answers
 * (archive/writer-core.ts): a file that failed once fails for ever, what was handed in earlier is answered earlier.
 */
import type { VolumeWriter } from '../../src/archive/writer.ts';
import type { WriteFailure, WriteJob, WriteResult } from '../../src/archive/writer-protocol.ts';
import type { VolumeState } from '../../src/wire/media-protocol.ts';

const USABLE: VolumeState = { kind: 'usable', freeBytes: 1e12, totalBytes: 2e12, directIo: true };

type FakeFile = { readonly path: string; readonly parts: Uint8Array[]; broken: boolean };
export type FakeVolume = {
  readonly writer: VolumeWriter;
  /** Answers the oldest batch; false if there was none. `fails`: asked for every open and write in order. */
  readonly answer: (fails?: (job: WriteJob) => boolean) => boolean;
  readonly batches: () => number;
  readonly setState: (state: VolumeState) => void;
  readonly setSlow: (ms: number) => void;
  /** What is durable, by path. */
  readonly files: () => ReadonlyMap<string, Uint8Array>;
};

export function createFakeVolume(volumeId: string, onResult: (result: WriteResult) => void): FakeVolume {
  const queue: (readonly WriteJob[])[] = [];
  const slabs: SharedArrayBuffer[] = [];
  const files = new Map<number, FakeFile>();
  const paths = new Map<string, FakeFile>();
  let state = USABLE;
  let slow = 0;
  const bytesOf = ({ slab, offset, length }: { slab: number; offset: number; length: number }): Uint8Array =>
    Uint8Array.from(new Uint8Array(slabs[slab] ?? new SharedArrayBuffer(0), offset, length));

  const perform = (jobs: readonly WriteJob[], fails: (job: WriteJob) => boolean): WriteResult => {
    const opened: { handle: number; path: string }[] = [];
    const durable: number[] = [];
    const failed: WriteFailure[] = [];
    const fail = (handle: number, token: number | undefined, code: string): void => {
      const file = files.get(handle);
      if (file !== undefined) file.broken = true;
      failed.push({ handle, token, code, cause: 'volume-error', message: 'broken on purpose' });
    };
    for (const job of jobs) {
      if (job.kind === 'close') files.delete(job.handle);
      else if (job.kind === 'open') {
        if (state.kind === 'unusable' || fails(job)) {
          fail(job.handle, undefined, 'ENOSPC');
          continue;
        }
        const path = `${job.directory}/${volumeId}-${job.handle}.mp4`;
        const file = { path, parts: [bytesOf(job)], broken: false };
        files.set(job.handle, file);
        paths.set(path, file);
        opened.push({ handle: job.handle, path });
      } else {
        const file = files.get(job.handle);
        if (file === undefined || file.broken) fail(job.handle, job.token, 'HANDLE');
        else if (state.kind === 'unusable' || fails(job)) fail(job.handle, job.token, 'EIO');
        else {
          file.parts.push(bytesOf(job));
          durable.push(job.token);
        }
      }
    }
    return { opened, durable, failed, state, batchMs: 1, syncMs: 1 };
  };

  return {
    writer: {
      volumeId,
      addSlab: (slab) => slabs.push(slab) - 1,
      submit: (jobs) => void queue.push(jobs),
      pendingBytes: () => queue.flat().reduce((sum, job) => sum + (job.kind === 'write' ? job.length : 0), 0),
      oldestPendingMs: () => (queue.length === 0 ? 0 : slow),
      state: () => state,
      stop: async () => await Promise.resolve(),
    },
    answer: (fails = () => false) => {
      const jobs = queue.shift();
      if (jobs === undefined) return false;
      onResult(perform(jobs, fails));
      return true;
    },
    batches: () => queue.length,
    setState: (next) => {
      state = next;
      onResult({ opened: [], durable: [], failed: [], state, batchMs: 0, syncMs: 0 });
    },
    setSlow: (ms) => (slow = ms),
    files: () => new Map([...paths.values()].map(({ path, parts }) => [path, Buffer.concat(parts)])),
  };
}
