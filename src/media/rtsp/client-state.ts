/**
 * What the RTSP client knows, hears and does: the values that its machine (client-session.ts) is made of.
 * Belongs here: policy, events, effects, states. Does not: what leads from one to the other.
 */
import type { MissingCause } from '../../ledger/causes.ts';
import type { SelectedTracks, TrackDescription } from '../sdp/tracks-of.ts';
import type { Challenge, Credentials } from './authentication.ts';
import type { RtspRequest, RtspResponse } from './message.ts';
import type { RtpInfo, Session } from './session-header.ts';
import type { PortPair } from './transport-header.ts';
import type { RtspUrl } from './url.ts';

export type Policy = {
  readonly url: RtspUrl;
  readonly credentials: Credentials | undefined;
  /** `auto`: TCP, UDP if the camera refuses TCP, and TCP again if nothing arrives over UDP. */
  readonly transport: 'auto' | 'tcp' | 'udp';
  readonly audio: boolean;
  readonly userAgent: string;
  /** Fresh random text for every connection, letters and digits (Digest `cnonce`). */
  readonly cnonce: string;
  /** Milliseconds, all of them. Without an answer for so long the camera is unreachable. */
  readonly responseTimeout: number;
  /** Without a first packet for so long over UDP the machine falls back to TCP. */
  readonly udpTimeout: number;
  /** Without any picture for so long the camera is stalled. */
  readonly mediaTimeout: number;
  /** Wait between SETUP and PLAY until a `play` event (warm standby). */
  readonly pauseBeforePlay: boolean;
};

export const DEFAULT_TIMEOUTS: Pick<Policy, 'responseTimeout' | 'udpTimeout' | 'mediaTimeout'> = {
  responseTimeout: 10_000,
  udpTimeout: 4000,
  mediaTimeout: 10_000,
};

/**
 * What stood by may have died in silence, and is wanted now: without an answer to PLAY or a first packet for so long, in milliseconds,
 * it failed, and a new connection is the shorter way.
 */
export const STOOD_BY_TIMEOUT = 2000;

/** `at` is monotonic milliseconds. */
export type Event =
  | { readonly kind: 'connected'; readonly at: number }
  | { readonly kind: 'response'; readonly at: number; readonly response: RtspResponse }
  /** Cameras ask too: OPTIONS to see who is there, ANNOUNCE, REDIRECT, SET_PARAMETER. */
  | { readonly kind: 'request'; readonly at: number; readonly request: RtspRequest }
  /** Answers `open-ports`: even and odd port, or `undefined` if there are none. */
  | { readonly kind: 'ports-opened'; readonly at: number; readonly ports: PortPair | undefined }
  /** Media packets have come since the last event; `pictures`: not of sound alone. Once per `time-passed` is enough. */
  | { readonly kind: 'media-received'; readonly at: number; readonly pictures: boolean }
  /** At least every second. */
  | { readonly kind: 'time-passed'; readonly at: number }
  | { readonly kind: 'play'; readonly at: number }
  | { readonly kind: 'stop'; readonly at: number }
  /** The connection could not be made or broke off; `reason` in words for a person. */
  | { readonly kind: 'closed'; readonly at: number; readonly reason: string };

export type TrackTransport =
  | { readonly kind: 'tcp'; readonly rtpChannel: number; readonly rtcpChannel: number }
  | {
      readonly kind: 'udp';
      readonly local: PortPair;
      /** Where the camera sends from; `undefined` if it does not say. */
      readonly remote: PortPair | undefined;
      readonly source: string | undefined;
    };
export type ReadyTrack = {
  readonly description: TrackDescription;
  readonly transport: TrackTransport;
  readonly ssrc: number | undefined;
};

/** Why a camera cannot be recorded, in words for its owner; client-failure.ts finds them. */
export type Failure = {
  readonly cause: MissingCause;
  readonly message: string;
  /** It is the user name or the password; or the camera has no session left for us. */
  readonly about?: 'credentials' | 'room';
};

export type Effect =
  /** `request` is whole: CSeq, Session, Authorization. */
  | { readonly kind: 'send'; readonly request: RtspRequest }
  | { readonly kind: 'answer'; readonly response: RtspResponse }
  | { readonly kind: 'open-ports'; readonly track: TrackDescription['kind'] }
  /** Media may come from now on, some cameras send before they answer PLAY. Remarks are for the event log. */
  | { readonly kind: 'prepare'; readonly tracks: readonly ReadyTrack[]; readonly remarks: readonly string[] }
  | { readonly kind: 'standing-by' }
  | { readonly kind: 'playing'; readonly rtpInfo: readonly RtpInfo[] }
  /** Close the connection and connect anew at once with this transport instead of the policy's. */
  | { readonly kind: 'restart'; readonly transport: 'tcp' | 'udp'; readonly message: string }
  /** Close the connection. */
  | ({ readonly kind: 'failed' } & Failure)
  | { readonly kind: 'stopped' };

/** What a request is for. */
export type Purpose =
  | { readonly kind: 'options' }
  | { readonly kind: 'describe' }
  | { readonly kind: 'setup'; readonly track: TrackDescription }
  /** Some cameras refuse the header Range (457). */
  | { readonly kind: 'play'; readonly range: boolean }
  | { readonly kind: 'keep-alive' }
  | { readonly kind: 'teardown' };

/** A request without its answer. */
export type Pending = {
  readonly purpose: Purpose;
  readonly method: string;
  readonly cseq: number;
  readonly sentAt: number;
  /** The nonce it was proven with (empty for Basic); `undefined` if it carried no proof. */
  readonly nonce: string | undefined;
};

/** What is remembered of one connection. */
export type Conversation = {
  readonly cseq: number;
  readonly challenge: Challenge | undefined;
  readonly digestSeen: boolean;
  /** Requests proven with the challenge's nonce so far. */
  readonly nonceCount: number;
  /** 401 answers in a row. */
  readonly refusals: number;
  readonly offered: ReadonlySet<string>;
  readonly transport: 'tcp' | 'udp';
  readonly triedOther: boolean;
  /** Base of the controls once described. */
  readonly base: string;
  readonly described: SelectedTracks | undefined;
  readonly waiting: readonly TrackDescription[];
  readonly ready: readonly ReadyTrack[];
  readonly remarks: readonly string[];
  /** Ports opened for the track to be set up next, UDP only. */
  readonly ports: PortPair | undefined;
  readonly session: Session | undefined;
  /** It stood by before it was told to play. */
  readonly stoodBy: boolean;
};

export type State =
  | { readonly kind: 'connecting'; readonly since: number | undefined }
  | { readonly kind: 'asking'; readonly conversation: Conversation; readonly pending: Pending }
  | { readonly kind: 'opening-ports'; readonly conversation: Conversation }
  /** Set up, not playing (warm standby). */
  | {
      readonly kind: 'standing-by';
      readonly conversation: Conversation;
      readonly keepAlive: Pending | undefined;
      readonly lastSent: number;
    }
  | {
      readonly kind: 'playing';
      readonly conversation: Conversation;
      readonly keepAlive: Pending | undefined;
      readonly lastSent: number;
      readonly lastMedia: number;
      readonly anyMedia: boolean;
    }
  | { readonly kind: 'ended' };

export type Step = { readonly state: State; readonly effects: readonly Effect[] };

export const initial: State = { kind: 'connecting', since: undefined };
export const ENDED: State = { kind: 'ended' };
