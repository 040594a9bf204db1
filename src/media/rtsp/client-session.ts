/**
 * The RTSP client as a pure machine (docs/design/rtsp-client.md): OPTIONS, DESCRIBE, SETUP of each track, PLAY, keep-alive,
 * TEARDOWN (RFC 2326). Time enters as `at`, answers as values, everything to be done leaves as effects.
 *
 * Belongs here: what is asked next and what an answer means. Does not: sockets and media bytes (recorder), the requests'
 * headers and proofs (client-requests.ts), why a camera said no (client-failure.ts), when to try again (recorder).
 *
 * Invariants:
 * 1. At most one request is under way until PLAY was answered.
 * 2. `prepare` comes before PLAY is sent; `failed`, `stopped` and `restart` come at most once, and nothing after them.
 * 3. After the camera has asked for Digest nothing is answered with Basic.
 */
import { assertNever } from '../../core/errors.ts';
import { answered, setUpNext } from './client-answers.ts';
import { beginConversation, request } from './client-requests.ts';
import { brokenOff, noAnswer, noMedia } from './client-failure.ts';
import { ENDED, STOOD_BY_TIMEOUT } from './client-state.ts';
import type { Effect, Event, Policy, State, Step } from './client-state.ts';
import type { RtspRequest } from './message.ts';
import type { PortPair } from './transport-header.ts';

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
      return to(state.kind === 'playing' ? received(state, event) : state);
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

/** Sound shows that the way is open; pictures alone show that the camera works. */
const received = (
  state: Extract<State, { kind: 'playing' }>,
  { at, pictures }: Extract<Event, { kind: 'media-received' }>,
): State => ({ ...state, lastMedia: pictures ? at : state.lastMedia, anyMedia: true });

const to = (state: State, ...effects: readonly Effect[]): Step => ({ state, effects });

function connected(state: State, at: number, policy: Policy): Step {
  if (state.kind !== 'connecting') return to(state);
  return request({ kind: 'options' }, beginConversation(policy), at, policy);
}

function played(state: State, at: number, policy: Policy): Step {
  return state.kind === 'standing-by'
    ? request({ kind: 'play', range: true }, { ...state.conversation, stoodBy: true }, at, policy)
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
      if (at - state.pending.sentAt < answerTimeout(state, policy)) return to(state);
      if (state.pending.purpose.kind === 'teardown') return to(ENDED, { kind: 'stopped' });
      return to(ENDED, { kind: 'failed', ...noAnswer(state.pending, policy, answerTimeout(state, policy)) });
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

function answerTimeout({ conversation, pending }: Extract<State, { kind: 'asking' }>, policy: Policy): number {
  const isWaitedFor = conversation.stoodBy && pending.purpose.kind === 'play';
  return isWaitedFor ? Math.min(STOOD_BY_TIMEOUT, policy.responseTimeout) : policy.responseTimeout;
}

function watchMedia(state: Extract<State, { kind: 'playing' }>, at: number, policy: Policy): Step {
  const silent = at - state.lastMedia;
  if (state.conversation.stoodBy && !state.anyMedia && silent >= STOOD_BY_TIMEOUT) {
    const { effects } = request({ kind: 'teardown' }, state.conversation, at, policy);
    return to(ENDED, ...effects, { kind: 'failed', ...noMedia(false, STOOD_BY_TIMEOUT, policy) });
  }
  const udp = state.conversation.transport === 'udp';
  if (udp && !state.anyMedia && policy.transport === 'auto' && silent >= policy.udpTimeout) {
    const message = `No RTP arrived over UDP within ${policy.udpTimeout / 1000} s (a firewall?); trying TCP.`;
    const { effects } = request({ kind: 'teardown' }, state.conversation, at, policy);
    return to(ENDED, ...effects, { kind: 'restart', transport: 'tcp', message });
  }
  if (silent >= policy.mediaTimeout)
    return to(ENDED, { kind: 'failed', ...noMedia(state.anyMedia, policy.mediaTimeout, policy) });
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
