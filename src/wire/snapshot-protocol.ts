/**
 * The requests about snapshots that a covering server took in the place of the protected one (docs/design/restoration.md). The covering one asks
 * `snapshot.put`, the protected one the others. Times are those of the server that took it, but where an offset is told.
 */
import type { Receipt } from './footage-protocol.ts';
import { readReceipt } from './parse-footage.ts';
import { cameraIdText, serverIdText, streamNameText } from './parse-control-message.ts';
import { sha256Text } from './parse-peer-message.ts';
import { flag, listOf, matching, measure, objectOf, oneKindOf, oneOf, optional, text, whole } from './shape.ts';
import type { Read } from './shape.ts';

/** Of one camera, in one answer; a camera has not more (control/snapshots.ts). */
export const MAX_SNAPSHOTS_TOLD = 2000;
/** Of one snapshot. */
const MAX_BYTES: number = 17 * 1024 * 1024;
const MAX_CLOCK_OFFSET_MS = 100 * 366 * 86_400_000;

type Picture = { readonly id: string; readonly sha256: string; readonly kind: 'jpeg' | 'mp4'; readonly bytes: number };
/** `snapshot.put`: the attachment are the bytes from `offset` on. `clockOffsetMs`: added to its time to have that of the receiving server. */
export type PutParams = {
  readonly cameraId: string;
  readonly picture: Picture;
  readonly at: number;
  readonly clockOffsetMs: number;
  readonly offset: number;
};
export type PutResult =
  /** Send from `offset` on. */
  | { readonly kind: 'more'; readonly offset: number }
  /** It is durable there. The source may delete on it. */
  | { readonly kind: 'have'; readonly receipt: Receipt }
  | { readonly kind: 'later'; readonly retryMs: number; readonly reason: string };

/** `snapshot.list`: half open, in order of time. */
export type ListParams = { readonly cameraId: string; readonly start: number; readonly end: number };
export type ToldSnapshot = {
  readonly id: string;
  readonly kind: 'jpeg' | 'mp4';
  readonly at: number;
  readonly bytes: number;
  readonly stream: 'main' | 'sub';
  readonly takenBy: string;
  readonly user: string;
  readonly note: string | undefined;
};
export type ListResult = { readonly items: readonly ToldSnapshot[] };
/** `snapshot.read`, over the bulk connection: at most 1 MiB from `offset` on as attachment; `snapshot.remove` without `offset`. */
export type SnapshotPlace = { readonly cameraId: string; readonly id: string };
export type ReadParams = SnapshotPlace & { readonly offset: number };
export type ReadResult = { readonly bytes: number; readonly kind: 'jpeg' | 'mp4' };
export type RemoveResult = { readonly removed: boolean };

const id = matching((value) => /^\d{13}-[0-9a-f]{64}$/.test(value), 'the id of a snapshot');
/** Milliseconds: whole, for they stand in a name, and what can be told as a date. */
const time = whole(0, 2 ** 47);
const kind = oneOf(['jpeg', 'mp4']);
const length = whole(1, MAX_BYTES);
const offset = whole(0, MAX_BYTES);
const clockOffset: Read<number> = (value, path) => {
  const size = measure(typeof value === 'number' ? Math.abs(value) : value, path);
  whole(0, MAX_CLOCK_OFFSET_MS)(Math.ceil(size), path);
  return value as number;
};

/** Each: @throws wire/shape */
export const readPutParams: Read<PutParams> = objectOf<PutParams>({
  cameraId: cameraIdText,
  picture: objectOf<Picture>({ id, sha256: sha256Text, kind, bytes: length }),
  at: time,
  clockOffsetMs: clockOffset,
  offset,
});
export const readPutResult: Read<PutResult> = oneKindOf<PutResult>({
  more: objectOf({ kind: oneOf(['more']), offset }),
  have: objectOf({ kind: oneOf(['have']), receipt: readReceipt }),
  later: objectOf({ kind: oneOf(['later']), retryMs: whole(0, 86_400_000), reason: text(1000) }),
});
export const readListParams: Read<ListParams> = objectOf<ListParams>({
  cameraId: cameraIdText,
  start: measure,
  end: measure,
});
export const readListResult: Read<ListResult> = objectOf<ListResult>({
  items: listOf(
    objectOf<ToldSnapshot>({
      id,
      kind,
      at: time,
      bytes: length,
      stream: streamNameText,
      takenBy: serverIdText,
      user: text(256),
      note: optional(text(200)),
    }),
    MAX_SNAPSHOTS_TOLD,
  ),
});
export const readSnapshotPlace: Read<SnapshotPlace> = objectOf<SnapshotPlace>({ cameraId: cameraIdText, id });
export const readReadParams: Read<ReadParams> = objectOf<ReadParams>({ cameraId: cameraIdText, id, offset });
export const readReadResult: Read<ReadResult> = objectOf<ReadResult>({ bytes: length, kind });
export const readRemoveResult: Read<RemoveResult> = objectOf<RemoveResult>({ removed: flag });
