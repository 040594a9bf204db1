/**
 * The requests by which covered footage finds its way home. The covering server asks; the protected server answers
 * (docs/design/restoration.md). All times are wall milliseconds of the answering server unless said otherwise.
 *
 * Belongs here: parameters and results of the `footage.*` requests. Does not: what is decided from them (ledger/seams.ts).
 */
import type { MissingCause } from '../ledger/causes.ts';
import type { ReturnNote } from '../media/mp4/segment-header.ts';
import type { StreamName } from './media-protocol.ts';

export const MAX_GROUPS = 4096;
/** Of one `footage.prove`. */
export const MAX_PROVED = 256;
/** Fragments of one group: ten minutes without a key frame at the shortest fragment. */
export const MAX_GROUP_FRAGMENTS = 4096;
/** Of one transfer; a piece is at most `MAX_ATTACHMENT_BYTES`. */
export const MAX_RETURN_FILE_BYTES: number = 4 * 1024 * 1024 * 1024;

/** One fragment of a group: nothing is missing inside it, so its access units can be placed in time. */
export type GroupFragment = {
  readonly start: number;
  readonly end: number;
  /** First 6 bytes of the leaf hash of each access unit, in decoding order, base64. */
  readonly leaves: string;
};

/** A key frame with everything up to the next one, as its leaf hashes tell it. What seams are decided from. */
export type FootageGroup = {
  /** The server that recorded it: sequences are its. */
  readonly recordedBy: string;
  /** Wall milliseconds of the server that recorded it. */
  readonly start: number;
  readonly end: number;
  /** Sequence of its first and last fragment at the server that recorded it. */
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** First 16 bytes of the leaf hash of the key frame, hex. */
  readonly key: string;
  readonly accessUnits: number;
  /** First 16 bytes of SHA-256 over all leaf hashes, hex: equal groups are equal here. */
  readonly digest: string;
  /** Nothing is known to be missing inside it, and the group after it follows without loss. */
  readonly continuous: boolean;
  /** More of it may still come: it is the end of what is being recorded. */
  readonly growing: boolean;
  readonly fragments: readonly GroupFragment[];
};

/** `footage.groups`: what the asked server has durable of a stream. */
export type GroupsParams = {
  readonly cameraId: string;
  readonly stream: StreamName;
  readonly start: number;
  readonly end: number;
};
export type GroupsResult = {
  /** In order of start; superseded ones left out. */
  readonly groups: readonly FootageGroup[];
  /** There are more behind the last one: ask again from its end on. */
  readonly more: boolean;
  readonly now: number;
  /** End of the newest durable footage of the stream; what is recorded at this moment lies behind it. */
  readonly durableUntil: number | undefined;
};

/** `footage.prove`: are these still what their headers say? Asked before the other server lets go of its own copy. Read from the payload. */
export type ProveParams = {
  readonly cameraId: string;
  readonly stream: StreamName;
  readonly groups: readonly GroupName[];
};
/** As `footage.groups` told it. */
export type GroupName = Pick<FootageGroup, 'recordedBy' | 'firstSequence' | 'start' | 'end' | 'digest'>;
/** Of the first of those asked for, in their order; the others are asked for again. */
export type ProveResult = { readonly proofs: readonly Proof[] };
/** `altered`: it is not there any more as it was told, ask for groups again; `later`: it is being written, ask again when that is over. */
export type Proof = 'whole' | 'altered' | 'later';

/** One file to be inserted: a segment as docs/design/segment-format.md has it, composed for its new home. */
export type ReturnFile = {
  /** Unique over all time; the same file offered again has the same id. */
  readonly id: string;
  readonly cameraId: string;
  readonly stream: StreamName;
  /** Who recorded it, and in which epoch. */
  readonly recordedBy: string;
  readonly epoch: number;
  readonly start: number;
  readonly end: number;
  readonly bytes: number;
  /** SHA-256 of the whole file, hex. */
  readonly sha256: string;
  readonly fragments: number;
  readonly accessUnits: number;
  /** Added to its times to have those of the receiving server. */
  readonly clockOffsetMs: number;
};

/** `footage.offer`: asks where to go on; `offset` is behind the last whole fragment that was verified. */
export type OfferParams = { readonly file: ReturnFile };
export type OfferResult =
  | { readonly kind: 'send'; readonly offset: number }
  | { readonly kind: 'have'; readonly receipt: Receipt }
  | { readonly kind: 'later'; readonly retryMs: number; readonly reason: string };

/** `footage.append`: attachment are the bytes from `offset`. */
export type AppendParams = { readonly id: string; readonly offset: number };
export type AppendResult = { readonly offset: number };

/** `footage.insert`: everything was sent (direct), or lies under `path` on a volume or share both sides know. */
export type InsertParams = {
  readonly file: ReturnFile;
  readonly place:
    | { readonly kind: 'sent' }
    | { readonly kind: 'share'; readonly path: string }
    | {
        readonly kind: 'shared-volume';
        readonly volumeId: string;
        readonly path: string;
        /** Kept beside the segment, which stays as it was recorded. */
        readonly note: ReturnNote;
      };
};
export type InsertResult = { readonly receipt: Receipt };

/** Given only after every byte was verified, is durable and stands in the catalogue. The source may delete on it. */
export type Receipt = {
  readonly fileId: string;
  readonly serverId: string;
  readonly sha256: string;
  readonly at: number;
  /** Ed25519 over the JSON of the rest in this order, base64; by the key of the receiving server (archive/receipt.ts). */
  readonly signature: string;
};

/** `footage.account`: why seconds that nobody covered are missing; booked by the protected server. */
export type AccountParams = {
  readonly gaps: readonly {
    readonly cameraId: string;
    readonly stream: StreamName;
    readonly start: number;
    readonly end: number;
    readonly cause: MissingCause;
    readonly detail: string;
  }[];
};
