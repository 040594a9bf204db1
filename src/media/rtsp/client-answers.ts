/**
 * What an answer of the camera means to the RTSP client (client-session.ts): the next request, another attempt, or the end.
 */
import { assertNever } from '../../core/errors.ts';
import { parseSdp } from '../sdp/sdp.ts';
import { tracksOf } from '../sdp/tracks-of.ts';
import type { SelectedTracks, TrackDescription } from '../sdp/tracks-of.ts';
import { chooseChallenge, parseChallenges } from './authentication.ts';
import { nextChannels, request } from './client-requests.ts';
import {
  noCredentials,
  protocolBroken,
  refused,
  unknownChallenge,
  unreadable,
  wrongPassword,
} from './client-failure.ts';
import type { Conversation, Effect, Failure, Pending, Policy, ReadyTrack, State, Step } from './client-state.ts';
import { headerOf, headersOf } from './message.ts';
import type { RtspResponse } from './message.ts';
import { parsePublic, parseRtpInfo, parseSession } from './session-header.ts';
import { parseTransport } from './transport-header.ts';
import type { PortPair, TransportAnswer } from './transport-header.ts';
import { baseOf } from './url.ts';

type Asking = Extract<State, { kind: 'asking' }>;
type SetUp = Extract<State, { kind: 'playing' | 'standing-by' }>;
/** A stale nonce is answered anew; a camera that calls every nonce stale is not. */
const MAX_REFUSALS = 3;

export function answered(state: State, response: RtspResponse, at: number, policy: Policy): Step {
  if (response.status < 200) return { state, effects: [] };
  if (state.kind === 'asking') {
    return belongsTo(state.pending, response) ? toAsked(state, response, at, policy) : { state, effects: [] };
  }
  if ((state.kind !== 'playing' && state.kind !== 'standing-by') || state.keepAlive === undefined)
    return { state, effects: [] };
  return belongsTo(state.keepAlive, response)
    ? toKeepAlive(state, state.keepAlive, response, { at, policy })
    : { state, effects: [] };
}

/** An answer without CSeq belongs to the only request under way. */
function belongsTo(pending: Pending, response: RtspResponse): boolean {
  const cseq = headerOf(response, 'CSeq');
  return cseq === undefined || Number.parseInt(cseq, 10) === pending.cseq;
}

function toAsked({ conversation, pending }: Asking, response: RtspResponse, at: number, policy: Policy): Step {
  const { purpose } = pending;
  if (purpose.kind === 'teardown') return end({ kind: 'stopped' });
  if (response.status === 401) return toChallenge(conversation, pending, response, { at, policy });
  const heard = { ...conversation, refusals: 0 };
  if (response.status >= 300) return toRefusal(heard, pending, response, { at, policy });
  switch (purpose.kind) {
    case 'options':
      return request({ kind: 'describe' }, { ...heard, offered: offeredBy(response) }, at, policy);
    case 'describe':
      return toDescription(heard, response, at, policy);
    case 'setup':
      return toSetup(heard, purpose.track, response, { at, policy });
    case 'play':
      return toPlay(heard, response, at);
    case 'keep-alive':
      return fail(protocolBroken(policy, 'an answer came at the wrong time'));
    default:
      return assertNever(purpose);
  }
}

/** Now and the rules, together, to keep parameters few. */
type Context = { readonly at: number; readonly policy: Policy };

function toChallenge(
  conversation: Conversation,
  pending: Pending,
  response: RtspResponse,
  { at, policy }: Context,
): Step {
  const next = withChallenge(conversation, pending, response, policy);
  return 'cause' in next ? fail(next) : request(pending.purpose, next, at, policy);
}

