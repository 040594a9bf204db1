/**
 * How the next request of the RTSP client looks: CSeq, Session, Authorization.
 * Belongs here: requests. Does not: what answers mean (client-answers.ts), what is remembered (client-state.ts).
 */
import { assertNever } from '../../core/errors.ts';
import { encodeAuthorization } from './authentication.ts';
import type { Conversation, Policy, Purpose, ReadyTrack, Step } from './client-state.ts';
import { NO_BODY } from './message.ts';
import type { Header, RtspRequest } from './message.ts';
import { keepAliveMethodOf, LIVE_RANGE } from './session-header.ts';
import { encodeTransport } from './transport-header.ts';
import type { PortPair } from './transport-header.ts';
import { resolveControl } from './url.ts';

export const beginConversation = (policy: Policy): Conversation => ({
  cseq: 0,
  challenge: undefined,
  digestSeen: false,
  nonceCount: 0,
  refusals: 0,
  offered: new Set(),
  transport: policy.transport === 'udp' ? 'udp' : 'tcp',
  triedOther: policy.transport !== 'auto',
  base: policy.url.uri,
  described: undefined,
  waiting: [],
  ready: [],
  remarks: [],
  ports: undefined,
  session: undefined,
  stoodBy: false,
});

/** Sends a request and waits for its answer. */
export function request(purpose: Purpose, conversation: Conversation, at: number, policy: Policy): Step {
  const { method, uri, headers } = shapeOf(purpose, conversation, policy);
  const cseq = conversation.cseq + 1;
  const proof = proofOf(conversation, method, uri, policy);
  const { session } = conversation;
  const sent: RtspRequest = {
    kind: 'request',
    method,
    uri,
    headers: [
      ['CSeq', String(cseq)],
      ['User-Agent', policy.userAgent],
      ...(session === undefined ? [] : [['Session', session.id] as const]),
      ...(proof === undefined ? [] : [['Authorization', proof.header] as const]),
      ...headers,
    ],
    body: NO_BODY,
  };
  const nonceCount = conversation.nonceCount + (proof === undefined ? 0 : 1);
  const pending = { purpose, method, cseq, sentAt: at, nonce: proof?.nonce };
  const state = { kind: 'asking', conversation: { ...conversation, cseq, nonceCount }, pending } as const;
  return { state, effects: [{ kind: 'send', request: sent }] };
}

/** Address of PLAY, GET_PARAMETER and TEARDOWN: the session's own control, which `*` or nothing make the base itself. */
function aggregateUri({ base, described }: Pick<Conversation, 'base' | 'described'>): string {
  return resolveControl(base, described?.control);
}

function shapeOf(
  purpose: Purpose,
  conversation: Conversation,
  policy: Policy,
): { readonly method: string; readonly uri: string; readonly headers: readonly Header[] } {
  const aggregate = aggregateUri(conversation);
  switch (purpose.kind) {
    case 'options':
      return { method: 'OPTIONS', uri: policy.url.uri, headers: [] };
    case 'describe':
      return { method: 'DESCRIBE', uri: policy.url.uri, headers: [['Accept', 'application/sdp']] };
    case 'setup':
      return {
        method: 'SETUP',
        uri: resolveControl(conversation.base, purpose.track.control),
        headers: [['Transport', transportFor(conversation)]],
      };
    case 'play':
      return { method: 'PLAY', uri: aggregate, headers: purpose.range ? [['Range', LIVE_RANGE]] : [] };
    case 'keep-alive':
      return { method: keepAliveMethodOf(conversation.offered), uri: aggregate, headers: [] };
    case 'teardown':
      return { method: 'TEARDOWN', uri: aggregate, headers: [] };
    default:
      return assertNever(purpose);
  }
}

function transportFor({ transport, ready, ports }: Conversation): string {
  return transport === 'udp' && ports !== undefined
    ? encodeTransport({ kind: 'udp', rtpPort: ports.rtp, rtcpPort: ports.rtcp })
    : encodeTransport({ kind: 'tcp', rtpChannel: nextChannels(ready).rtp, rtcpChannel: nextChannels(ready).rtcp });
}

/** The first pair, even and odd, behind those that are taken: 0-1, 2-3. */
export function nextChannels(ready: readonly ReadyTrack[]): PortPair {
  const taken = ready.map(({ transport }) =>
    transport.kind === 'tcp' ? Math.max(transport.rtpChannel, transport.rtcpChannel) : -2,
  );
  const rtp = Math.min(254, (Math.max(-2, ...taken) + 2) & ~1);
  return { rtp, rtcp: rtp + 1 };
}

function proofOf(
  { challenge, nonceCount }: Conversation,
  method: string,
  uri: string,
  { credentials, cnonce }: Policy,
): { readonly header: string; readonly nonce: string } | undefined {
  if (challenge === undefined || credentials === undefined) return undefined;
  const header = encodeAuthorization(challenge, credentials, { method, uri, cnonce, count: nonceCount + 1 });
  return { header, nonce: challenge.kind === 'digest' ? challenge.nonce : '' };
}
