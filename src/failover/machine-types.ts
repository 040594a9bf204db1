/**
 * The vocabulary of the failover machine: what one failover server (F) knows of one protected server (R), what it hears and
 * what it decides (docs/design/failover-machine.md).
 *
 * Belongs here: types. Does not: the decisions (machine.ts), who of several failover servers records (plan.ts, claims.ts).
 * Every time is passed in: `at` decides, `wall` stands in the record.
 */
import type { EpochMs, MonotonicMs } from '../core/units.ts';
import type { MissingCause } from '../ledger/causes.ts';
import type { PeerGoodbye, StreamProgress } from '../wire/peer-protocol.ts';
import type { CoverReason, ReleaseWhy, StreamKey, StreamRef, TakeoverBy } from './cover-reasons.ts';
import type { IncidentChange } from './incident.ts';

export type Takeover = {
  readonly since: MonotonicMs;
  readonly sinceWall: EpochMs;
  readonly by: TakeoverBy;
};

/** How the protected server is heard (product B5); the timeouts of the declaration hang on it. */
export type Link =
  | { readonly kind: 'never'; readonly since: MonotonicMs }
  | { readonly kind: 'connected'; readonly since: MonotonicMs }
  | { readonly kind: 'started'; readonly since: MonotonicMs }
  /** `since`: the last keep-alive. */
  | { readonly kind: 'alive'; readonly since: MonotonicMs }
  /** It said goodbye and the connection is still there. */
  | { readonly kind: 'leaving'; readonly since: MonotonicMs; readonly ending: 'normal' | 'abnormal' }
  | { readonly kind: 'down'; readonly since: MonotonicMs; readonly ending: 'normal' | 'abnormal' };

/** What the last keep-alive said of one stream. */
export type Heard = {
  readonly recording: boolean;
  readonly cause: MissingCause | undefined;
  /** When, by our clock, its footage last grew. */
  readonly progressAt: MonotonicMs;
  /** Since when it records and grows; undefined while it does not. */
  readonly wellSince: MonotonicMs | undefined;
  /** Since when its camera refuses R, over all of R's attempts. */
  readonly refusedSince: MonotonicMs | undefined;
};

export type Wanted = {
  readonly stream: StreamRef;
  readonly reason: CoverReason;
  readonly since: MonotonicMs;
  readonly sinceWall: EpochMs;
  /** From when on footage may be missing at R: its last durable footage, or the last sign of life. */
  readonly lostFrom: EpochMs;
  /** A failover server records it: told by `cover-progress`. */
  readonly covered: boolean;
};

/** When a camera was left to R although R did not record it, and how often since R last recorded it or failed as a whole. */
export type GaveWay = { readonly at: MonotonicMs; readonly times: number };

/** R asked to be relieved; `holdMs`: so long it may take until it stops. */
export type Planned = {
  readonly id: string;
  readonly since: MonotonicMs;
  readonly holdMs: number;
  readonly answered: boolean;
};

export type Watching = 'on' | 'disabled' | 'deauthorized' | 'refused';

export type State = {
  readonly serverId: string;
  readonly watching: Watching;
  readonly link: Link;
  /** Anything that proves its process alive. Pauses of our own are taken out. */
  readonly lastSign: MonotonicMs;
  readonly lastSignWall: EpochMs;
  /** Nothing is concluded from silence before: bytes that came during our own pause must be read first. */
  readonly graceUntil: MonotonicMs;
  /** One grace between two signs of life: a starved F must conclude some day. */
  readonly graceUsed: boolean;
  readonly instance: string | undefined;
  readonly mediaDown: boolean;
  readonly volumesFailed: boolean;
  readonly heard: Readonly<Record<StreamKey, Heard>>;
  /** Since when the server as a whole is in trouble of a kind that leaves it talking. */
  readonly failingSince: MonotonicMs | undefined;
  /** What R is to record by its newest settings backup. */
  readonly roster: readonly StreamRef[];
  readonly wanted: Readonly<Record<StreamKey, Wanted>>;
  /** Question to R that is out. */
  readonly asked: { readonly id: number; readonly at: MonotonicMs } | undefined;
  readonly asks: number;
  readonly nextAskAt: MonotonicMs;
  /** From when on R is asked again about cameras that refuse it. */
  readonly nextRefusalAskAt: MonotonicMs;
  readonly gaveWay: Readonly<Record<StreamKey, GaveWay>>;
  readonly takeover: Takeover | undefined;
  /** Restore was asked for by command: hold-down and manual restore no longer hold it back. */
  readonly restoreAsked: boolean;
  /** Let go by command: not covered again until its trouble is over. */
  readonly abandoned: boolean;
  readonly planned: Planned | undefined;
  /** Since when the server is without trouble; undefined while it has some. */
  readonly calmSince: MonotonicMs | undefined;
  /** When it failed in the last ten minutes. */
  readonly failures: readonly MonotonicMs[];
  /** Its failures come too often: handed back only after `holdDownMs` of calm. */
  readonly holdDown: boolean;
  readonly incident: string | undefined;
  /** Its trouble, once noticed, for the log. */
  readonly trouble: CoverReason | undefined;
  /** Incidents whose footage is not back yet. */
  readonly restoring: readonly string[];
};

