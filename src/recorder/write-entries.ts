/**
 * What the write queue keeps of streams, files and fragments between recording and disk.
 * Belongs here: their shapes and what follows from them alone. Does not: what happens to them (write-queue.ts).
 */
import type { VolumeCause } from '../archive/writer-protocol.ts';
import type { FragmentReport, Priority, StreamName } from '../wire/media-protocol.ts';
import type { FinishedFragment, Segment } from './segment.ts';
import type { Block } from './slabs.ts';
import { fragmentReport } from './write-reports.ts';

export type QueueStream = {
  readonly cameraId: string;
  readonly stream: StreamName;
  readonly priority: () => Priority;
  /** In order of preference. */
  readonly volumeIds: () => readonly string[];
};
export type File = {
  readonly volumeId: string;
  readonly handle: number;
  readonly segment: Segment;
  /** What its fragments were recorded as; `segment` differs from it where a file begins in the middle. */
  readonly source: Segment;
  lastSequence: number;
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
export type Stream = {
  readonly facts: QueueStream;
  file: File | undefined;
  /** Sent and not answered. */
  inHand: number;
  last: Last | undefined;
};
/** What was sent last, in whatever file: its number, its link there, and its link as it was recorded. */
export type Last = {
  readonly sequence: number;
  readonly chain: Uint8Array | undefined;
  readonly given: Uint8Array | undefined;
};
export type Waiting = {
  readonly stream: Stream;
  readonly fragment: FinishedFragment;
  /** Volumes that have already failed with it. */
  readonly tried: Set<string>;
  /** Its bytes bear another link than they were recorded with. */
  relinked: boolean;
  /** Why the last one failed. */
  cause: VolumeCause | undefined;
  detail: string;
};
export type Sent = {
  readonly waiting: Waiting;
  readonly file: File;
  readonly continuous: boolean;
  readonly offset: number;
  readonly before: Last | undefined;
};

/** Nothing is missing between what was sent last and this one. */
export const isNext = ({ last }: Stream, { sequence }: FinishedFragment): boolean =>
  last === undefined || sequence === last.sequence + 1;
export const isSameLink = (one: Uint8Array | undefined, other: Uint8Array | undefined): boolean =>
  one === other || (one !== undefined && other !== undefined && Buffer.compare(one, other) === 0);

export const reportOf = ({ waiting: { fragment }, file, continuous, offset }: Sent): FragmentReport =>
  fragmentReport(fragment, { volumeId: file.volumeId, path: file.path ?? '', offset, continuous });
