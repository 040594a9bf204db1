/**
 * One RTSP session with a camera: carries out what the pure machine (media/rtsp/client-session.ts) decides, and takes media
 * from the connection or from UDP ports to the intake.
 *
 * Belongs here: sockets and ports around the machine. Does not: what is asked next (the machine), what packets mean
 * (media-intake.ts), when to try again (camera-loop.ts).
 */
import type { Cancel, Clock } from '../core/clock.ts';
import { durationMs } from '../core/units.ts';
import { assertNever, UnderstudyError } from '../core/errors.ts';
import type { MissingCause } from '../ledger/causes.ts';
import { step } from '../media/rtsp/client-session.ts';
import { initial } from '../media/rtsp/client-state.ts';
import type { Effect, Event, Policy, ReadyTrack, State } from '../media/rtsp/client-state.ts';
import { writeInterleavedHeader } from '../media/rtsp/interleaved.ts';
import { encodeRequest, encodeResponse } from '../media/rtsp/message.ts';
import type { RtspMessage } from '../media/rtsp/message.ts';
import type { RtpInfo } from '../media/rtsp/session-header.ts';
import { createInterleavedReader } from './interleaved-reader.ts';
import { createKeyFrameAsker } from './key-frame-asker.ts';
import type { Pictures } from './key-frame-asker.ts';
import { openRtspSocket } from './rtsp-socket.ts';
import type { RtspSocket, SocketDeps } from './rtsp-socket.ts';
import { openUdpPair } from './udp-ports.ts';
import type { UdpPair } from './udp-ports.ts';

/** Receiver reports, RFC 3550 §6.2: at least every 5 s. */
const REPORT_PERIOD = 5000;

/** Takes the media of one session. Throws UnderstudyError for what is not RTP of the described tracks. */
export type MediaIntake = Pictures & {
  /** Bytes have just been read: what follows arrived now. */
  readonly reading: () => void;
  /** Borrowed bytes. `track`: index in the tracks of `prepare`. */
  readonly rtp: (track: number, bytes: Uint8Array, start: number, end: number) => void;
  readonly rtcp: (track: number, bytes: Uint8Array, start: number, end: number) => void;
  readonly started: (rtpInfo: readonly RtpInfo[]) => void;
  /** At least ten times a second over UDP. */
  readonly timePassed: () => void;
  /** A receiver report of the track, if anything was received. */
  readonly report: (track: number) => Uint8Array | undefined;
  /** Nothing more comes: what waits for something is taken now. */
  readonly ending: () => void;
};

export type ConnectionDeps = SocketDeps & {
  readonly clock: Clock;
  readonly policy: Policy;
  /** Where `policy.url.host` is. */
  readonly address: string;
  readonly fingerprint: string | undefined;
  readonly on: ConnectionEvents;
};
export type ConnectionEvents = {
  readonly connected: (certificate: string | undefined) => void;
  readonly prepare: (tracks: readonly ReadyTrack[], remarks: readonly string[]) => MediaIntake;
  readonly playing: (transport: 'tcp' | 'udp') => void;
  /** Set up and kept alive until `play` (`pauseBeforePlay`). */
  readonly standingBy?: () => void;
  /** The last event, once. */
  readonly ended: (end: ConnectionEnd) => void;
};
export type ConnectionEnd =
  | {
      readonly kind: 'failed';
      readonly cause: MissingCause;
      readonly message: string;
      readonly about?: 'credentials' | 'room';
    }
  | { readonly kind: 'restart'; readonly transport: 'tcp' | 'udp'; readonly message: string }
  | { readonly kind: 'stopped' };

export type RtspConnection = {
  /** TEARDOWN, then `ended`. */
  readonly stop: () => void;
  /** Read at once, for a viewer. */
  readonly setImmediate: (immediate: boolean) => void;
  /** Plays what stands by, or will not stand by any more. */
  readonly play: () => void;
};

/** Where packets of a channel go. */
type Route = { readonly track: number; readonly control: boolean };

