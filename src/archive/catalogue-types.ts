/**
 * What the catalogue holds, as its callers see it. Times are wall milliseconds since 1970, ranges half open.
 * Belongs here: shapes. Does not: SQL (catalogue-*.ts).
 */
import type { MissingCause } from '../ledger/causes.ts';
import type { ReturnNote } from '../media/mp4/segment-header.ts';
import type { Receipt } from '../wire/footage-protocol.ts';
import type { FragmentReport, SegmentReport, StreamName } from '../wire/media-protocol.ts';

export type StreamKey = { readonly cameraId: string; readonly stream: StreamName };
export type Span = { readonly start: number; readonly end: number };

/** A key frame and everything up to the next one, in file order. `offset + length` is where the next one begins, padding included. */
export type KeyGroup = Span & { readonly offset: number; readonly length: number; readonly sequence: number };

/** One segment file without its inner index. */
export type SegmentRow = Omit<SegmentReport, 'segment'> & {
  /** Relative to the volume's root, with `/`. */
  readonly path: string;
  readonly end: number;
  /** Durable bytes. */
  readonly bytes: number;
  /** Still being written, or its writer died and nobody has reconciled it yet. */
  readonly open: boolean;
  /** Open, and what it holds is known in part only: until its file is read, that alone has all of it. */
  readonly partial?: true;
  /** Both -1 while it holds no fragment. */
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** Another server recorded it and gave it back. Times of the row are those of this server. */
  readonly returned?: ReturnNote;
  /** Sequences in it, `[first, last]`, that returned footage stands for: not in `keys` and `spans`, never shown or exported. */
  readonly superseded?: readonly SequenceRange[];
};
export type SequenceRange = readonly [first: number, last: number];
/** What a file says of itself; times as the catalogue keeps them. */
export type SegmentToStore = SegmentReport & { readonly returned?: ReturnNote };
/** With the index: what playlists, exports and the timeline are made of. */
export type Segment = SegmentRow & { readonly keys: readonly KeyGroup[]; readonly spans: readonly Span[] };

/** One fragment as a scan of the file found it: `FragmentReport` without the names. */
export type ScannedFragment = Pick<
  FragmentReport,
  'offset' | 'length' | 'sequence' | 'start' | 'end' | 'key' | 'continuous'
>;

export type SegmentTotals = StreamKey & {
  readonly volumeId: string;
  readonly segments: number;
  readonly bytes: number;
};

export type SegmentTable = {
  /** Idempotent. */
  readonly open: (segment: SegmentReport) => void;
  /** Idempotent by segment and sequence; fragments of a segment nobody knows are counted in the result, not stored. Those that a closed row lacks open it again. */
  readonly addFragments: (fragments: readonly FragmentReport[]) => { readonly unknown: number };
  /** Folds the fragments into the row. Idempotent. False: it was opened again and stays open; only a scan of its file knows all of it. */
  readonly close: (volumeId: string, path: string) => boolean;
  /** Replaces or creates a closed row from what a scan of the file found; what it supersedes is so from then on, and no longer once the row goes. */
  readonly putScanned: (segment: SegmentToStore, fragments: readonly ScannedFragment[]) => void;
  /** Reports of those that are open are lost: they are partial from now on. */
  readonly doubtOpenOnes: () => void;
  readonly get: (volumeId: string, path: string) => Segment | undefined;
  /**
   * Those that overlap the range, in order of start, then first sequence. One that has groups of another in its midst (returned ones that
   * fill a hole in it) comes in pieces, each with its part of the index, so that all groups are in order of time.
   */
  readonly find: (key: StreamKey, range: Span) => readonly Segment[];
  /** The same without reading the index. */
  readonly findRows: (key: StreamKey, range: Span) => readonly SegmentRow[];
  /** The last one that starts at or before `at`, and the first one after it. */
  readonly around: (
    key: StreamKey,
    at: number,
  ) => { readonly before: SegmentRow | undefined; readonly after: SegmentRow | undefined };
  /** The file that was given back under this id. */
  readonly returnedAs: (id: string) => SegmentRow | undefined;
  readonly openOnes: () => readonly SegmentRow[];
  /** Closed ones of a stream on one volume, of each server that recorded it the first `limit` in recording order (by sequence, whatever the clock did). */
  readonly oldest: (key: StreamKey, volumeId: string, limit: number) => readonly SegmentRow[];
  /** By volume, in order of path, from after `path` on: for reconciling without holding everything. */
  readonly page: (volumeId: string, afterPath: string, limit: number) => readonly SegmentRow[];
  /** The row and its fragments. False if there was none. */
  readonly remove: (volumeId: string, path: string) => boolean;
  /** Of every stream and volume that has footage; kept up to date by triggers, so asking costs nothing. */
  readonly totals: () => readonly SegmentTotals[];
  /** Bytes of footage that began in the range, all cameras: today's rate for the forecast. */
  readonly bytesStarted: (range: Span, volumeId?: string) => number;
};

