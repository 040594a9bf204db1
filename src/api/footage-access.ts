/** What the footage routes need of the world, and no more. Types only; control gives the functions. */
import type { Segment, SegmentRow } from '../archive/catalogue-types.ts';
import type { AccountSpan } from '../ledger/account.ts';
import type { StreamName } from '../wire/media-protocol.ts';

export type StreamRef = { readonly cameraId: string; readonly stream: StreamName };
export type MillisecondRange = { readonly start: number; readonly end: number };

export type FootageAccess = {
  /** Cameras that are set up or still have footage. */
  readonly isCamera: (cameraId: string) => boolean;
  readonly accountOf: (key: StreamRef, range: MillisecondRange) => readonly AccountSpan[];
  readonly segmentsOf: (key: StreamRef, range: MillisecondRange) => readonly Segment[];
  /** Recorded, but kept by another server that cannot be reached now; `detail` says by which. */
  readonly awayOf: (key: StreamRef, range: MillisecondRange) => readonly { readonly detail: string }[];
  readonly segmentAt: (volumeId: string, path: string) => Segment | undefined;
  /** The file, opened inside its volume only. @throws footage/volume-gone, footage/file-gone */
  readonly openSegment: (segment: Pick<SegmentRow, 'volumeId' | 'path'>) => Promise<SegmentBytes>;
  readonly serverNameOf: (serverId: string) => string;
  readonly now: () => number;
};

export type SegmentBytes = {
  /** Bytes of the file from `offset`; fewer only at its end. */
  readonly read: (offset: number, length: number) => Promise<Uint8Array>;
  readonly close: () => Promise<void>;
};
