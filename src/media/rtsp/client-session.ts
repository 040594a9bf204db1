/**
 * The RTSP client as a pure machine (docs/design/rtsp-client.md): OPTIONS, DESCRIBE, SETUP of each track, PLAY, keep-alive,
 * TEARDOWN (RFC 2326). Time enters as `at`, answers as values, everything to be done leaves as effects.
 *
 * Belongs here: what is asked next and what an answer means. Does not: sockets and media bytes (recorder), the requests'
 * headers and proofs (client-conversation.ts), why a camera said no (client-failure.ts), when to try again (recorder).
 *
 * Invariants:
 * 1. At most one request is under way until PLAY was answered.
 * 2. `prepare` comes before PLAY is sent; `failed`, `stopped` and `restart` come at most once, and nothing after them.
 * 3. After the camera has asked for Digest nothing is answered with Basic.
 */
import { assertNever } from '../../core/errors.ts';
import type { TrackDescription } from '../sdp/tracks-of.ts';
import { answered, setUpNext } from './client-answers.ts';
import { beginConversation, request } from './client-conversation.ts';
import type { Conversation, Pending } from './client-conversation.ts';
import { brokenOff, noAnswer, noMedia } from './client-failure.ts';
import type { Failure } from './client-failure.ts';
import type { Credentials } from './authentication.ts';
import type { RtspRequest, RtspResponse } from './message.ts';
import type { RtpInfo } from './session-header.ts';
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
  /** Without any media for so long the camera is stalled. */
  readonly mediaTimeout: number;
  /** Wait between SETUP and PLAY until a `play` event (warm standby). */
  readonly pauseBeforePlay: boolean;
};

export const DEFAULT_TIMEOUTS: Pick<Policy, 'responseTimeout' | 'udpTimeout' | 'mediaTimeout'> = {
  responseTimeout: 10_000,
  udpTimeout: 4000,
  mediaTimeout: 10_000,
};

/** `at` is monotonic milliseconds. */
export type Event =
  | { readonly kind: 'connected'; readonly at: number }
  | { readonly kind: 'response'; readonly at: number; readonly response: RtspResponse }
  /** Cameras ask too: OPTIONS to see who is there, ANNOUNCE, REDIRECT, SET_PARAMETER. */
  | { readonly kind: 'request'; readonly at: number; readonly request: RtspRequest }
  /** Answers `open-ports`: even and odd port, or `undefined` if there are none. */
  | { readonly kind: 'ports-opened'; readonly at: number; readonly ports: PortPair | undefined }
  /** Media packets have come since the last event. Once per `time-passed` is enough. */
  | { readonly kind: 'media-received'; readonly at: number }
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

export function step(state: State, event: Event, policy: Policy): Step {
  if (state.kind === 'ended') return { state, effects: [] };
  switch (event.kind) {
    case 'connected':
      return connected(state, event.at, policy);
    case 'response':
      return answered(state, event.response, event.at, policy);
    case 'request':
      return { state, effects: [answerTo(event.request)] };
    case 'ports-opened':
      return portsOpened(state, event.ports, event.at, policy);
    case 'media-received':
      return to(state.kind === 'playing' ? { ...state, lastMedia: event.at, anyMedia: true } : state);
    case 'time-passed':
      return timePassed(state, event.at, policy);
    case 'play':
      return played(state, event.at, policy);
    case 'stop':
      return stopped(state, event.at, policy);
    case 'closed':
      return closed(state, event.reason, policy);
    default:
      return assertNever(event);
  }
}

const to = (state: State, ...effects: readonly Effect[]): Step => ({ state, effects });

function connected(state: State, at: number, policy: Policy): Step {
  if (state.kind !== 'connecting') return to(state);
  return request({ kind: 'options' }, beginConversation(policy), at, policy);
}

function played(state: State, at: number, policy: Policy): Step {
  return state.kind === 'standing-by'
    ? request({ kind: 'play', range: true }, state.conversation, at, policy)
    : to(state);
}

function closed(state: State, reason: string, policy: Policy): Step {
  const expected = state.kind === 'asking' && state.pending.purpose.kind === 'teardown';
  return to(ENDED, expected ? { kind: 'stopped' } : { kind: 'failed', ...brokenOff(state, reason, policy) });
}