/** What to answer the challenge with, or why not. */
function withChallenge(
  conversation: Conversation,
  pending: Pending,
  response: RtspResponse,
  policy: Policy,
): Conversation | Failure {
  const challenges = parseChallenges(headersOf(response, 'WWW-Authenticate'));
  const digestSeen = conversation.digestSeen || challenges.some(({ kind }) => kind === 'digest');
  const challenge = chooseChallenge(challenges, digestSeen);
  if (policy.credentials === undefined) return noCredentials(policy);
  if (challenge === undefined) return unknownChallenge(policy, digestSeen);
  if (pending.nonce !== undefined) {
    // The same password failed: once more only if just the nonce was too old, said so or seen by having worked before.
    const renewed = challenge.kind === 'digest' && challenge.nonce !== pending.nonce;
    const stale = renewed && (challenge.stale || conversation.nonceCount > 1);
    if (!stale || conversation.refusals + 1 >= MAX_REFUSALS) return wrongPassword(policy);
  }
  return { ...conversation, challenge, digestSeen, nonceCount: 0, refusals: conversation.refusals + 1 };
}

function toRefusal(conversation: Conversation, pending: Pending, response: RtspResponse, context: Context): Step {
  const { purpose } = pending;
  const { at, policy } = context;
  const { status } = response;
  // OPTIONS is a courtesy: cameras that do not know it, or not before DESCRIBE, still play.
  if (purpose.kind === 'options' && status >= 400) return request({ kind: 'describe' }, conversation, at, policy);
  if (purpose.kind === 'setup' && status >= 400) return toSetupRefusal(conversation, purpose.track, response, context);
  if (purpose.kind === 'play' && purpose.range && (status === 457 || status === 456)) {
    return request({ kind: 'play', range: false }, conversation, at, policy);
  }
  return fail(refused(response, pending, policy));
}

function toSetupRefusal(
  conversation: Conversation,
  track: TrackDescription,
  response: RtspResponse,
  { at, policy }: Context,
): Step {
  if (track.kind === 'audio') {
    const remark = `The camera refuses its audio track (${response.status}); video is recorded without it.`;
    return setUpNext({ ...conversation, waiting: [], remarks: [...conversation.remarks, remark] }, at, policy);
  }
  if (response.status === 461 && !conversation.triedOther) return withOtherTransport(conversation, at, policy);
  return fail(refused(response, { method: 'SETUP' }, policy));
}

function withOtherTransport(conversation: Conversation, at: number, policy: Policy): Step {
  const transport = conversation.transport === 'tcp' ? 'udp' : 'tcp';
  return setUpNext({ ...conversation, transport, triedOther: true, ports: undefined, ready: [] }, at, policy);
}

function toDescription(conversation: Conversation, response: RtspResponse, at: number, policy: Policy): Step {
  let described: SelectedTracks;
  try {
    described = tracksOf(parseSdp(response.body), { audio: policy.audio });
  } catch (error) {
    return fail(unreadable(error, policy));
  }
  const base = baseOf(policy.url, headerOf(response, 'Content-Base'), headerOf(response, 'Content-Location'));
  const waiting = described.audio === undefined ? [described.video] : [described.video, described.audio];
  return setUpNext({ ...conversation, base, described, waiting, remarks: described.remarks }, at, policy);
}

/** SETUP of the next track, or PLAY when there is none left. */
export function setUpNext(conversation: Conversation, at: number, policy: Policy): Step {
  const [track] = conversation.waiting;
  if (track === undefined) return afterSetups(conversation, at, policy);
  if (conversation.transport === 'udp' && conversation.ports === undefined) {
    return { state: { kind: 'opening-ports', conversation }, effects: [{ kind: 'open-ports', track: track.kind }] };
  }
  return request({ kind: 'setup', track }, conversation, at, policy);
}

function toSetup(
  conversation: Conversation,
  track: TrackDescription,
  response: RtspResponse,
  { at, policy }: Context,
): Step {
  const session = parseSession(headerOf(response, 'Session') ?? '') ?? conversation.session;
  if (session === undefined) return fail(protocolBroken(policy, 'SETUP was answered without Session'));
  const asked = conversation.transport;
  const [answer] = parseTransport(headerOf(response, 'Transport') ?? '');
  if (answer !== undefined && answer.kind !== asked) {
    if (conversation.triedOther || track.kind === 'audio')
      return fail(
        protocolBroken(
          policy,
          `asked for ${asked.toUpperCase()}, SETUP was answered with ${answer.kind.toUpperCase()}`,
        ),
      );
    return withOtherTransport({ ...conversation, session }, at, policy);
  }
  if (answer?.multicast === true)
    return fail(protocolBroken(policy, 'asked for unicast, SETUP was answered with multicast'));
  const ready = readyTrack(conversation, track, answer);
  if (clashes(ready, conversation.ready)) return fail(protocolBroken(policy, 'two tracks were given the same channel'));
  const next = {
    ...conversation,
    session,
    ready: [...conversation.ready, ready],
    waiting: conversation.waiting.slice(1),
    ports: undefined,
  };
  return setUpNext(next, at, policy);
}

