/**
 * The cover service as its neighbours see it: what it is given, what it can be told and asked.
 * Belongs here: those types. Does not: how it works (cover.ts).
 */
import type { Catalogue } from '../archive/catalogue-types.ts';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { Running } from '../core/running.ts';
import type { MissingCause } from '../ledger/causes.ts';
import type { SettingsFile } from '../settings/settings-file.ts';
import type { FragmentReport, MediaEvent, StreamName, StreamOrder } from '../wire/media-protocol.ts';
import type { CoverProgress } from '../wire/peer-protocol.ts';
import type {
  CoveredFootage,
  CoverRemark,
  CoversFile,
  FirstFrame,
  ProtectedSettings,
  Refusal,
  StandbyCamera,
  StandbyLevel,
  StandbyView,
  StreamRef,
} from './cover-types.ts';

/** What this server has for covering. */
export type CoverBox = {
  /** Id of this server: it owns the fragments. */
  readonly serverId: string;
  /** `failover.storeVolumeIds`, or all volumes of this server. */
  readonly volumeIds: readonly string[];
  /** `failover.maxChannels`. */
  readonly maxChannels: number;
  /** Cameras of its own that take a channel. */
  readonly ownCameraIds: ReadonlySet<string>;
  /** Cameras in its own settings, recorded or not: footage of them is never ring. */
  readonly ownFootageIds?: ReadonlySet<string>;
  readonly hotSeconds: number;
};
export type CoverDeps = {
  readonly clock: Clock;
  readonly log: Log;
  readonly box: () => CoverBox;
  readonly settingsOf: (serverId: string) => ProtectedSettings | undefined;
  /** What media was told before this process began. */
  readonly lastOrders: readonly StreamOrder[];
  /** `settings/covers.json` with `coversFileSchema`. */
  readonly file: Pick<SettingsFile<CoversFile>, 'get' | 'update'>;
  /** The file was lost: nothing recorded before now is dropped from the ring, now or after a restart. */
  readonly indexLost: boolean;
  readonly catalogue: { readonly segments: Pick<Catalogue['segments'], 'totals' | 'oldest'> };
  /** The volume whose disk keeps what is recorded of a stream waiting: for others it fails then, who can record meanwhile. */
  readonly waitsFor?: (stream: StreamRef) => string | undefined;
  /** Why nothing of it becomes durable, its volume being full or gone; the same for others. `from`: monotonic, when it began to be recorded. */
  readonly lostFor?: (stream: StreamRef, from: number) => MissingCause | undefined;
  /** archive/remove-segments.ts with the cause `retention`. */
  readonly removeSegment: (volumeId: string, path: string) => Promise<void>;
  /** The orders must be composed anew. */
  readonly changed: () => void;
  readonly remark: (remark: CoverRemark) => void;
  readonly firstFrame: (frame: FirstFrame) => void;
};

export type OwedSegment = StreamRef & { readonly serverId?: string; readonly start: number; readonly end: number };
export type CoverRequest = {
  readonly serverId: string;
  readonly streams: readonly StreamRef[];
  readonly epoch: number;
  /** Wall milliseconds of this server, from when on footage may be missing at the protected one. */
  readonly lostFrom: number;
};
export type RehearsedStream = StreamRef & {
  readonly level: StandbyLevel;
  /** It is in the ring already. */
  readonly alive: boolean;
  /** Why it is not recorded. */
  readonly problem: string | undefined;
};
export type CoverService = Running & {
  /** The whole list of a server's cameras and how they are kept ready; replaces the one before. */
  readonly standby: (serverId: string, cameras: readonly StandbyCamera[]) => void;
  /** From now on nothing of the server's ring is dropped (true), or again as usual. Covering does it by itself. */
  readonly suspect: (serverId: string, suspected: boolean) => void;
  /** Camera ids, all of them: another failover server records them, so their ring goes on being trimmed while their server is suspected. */
  readonly elsewhere: (cameraIds: ReadonlySet<string>) => void;
  /** Records these from now on. Idempotent; another epoch counts from the next key frame on. What cannot be covered comes back. */
  readonly cover: (request: CoverRequest) => readonly Refusal[];
  /**
   * Stops covering these: back to their standby level, or to none for a while with `standDown`, so that their own server gets the
   * only session. Their footage is kept until `settled`.
   */
  readonly release: (serverId: string, streams: readonly StreamRef[], standDown?: 'stand-down') => void;
  /** Nothing more is done for this server; covered footage stays until `settled`. */
  readonly drop: (serverId: string) => void;
  /** Covered footage went home or was given up: what is left of it here goes with the ring. Never told of what stays by `keep`. */
  readonly settled: (ids: readonly string[]) => Promise<void>;
  /** Covered footage stays here by policy: it never goes with the ring, and no longer holds out against ordinary retention. */
  readonly keeps: (ids: readonly string[]) => Promise<void>;
  /** A snapshot: which segments are covered footage that nobody else has, as far as is known. Retention must leave them alone. */
  readonly owed: () => (segment: OwedSegment) => boolean;
  /** Settings of a protected server, of this server, or its volumes changed. */
  readonly refresh: () => void;
  /** To be added to the orders of this server's own cameras. */
  readonly orders: () => readonly StreamOrder[];
  readonly refused: () => readonly Refusal[];
  readonly onMediaEvent: (event: MediaEvent) => void;
  readonly progress: (stateOf: (serverId: string) => CoverProgress['state']) => readonly CoverProgress[];
  /** Cameras that take a channel: own and covered. What is only kept ready yields. */
  readonly channels: () => { readonly max: number; readonly used: number };
  readonly covered: () => readonly CoveredFootage[];
  readonly standbyViews: () => readonly StandbyView[];
  /**
   * What of this server's footage of a protected camera counts as footage; the rest is ring and rehearsal. `undefined`: it is
   * no protected camera.
   */
  readonly footageOf: (cameraId: string, stream: StreamName) => readonly { start: number; end: number }[] | undefined;
  /** Records everything of the server into the ring (true) or no longer. Empty: it is covered now, or not known. */
  readonly rehearse: (serverId: string, on: boolean) => readonly RehearsedStream[];
  /** Recorded here now. */
  readonly isAlive: (stream: StreamRef) => boolean;
  /** Why it is not, as media says. */
  readonly problemOfStream: (stream: StreamRef) => string | undefined;
  /** Durable fragments of protected streams. */
  readonly onFragment: (listener: (fragment: FragmentReport) => void) => () => void;
};
