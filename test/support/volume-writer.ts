/** A real writer thread on a volume of a test, fed with built segments. */
import type { ExecutionContext } from 'ava';
import { createId } from '../../src/core/ids.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { Clock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import { epochMs } from '../../src/core/units.ts';
import { MIN_SLAB_BYTES, SLAB_BASE } from '../../src/archive/direct-io.ts';
import { segmentDirectoryOf, segmentSuffixOf } from '../../src/archive/segment-path.ts';
import { adoptVolume } from '../../src/archive/volume.ts';
import { startVolumeWriter } from '../../src/archive/writer.ts';
import type { VolumeWriter } from '../../src/archive/writer.ts';
import type { WriteFailure, WriteResult } from '../../src/archive/writer-protocol.ts';
import { TEST_SERVER_ID } from './segment-builder.ts';
import type { BuiltSegment } from './segment-builder.ts';
import { waitFor } from './wait-for.ts';

export type TestWriter = {
  readonly volumeId: string;
  readonly writer: VolumeWriter;
  readonly results: WriteResult[];
  readonly opened: Map<number, string>;
  readonly durable: Set<number>;
  readonly failed: WriteFailure[];
  /** Submits the open of a handle with a segment's start. */
  readonly open: (handle: number, segment: BuiltSegment) => void;
  /** Submits one fragment. */
  readonly write: (handle: number, segment: BuiltSegment, index: number, token: number) => void;
  readonly close: (handle: number) => void;
  /** Every submitted batch has been answered. */
  readonly idle: () => Promise<void>;
};

export type TestWriterOptions = {
  readonly reserveBytes?: number;
  readonly slabBytes?: number;
  /** 0 puts it where memory is not aligned. */
  readonly base?: number;
  readonly volumeId?: string;
  /** Of the handle; the thread runs by its own. */
  readonly clock?: Clock;
  readonly onResult?: (result: WriteResult) => void;
  readonly onWaiting?: (waiting: boolean) => void;
};

export async function startTestWriter(
  t: Pick<ExecutionContext, 'teardown'>,
  path: string,
  options: TestWriterOptions = {},
): Promise<TestWriter> {
  const adopted = await adoptVolume(path, { serverId: TEST_SERVER_ID, clock: systemClock });
  const volumeId = options.volumeId ?? ('marker' in adopted ? adopted.marker.id : createId('vol'));
  const [results, failed]: [WriteResult[], WriteFailure[]] = [[], []];
  const [opened, durable] = [new Map<number, string>(), new Set<number>()];
  const writer = startVolumeWriter({
    volume: { id: volumeId, path, reserveBytes: options.reserveBytes ?? 0 },
    log: silentLog,
    clock: options.clock ?? systemClock,
    onResult: (result) => {
      results.push(result);
      failed.push(...result.failed);
      for (const entry of result.opened) opened.set(entry.handle, entry.path);
      for (const token of result.durable) durable.add(token);
      options.onResult?.(result);
    },
    onWaiting: (waiting) => options.onWaiting?.(waiting),
  });
  t.teardown(() => writer.stop());
  const memory = new SharedArrayBuffer(options.slabBytes ?? MIN_SLAB_BYTES);
  const view = new Uint8Array(memory);
  const slab = writer.addSlab(memory);
  const base = options.base ?? SLAB_BASE;
  let next = base;
  /** Round and round; tests keep less pending than the slab holds. */
  const place = (bytes: Uint8Array): { slab: number; offset: number; length: number } => {
    if (next + bytes.length > view.length) next = base;
    view.set(bytes, next);
    const offset = next;
    next += bytes.length;
    return { slab, offset, length: bytes.length };
  };
  return {
    volumeId,
    writer,
    results,
    opened,
    durable,
    failed,
    open: (handle, { bytes, header, initLength }) =>
      writer.submit([
        {
          kind: 'open',
          handle,
          directory: segmentDirectoryOf(header.cameraId, header.stream, epochMs(header.start)),
          startMs: header.start,
          suffix: segmentSuffixOf(header.serverId, header.epoch),
          ...place(bytes.subarray(0, initLength)),
        },
      ]),
    write: (handle, { bytes, fragments }, index, token) => {
      const { offset, length } = fragments[index] ?? { offset: 0, length: 0 };
      writer.submit([{ kind: 'write', handle, token, ...place(bytes.subarray(offset, offset + length)) }]);
    },
    close: (handle) => writer.submit([{ kind: 'close', handle }]),
    idle: async () => {
      await waitFor('the writer to answer', () => writer.oldestPendingMs() === 0, 60_000);
    },
  };
}