function readyTrack(
  conversation: Conversation,
  description: TrackDescription,
  answer: TransportAnswer | undefined,
): ReadyTrack {
  const { ports, ready } = conversation;
  if (ports === undefined) {
    const channels: PortPair = answer?.channels ?? nextChannels(ready);
    const transport = { kind: 'tcp', rtpChannel: channels.rtp, rtcpChannel: channels.rtcp } as const;
    return { description, transport, ssrc: answer?.ssrc };
  }
  const transport = { kind: 'udp', local: ports, remote: answer?.serverPorts, source: answer?.source } as const;
  return { description, transport, ssrc: answer?.ssrc };
}

const clashes = ({ transport }: ReadyTrack, others: readonly ReadyTrack[]): boolean =>
  transport.kind === 'tcp' &&
  others.some((other) => other.transport.kind === 'tcp' && other.transport.rtpChannel === transport.rtpChannel);

function afterSetups(conversation: Conversation, at: number, policy: Policy): Step {
  const prepare: Effect = { kind: 'prepare', tracks: conversation.ready, remarks: conversation.remarks };
  if (policy.pauseBeforePlay) {
    const state = { kind: 'standing-by', conversation, keepAlive: undefined, lastSent: at } as const;
    return { state, effects: [prepare, { kind: 'standing-by' }] };
  }
  const played = request({ kind: 'play', range: true }, conversation, at, policy);
  return { state: played.state, effects: [prepare, ...played.effects] };
}

function toPlay(conversation: Conversation, response: RtspResponse, at: number): Step {
  const rtpInfo = parseRtpInfo(headerOf(response, 'RTP-Info') ?? '');
  const state = {
    kind: 'playing',
    conversation,
    keepAlive: undefined,
    lastSent: at,
    lastMedia: at,
    anyMedia: false,
  } as const;
  return { state, effects: [{ kind: 'playing', rtpInfo }] };
}

function toKeepAlive(state: SetUp, pending: Pending, response: RtspResponse, { at, policy }: Context): Step {
  const { status } = response;
  if (status === 454) return fail(refused(response, pending, policy));
  if (status === 401) {
    const next = withChallenge(state.conversation, pending, response, policy);
    // Media still flows: if the session matters to the camera, it will end it.
    if ('cause' in next) return { state: { ...state, keepAlive: undefined }, effects: [] };
    const again = request({ kind: 'keep-alive' }, next, at, policy);
    if (again.state.kind !== 'asking') return again;
    const { conversation, pending: keepAlive } = again.state;
    return { state: { ...state, conversation, keepAlive, lastSent: at }, effects: again.effects };
  }
  const conversation = {
    ...state.conversation,
    refusals: 0,
    offered: afterKeepAlive(state.conversation, pending, status),
  };
  return { state: { ...state, conversation, keepAlive: undefined }, effects: [] };
}

/** A camera that refuses what it offered is asked with OPTIONS from then on. */
function afterKeepAlive({ offered }: Conversation, { method }: Pending, status: number): ReadonlySet<string> {
  return status >= 400 ? new Set([...offered].filter((word) => word !== method)) : offered;
}

const offeredBy = (response: RtspResponse): ReadonlySet<string> =>
  parsePublic([...headersOf(response, 'Public'), ...headersOf(response, 'Allow')].join(','));

const end = (effect: Effect): Step => ({ state: { kind: 'ended' }, effects: [effect] });
const fail = (failure: Failure): Step => end({ kind: 'failed', ...failure });
