/**
 * Finished fragments on their way to the disk: collected for one wake (read-slots.ts), handed to the writer of their volume as one batch,
 * reported only once they are durable.
 *
 * Belongs here: which volume, which file, what is dropped when disks are too slow, and booking that. Does not: files
 * (archive), cutting fragments (fragment-builder.ts).
 *
 * Invariants:
 * 1. Every fragment pushed is reported once: written, or lost with a cause. Its block is given back then and not before.
 * 2. In a file fragments of one segment follow each other by number, each linked to the one before. Where one was left out, or
 *    comes late because another disk failed with it, a new file begins.
 */
import { segmentDirectoryOf, segmentSuffixOf } from '../archive/segment-path.ts';
import type { VolumeWriter } from '../archive/writer.ts';
import type { WriteFailure, WriteJob, WriteResult } from '../archive/writer-protocol.ts';
import { epochMs } from '../core/units.ts';
import type { MissingCause } from '../ledger/causes.ts';
import { rechainFragment } from '../media/mp4/fragment-writer.ts';
import type { MediaEvent, Priority, VolumeState } from '../wire/media-protocol.ts';
import { createSegment } from './segment.ts';
import type { FinishedFragment } from './segment.ts';
import type { Slabs } from './slabs.ts';
import { isNext, isSameLink, reportOf } from './write-entries.ts';
import type { File, QueueStream, Sent, Stream, Waiting } from './write-entries.ts';
import { segmentReport } from './write-reports.ts';

/** Fragments waiting for a disk, of all streams. Beyond, the oldest of the least important camera is dropped. */
export const MAX_WAITING_BYTES: number = 512 * 1024 * 1024;
/** What one volume's thread has in hand; the rest waits here, where it can still be dropped or sent elsewhere. */
export const MAX_VOLUME_BYTES: number = 64 * 1024 * 1024;
/** A thread that has not answered for so long gets nothing more until it does. */
const SLOW_MS = 4000;

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
  /** Hands what waits to the writers. Called after every wake. */
  readonly flush: () => void;
  readonly onResult: (volumeId: string, result: WriteResult) => void;
  /** Fragments neither durable nor lost yet. */
  readonly pending: () => number;
  readonly waitingBytes: () => number;
  /** Whatever still waits is lost: the process ends. */
  readonly abandon: (cause: MissingCause) => void;
};

const RANK: Readonly<Record<Priority, number>> = { never: 0, low: 1, medium: 2, high: 3 };

const isBusy = (writer: VolumeWriter): boolean =>
  writer.pendingBytes() > MAX_VOLUME_BYTES || writer.oldestPendingMs() > SLOW_MS;
