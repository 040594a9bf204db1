/**
 * What the peer channel offers to the rest of a server, and what it needs of it (docs/design/peer-protocol.md).
 * Belongs here: types that services and composition roots build on. Does not: how it works (peer-network.ts and beside).
 */
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { Running } from '../core/running.ts';
import type { DurationMs, EpochMs, MonotonicMs } from '../core/units.ts';
import type { PeerRecord } from '../site/peer.ts';
import type { PeerSelf } from '../wire/pairing-protocol.ts';
import type { Attachment, PeerBeat, PeerGoodbye, PeerHello, PeerKeepAlive } from '../wire/peer-protocol.ts';
import type { HttpServing } from './http-links.ts';
import type { PeerEndpoint, PeerIdentity } from './peer-tls.ts';

/** The network counts and stamps it; a function that gives a whole `PeerKeepAlive` does too. */
export type KeepAliveFacts = Omit<PeerKeepAlive, 'kind' | 'seq' | 'at'>;

export type PeerNetworkDeps = {
  readonly clock: Clock;
  readonly log: Log;
  /** `keys.peer` (settings/keys.ts). */
  readonly identity: PeerIdentity;
  readonly bind: string;
  /** 0: any; `network.port` tells which. */
  readonly port: number;
  readonly self: () => PeerSelf;
  /** The records of `settings/peers.json` as they are now; asked each second and at `refresh()`. */
  readonly peers: () => readonly PeerRecord[];
  readonly keepAlive: () => KeepAliveFacts;
  /** Identities that were revoked here, kept over restarts: they are told so when they come back. */
  readonly parted: { readonly has: (fingerprint: string) => boolean; readonly add: (fingerprint: string) => void };
  /** Another server proved the pairing code shown here: store its record. Rejecting refuses the pairing. */
  readonly paired: (peer: PairedPeer) => Promise<void>;
  /** 0 up to, not with, 1. */
  readonly random: () => number;
  /** Neither of the two watches the other, such as a host and most of its members: signs of life are seldom. Absent: nobody. */
  readonly isCalm?: (record: PeerRecord) => boolean;
  /** HTTP connections on which a peer asks. Absent: none is taken. */
  readonly serving?: HttpServing;
};

/** What a pairing yields; roles (`watched`, `watcher`, `managesUs`) are for the caller to decide. */
export type PairedPeer = {
  readonly server: PeerSelf;
  /** SHA-256 of its peer certificate. */
  readonly fingerprint: string;
  readonly peerPort: number;
  /** Where it was dialled; undefined if it dialled us. */
  readonly host: string | undefined;
};

type Told<Kind extends string, More = unknown> = { readonly kind: Kind; readonly at: MonotonicMs } & More;
type OfPeer = { readonly peerId: string };
/**
 * About watch connections, in order of arrival; `up` and `down` of a peer alternate, and everything but `key-changed` and
 * `refused` of it lies between them. A connection replaced by another without a moment between them is not told.
 */
export type PeerEvent =
  | Told<'up', OfPeer & { readonly dialledBy: 'us' | 'them' }>
  /** Follows each `up`. */
  | Told<'hello', OfPeer & { readonly hello: PeerHello }>
  | Told<'beat', OfPeer & { readonly beat: PeerBeat }>
  | Told<'keep-alive', OfPeer & { readonly keepAlive: PeerKeepAlive }>
  /** The connection may stay open for a while. */
  | Told<'goodbye', OfPeer & { readonly goodbye: PeerGoodbye }>
  | Told<'down', OfPeer & { readonly cause: DownCause; readonly message: string }>
  /** Somebody shows another key in the name of this peer, or at its address: an alarm. At most one a minute a peer. */
  | Told<'key-changed', OfPeer & { readonly fingerprint: string; readonly address: string }>
  /** No connection came to be; `peerId` is undefined for a stranger. At most one a minute a peer and cause. */
  | Told<
      'refused',
      {
        readonly peerId: string | undefined;
        readonly cause: RefusedCause;
        readonly message: string;
        /** Of a stranger: where it came from. */
        readonly address?: string;
      }
    >;

export type DownCause =
  /** It ended or broke without a goodbye. */
  | 'closed'
  /** It ended after a goodbye. */
  | 'goodbye'
  /** Nothing came for `MAX_SILENCE_MS`, or a frame stopped in the middle. */
  | 'silent'
  /** It broke the protocol. */
  | 'protocol'
  /** It does not read what is sent. */
  | 'stuck'
  /** The same server came back as a new process. */
  | 'restarted'
  /** Revoked, disabled or removed here. */
  | 'revoked'
  /** This network was stopped. */
  | 'stopped';
