/**
 * Giving footage back, as the composition root and the API see it (docs/design/restoration.md).
 * Belongs here: types. Does not: how (restoration.ts and beside).
 */
import type { Catalogue, StreamKey } from '../archive/catalogue-types.ts';
import type { VolumePlace } from '../archive/remove-segments.ts';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { Running } from '../core/running.ts';
import type { PeerHandler, PeerReply, PeerRequestOptions } from '../peer/network-types.ts';
import type { SmbShare } from '../smb/smb-share.ts';
import type { Receipt, ReturnFile } from '../wire/footage-protocol.ts';

export type FootagePolicy = 'return' | 'keep' | 'shared';

export type RestorationOrder = {
  /** Whose footage it is: the protected server. */
  readonly serverId: string;
  readonly streams: readonly StreamKey[];
  /** Wall milliseconds of this server, half open: the cover with its pre-buffer. */
  readonly start: number;
  readonly end: number;
  readonly policy: FootagePolicy;
  readonly transport: 'direct' | 'smb';
};

export type RestorationState =
  | 'queued'
  | 'running'
  /** The other side is not there, has no space, or is still writing what is to be compared. `problem` says which. */
  | 'waiting'
  | 'done'
  /** All that can be given back is; some files are damaged here, or were refused: they stay, and are tried again, until they are deleted by hand. */
  | 'incomplete'
  /** By policy it stays here. */
  | 'kept'
  | 'stopped';

/** What remains, and what would be lost by stopping. */
export type RestorationProgress = {
  readonly id: string;
  readonly order: RestorationOrder;
  readonly state: RestorationState;
  readonly problem: string | undefined;
  readonly startedAt: number;
  readonly finishedAt: number | undefined;
  readonly files: { readonly total: number; readonly received: number; readonly refused: number };
  readonly bytes: { readonly total: number; readonly received: number };
  /** Of footage; `known` needed no sending. */
  readonly seconds: { readonly total: number; readonly received: number; readonly known: number };
  readonly remaining: {
    readonly files: number;
    readonly bytes: number;
    readonly seconds: number;
    /** Pictures that were taken here in the place of that server; absent: none. */
    readonly snapshots?: number;
  };
  readonly bytesPerSecond: number;
  /** Until it is done at this rate. */
  readonly etaMs: number | undefined;
};

export type LostFootage = StreamKey & { readonly start: number; readonly end: number };

export type RestorationEvent =
  | { readonly kind: 'restoration-started'; readonly id: string; readonly serverId: string }
  | {
      readonly kind: 'file-received';
      readonly id: string;
      readonly serverId: string;
      readonly receipt: Receipt;
      /** What went home. */
      readonly file: Pick<ReturnFile, 'cameraId' | 'stream' | 'bytes' | 'accessUnits'>;
    }
  | {
      readonly kind: 'restoration-problem';
      readonly id: string;
      readonly serverId: string;
      readonly code: string;
      readonly message: string;
    }
  | {
      readonly kind: 'restoration-ended';
      readonly id: string;
      readonly serverId: string;
      readonly state: Extract<RestorationState, 'done' | 'incomplete' | 'kept'>;
      /** It ended incomplete before. */
      readonly isAgain: boolean;
    }
  /** Footage that was not given back was deleted here, on order. */
  | {
      readonly kind: 'restoration-stopped';
      readonly id: string;
      readonly serverId: string;
      readonly deleted: RestorationProgress['remaining'];
      /** What is nowhere now, but for what the other server recorded itself. Times of this server. */
      readonly lost: readonly LostFootage[];
    };

export type RestorationDeps = {
  readonly ownServerId: string;
  /** `<data>`: the state of transfers is kept in `restorations.sqlite` there. */
  readonly dataDirectory: string;
  readonly catalogue: Pick<Catalogue, 'segments' | 'removed' | 'transaction'>;
  /** The volumes of this server as they are now. */
  readonly volumes: () => readonly VolumePlace[];
  /** False while volumes are being reconciled: what is not in the catalogue may be there none the less. */
  readonly isReady: () => boolean;
  /** `PeerNetwork.request`. */
  readonly request: (
    peerId: string,
    method: string,
    params: unknown,
    options?: PeerRequestOptions,
  ) => Promise<PeerReply>;
  /** Added to wall times of this server to have those of the peer; `undefined`: not known now. */
  readonly clockOffsetOf: (serverId: string) => number | undefined;
  /** Servers in whose place that one is, and itself: whose snapshots are its own. Absent: itself alone. */
  readonly ownersOf?: (serverId: string) => readonly string[];
  /** By which that server signs receipts, as it was pinned: SPKI in PEM; `undefined`: not known. */
  readonly receiptKeyOf: (serverId: string) => string | undefined;
  /** This server records that stream for another one now. */
  readonly isCovering: (key: StreamKey) => boolean;
  /** Bits a second of all restorations together. */
  readonly rateLimit: () => number | undefined;
  /** The share that the protected server names; without it SMB waits. `folder` is relative to the share. */
  readonly openShare: (serverId: string, signal: AbortSignal) => Promise<{ share: SmbShare; folder: string }>;
  readonly publish: (event: RestorationEvent) => void;
  readonly clock: Clock;
  readonly log: Log;
};

export type Restoration = Running & {
  /** The same server, streams and range again is the same restoration. Begins at once. */
  readonly begin: (order: RestorationOrder) => string;
  readonly list: () => readonly RestorationProgress[];
  readonly get: (id: string) => RestorationProgress | undefined;
  /** The peer is there again: what waited for it goes on now. */
  readonly nudge: (serverId: string) => void;
  /**
   * Stops it and deletes what remains here. `confirm` must be what `remaining` of its progress says now.
   * @throws restoration/unknown, restoration/over, restoration/confirm
   */
  /** Answers to protected servers about what stays here by policy. */
  readonly keptHandlers: Readonly<Record<string, PeerHandler>>;
  /** Forgets what of it is deleted here; the servers whose footage that was. */
  readonly forgetDeleted: () => readonly string[];
  readonly cancel: (id: string, confirm: RestorationProgress['remaining']) => Promise<void>;
  /** This server is in the place of that one now: what is here stays, as its own. Every restoration to it ends; nothing is deleted. */
  readonly keepAll: (serverId: string) => Promise<void>;
  /** Another server is in the place of that one: what is not home yet goes to it, also what the first one has already. */
  readonly readdress: (from: string, to: string) => Promise<void>;
};