export type Gap = StreamKey & {
  readonly id: number;
  readonly start: number;
  /** `undefined`: still open. */
  readonly end: number | undefined;
  readonly cause: MissingCause;
  readonly accessUnits: number | undefined;
  readonly detail: string;
};
export type GapTable = {
  /** If another one of the stream is open it ends where this one starts. The same again changes nothing. */
  readonly open: (gap: Omit<Gap, 'id' | 'end' | 'accessUnits'>) => void;
  /** Without an open gap it does nothing. */
  readonly close: (key: StreamKey, end: number) => void;
  /** False: one of this cause that begins at this moment is known already; media tells gaps again after it was killed. */
  readonly add: (gap: Omit<Gap, 'id'> & { readonly end: number }) => boolean;
  /** Those that overlap the range, in order of start. */
  readonly find: (key: StreamKey, range: Span) => readonly Gap[];
  readonly openOnes: () => readonly Gap[];
};

export type Expectation = { readonly start: number; readonly end: number | undefined };
export type ExpectationTable = {
  /** Says from when on recording is ordered or no longer ordered; the same again changes nothing. */
  readonly set: (key: StreamKey, expected: boolean, at: number) => void;
  readonly find: (key: StreamKey, range: Span) => readonly Expectation[];
  /** Streams that were ever expected. */
  readonly streams: () => readonly (StreamKey & { readonly expected: boolean })[];
};

export type Service = 'media' | 'control';
export type ServiceTable = {
  /** One period an instance; `at` is its newest sign of life. */
  readonly beat: (service: Service, instance: string, startedAt: number, at: number) => void;
  readonly find: (service: Service, range: Span) => readonly (Span & { readonly instance: string })[];
};

export type RemovedCause = Extract<MissingCause, 'retention' | 'deleted' | 'footage-damaged'>;
export type RemovedTable = {
  /** Merged with what touches it and has the same cause. */
  readonly add: (key: StreamKey, span: Span, cause: RemovedCause) => void;
  readonly find: (key: StreamKey, range: Span) => readonly (Span & { readonly cause: RemovedCause })[];
};

/** How far the events of which media process are in these tables; set in the transaction that applies them. */
export type MediaCursor = { readonly instance: string; readonly seq: number };
export type CursorTable = {
  readonly get: () => MediaCursor | undefined;
  readonly set: (cursor: MediaCursor) => void;
};

export type Severity = 'info' | 'warning' | 'error';
export type LogRow = {
  readonly id: number;
  readonly at: number;
  readonly severity: Severity;
  readonly code: string;
  readonly message: string;
  readonly cameraId: string | undefined;
  readonly volumeId: string | undefined;
  readonly user: string | undefined;
};
export type LogFilter = {
  readonly limit: number;
  /** Only rows older than this id (`next` of the page before). */
  readonly before?: number | undefined;
  /** Only rows newer than this id: what a browser missed. */
  readonly after?: number | undefined;
  readonly since?: number | undefined;
  readonly until?: number | undefined;
  readonly severity?: Severity | undefined;
  readonly code?: string | undefined;
  /** One of these; `*` stands for anything. */
  readonly codes?: readonly string[] | undefined;
  readonly cameraId?: string | undefined;
  readonly user?: string | undefined;
  /** Case-insensitive for ASCII, anywhere in the message. */
  readonly text?: string | undefined;
};
export type LogTable = {
  /** The id: increases, also when the clock is set back. */
  readonly add: (row: Omit<LogRow, 'id'>) => number;
  /** Newest first. */
  readonly find: (filter: LogFilter) => readonly LogRow[];
  /** Keeps the newest `maxRows` and of them those not before `since`; how many went. */
  readonly trim: (maxRows: number, since: number) => number;
};

/** Export jobs, kept as the caller's JSON so that their shape stays with him. */
export type ExportTable = {
  readonly put: (id: string, createdAt: number, job: unknown) => void;
  readonly get: (id: string) => unknown;
  /** Newest first. */
  readonly list: (limit: number) => readonly unknown[];
  readonly remove: (id: string) => boolean;
};

/** Receipts given for returned files, so that one offered again gets the same. */
export type ReceiptTable = {
  readonly get: (fileId: string) => Receipt | undefined;
  readonly put: (receipt: Receipt) => void;
};

export type Catalogue = {
  /**
   * `new`: there was none, `rebuild-needed`: it was damaged and moved aside (to `movedTo`). Both ask for `reconcileVolumes`.
   */
  readonly condition: 'sound' | 'new' | 'rebuild-needed';
  readonly movedTo: string | undefined;
  /**
   * All or nothing; nested calls join the outer one. `durable` survives a power cut once it returns (one fsync): for gaps, expectations, log
   * and exports. The others may lose the last ones, never half of one: for fragments, which the files tell again.
   */
  readonly transaction: <T>(run: () => T, durability?: 'durable') => T;
  readonly segments: SegmentTable;
  readonly gaps: GapTable;
  readonly expectations: ExpectationTable;
  readonly services: ServiceTable;
  readonly removed: RemovedTable;
  readonly cursor: CursorTable;
  readonly log: LogTable;
  readonly exports: ExportTable;
  readonly receipts: ReceiptTable;
  readonly close: () => void;
};
