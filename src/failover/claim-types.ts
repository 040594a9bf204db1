/** The vocabulary of claims (claims.ts): what one failover server wants, holds, hears of others, and does. Cameras by id. */
import type { MonotonicMs } from '../core/units.ts';
import type { CoverProgress } from '../wire/peer-protocol.ts';
import type { HandoverConfirmation } from './machine-types.ts';

export type WantedCamera = {
  readonly serverId: string;
  /** Since when nobody is seen recording it; undefined while somebody is. */
  readonly uncoveredSince: MonotonicMs | undefined;
  /** Who steps in in which order, by the plan; without this server in it, it does not record it. */
  readonly ranks: readonly string[];
};
export type Held = { readonly serverId: string; readonly since: MonotonicMs };
/** Of one protected server: one epoch for all its cameras that are held here. */
export type HeldServer = {
  readonly epoch: number;
  /** By the host; else provisional. */
  readonly isIssued: boolean;
  readonly askedAt: MonotonicMs;
};
export type OtherClaim = {
  readonly epoch: number;
  readonly isRecording: boolean;
  /** Since when it is heard to record, without a silence in between. */
  readonly recordingSince: MonotonicMs | undefined;
  readonly hasFailed: boolean;
  /** When it was first heard of. */
  readonly since: MonotonicMs;
};
export type Member = { readonly lastSign: MonotonicMs; readonly claims: Readonly<Record<string, OtherClaim>> };

export type ClaimsState = {
  readonly selfId: string;
  /** The highest epoch known anywhere. */
  readonly maxEpoch: number;
  readonly wanted: Readonly<Record<string, WantedCamera>>;
  readonly held: Readonly<Record<string, Held>>;
  readonly servers: Readonly<Record<string, HeldServer>>;
  /** Other failover servers that are connected. */
  readonly others: Readonly<Record<string, Member>>;
  readonly asks: number;
  readonly nextAskAt: MonotonicMs;
  /** The question to a winner that is out. */
  readonly asked:
    | {
        readonly id: number;
        readonly memberId: string;
        readonly at: MonotonicMs;
        readonly cameraIds: readonly string[];
      }
    | undefined;
};

export type ClaimEvent = { readonly at: MonotonicMs } & (
  | { readonly kind: 'want'; readonly serverId: string; readonly cameraIds: readonly string[] }
  /** The protected server has them again, or they are let go by command. */
  | { readonly kind: 'unwant'; readonly cameraIds: readonly string[] }
  | { readonly kind: 'ranks'; readonly ranks: Readonly<Record<string, readonly string[]>> }
  /** A keep-alive of another failover server. */
  | { readonly kind: 'heard'; readonly memberId: string; readonly covering: readonly CoverProgress[] }
  | { readonly kind: 'alive'; readonly memberId: string }
  | { readonly kind: 'gone'; readonly memberId: string }
  | { readonly kind: 'known-epoch'; readonly epoch: number }
  /** The store answered a `claim`. */
  | { readonly kind: 'issued'; readonly serverId: string; readonly epoch: number }
  | {
      readonly kind: 'winner-answered';
      readonly memberId: string;
      readonly ask: number;
      readonly streams: readonly HandoverConfirmation[];
    }
  | { readonly kind: 'tick'; readonly loopDelayMs: number }
);

export type ClaimEffect =
  /** Record these in this epoch; for cameras that are recorded already only the epoch rises. */
  | {
      readonly kind: 'record';
      readonly serverId: string;
      readonly cameraIds: readonly string[];
      readonly epoch: number;
    }
  /** `to`: who records them instead. */
  | { readonly kind: 'stop'; readonly cameraIds: readonly string[]; readonly to: string | undefined }
  /** Ask that server what it records of these, and tell the answer with the same `ask`. */
  | {
      readonly kind: 'ask-winner';
      readonly memberId: string;
      readonly ask: number;
      readonly cameraIds: readonly string[];
    }
  /** Have an epoch above `above` issued by the store (coordination/epoch-claim.ts); asked again until `issued`. */
  | {
      readonly kind: 'claim';
      readonly serverId: string;
      readonly cameraIds: readonly string[];
      readonly above: number;
    };

export type ClaimDraft = { state: ClaimsState; readonly effects: ClaimEffect[]; readonly at: MonotonicMs };