/** It has work in hand and does not say anything: it may yet come back, with nothing lost. */
const isHung = (writer: VolumeWriter, state: VolumeState): boolean =>
  state.kind === 'unusable' && state.cause === 'volume-error' && writer.oldestPendingMs() > SLOW_MS;

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
  /** Streams of which no more comes for now: their file is closed as soon as nothing waits for it. */
  const ended = new Set<Stream>();
  /** Writers that have told the state of their disk. */
  const heard = new WeakSet<VolumeWriter>();
  const slabIndexes = new Map<VolumeWriter, Map<SharedArrayBuffer, number>>();

  const lose = (entry: Waiting, cause: MissingCause, detail: string): void => {
    slabs.give(entry.fragment.block);
    book(entry, cause, detail);
  };
  const book = ({ stream, fragment }: Waiting, cause: MissingCause, detail: string): void => {
    // Nothing was sent yet: what comes next follows something that is not there.
    stream.last ??= { sequence: fragment.sequence - 1, chain: undefined, given: undefined };
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
    ended.delete(stream);
    waiting.push({ stream, fragment, tried: new Set(), relinked: false, cause: undefined, detail: '' });
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
    let hung: VolumeWriter | undefined;
    for (const id of entry.stream.facts.volumeIds()) {
      const writer = deps.writerOf(id);
      if (writer === undefined) continue;
      const state = writer.state();
      // A thread that has just been started has not looked at its disk yet: that is no reason to lose anything.
      if (state.kind === 'unusable' && !heard.has(writer)) return { writer, busy: true };
      if (isHung(writer, state)) hung ??= writer;
      else if (state.kind === 'unusable') {
        entry.cause ??= state.cause;
        entry.detail ||= state.message;
      } else if (!entry.tried.has(id)) {
        return { writer, busy: isBusy(writer) };
      }
    }
    // With no other disk to go to, memory bridges for as long as it lasts: then it is overload.
    return hung && { writer: hung, busy: true };
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
    // The file goes on in the middle of a segment, or behind a link that was made anew: the chain says what came before.
    const isAsRecorded =
      fragment.first && isNext(stream, fragment) && isSameLink(stream.last?.chain, stream.last?.given);
    const own = isAsRecorded ? segment : createSegment(segment, stream.last?.chain);
    const startBlock = slabs.take(own.startBytes.length);
    if (startBlock === undefined) return undefined;
    startBlock.bytes.set(own.startBytes);
    lastHandle += 1;
    const file: File = {
      volumeId: writer.volumeId,
      handle: lastHandle,
      segment: own,
      source: segment,
      lastSequence: 0,
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
      stream.file.source === fragment.segment &&
      stream.file.lastSequence + 1 === fragment.sequence;
    if (!fits) {
      closeFile(stream, jobs);
      const opened = openFile(entry, writer);
      if (opened === undefined) return false;
      stream.file = opened.file;
      jobs(writer.volumeId, opened.job);
    }
    const { file } = stream;
    if (file === undefined) return false;
    const continuous = fragment.continuous && isNext(stream, fragment);
    entry.relinked ||= continuous !== fragment.continuous || !isSameLink(file.chain, fragment.chainBefore);
    file.chain = entry.relinked
      ? rechainFragment(fragment.block.bytes, fragment.start, file.chain, continuous).chain
      : fragment.chain;
    file.lastSequence = fragment.sequence;
    stream.inHand += 1;
    file.unanswered += 1;
    lastToken += 1;
    sent.set(lastToken, { waiting: entry, file, continuous, offset: file.size, before: stream.last });
    stream.last = { sequence: fragment.sequence, chain: file.chain, given: fragment.chain };
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

  /** Some of its fragments are about to come back from a file that failed: what is behind them waits for them. */
  const isFailing = ({ file }: Stream): boolean => {
    if (file === undefined || !file.broken || file.unanswered === 0) return false;
    return (deps.writerOf(file.volumeId)?.oldestPendingMs() ?? Infinity) <= SLOW_MS;
  };
  /** False: it must wait. */
  const place = (entry: Waiting, jobs: (volumeId: string, job: WriteJob) => void): boolean => {
    const target = volumeFor(entry);
    if (target !== undefined) return !target.busy && send(entry, target.writer, jobs);
    // Nothing more is linked to its last fragment; and what is open, retention may not remove from a full disk.
    closeFile(entry.stream, jobs);
    lose(entry, entry.cause ?? 'volume-gone', entry.detail || 'No volume is set up for this camera.');
    return true;
  };
  const endFile = (stream: Stream, jobs: (volumeId: string, job: WriteJob) => void): void => {
    if (!isFailing(stream)) closeFile(stream, jobs);
    if (stream.inHand === 0) ended.delete(stream);
  };
  const flush = (): void => {
    if (waiting.length === 0 && ended.size === 0) return;
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
      if (held.has(entry.stream) || isFailing(entry.stream) || !place(entry, jobs)) {
        held.add(entry.stream);
        kept.push(entry);
        waitingBytes += entry.fragment.length;
      }
    }
    waiting = kept;
    for (const stream of ended) if (!held.has(stream)) endFile(stream, jobs);
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
    unsend(entry);
    // A handle that never opened, or broke just before, is no fault of the volume with this fragment.
    if (code !== 'HANDLE' || entry.waiting.cause !== undefined) entry.waiting.tried.add(volumeId);
    entry.waiting.cause = cause;
    entry.waiting.detail = message;
    return entry.waiting;
  };

  /** It was not sent after all, nor what followed it into the same file. */
  const unsend = ({ waiting: { stream }, before }: Sent): void => {
    stream.inHand -= 1;
    if ((before?.sequence ?? 0) < (stream.last?.sequence ?? 0)) stream.last = before;
  };
  /** In front of what was recorded after it. */
  const putBack = (entry: Waiting): void => {
    waitingBytes += entry.fragment.length;
    const { stream, fragment } = entry;
    const behind = waiting.findIndex((other) => other.stream === stream && other.fragment.sequence > fragment.sequence);
    waiting.splice(behind < 0 ? waiting.length : behind, 0, entry);
  };

  return {
    stream: (facts) => {
      const stream: Stream = {
        facts,
        file: undefined,
        inHand: 0,
        last: undefined,
      };
      return {
        push: (fragment) => push(stream, fragment),
        endSegment: () => {
          ended.add(stream);
          flush();
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
        emit({ kind: 'segment-opened', at: deps.now(), segment: segmentReport(file.segment, file.volumeId, path) });
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
        entry.stream.inHand -= 1;
        file.unanswered -= 1;
        settle(file);
      }
      const again = result.failed.flatMap((failure) => failed(failure, volumeId) ?? []);
      for (const entry of again) putBack(entry);
      if (again.length > 0) flush();
    },
    pending: () => waiting.length + sent.size,
    waitingBytes: () => waitingBytes,
    abandon: (cause) => {
      const detail = 'The service stopped before the disk took it.';
      // What a disk has in hand may reach it yet, and is found there then; its memory stays what it is.
      for (const entry of sent.values()) book(entry.waiting, cause, detail);
      for (const entry of waiting) lose(entry, cause, detail);
      sent.clear();
      waiting = [];
      waitingBytes = 0;
    },
  };
}
