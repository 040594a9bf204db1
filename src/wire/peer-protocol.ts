/**
 * What two servers of a site say to each other over the peer channel: mutual TLS 1.3 on port 51410, both keys pinned
 * (docs/design/peer-protocol.md). Times are wall milliseconds since 1970; durations are milliseconds.
 *
 * Belongs here: the messages, their bounds, which request has which parameters and result. Does not: sockets, framing and
 * trust (peer), what either side does with a message (watch, cover, restoration, control).
 */
import type { MissingCause } from '../ledger/causes.ts';
import type { StreamName } from './media-protocol.ts';

export const PEER_PROTOCOL_VERSION = 1;
/** Bare signs of life; a pause of a process below 800 ms is to go unnoticed and a longer one within 2 s. */
export const BEAT_MS = 250;
/** Full keep-alives with recording progress; at once when something in them changes for the worse. */
export const KEEP_ALIVE_MS = 1000;
/** One JSON message. */
export const MAX_PEER_MESSAGE_BYTES: number = 4 * 1024 * 1024;
/** Bytes behind one request or response: a piece of returned footage. */
export const MAX_ATTACHMENT_BYTES: number = 1024 * 1024;

export type PeerMode = 'recording' | 'failover' | 'host';

/** What decides whether a server can be protected (product F1). */
export type SuitabilityFacts = {
  /** `process.platform`. */
  readonly platform: string;
  /** Names of frame grabber cards that were found. */
  readonly frameGrabbers: readonly string[];
};

/** The start-up message, first on every connection from both sides. */
export type PeerHello = {
  readonly kind: 'hello';
  readonly protocol: number;
  /** `watch`: keep-alives and small requests; `bulk`: attachments, so that footage never delays a sign of life. */
  readonly purpose: 'watch' | 'bulk';
  readonly serverId: string;
  readonly name: string;
  readonly version: string;
  readonly mode: PeerMode;
  /** Of this run of the sending process; a new one means that it was started again. */
  readonly instance: string;
  readonly startedAt: number;
  readonly at: number;
  readonly httpPort: number;
  readonly peerPort: number;
  /** SHA-256 of the certificate of the web interface in hex. */
  readonly httpsFingerprint: string;
  /** By which it signs receipts for returned footage: Ed25519 (RFC 8032), SPKI in PEM. */
  readonly receiptKey: string;
  readonly suitability: SuitabilityFacts;
  /** Where browsers reach it, if not where it is seen: a host name or an IP address. */
  readonly clientAddress?: string | undefined;
};

/** Every `BEAT_MS`, both ways. `echo` answers the newest beat of the other side: round trip and clock offset come from it. */
export type PeerBeat = {
  readonly kind: 'beat';
  readonly seq: number;
  readonly at: number;
  readonly echo: { readonly seq: number; readonly heldMs: number } | undefined;
};

export type StreamProgress = {
  readonly cameraId: string;
  readonly stream: StreamName;
  readonly state: 'recording' | 'waiting' | 'failed';
  readonly cause: MissingCause | undefined;
  /** End of the newest durable fragment, wall milliseconds of the sender. */
  readonly durableUntil: number | undefined;
  /** Since `durableUntil` last advanced, by the sender's monotonic clock. */
  readonly idleMs: number | undefined;
};

/** What this server records for another one at this moment. */
export type CoverProgress = {
  readonly serverId: string;
  /** Coordination epoch of this cover. */
  readonly epoch: number;
  readonly state: 'covering' | 'takeover' | 'handing-over';
  readonly streams: readonly StreamProgress[];
};

export type PeerKeepAlive = {
  readonly kind: 'keep-alive';
  readonly seq: number;
  readonly at: number;
  readonly mode: PeerMode;
  readonly media: 'up' | 'down';
  /** Of the expected streams of this server's own cameras. */
  readonly streams: readonly StreamProgress[];
  readonly volumes: readonly { readonly id: string; readonly cause: MissingCause | undefined }[];
  readonly covering: readonly CoverProgress[];
  readonly channels: { readonly max: number; readonly used: number };
  /** Changes with every change of the settings that a backup holds; the watcher fetches when it is new. */
  readonly settingsRevision: string;
  /** Epoch in which this server records its own cameras. */
  readonly epoch: number;
};

/** Last message of a connection that ends on purpose. */
export type PeerGoodbye = {
  readonly kind: 'goodbye';
  /** `shutdown`, `restart`, `update`: a normal end; `error`: an abnormal one; `deauthorized`, `replaced`, `refused`: do not come back by yourself. */
  readonly reason: 'shutdown' | 'restart' | 'update' | 'error' | 'deauthorized' | 'replaced' | 'refused';
  readonly message: string;
};

/** Its attachment, if any, follows in the same frame. */
export type PeerRequest = {
  readonly kind: 'request';
  readonly id: number;
  readonly method: string;
  readonly params: unknown;
};
export type PeerResponse =
  | { readonly kind: 'response'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'failure'; readonly id: number; readonly error: PeerError };
/** The three of an `UnderstudyError`. */
export type PeerError = { readonly kind: string; readonly code: string; readonly message: string };

export type PeerMessage = PeerHello | PeerBeat | PeerKeepAlive | PeerGoodbye | PeerRequest | PeerResponse;

/** Bytes that travel with a request or its response. */
export type Attachment = Uint8Array | undefined;
