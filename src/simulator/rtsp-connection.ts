/**
 * One client's RTSP connection to a simulated camera (RFC 2326): requests in, answers and interleaved packets out.
 *
 * Belongs here: methods, sessions, authentication, the faults of answers. Does not: sockets (camera-server.ts), packets
 * (camera-engine.ts).
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Cancel, Clock } from '../core/clock.ts';
import { durationMs } from '../core/units.ts';
import { encodeChallenge, verifyAuthorization } from '../media/rtsp/authentication.ts';
import type { Challenge } from '../media/rtsp/authentication.ts';
import { isInterleaved, interleavedLength } from '../media/rtsp/interleaved.ts';
import { encodeResponse, headerOf, NO_BODY, parseMessage } from '../media/rtsp/message.ts';
import type { Header, RtspRequest } from '../media/rtsp/message.ts';
import { encodeRtpInfo, encodeSession, LIVE_RANGE } from '../media/rtsp/session-header.ts';
import { encodeTransportAnswer, parseTransport } from '../media/rtsp/transport-header.ts';
import type { PortPair, TransportAnswer } from '../media/rtsp/transport-header.ts';
import type { CameraEngine } from './camera-engine.ts';
import { encodeSdp } from './sdp.ts';
import type { SessionLog, LoggedSession } from './session-log.ts';
import type { CameraAccess, SessionRecord, StreamPath } from './simulator.ts';
import { createTrackSender } from './track-sender.ts';
import type { Datagrams, TrackSender } from './track-sender.ts';

/** Unparsed bytes a client may make us hold. */
const MAX_INPUT = 256 * 1024;
/** A client that takes this little is dropped, as cameras with small buffers do. */
const MAX_BACKLOG = 8 * 1024 * 1024;

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
  readonly playing: (delta: 1 | -1) => void;
  readonly datagrams: () => Promise<Datagrams>;
};

export type Wire = {
  readonly peer: string;
  readonly write: (bytes: Uint8Array) => void;
  /** Bytes written but not taken yet. */
  readonly backlog: () => number;
  readonly close: () => void;
};

export type Connection = {
  readonly receive: (bytes: Uint8Array) => Promise<void>;
  /** Frees everything; the socket is gone or will be. */
  readonly end: (by: NonNullable<SessionRecord['endedBy']>) => void;
};

type Playing = { readonly logged: LoggedSession; readonly stop: Cancel };
type SessionState = {
  readonly id: string;
  readonly stream: StreamPath;
  readonly tracks: Map<0 | 1, TrackSender>;
  transport: 'tcp' | 'udp';
  playing: Playing | undefined;
};
type Reply = {
  readonly status: number;
  readonly reason: string;
  readonly headers: readonly Header[];
  readonly body: Uint8Array;
};

const METHODS = 'OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, GET_PARAMETER, TEARDOWN';
const reply = (status: number, reason: string, headers: readonly Header[] = [], body: Uint8Array = NO_BODY): Reply => ({
  status,
  reason,
  headers,
  body,
});