export type RefusedCause =
  | 'version'
  | 'stranger'
  | 'wrong-server'
  | 'refused-by-peer'
  | 'deauthorized-by-peer'
  /** A stranger tried a code while one is shown: each of its tries is told, there are `MAX_TRIES` a code. */
  | 'pairing-code'
  /** A stranger would pair, and no code is shown, or it does not ask as one asks. */
  | 'pairing';

export type PeerCaller = {
  readonly id: string;
  readonly record: PeerRecord;
  /** Aborted when the connection is gone: nobody waits for the answer any more. */
  readonly signal: AbortSignal;
};
export type PeerAnswer = { readonly result: unknown; readonly attachment?: Attachment };
/** `params` are for the handler to parse. Throwing an `UnderstudyError` tells its kind, code and message to the caller. */
export type PeerHandler = (peer: PeerCaller, params: unknown, attachment: Attachment) => Promise<PeerAnswer>;

export type PeerRequestOptions = {
  readonly attachment?: Attachment;
  /** Default: `bulk` with an attachment, else `watch`. Answers with an attachment, and big ones, need `bulk`. */
  readonly via?: 'watch' | 'bulk';
  /** Default 10 s, from the call on. */
  readonly timeoutMs?: DurationMs;
  readonly signal?: AbortSignal;
};
export type PeerReply = { readonly result: unknown; readonly attachment: Attachment };

export type PeerStatus = {
  /** It answered the last attempt, with its pinned key, that this server is not welcome there. */
  readonly refused: { readonly cause: RefusedCause; readonly message: string } | undefined;
  readonly peerId: string;
  readonly connected: boolean;
  readonly address: string | undefined;
  readonly hello: PeerHello | undefined;
  readonly roundTripMs: number | undefined;
  /** Added to its wall times to have ours: median of the last beats. */
  readonly clockOffsetMs: number | undefined;
  /** Why the last attempt to dial it failed; undefined once it is connected. */
  readonly problem: string | undefined;
};

export type PeerNetwork = Running & {
  readonly port: number;
  readonly fingerprint: string;
  /** Synchronous, in order of arrival; a listener that throws is logged. */
  readonly listen: (listener: (event: PeerEvent) => void) => () => void;
  /** Once a method. */
  readonly handle: (method: string, handler: PeerHandler) => void;
  /**
   * @throws peer/not-connected, peer/timeout, peer/closed, peer/aborted, peer/too-many-requests, peer/too-large, or what
   * the other side's handler threw
   */
  readonly request: (
    peerId: string,
    method: string,
    params: unknown,
    options?: PeerRequestOptions,
  ) => Promise<PeerReply>;
  /**
   * A new connection for HTTP on which this side asks; all of them end with the watch connection.
   * @throws peer/unknown, peer/not-connected, peer/no-http, peer/too-many-http, peer/aborted
   */
  readonly openHttp: (peerId: string, signal: AbortSignal) => Promise<TLSSocket>;
  /** Sends the keep-alive now: something in it became worse. */
  readonly nudge: () => void;
  /** A peer that could not be reached is dialled now: somebody heard that it is back. */
  readonly hurry: (peerId: string) => void;
  /** The peer records changed: dial new ones, cut those that are gone, disabled or have another key. */
  readonly refresh: () => void;
  /** Cuts all its connections at once and takes none until its record was added again. */
  readonly revoke: (peerId: string) => void;
  /** Tells every peer; connections stay open until `stop()`, which says `shutdown` if nothing was said before. */
  readonly leave: (reason: 'shutdown' | 'restart' | 'update' | 'error', message: string) => void;
  readonly statusOf: (peerId: string) => PeerStatus | undefined;
  readonly status: () => readonly PeerStatus[];
  /** What another server needs to make a record of this one. */
  readonly describe: () => PeerDescription;
  /** Shows a new code; an earlier one is void. */
  readonly openPairing: () => { readonly code: string; readonly expiresAt: EpochMs };
  readonly closePairing: () => void;
  /** @throws peer/pairing-refused, peer/unreachable, peer/version, peer/aborted */
  readonly pairWith: (place: PeerEndpoint, code: string, signal?: AbortSignal) => Promise<PairedPeer>;
};

/** Body of `POST /api/v1/peers` between servers, too. */
export type PeerDescription = {
  readonly id: string;
  readonly name: string;
  readonly mode: PeerSelf['mode'];
  readonly fingerprint: string;
  readonly httpsFingerprint: string;
  readonly httpPort: number;
  readonly peerPort: number;
  readonly clientAddress?: string;
};
