/**
 * Finished fragments on their way to the disk: collected for 200 ms, handed to the writer of their volume as one batch,
 * reported only once they are durable.
 *
 * Belongs here: which volume, which file, what is dropped when disks are too slow, and booking that. Does not: files
 * (archive), cutting fragments (fragment-builder.ts).
 *
 * Invariants:
 * 1. Every fragment pushed is reported once: written, or lost with a cause. Its block is given back then and not before.
 * 2. In a file every fragment is linked to the one before it. Where one was left out, the next begins a new file.
 */
import { segmentDirectoryOf, segmentSuffixOf } from '../archive/segment-path.ts';
import type { VolumeWriter } from '../archive/writer.ts';
import type { VolumeCause, WriteFailure, WriteJob, WriteResult } from '../archive/writer-protocol.ts';
import { epochMs } from '../core/units.ts';
import type { MissingCause } from '../ledger/causes.ts';
import { rechainFragment } from '../media/mp4/fragment-writer.ts';
import type { MediaEvent, Priority, SegmentReport, StreamName } from '../wire/media-protocol.ts';
import { createSegment } from './segment.ts';
import type { FinishedFragment, Segment } from './segment.ts';
import type { Block, Slabs } from './slabs.ts';

/** Fragments waiting for a disk, of all streams. Beyond, the oldest of the least important camera is dropped. */
export const MAX_WAITING_BYTES: number = 512 * 1024 * 1024;
/** What one volume's thread has in hand; the rest waits here, where it can still be dropped or sent elsewhere. */
export const MAX_VOLUME_BYTES: number = 64 * 1024 * 1024;
/** A thread that has not answered for so long gets nothing more until it does. */
const SLOW_MS = 4000;

export type QueueStream = {
  readonly cameraId: string;
  readonly stream: StreamName;
  readonly priority: () => Priority;
  /** In order of preference. */
  readonly volumeIds: () => readonly string[];
};
export type WriteQueueDeps = {
  readonly slabs: Slabs;
  readonly writerOf: (volumeId: string) => VolumeWriter | undefined;
  readonly emit: (event: MediaEvent) => void;
  readonly now: () => number;
  readonly maxWaitingBytes?: number;
};
export type StreamQueue = {
  readonly push: (fragment: FinishedFragment) => void;
  /** No more fragments will come for the segment in hand: its file is closed. */
  readonly endSegment: () => void;
};
export type WriteQueue = {
  readonly stream: (stream: QueueStream) => StreamQueue;
  /** Hands what waits to the writers. Called every 200 ms. */
  readonly flush: () => void;
  readonly onResult: (volumeId: string, result: WriteResult) => void;
  /** Fragments neither durable nor lost yet. */
  readonly pending: () => number;
  readonly waitingBytes: () => number;
  /** Whatever still waits is lost: the process ends. */
  readonly abandon: (cause: MissingCause) => void;
};

type File = {
  readonly volumeId: string;
  readonly handle: number;
  readonly segment: Segment;
  path: string | undefined;
  startBlock: Block | undefined;
  chain: Uint8Array;
  /** Bytes submitted so far, start included. */
  size: number;
  unanswered: number;
  closing: boolean;
  /** Nothing more can be appended. */
  broken: boolean;
};
type Stream = {
  readonly facts: QueueStream;
  file: File | undefined;
  /** A fragment before the next one was lost. */
  hole: boolean;
  lastChain: Uint8Array | undefined;
};
type Waiting = {
  readonly stream: Stream;
  readonly fragment: FinishedFragment;
  /** Volumes that have already failed with it. */
  readonly tried: Set<string>;
  /** Why the last one failed. */
  cause: VolumeCause | undefined;
  detail: string;
};
type Sent = { readonly waiting: Waiting; readonly file: File; readonly continuous: boolean; readonly offset: number };

const RANK: Readonly<Record<Priority, number>> = { never: 0, low: 1, medium: 2, high: 3 };