/** What a client must be able to answer; anything else it does not implement (RFC 2326 §11.3.1). */
function answerTo(asked: RtspRequest): Effect {
  const known = asked.method === 'OPTIONS' || asked.method === 'SET_PARAMETER' || asked.method === 'GET_PARAMETER';
  const cseq = asked.headers.filter(([name]) => name.toLowerCase() === 'cseq');
  const [status, reason] = known ? ([200, 'OK'] as const) : ([501, 'Not Implemented'] as const);
  return { kind: 'answer', response: { kind: 'response', status, reason, headers: cseq, body: new Uint8Array(0) } };
}

function portsOpened(state: State, ports: PortPair | undefined, at: number, policy: Policy): Step {
  if (state.kind !== 'opening-ports') return to(state);
  if (ports !== undefined) return setUpNext({ ...state.conversation, ports }, at, policy);
  const message = 'No UDP ports are free on this box for RTP: set the camera to TCP.';
  return to(ENDED, { kind: 'failed', cause: 'overload', message });
}

function timePassed(state: Exclude<State, { kind: 'ended' }>, at: number, policy: Policy): Step {
  switch (state.kind) {
    case 'connecting':
      if (state.since === undefined) return to({ ...state, since: at });
      return at - state.since < policy.responseTimeout
        ? to(state)
        : to(ENDED, { kind: 'failed', ...noAnswer(undefined, policy) });
    case 'asking':
      if (at - state.pending.sentAt < policy.responseTimeout) return to(state);
      if (state.pending.purpose.kind === 'teardown') return to(ENDED, { kind: 'stopped' });
      return to(ENDED, { kind: 'failed', ...noAnswer(state.pending, policy) });
    case 'opening-ports':
      return to(state);
    case 'standing-by':
      return keepAlive(state, at, policy);
    case 'playing':
      return watchMedia(state, at, policy);
    default:
      return assertNever(state);
  }
}

function watchMedia(state: Extract<State, { kind: 'playing' }>, at: number, policy: Policy): Step {
  const silent = at - state.lastMedia;
  const udp = state.conversation.transport === 'udp';
  if (udp && !state.anyMedia && policy.transport === 'auto' && silent >= policy.udpTimeout) {
    const message = `No RTP arrived over UDP within ${policy.udpTimeout / 1000} s (a firewall?); trying TCP.`;
    const { effects } = request({ kind: 'teardown' }, state.conversation, at, policy);
    return to(ENDED, ...effects, { kind: 'restart', transport: 'tcp', message });
  }
  if (silent >= policy.mediaTimeout) return to(ENDED, { kind: 'failed', ...noMedia(state.anyMedia, policy) });
  return keepAlive(state, at, policy);
}

/** At half the session's timeout, so that one lost answer does not end it; an unanswered one shows a dead connection. */
function keepAlive(state: Extract<State, { kind: 'playing' | 'standing-by' }>, at: number, policy: Policy): Step {
  if (state.keepAlive !== undefined) {
    // Media proves the camera alive: a few cameras never answer a keep-alive (docs/design/rtsp-client.md, quirk 12).
    if (at - state.keepAlive.sentAt < policy.responseTimeout) return to(state);
    if (state.kind === 'playing') return to({ ...state, keepAlive: undefined });
    return to(ENDED, { kind: 'failed', ...noAnswer(state.keepAlive, policy) });
  }
  const timeout = state.conversation.session?.timeout ?? 60;
  if (at - state.lastSent < timeout * 500) return to(state);
  const asked = request({ kind: 'keep-alive' }, state.conversation, at, policy);
  if (asked.state.kind !== 'asking') return asked;
  const { conversation, pending } = asked.state;
  return to({ ...state, conversation, keepAlive: pending, lastSent: at }, ...asked.effects);
}

function stopped(state: Exclude<State, { kind: 'ended' }>, at: number, policy: Policy): Step {
  if (state.kind === 'connecting' || state.conversation.session === undefined) return to(ENDED, { kind: 'stopped' });
  if (state.kind === 'asking' && state.pending.purpose.kind === 'teardown') return to(state);
  return request({ kind: 'teardown' }, state.conversation, at, policy);
}