// oxlint-disable-next-line max-lines-per-function -- one closure over the state of one connection
export function openRtspConnection(deps: ConnectionDeps): RtspConnection {
  const { clock, policy, on } = deps;
  let state: State = initial;
  let end: ConnectionEnd | undefined;
  let intake: MediaIntake | undefined;
  let tracks: readonly ReadyTrack[] = [];
  const routes: (Route | undefined)[] = [];
  let mediaSeen = false;
  let picturesSeen = false;
  let immediate = false;
  let isPlaying = false;
  let mayPlay = !policy.pauseBeforePlay;
  const pairs: UdpPair[] = [];
  let reportedAt = clock.monotonic() as number;

  const finish = (how: ConnectionEnd): void => {
    if (end !== undefined) return;
    end = how;
    cancelTick();
    cancelReorder();
    keyFrame.stop();
    socket.close();
    for (const pair of pairs) pair.close();
    try {
      intake?.ending();
    } catch (error) {
      // What came last was not what it should be, but the session is over already, for another reason.
      if (!(error instanceof UnderstudyError)) throw error;
    }
    on.ended(how);
  };
  const fail = (cause: MissingCause, message: string): void => finish({ kind: 'failed', cause, message });
  const dispatch = (event: Event): void => {
    if (end !== undefined) return;
    const next = step(state, event, policy);
    state = next.state;
    for (const effect of next.effects) perform(effect);
  };
  const perform = (effect: Effect): void => {
    if (end !== undefined) return;
    switch (effect.kind) {
      case 'send':
        return socket.write(encodeRequest(effect.request));
      case 'answer':
        return socket.write(encodeResponse(effect.response));
      case 'open-ports':
        return void openPorts();
      case 'prepare':
        return prepare(effect.tracks, effect.remarks);
      case 'standing-by':
        return standBy();
      case 'playing':
        return play(effect.rtpInfo);
      case 'restart':
      case 'failed':
      case 'stopped':
        return finish(effect);
      default:
        return assertNever(effect);
    }
  };

  const standBy = (): void => {
    if (mayPlay) dispatch({ kind: 'play', at: clock.monotonic() });
    else on.standingBy?.();
  };
  const prepare = (ready: readonly ReadyTrack[], remarks: readonly string[]): void => {
    tracks = ready;
    ready.forEach(({ transport }, track) => {
      if (transport.kind !== 'tcp') return;
      routes[transport.rtpChannel] = { track, control: false };
      routes[transport.rtcpChannel] = { track, control: true };
    });
    intake = on.prepare(ready, remarks);
  };
  const play = (rtpInfo: readonly RtpInfo[]): void => {
    isPlaying = true;
    intake?.started(rtpInfo);
    punch();
    keyFrame.playing();
    on.playing(tracks[0]?.transport.kind ?? 'tcp');
  };

  /** Over UDP hardly anything comes here: looking for it four times a second would cost more than being woken. */
  const readInRhythm = (): void => {
    socket.setBatched(!immediate && tracks[0]?.transport.kind === 'tcp');
  };

  /** One packet of media; anything wrong with it ends the session with its cause. */
  const take = ({ track, control }: Route, bytes: Uint8Array, start: number, stop: number): void => {
    if (intake === undefined || end !== undefined) return;
    try {
      if (control) intake.rtcp(track, bytes, start, stop);
      else {
        mediaSeen = true;
        // A camera whose encoder hangs may send sound for ever.
        picturesSeen ||= tracks[track]?.description.kind === 'video';
        intake.rtp(track, bytes, start, stop);
        if (!keyFrame.hasBegun()) keyFrame.look();
      }
    } catch (error) {
      broken(error);
    }
  };
  /** What a peer may do wrong is raised on purpose; anything else is a defect of ours and reaches the top. */
  const broken = (error: unknown): void => {
    if (!(error instanceof UnderstudyError)) throw error;
    fail('camera-protocol', error.message);
  };
  const guarded = (run: () => void): void => {
    try {
      run();
    } catch (error) {
      broken(error);
    }
  };
  const heard = (message: RtspMessage): void =>
    dispatch(
      message.kind === 'response'
        ? { kind: 'response', at: clock.monotonic(), response: message }
        : { kind: 'request', at: clock.monotonic(), request: message },
    );
  const reader = createInterleavedReader({
    frame: (channel, bytes, start, stop) => {
      const route = routes[channel];
      if (route !== undefined) take(route, bytes, start, stop);
    },
    message: heard,
  });

  const socket: RtspSocket = openRtspSocket(
    deps,
    {
      address: deps.address,
      port: policy.url.port,
      tls: policy.url.scheme === 'rtsps' ? { host: policy.url.host, fingerprint: deps.fingerprint } : undefined,
    },
    {
      connected: (certificate) => {
        on.connected(certificate);
        dispatch({ kind: 'connected', at: clock.monotonic() });
      },
      data: (bytes, length) => {
        try {
          intake?.reading();
          reader.push(bytes, length);
        } catch (error) {
          broken(error);
        }
      },
      closed: (reason, kind) => {
        if (kind === 'certificate') fail('camera-refused', `${policy.url.host}: ${reason}.`);
        else dispatch({ kind: 'closed', at: clock.monotonic(), reason });
      },
    },
  );

  const openPorts = async (): Promise<void> => {
    const family = deps.address.includes(':') ? 6 : 4;
    const track = pairs.length;
    const receive = (control: boolean): ((packet: Buffer, from: { readonly address: string }) => void) => {
      const route = { track, control };
      return (packet, from) => {
        if (from.address !== expectedSource(track)) return;
        guarded(() => intake?.reading());
        take(route, packet, 0, packet.length);
      };
    };
    const pair = await openUdpPair(family, { rtp: receive(false), rtcp: receive(true) });
    if (pair !== undefined && end !== undefined) return pair.close();
    if (pair !== undefined && pairs.push(pair) === 1) {
      cancelReorder = clock.every(durationMs(50), () => guarded(() => intake?.timePassed()));
    }
    const ports = pair === undefined ? undefined : { rtp: pair.rtpPort, rtcp: pair.rtcpPort };
    dispatch({ kind: 'ports-opened', at: clock.monotonic(), ports });
  };
  /** Only the camera's own packets count: anybody may send to a port. */
  const expectedSource = (track: number): string => {
    const transport = tracks[track]?.transport;
    const named = transport?.kind === 'udp' ? transport.source : undefined;
    return named !== undefined && /^[\d.]+$|:/.test(named) ? named : deps.address;
  };
  /** Opens the way through a firewall on this side: an empty packet to where the camera sends from. */
  const punch = (): void => {
    tracks.forEach(({ transport }, track) => {
      if (transport.kind !== 'udp' || transport.remote === undefined) return;
      pairs[track]?.sendRtp(EMPTY_RTP, transport.remote.rtp, deps.address);
    });
  };
  const report = (): void => {
    reportedAt = clock.monotonic();
    tracks.forEach((_, track) => {
      const packet = intake?.report(track);
      if (packet !== undefined) sendRtcp(track, packet);
    });
  };
  const sendRtcp = (track: number, packet: Uint8Array): void => {
    const transport = tracks[track]?.transport;
    if (transport?.kind === 'tcp') socket.write(interleaved(transport.rtcpChannel, packet));
    else if (transport?.remote !== undefined) pairs[track]?.sendRtcp(packet, transport.remote.rtcp, deps.address);
  };
  const keyFrame = createKeyFrameAsker({
    clock,
    pictures: () => intake,
    send: sendRtcp,
    begun: readInRhythm,
  });
  let cancelReorder: Cancel = () => undefined;
  const cancelTick = deps.slots.everySecond(() => {
    const at = clock.monotonic();
    if (mediaSeen) dispatch({ kind: 'media-received', at, pictures: picturesSeen });
    mediaSeen = picturesSeen = false;
    dispatch({ kind: 'time-passed', at });
    if (end !== undefined || !isPlaying) return;
    keyFrame.timePassed();
    if (at - reportedAt >= REPORT_PERIOD) report();
  });

  return {
    stop: () => {
      socket.setBatched(false);
      dispatch({ kind: 'stop', at: clock.monotonic() });
    },
    setImmediate: (wanted) => {
      immediate = wanted;
      if (keyFrame.hasBegun()) readInRhythm();
    },
    play: () => {
      mayPlay = true;
      dispatch({ kind: 'play', at: clock.monotonic() });
    },
  };
}

/** Version 2, no payload: too short for any receiver to take for media. */
const EMPTY_RTP = Uint8Array.of(0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

function interleaved(channel: number, packet: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + packet.length);
  writeInterleavedHeader(bytes, 0, channel, packet.length);
  bytes.set(packet, 4);
  return bytes;
}