// oxlint-disable-next-line max-lines-per-function -- one closure over the queue's state
export function createWriteQueue(deps: WriteQueueDeps): WriteQueue {
  const { slabs, emit } = deps;
  const maxWaiting = deps.maxWaitingBytes ?? MAX_WAITING_BYTES;
  let waiting: Waiting[] = [];
  let waitingBytes = 0;
  let lastToken = 0;
  let lastHandle = 0;
  const sent = new Map<number, Sent>();
  const files = new Map<number, File>();
  /** Writers that have told the state of their disk. */
  const heard = new WeakSet<VolumeWriter>();
  const slabIndexes = new Map<VolumeWriter, Map<SharedArrayBuffer, number>>();

  const lose = ({ stream, fragment }: Waiting, cause: MissingCause, detail: string): void => {
    slabs.give(fragment.block);
    stream.hole = true;
    emit({
      kind: 'gap',
      cameraId: stream.facts.cameraId,
      stream: stream.facts.stream,
      start: Math.round(fragment.startUs / 1000),
      end: Math.round(fragment.endUs / 1000),
      cause,
      accessUnits: fragment.accessUnits,
      detail,
    });
  };
  const dropForSpace = (): void => {
    while (waitingBytes > maxWaiting && waiting.length > 0) {
      const victim = waiting.reduce((worst, entry) =>
        RANK[entry.stream.facts.priority()] < RANK[worst.stream.facts.priority()] ? entry : worst,
      );
      waiting = waiting.filter((entry) => entry !== victim);
      waitingBytes -= victim.fragment.length;
      lose(victim, 'overload', 'The disks were too slow for what came.');
    }
  };
  const push = (stream: Stream, fragment: FinishedFragment): void => {
    waiting.push({ stream, fragment, tried: new Set(), cause: undefined, detail: '' });
    waitingBytes += fragment.length;
    if (waitingBytes > maxWaiting) dropForSpace();
  };

  const slabIndex = (writer: VolumeWriter, slab: SharedArrayBuffer): number => {
    const known = slabIndexes.get(writer) ?? new Map<SharedArrayBuffer, number>();
    slabIndexes.set(writer, known);
    const index = known.get(slab) ?? writer.addSlab(slab);
    known.set(slab, index);
    return index;
  };
  /** The volume to write to now; `busy`: it would be one, but has its hands full. */
  const volumeFor = (entry: Waiting): { readonly writer: VolumeWriter; readonly busy: boolean } | undefined => {
    for (const id of entry.stream.facts.volumeIds()) {
      const writer = deps.writerOf(id);
      if (writer === undefined) continue;
      const state = writer.state();
      // A thread that has just been started has not looked at its disk yet: that is no reason to lose anything.
      if (state.kind === 'unusable' && !heard.has(writer)) return { writer, busy: true };
      if (state.kind === 'unusable') {
        entry.cause ??= state.cause;
        entry.detail ||= state.message;
      } else if (!entry.tried.has(id)) {
        return { writer, busy: writer.pendingBytes() > MAX_VOLUME_BYTES || writer.oldestPendingMs() > SLOW_MS };
      }
    }
    return undefined;
  };

  const closeFile = (stream: Stream, jobs: (volumeId: string, job: WriteJob) => void): void => {
    const { file } = stream;
    stream.file = undefined;
    if (file === undefined) return;
    file.closing = true;
    if (!file.broken) jobs(file.volumeId, { kind: 'close', handle: file.handle });
    settle(file);
  };
  /** The last answer about a file that is done: says so once. */
  const settle = (file: File): void => {
    if (!(file.closing || file.broken) || file.unanswered > 0 || !files.delete(file.handle)) return;
    if (file.startBlock !== undefined) slabs.give(file.startBlock);
    if (file.path === undefined) return;
    emit({ kind: 'segment-closed', at: deps.now(), volumeId: file.volumeId, segment: file.path });
  };
  const openFile = (
    entry: Waiting,
    writer: VolumeWriter,
  ): { readonly file: File; readonly job: WriteJob } | undefined => {
    const { stream, fragment } = entry;
    const { segment } = fragment;
    // The file goes on in the middle of a segment: its start is the same, the chain says what came before.
    const own = fragment.first && !stream.hole ? segment : createSegment(segment, stream.lastChain);
    const startBlock = slabs.take(own.startBytes.length);
    if (startBlock === undefined) return undefined;
    startBlock.bytes.set(own.startBytes);
    lastHandle += 1;
    const file: File = {
      volumeId: writer.volumeId,
      handle: lastHandle,
      segment: own,
      path: undefined,
      startBlock,
      chain: own.chainStart,
      size: own.startBytes.length,
      unanswered: 0,
      closing: false,
      broken: false,
    };
    files.set(file.handle, file);
    const { cameraId, stream: name, serverId, epoch } = segment.origin;
    const start = epochMs(Math.floor(fragment.startUs / 1000));
    const job: WriteJob = {
      kind: 'open',
      handle: file.handle,
      directory: segmentDirectoryOf(cameraId, name, start),
      startMs: start,
      suffix: segmentSuffixOf(serverId, epoch),
      slab: slabIndex(writer, startBlock.slab),
      offset: startBlock.offset,
      length: own.startBytes.length,
    };
    return { file, job };
  };
  const send = (entry: Waiting, writer: VolumeWriter, jobs: (volumeId: string, job: WriteJob) => void): boolean => {
    const { stream, fragment } = entry;
    const fits =
      stream.file !== undefined &&
      !stream.file.broken &&
      stream.file.volumeId === writer.volumeId &&
      !fragment.first &&
      !stream.hole;
    if (!fits) {
      closeFile(stream, jobs);
      const opened = openFile(entry, writer);
      if (opened === undefined) return false;
      stream.file = opened.file;
      jobs(writer.volumeId, opened.job);
    }
    const { file } = stream;
    if (file === undefined) return false;
    const continuous = fragment.continuous && !stream.hole;
    const isLinked = Buffer.compare(file.chain, fragment.chainBefore) === 0 && continuous === fragment.continuous;
    file.chain = isLinked
      ? fragment.chain
      : rechainFragment(fragment.block.bytes, fragment.start, file.chain, continuous).chain;
    stream.lastChain = file.chain;
    stream.hole = false;
    file.unanswered += 1;
    lastToken += 1;
    sent.set(lastToken, { waiting: entry, file, continuous, offset: file.size });
    file.size += fragment.length;
    jobs(writer.volumeId, {
      kind: 'write',
      handle: file.handle,
      slab: slabIndex(writer, fragment.block.slab),
      offset: fragment.block.offset + fragment.start,
      length: fragment.length,
      token: lastToken,
    });
    return true;
  };

  const flush = (): void => {
    if (waiting.length === 0) return;
    const batches = new Map<string, WriteJob[]>();
    const jobs = (volumeId: string, job: WriteJob): void => {
      const batch = batches.get(volumeId);
      if (batch === undefined) batches.set(volumeId, [job]);
      else batch.push(job);
    };
    const all = waiting;
    const kept: Waiting[] = [];
    waiting = [];
    waitingBytes = 0;
    const held = new Set<Stream>();
    for (const entry of all) {
      const target = held.has(entry.stream) ? undefined : volumeFor(entry);
      if (target === undefined && !held.has(entry.stream)) {
        lose(entry, entry.cause ?? 'volume-gone', entry.detail || 'No volume is set up for this camera.');
      } else if (target === undefined || target.busy || !send(entry, target.writer, jobs)) {
        held.add(entry.stream);
        kept.push(entry);
        waitingBytes += entry.fragment.length;
      }
    }
    waiting = kept;
    for (const [volumeId, batch] of batches) deps.writerOf(volumeId)?.submit(batch);
    dropForSpace();
  };

  const failed = ({ handle, token, cause, message, code }: WriteFailure, volumeId: string): Waiting | undefined => {
    const file = files.get(handle);
    if (file !== undefined) file.broken = true;
    const entry = token === undefined ? undefined : sent.get(token);
    if (token !== undefined) sent.delete(token);
    if (file !== undefined) {
      if (entry !== undefined) file.unanswered -= 1;
      settle(file);
    }
    if (entry === undefined) return undefined;
    // A handle that never opened, or broke just before, is no fault of the volume with this fragment.
    if (code !== 'HANDLE' || entry.waiting.cause !== undefined) entry.waiting.tried.add(volumeId);
    entry.waiting.cause = cause;
    entry.waiting.detail = message;
    return entry.waiting;
  };

  return {
    stream: (facts) => {
      const stream: Stream = { facts, file: undefined, hole: false, lastChain: undefined };
      return {
        push: (fragment) => push(stream, fragment),
        endSegment: () => {
          flush();
          closeFile(stream, (volumeId, job) => deps.writerOf(volumeId)?.submit([job]));
        },
      };
    },
    flush,
    onResult: (volumeId, result) => {
      const writer = deps.writerOf(volumeId);
      if (writer !== undefined) heard.add(writer);
      for (const { handle, path } of result.opened) {
        const file = files.get(handle);
        if (file === undefined) continue;
        file.path = path;
        if (file.startBlock !== undefined) slabs.give(file.startBlock);
        file.startBlock = undefined;
        emit({ kind: 'segment-opened', at: deps.now(), segment: segmentReport(file, path) });
      }
      const written = result.durable.flatMap((token) => {
        const entry = sent.get(token);
        sent.delete(token);
        return entry === undefined ? [] : [entry];
      });
      if (written.length > 0) {
        emit({ kind: 'fragments-written', at: deps.now(), fragments: written.map((entry) => reportOf(entry)) });
      }
      for (const { waiting: entry, file } of written) {
        slabs.give(entry.fragment.block);
        file.unanswered -= 1;
        settle(file);
      }
      const again = result.failed.flatMap((failure) => failed(failure, volumeId) ?? []);
      for (const entry of again) waitingBytes += entry.fragment.length;
      if (again.length > 0) {
        waiting = [...again, ...waiting];
        flush();
      }
    },
    pending: () => waiting.length + sent.size,
    waitingBytes: () => waitingBytes,
    abandon: (cause) => {
      for (const entry of waiting) lose(entry, cause, 'The service stopped before the disk took it.');
      waiting = [];
      waitingBytes = 0;
    },
  };
}

function reportOf({
  waiting,
  file,
  continuous,
  offset,
}: Sent): Extract<MediaEvent, { kind: 'fragments-written' }>['fragments'][number] {
  const { fragment } = waiting;
  const { cameraId, stream } = fragment.segment.origin;
  return {
    cameraId,
    stream,
    volumeId: file.volumeId,
    segment: file.path ?? '',
    offset,
    length: fragment.length,
    sequence: fragment.sequence,
    start: Math.round(fragment.startUs / 1000),
    end: Math.round(fragment.endUs / 1000),
    key: fragment.key,
    continuous,
    accessUnits: fragment.accessUnits,
    audioFrames: fragment.audioFrames,
  };
}

function segmentReport({ segment, volumeId }: File, path: string): SegmentReport {
  const { origin, layout, layoutHash, startUs, startBytes } = segment;
  const { codec, codecString, width, height } = layout.video;
  return {
    ...origin,
    volumeId,
    segment: path,
    start: Math.floor(startUs / 1000),
    initLength: startBytes.length,
    layoutHash,
    video: { codec, codecString, width, height },
    audio: layout.audio && { codec: layout.audio.codec, codecString: layout.audio.codecString },
  };
}
