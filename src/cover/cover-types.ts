/**
 * What the cover service is told and what it tells: standby levels, covered streams, the index of covered footage.
 *
 * Belongs here: those types and the shape of `settings/covers.json`. Does not: when a server is covered (failover), which
 * orders follow (cover-orders.ts), which footage of the ring goes (ring.ts).
 */
import { z } from 'zod';
import { isCameraId, isServerId } from '../core/ids.ts';
import { MAX_CAMERAS, standbyLevelSchema } from '../site/camera.ts';
import { MAX_PEERS } from '../site/peer.ts';
import type { BackedUpSettings } from '../site/settings-backup.ts';
import type { StreamName } from '../wire/media-protocol.ts';

export type StandbyLevel = 'cold' | 'warm' | 'hot';
export type StreamRef = { readonly cameraId: string; readonly stream: StreamName };
/** From the newest valid settings backup of a protected server. */
export type ProtectedSettings = Pick<BackedUpSettings, 'cameras' | 'secrets'>;
export type StandbyCamera = { readonly cameraId: string; readonly level: StandbyLevel };

/** Footage that this server recorded for another one, from when until when: what restoration gives back. Wall milliseconds. */
export type CoveredFootage = StreamRef & {
  readonly id: string;
  readonly serverId: string;
  /** The newest one; a claim may raise it while covering. */
  readonly epoch: number;
  /** With a hot camera the ring before the suspicion too. */
  readonly from: number;
  /** `undefined`: covered now. */
  readonly to: number | undefined;
  /** It does not go home, by policy: ordinary retention applies to it. */
  readonly kept: boolean;
};

/** Covers that were not given back yet. Of more, two old ones of a stream become one: what lies between stays too. */
export const MAX_COVERED = 8192;

const streamRef = {
  cameraId: z.string().refine(isCameraId),
  stream: z.enum(['main', 'sub']),
};
const serverId = z.string().refine(isServerId);
export const coversFileSchema = z.strictObject({
  /** What each server's cameras are kept ready for, so that a restart does not let go of them. */
  standby: z
    .array(
      z.strictObject({
        serverId,
        cameras: z.array(z.strictObject({ cameraId: streamRef.cameraId, level: standbyLevelSchema })).max(MAX_CAMERAS),
      }),
    )
    .max(MAX_PEERS),
  covered: z
    .array(
      z.strictObject({
        ...streamRef,
        id: z.string().max(64),
        serverId,
        epoch: z.number().int().min(1),
        from: z.number(),
        to: z.number().optional(),
        kept: z.boolean().optional(),
      }),
    )
    .max(MAX_COVERED),
  /** Wall milliseconds: what was covered before is not known, for the file was lost. */
  keptBefore: z.number().optional(),
});
export type CoversFile = z.infer<typeof coversFileSchema>;
export const NO_COVERS: CoversFile = { standby: [], covered: [] };

/** Why a stream that should be covered, or kept ready, is not; the words of ledger/causes.ts. */
export type RefusalCause =
  /** Its camera pushes to the failed server, or its address cannot be used here. */
  | 'not-reachable-from-failover'
  /** All channels of this server are in use. */
  | 'not-covered-channel'
  /** Its settings are not known here, or a camera of this server has its id. */
  | 'not-covered-policy';
export type Refusal = StreamRef & {
  readonly serverId: string;
  readonly cause: RefusalCause;
  readonly message: string;
};

/** What is to be noted in the activity log. */
export type CoverRemark = {
  readonly severity: 'info' | 'warning';
  readonly code:
    | 'cover/first-frame'
    | 'cover/fell-back-to-warm'
    | 'cover/fell-back-to-cold'
    | 'cover/not-ready'
    | 'cover/ready-again'
    | 'cover/refused'
    | 'cover/ring';
  readonly serverId: string;
  readonly cameraId: string | undefined;
  readonly message: string;
};
export type FirstFrame = StreamRef & {
  readonly serverId: string;
  /** When the first key frame was durable here, and when it was shown to the camera; wall milliseconds. */
  readonly durableAt: number;
  readonly start: number;
  /** Since `cover` was called, by the monotonic clock. 0 for a hot camera: it was being recorded. */
  readonly afterMs: number;
};
/** How a camera is to be kept ready, and how it is. */
export type StandbyView = StandbyCamera & {
  readonly serverId: string;
  /** Hot: its footage becomes durable here; warm: its session is held. Of several streams the least ready one counts. */
  readonly actual: StandbyLevel;
  /** Why it is less than it should be. */
  readonly message: string | undefined;
  /** Covered or rehearsed now: recorded, whatever its level. */
  readonly inUse: boolean;
};

export const secondsToMs = (seconds: number): number => seconds * 1000;
