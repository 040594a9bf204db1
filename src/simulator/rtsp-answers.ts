/**
 * What a simulated camera answers to each RTSP request (RFC 2326 §10), right or wrong by order.
 *
 * Belongs here: methods, sessions, authentication, the faults of answers. Does not: framing (rtsp-connection.ts), packets
 * (camera-engine.ts).
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Cancel, Clock } from '../core/clock.ts';
import { durationMs } from '../core/units.ts';
import { parseRtcp } from '../media/rtp/rtcp.ts';
import { encodeChallenge, verifyAuthorization } from '../media/rtsp/authentication.ts';
import type { Challenge } from '../media/rtsp/authentication.ts';
import { headerOf, NO_BODY } from '../media/rtsp/message.ts';
import type { Header, RtspRequest } from '../media/rtsp/message.ts';
import { encodeRtpInfo, encodeSession, LIVE_RANGE } from '../media/rtsp/session-header.ts';
import { encodeTransportAnswer, parseTransport } from '../media/rtsp/transport-header.ts';
import type { PortPair, TransportAnswer } from '../media/rtsp/transport-header.ts';
import type { CameraEngine } from './camera-engine.ts';
import { encodeSdp } from './sdp.ts';
import type { LoggedSession, SessionLog } from './session-log.ts';
import type { CameraAccess, EndedBy, StreamPath } from './simulated-camera.ts';
import { createTrackSender } from './track-sender.ts';
import type { Datagrams, TrackSender } from './track-sender.ts';

/** What the connection needs of its camera; one object for all connections of the camera. */
export type ConnectionDeps = {
  readonly clock: Clock;
  readonly engine: CameraEngine;
  readonly log: SessionLog;
  readonly cameraId: string;
  readonly access: () => CameraAccess;
  readonly audio: boolean;
  readonly start: 'cached' | 'next-key-frame';
  readonly sessionTimeoutSeconds: number;
  /** False if no more session may play. */
  readonly hasRoom: () => boolean;
  readonly playing: (delta: 1 | -1) => unknown;
  readonly setUp: (delta: 1 | -1) => unknown;
  readonly datagrams: () => Promise<Datagrams>;
};

export type Wire = {
  readonly peer: string;
  readonly write: (bytes: Uint8Array) => void;
  /** Bytes written but not taken yet. */
  readonly backlog: () => number;
  readonly close: () => void;
};

/** One connected client. */
export type Client = {
  readonly deps: ConnectionDeps;
  readonly wire: Wire;
  readonly nonce: string;
  session: SessionState | undefined;
  /** Last sign of life, monotonic milliseconds. */
  lastSign: number;
  ended: boolean;
};

type Playing = { readonly logged: LoggedSession; readonly stop: Cancel };
type SessionState = {
  readonly id: string;
  readonly stream: StreamPath;
  readonly tracks: Map<0 | 1, TrackSender>;
  readonly transport: 'tcp' | 'udp';
  playing: Playing | undefined;
};
export type Reply = {
  readonly status: number;
  readonly reason: string;
  readonly headers: readonly Header[];
  readonly body: Uint8Array;
};
type Answer = (client: Client, request: RtspRequest) => Reply | Promise<Reply>;

const METHODS = ['OPTIONS', 'DESCRIBE', 'SETUP', 'PLAY', 'GET_PARAMETER', 'TEARDOWN'];
/** Bytes of an endless description that wait for the client at most. */
const MAX_POURED = 1024 * 1024;

const ANSWERS: Readonly<Record<string, Answer>> = {
  DESCRIBE: describe,
  SETUP: setup,
  PLAY: play,
  GET_PARAMETER: keepAlive,
  SET_PARAMETER: keepAlive,
  TEARDOWN: (client) => {
    endSession(client, 'teardown');
    return reply(200, 'OK');
  },
};

export async function answerTo(client: Client, request: RtspRequest): Promise<Reply> {
  const { engine } = client.deps;
  const redirect = engine.faultNow('redirect')?.location;
  if (redirect !== undefined) return reply(302, 'Moved Temporarily', [['Location', redirect]]);
  if (request.method === 'OPTIONS') {
    const refused = engine.faultNow('refuse-keep-alive') === undefined ? '' : 'GET_PARAMETER';
    return reply(200, 'OK', [['Public', METHODS.filter((method) => method !== refused).join(', ')]]);
  }
  const answer = ANSWERS[request.method];
  if (answer === undefined) return reply(501, 'Not Implemented');
  return refusalOf(client, request) ?? answer(client, request);
}