/** R's answer to the question whether it records again: one row a stream, in R's own wall time. */
export type HandoverConfirmation = StreamRef & {
  /** First durable footage of the present run without a gap. */
  readonly since: number;
  /** End of its newest durable footage. */
  readonly until: number;
  /** Since `until` last advanced, by R's monotonic clock. */
  readonly idleMs: number;
  readonly epoch: number;
};

/** What a failover server says to one that wants to stop. It knows only the streams of its settings backup. */
export type Relieved = {
  /** Recorded durably, here or by another failover server: nothing else counts as safe. */
  readonly covered: readonly StreamRef[];
  /** Known here, and not covered yet. */
  readonly missing: readonly StreamRef[];
};

export type HandoverAnswer = {
  readonly streams: readonly HandoverConfirmation[];
  /** Streams whose camera just had no session for R. An older R does not say. */
  readonly noRoom?: readonly StreamRef[] | undefined;
};

export type Happening =
  /** An authenticated watch connection is there. */
  | { readonly kind: 'connected' }
  | { readonly kind: 'hello'; readonly instance: string }
  | { readonly kind: 'beat' }
  | { readonly kind: 'keep-alive'; readonly report: Report }
  | { readonly kind: 'goodbye'; readonly reason: PeerGoodbye['reason']; readonly message: string }
  /** `peer`: it closed or broke the connection (FIN, RST). `silence`: we gave it up. */
  | { readonly kind: 'disconnected'; readonly by: 'peer' | 'silence' }
  /** Each 100 ms, at least each `BEAT_MS`: suspicion is as exact as that. `loopDelayMs`: how much later than due it comes. */
  | { readonly kind: 'tick'; readonly loopDelayMs: number }
  /** At R's address answers another key: an alarm. */
  | { readonly kind: 'key-changed' }
  /** What R is to record, from its newest valid settings backup: at start, and with each new backup. */
  | { readonly kind: 'roster'; readonly streams: readonly StreamRef[] }
  /** Streams of R that F covers, and those that another failover server is heard covering (claims.ts). */
  | { readonly kind: 'cover-progress'; readonly streams: readonly StreamProgress[] }
  | ({ readonly kind: 'confirmed'; readonly ask: number } & HandoverAnswer)
  /** All footage of the incident is back, or stays here by policy. */
  | { readonly kind: 'footage-settled'; readonly incident: string }
  /** R wants to stop on purpose and waits for us; `id` comes back in `handover-ready`; `holdMs`: a minute unless said. */
  | { readonly kind: 'handover-asked'; readonly id: string; readonly holdMs?: number | undefined }
  | { readonly kind: 'take-over' }
  | { readonly kind: 'restore' }
  /** Stop covering at once, whatever R does: by command only. */
  | { readonly kind: 'abandon' }
  | { readonly kind: 'enable' }
  | { readonly kind: 'disable' };
export type Event = Happening & { readonly at: MonotonicMs; readonly wall: EpochMs };

/** The part of a keep-alive that is decided from. */
export type Report = {
  readonly media: 'up' | 'down';
  readonly streams: readonly StreamProgress[];
  readonly volumes: readonly { readonly id: string; readonly cause: MissingCause | undefined }[];
};

export type Effect =
  /** Record these now, as far as plan and claims give them to this server. Idempotent. */
  | {
      readonly kind: 'cover';
      readonly streams: readonly StreamRef[];
      readonly reason: CoverReason;
      /** The server as a whole is covered, not single streams. */
      readonly everything: boolean;
    }
  /** Stop recording these. */
  | { readonly kind: 'release'; readonly streams: readonly StreamRef[]; readonly why: ReleaseWhy }
  /** Ask R (`handover.confirm`) and tell the answer with the same `ask`. */
  | { readonly kind: 'confirm-handover'; readonly ask: number; readonly streams: readonly StreamRef[] }
  /** Answer R's `handover.request`; R stops at its own risk. */
  | ({ readonly kind: 'handover-ready'; readonly id: string } & Relieved)
  | { readonly kind: 'declare-takeover'; readonly by: TakeoverBy; readonly reason: CoverReason }
  | { readonly kind: 'end-takeover'; readonly by: TakeoverBy }
  /** What F recorded of these between the two wall times is to go home by the footage policy. */
  | {
      readonly kind: 'restore-footage';
      readonly incident: string;
      readonly streams: readonly StreamRef[];
      readonly from: EpochMs;
      readonly to: EpochMs;
    }
  | {
      readonly kind: 'log';
      readonly severity: 'info' | 'warning' | 'error';
      readonly code: string;
      readonly message: string;
    }
  | { readonly kind: 'incident'; readonly change: IncidentChange };

/** All durations in milliseconds. */
export type Policy = {
  readonly timeouts: {
    readonly connected: number;
    readonly started: number;
    readonly keepAlive: number;
    readonly normalShutdown: number;
    readonly abnormalShutdown: number;
  };
  readonly automaticTakeover: boolean;
  readonly automaticRestore: boolean;
  readonly holdDownMs: number;
  readonly suspicionMs: number;
  readonly progressMs: number;
};

export type Step = { readonly state: State; readonly effects: readonly Effect[] };
