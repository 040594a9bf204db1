/**
 * Carries out what the failover machine decides for the cameras of protected servers, as orders to this server's own media.
 */
import type { Catalogue } from '../archive/catalogue-types.ts';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { Running } from '../core/running.ts';
import type { SettingsFile } from '../settings/settings-file.ts';
import type { MediaEvent, StreamName, StreamOrder } from '../wire/media-protocol.ts';
import type { CoverProgress } from '../wire/peer-protocol.ts';
import type {
  CoveredFootage,
  CoverRemark,
  CoversFile,
  FirstFrame,
  ProtectedSettings,
  Refusal,
  StandbyCamera,
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
  readonly hotSeconds: number;
};
export type CoverDeps = {
  readonly clock: Clock;
  readonly log: Log;
  readonly box: () => CoverBox;
  readonly settingsOf: (serverId: string) => ProtectedSettings | undefined;
  /** `settings/covers.json` with `coversFileSchema`. */
  readonly file: Pick<SettingsFile<CoversFile>, 'get' | 'update'>;
  /** The file was lost: nothing recorded before now is dropped from the ring. */
  readonly indexLost: boolean;
  readonly catalogue: Pick<Catalogue, 'segments'>;
  /** archive/remove-segments.ts with the cause `retention`. */
  readonly removeSegment: (volumeId: string, path: string) => Promise<void>;
  /** The orders must be composed anew. */
  readonly changed: () => void;
  readonly remark: (remark: CoverRemark) => void;
  readonly firstFrame: (frame: FirstFrame) => void;
};

export type CoverRequest = {
  readonly serverId: string;
  readonly streams: readonly StreamRef[];
  readonly epoch: number;
  /** Wall milliseconds from when on footage may be missing at the protected server. */
  readonly lostFrom: number;
};
export type CoverService = Running & {
  /** The whole list of a server's cameras and how they are kept ready; replaces the one before. */
  readonly standby: (serverId: string, cameras: readonly StandbyCamera[]) => void;
  /** From now on nothing of the server's ring is dropped (true), or again as usual. Covering does it by itself. */
  readonly suspect: (serverId: string, suspected: boolean) => void;
  /** Records these from now on. Idempotent; another epoch counts from the next key frame on. What cannot be covered comes back. */
  readonly cover: (request: CoverRequest) => readonly Refusal[];
  /** Stops covering these: back to their standby level. Their footage is kept until `settled`. */
  readonly release: (serverId: string, streams: readonly StreamRef[]) => void;
  /** Nothing more is done for this server; covered footage stays until `settled`. */
  readonly drop: (serverId: string) => void;
  /** Covered footage went home, or shall be kept under retention like any other (`keep`), or was given up. */
  readonly settled: (ids: readonly string[]) => Promise<void>;
  /** Settings of a protected server, of this server, or its volumes changed. */
  readonly refresh: () => void;
  /** To be added to the orders of this server's own cameras. */
  readonly orders: () => readonly StreamOrder[];
  readonly refused: () => readonly Refusal[];
  readonly onMediaEvent: (event: MediaEvent) => void;
  readonly progress: (stateOf: (serverId: string) => CoverProgress['state']) => readonly CoverProgress[];
  /** Cameras that take a channel: own and covered. */
  readonly channels: () => { readonly max: number; readonly used: number };
  readonly covered: () => readonly CoveredFootage[];
  /**
   * What of this server's footage of a protected camera counts as footage; the rest is ring and drill. `undefined`: it is no
   * protected camera.
   */
  readonly footageOf: (cameraId: string, stream: StreamName) => readonly { start: number; end: number }[] | undefined;
};

export function createCover(_deps: CoverDeps): CoverService {
  throw new Error('not yet');
}