/** Stops sending and frees the session, if there is one. */
export function endSession(client: Client, by: EndedBy): void {
  const { session, deps } = client;
  client.session = undefined;
  if (session !== undefined) deps.setUp(-1);
  for (const track of session?.tracks.values() ?? []) track.close();
  if (session?.playing === undefined) return;
  session.playing.stop();
  session.playing.logged.end(deps.clock.now(), by);
  deps.playing(-1);
}

/** A packet of a client: reports, which keep the session, and requests for a key frame. */
export function heardPacket(client: Client, bytes: Uint8Array): void {
  const { deps, session } = client;
  client.lastSign = deps.clock.monotonic();
  if (session === undefined) return;
  const ours = deps.engine.sourceOf(session.stream).ssrcOf(0);
  const isAsked = parseRtcp(bytes, 0, bytes.length).some(
    (packet) => packet.kind === 'key-frame-request' && packet.sources.includes(ours),
  );
  if (isAsked) deps.engine.requestKeyFrame(session.stream);
}

function reply(status: number, reason: string, headers: readonly Header[] = [], body: Uint8Array = NO_BODY): Reply {
  return { status, reason, headers, body };
}

function refusalOf({ deps, nonce }: Client, request: RtspRequest): Reply | undefined {
  const access = deps.access();
  if (access.kind === 'open') return undefined;
  const challenges = challengesOf(access, nonce);
  const verdict = verifyAuthorization(headerOf(request, 'Authorization'), request.method, challenges, access);
  if (verdict === 'accepted') return undefined;
  const headers = challenges.map((challenge): Header => ['WWW-Authenticate', encodeChallenge(challenge)]);
  return reply(401, 'Unauthorized', headers);
}

function challengesOf(access: Exclude<CameraAccess, { readonly kind: 'open' }>, nonce: string): readonly Challenge[] {
  const realm = 'Simulated camera';
  if (access.kind === 'basic') return [{ kind: 'basic', realm }];
  const opaque = createHash('md5').update(realm).digest('hex');
  const { algorithm } = access;
  return [{ kind: 'digest', algorithm, sess: false, realm, nonce, opaque, qopAuth: algorithm !== 'MD5', stale: false }];
}

function describe(client: Client, { uri }: RtspRequest): Reply {
  const { engine, audio } = client.deps;
  const stream = streamOf(uri);
  if (stream === undefined) return reply(404, 'Not Found');
  const variant = engine.faultNow('sdp')?.variant;
  const sdp = encodeSdp(engine.sourceOf(stream).video(), audio ? engine.clips.audio : undefined, variant);
  const type: Header = ['Content-Type', 'application/sdp'];
  if (variant === 'endless') {
    pour(client, new TextEncoder().encode(sdp));
    return reply(200, 'OK', [type, ['Content-Length', '999999999']]);
  }
  const base: Header = ['Content-Base', `${uri.replace(/\/$/, '')}/`];
  return reply(200, 'OK', [type, base], new TextEncoder().encode(sdp));
}

/** A body that claims to be large and goes on: the client must give up by itself. */
function pour(client: Client, piece: Uint8Array): void {
  const stop = client.deps.clock.every(durationMs(5), () => {
    if (client.ended) stop();
    else if (client.wire.backlog() < MAX_POURED) client.wire.write(piece);
  });
}

async function setup(client: Client, request: RtspRequest): Promise<Reply> {
  const { deps } = client;
  const stream = streamOf(request.uri);
  const track = trackOf(request.uri);
  if (stream === undefined || track === undefined || (track === 1 && !deps.audio)) return reply(404, 'Not Found');
  if (!mayPlay(client)) return reply(453, 'Not Enough Bandwidth');
  const wanted = transportOf(client, request);
  if (wanted === undefined) return reply(461, 'Unsupported Transport');
  const id = randomBytes(8).toString('hex');
  if (client.session === undefined) deps.setUp(1);
  const session = (client.session ??= { id, stream, tracks: new Map(), transport: wanted.kind, playing: undefined });
  if (session.stream !== stream) return reply(459, 'Aggregate Operation Not Allowed');
  const answer = await openTrack(client, session, track, wanted);
  return reply(200, 'OK', [['Transport', encodeTransportAnswer(answer)], sessionHeader(client, session)]);
}

function mayPlay({ deps, session }: Client): boolean {
  if (deps.engine.faultNow('refuse-sessions') !== undefined) return false;
  return session !== undefined || deps.hasRoom();
}