export function createConnection(deps: ConnectionDeps, wire: Wire): Connection {
  const { engine, clock } = deps;
  const nonce = randomBytes(16).toString('hex');
  let input: Uint8Array = new Uint8Array(0);
  let session: SessionState | undefined;
  let lastSign: number = clock.monotonic();
  let ended = false;
  let busy: Promise<void> = Promise.resolve();
  const watch = clock.every(durationMs(500), () => {
    if (wire.backlog() > MAX_BACKLOG) finish('too-slow');
    if (session !== undefined && clock.monotonic() - lastSign > deps.sessionTimeoutSeconds * 1000) finish('timeout');
  });

  const endSession = (by: NonNullable<SessionRecord['endedBy']>): void => {
    const { playing } = session ?? {};
    for (const track of session?.tracks.values() ?? []) track.close();
    session = undefined;
    if (playing === undefined) return;
    playing.stop();
    playing.logged.end(clock.now(), by);
    deps.playing(-1);
  };
  const finish: Connection['end'] = (by) => {
    if (ended) return;
    ended = true;
    watch();
    endSession(by);
    wire.close();
  };

  const describe = ({ uri }: RtspRequest): Reply => {
    const stream = streamOf(uri);
    if (stream === undefined) return reply(404, 'Not Found');
    const variant = engine.faultNow('sdp')?.variant;
    const sdp = encodeSdp(engine.sourceOf(stream).video(), deps.audio ? engine.clips.audio : undefined, variant);
    if (variant === 'endless') return endlessBody(sdp);
    const base = `${uri.replace(/\/$/, '')}/`;
    const headers: Header[] = [
      ['Content-Type', 'application/sdp'],
      ['Content-Base', base],
    ];
    return reply(200, 'OK', headers, new TextEncoder().encode(sdp));
  };
  /** A body that claims to be large and goes on: the client must give up by itself. */
  const endlessBody = (piece: string): Reply => {
    const bytes = new TextEncoder().encode(piece);
    const pour = clock.every(durationMs(5), () => {
      if (ended) return pour();
      if (wire.backlog() < 1024 * 1024) wire.write(bytes);
    });
    return reply(
      200,
      'OK',
      [
        ['Content-Type', 'application/sdp'],
        ['Content-Length', '999999999'],
      ],
      NO_BODY,
    );
  };
  const setup = async (request: RtspRequest): Promise<Reply> => {
    const stream = streamOf(request.uri);
    const track = trackOf(request.uri);
    if (stream === undefined || track === undefined || (track === 1 && !deps.audio)) return reply(404, 'Not Found');
    if (engine.faultNow('refuse-sessions') !== undefined || (session === undefined && !deps.hasRoom()))
      return reply(453, 'Not Enough Bandwidth');
    const refused = engine.faultNow('refuse-transport')?.transport;
    const wanted = parseTransport(headerOf(request, 'Transport') ?? '').find(
      ({ kind, multicast }) => !multicast && kind !== refused,
    );
    if (wanted === undefined) return reply(461, 'Unsupported Transport');
    session ??= {
      id: randomBytes(8).toString('hex'),
      stream,
      tracks: new Map(),
      transport: wanted.kind,
      playing: undefined,
    };
    if (session.stream !== stream) return reply(459, 'Aggregate Operation Not Allowed');
    const answer = await openTrack(session, track, wanted);
    if (answer === undefined) return reply(461, 'Unsupported Transport');
    return reply(200, 'OK', [['Transport', encodeTransportAnswer(answer)], sessionHeader(session)]);
  };
  const openTrack = async (
    into: SessionState,
    track: 0 | 1,
    wanted: TransportAnswer,
  ): Promise<TransportAnswer | undefined> => {
    into.tracks.get(track)?.close();
    into.transport = wanted.kind;
    const ssrc = engine.sourceOf(into.stream).ssrcOf(track);
    const common = { kind: wanted.kind, source: undefined, destination: undefined, ssrc, multicast: false };
    if (wanted.kind === 'tcp') {
      const channels: PortPair = wanted.channels ?? { rtp: track * 2, rtcp: track * 2 + 1 };
      into.tracks.set(track, createTrackSender({ kind: 'tcp', channels, write: wire.write }));
      return { ...common, channels, clientPorts: undefined, serverPorts: undefined };
    }
    if (wanted.clientPorts === undefined) return undefined;
    const datagrams = await deps.datagrams();
    const { clientPorts } = wanted;
    const heard = (): void => void (lastSign = clock.monotonic());
    into.tracks.set(track, createTrackSender({ kind: 'udp', ports: clientPorts, host: wire.peer, datagrams, heard }));
    return { ...common, channels: undefined, clientPorts, serverPorts: datagrams.ports };
  };
  const sessionHeader = ({ id }: SessionState): Header => [
    'Session',
    encodeSession({ id, timeout: deps.sessionTimeoutSeconds }),
  ];
  const play = (request: RtspRequest): Reply => {
    if (session === undefined) return reply(454, 'Session Not Found');
    const { stream, tracks, transport } = session;
    const source = engine.sourceOf(stream);
    const base = request.uri.replace(/\/(trackID=\d)?$/, '');
    const info = [...tracks.keys()].map((track) => ({
      url: `${base}/trackID=${track}`,
      ...source.position(track, engine.elapsed()),
    }));
    // With the cached start the first packets are older than the next ones, so nothing is promised.
    const rtpInfo: Header[] = deps.start === 'cached' ? [] : [['RTP-Info', encodeRtpInfo(info)]];
    const answer = reply(200, 'OK', [sessionHeader(session), ['Range', LIVE_RANGE], ...rtpInfo]);
    if (session.playing !== undefined) return answer;
    const logged = deps.log.open({ cameraId: deps.cameraId, stream, client: wire.peer, transport, start: clock.now() });
    deps.playing(1);
    // Behind the answer, which is written when this call has returned.
    queueMicrotask(() => {
      if (session?.playing !== undefined) session.playing = { logged, stop: listen(stream, tracks, logged) };
    });
    session.playing = { logged, stop: () => undefined };
    return answer;
  };
  const listen = (stream: StreamPath, tracks: ReadonlyMap<0 | 1, TrackSender>, logged: LoggedSession): Cancel =>
    engine.listen(stream, deps.start, {
      burst: (track, { packets, counter, whole }) => {
        const sender = tracks.get(track);
        sender?.rtp(packets);
        if (sender !== undefined && whole && counter !== undefined) logged.sent(counter);
      },
      report: (track, packet) => tracks.get(track)?.rtcp(packet),
    });

  const answerTo = async (request: RtspRequest): Promise<Reply> => {
    const redirect = engine.faultNow('redirect')?.location;
    if (redirect !== undefined) return reply(302, 'Moved Temporarily', [['Location', redirect]]);
    const keepAliveRefused = engine.faultNow('refuse-keep-alive') !== undefined;
    if (request.method === 'OPTIONS')
      return reply(200, 'OK', [['Public', keepAliveRefused ? METHODS.replace('GET_PARAMETER, ', '') : METHODS]]);
    const challenge = refusalOf(request);
    if (challenge !== undefined) return challenge;
    switch (request.method) {
      case 'DESCRIBE':
        return describe(request);
      case 'SETUP':
        return setup(request);
      case 'PLAY':
        return play(request);
      case 'GET_PARAMETER':
      case 'SET_PARAMETER':
        return keepAliveRefused
          ? reply(405, 'Method Not Allowed')
          : reply(200, 'OK', session === undefined ? [] : [sessionHeader(session)]);
      case 'TEARDOWN':
        endSession('teardown');
        return reply(200, 'OK');
      default:
        return reply(501, 'Not Implemented');
    }
  };
  const refusalOf = (request: RtspRequest): Reply | undefined => {
    const access = deps.access();
    if (access.kind === 'open') return undefined;
    const challenges = challengesOf(access, nonce);
    const verdict = verifyAuthorization(headerOf(request, 'Authorization'), request.method, challenges, access);
    if (verdict === 'accepted') return undefined;
    return reply(
      401,
      'Unauthorized',
      challenges.map((challenge): Header => ['WWW-Authenticate', encodeChallenge(challenge)]),
    );
  };
  const respond = async (request: RtspRequest): Promise<void> => {
    if (engine.faultNow('mute') !== undefined) return;
    if (engine.faultNow('not-rtsp') !== undefined) {
      wire.write(new TextEncoder().encode('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n'));
      return finish('fault');
    }
    const isKeepAlive = request.method === 'GET_PARAMETER' || request.method === 'OPTIONS';
    if (!(isKeepAlive && engine.faultNow('refuse-keep-alive') !== undefined)) lastSign = clock.monotonic();
    const { status, reason, headers, body } = await answerTo(request);
    if (ended) return;
    const all: Header[] = [
      ['CSeq', headerOf(request, 'CSeq') ?? '0'],
      ['Server', 'Understudy simulated camera'],
      ...headers,
    ];
    wire.write(encodeResponse({ status, reason, headers: [...all, ...giantHeaders()], body }));
  };
  const giantHeaders = (): readonly Header[] =>
    engine.faultNow('giant-headers') === undefined
      ? []
      : Array.from({ length: 2000 }, (_, at): Header => [`X-Giant-${at}`, 'x'.repeat(500)]);

  const consume = async (): Promise<void> => {
    for (let more = true; more && !ended;) {
      more = false;
      if (input.length === 0) return;
      if (isInterleaved(input, 0)) {
        if (input.length < 4 || input.length < interleavedLength(input, 0)) return;
        input = input.subarray(interleavedLength(input, 0));
        lastSign = clock.monotonic();
        more = true;
        continue;
      }
      const parsed = parseMessage(input, 0, input.length);
      if (parsed.kind === 'incomplete') return;
      input = input.subarray(parsed.end);
      if (parsed.message.kind === 'request') await respond(parsed.message);
      more = true;
    }
  };
  return {
    receive: (bytes) => {
      busy = busy.then(async () => {
        if (ended) return;
        input = Buffer.concat([input, bytes]);
        if (input.length > MAX_INPUT) return finish('fault');
        // Whatever is no RTSP ends the connection; there is nobody to tell.
        await consume().catch(() => finish('fault'));
      });
      return busy;
    },
    end: finish,
  };
}

function challengesOf(access: Exclude<CameraAccess, { readonly kind: 'open' }>, nonce: string): readonly Challenge[] {
  const realm = 'Simulated camera';
  if (access.kind === 'basic') return [{ kind: 'basic', realm }];
  const opaque = createHash('md5').update(realm).digest('hex');
  const { algorithm } = access;
  return [{ kind: 'digest', algorithm, sess: false, realm, nonce, opaque, qopAuth: algorithm !== 'MD5', stale: false }];
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