function transportOf({ deps }: Client, request: RtspRequest): TransportAnswer | undefined {
  const refused = deps.engine.faultNow('refuse-transport')?.transport;
  return parseTransport(headerOf(request, 'Transport') ?? '').find(
    ({ kind, multicast, clientPorts }) =>
      !multicast && kind !== refused && (kind === 'tcp' || clientPorts !== undefined),
  );
}

async function openTrack(
  client: Client,
  session: SessionState,
  track: 0 | 1,
  wanted: TransportAnswer,
): Promise<TransportAnswer> {
  const { deps, wire } = client;
  session.tracks.get(track)?.close();
  const ssrc = deps.engine.sourceOf(session.stream).ssrcOf(track);
  const common = { kind: wanted.kind, source: undefined, destination: undefined, ssrc, multicast: false };
  if (wanted.kind === 'tcp' || wanted.clientPorts === undefined) {
    const channels: PortPair = wanted.channels ?? { rtp: track * 2, rtcp: track * 2 + 1 };
    session.tracks.set(track, createTrackSender({ kind: 'tcp', channels, write: wire.write }));
    return { ...common, channels, clientPorts: undefined, serverPorts: undefined };
  }
  const datagrams = await deps.datagrams();
  const { clientPorts } = wanted;
  const heard = (bytes: Uint8Array): void => heardPacket(client, bytes);
  session.tracks.set(track, createTrackSender({ kind: 'udp', ports: clientPorts, host: wire.peer, datagrams, heard }));
  return { ...common, channels: undefined, clientPorts, serverPorts: datagrams.ports };
}

const sessionHeader = ({ deps }: Client, { id }: SessionState): Header => [
  'Session',
  encodeSession({ id, timeout: deps.sessionTimeoutSeconds }),
];

function play(client: Client, request: RtspRequest): Reply {
  const { deps, wire, session } = client;
  if (session === undefined) return reply(454, 'Session Not Found');
  const answer = reply(200, 'OK', [
    sessionHeader(client, session),
    ['Range', LIVE_RANGE],
    ...rtpInfoOf(client, session, request.uri),
  ]);
  if (session.playing !== undefined) return answer;
  const { stream, transport } = session;
  const logged = deps.log.open({
    cameraId: deps.cameraId,
    stream,
    client: wire.peer,
    transport,
    start: deps.clock.now(),
  });
  deps.playing(1);
  session.playing = { logged, stop: () => undefined };
  return answer;
}

/** Packets begin to flow; called once the answer to PLAY is written. */
export function beginPackets({ deps, session }: Client): void {
  if (session?.playing === undefined) return;
  const { stream, tracks, playing } = session;
  playing.stop();
  const stop = deps.engine.listen(stream, deps.start, {
    burst: (track, { packets, counter, whole }) => {
      const sender = tracks.get(track);
      sender?.rtp(packets);
      if (sender !== undefined && whole && counter !== undefined) playing.logged.sent(counter);
    },
    report: (track, packet) => tracks.get(track)?.rtcp(packet),
  });
  session.playing = { ...playing, stop };
}

/** Told only if the very next packet is the first this client gets; clients take it by its word. */
function rtpInfoOf({ deps }: Client, { stream, tracks }: SessionState, uri: string): readonly Header[] {
  const first = deps.start === 'cached' ? deps.engine.sourceOf(stream).firstCached() : undefined;
  if (first === undefined || !tracks.has(0)) return [];
  const url = `${uri.replace(/\/(trackID=\d)?$/, '')}/trackID=0`;
  return [['RTP-Info', encodeRtpInfo([{ url, ...first }])]];
}

function keepAlive(client: Client): Reply {
  if (client.deps.engine.faultNow('refuse-keep-alive') !== undefined) return reply(405, 'Method Not Allowed');
  return reply(200, 'OK', client.session === undefined ? [] : [sessionHeader(client, client.session)]);
}

const pathOf = (uri: string): string => uri.replace(/^rtsps?:\/\/[^/]*/i, '').replace(/[?#].*$/, '');

function streamOf(uri: string): StreamPath | undefined {
  const name = /^\/(main|sub)(?:\/(?:trackID=\d)?)?$/.exec(pathOf(uri))?.[1];
  return name === 'main' || name === 'sub' ? name : undefined;
}

function trackOf(uri: string): 0 | 1 | undefined {
  const number = /\/trackID=([01])$/.exec(pathOf(uri))?.[1];
  if (number === undefined) return undefined;
  return number === '0' ? 0 : 1;
}
