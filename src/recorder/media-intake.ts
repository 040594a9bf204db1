/**
 * RTP and RTCP packets of one session to the fragment builder: order, loss, time, payload formats.
 *
 * Belongs here: wiring the parts of media/rtp for one session. Does not: what each of them does, sockets.
 */
import { assertNever } from '../core/errors.ts';
import { UnderstudyError } from '../core/errors.ts';
import { parseAudioSpecificConfig } from '../media/codec/aac.ts';
import type { AccessUnitSink, AudioSink } from '../media/rtp/access-unit-sink.ts';
import { createAacDepacketizer } from '../media/rtp/depacketize-aac.ts';
import { createH264Depacketizer } from '../media/rtp/depacketize-h264.ts';
import { createH265Depacketizer } from '../media/rtp/depacketize-h265.ts';
import { createPlainAudioDepacketizer } from '../media/rtp/depacketize-plain-audio.ts';
import type { Depacketizer } from '../media/rtp/depacketizer.ts';
import { encodeKeyFrameRequest } from '../media/rtp/key-frame-request.ts';
import { createPacketView, readPacket } from '../media/rtp/packet.ts';
import type { PacketView } from '../media/rtp/packet.ts';
import { pictureStartOf } from '../media/rtp/picture-start.ts';
import type { PictureStart } from '../media/rtp/picture-start.ts';
import { createReorderBuffer } from '../media/rtp/reorder.ts';
import { encodeReceiverReport, parseRtcp } from '../media/rtp/rtcp.ts';
import type { ReportBlock } from '../media/rtp/rtcp.ts';
import { unwrapTimestamp } from '../media/rtp/sequence.ts';
import { createReceiverStatistics } from '../media/rtp/statistics.ts';
import type { ReadyTrack } from '../media/rtsp/client-state.ts';
import type { AudioDescription } from '../media/sdp/tracks-of.ts';
import type { AudioTrack } from '../media/tracks.ts';
import type { Observation } from '../media/rtp/wall-clock.ts';
import { createFirstPackets } from './first-packets.ts';
import type { FirstPackets } from './first-packets.ts';
import type { MediaIntake } from './rtsp-connection.ts';
import type { Slabs } from './slabs.ts';

/** How long packets over UDP wait for a missing one before them. */
const MAX_REORDER_WAIT = 100;
const CNAME = 'understudy';
/** So many packets in a row that are not RTP of the described payload type: the camera sends something else. */
export const MAX_FOREIGN_PACKETS = 256;

/** What the time of a track is told to. */
export type TrackClock = {
  /** At the first packet of every access unit. `timestamp`: unwrapped; wall and monotonic milliseconds of the read that brought it. */
  readonly arrived: (timestamp: number, wall: number, monotonic: number) => Observation;
  /** `cameraWall`: wall milliseconds on the camera's clock. */
  readonly senderReport: (timestamp: number, cameraWall: number) => void;
};
export type IntakeDeps = {
  readonly tracks: readonly ReadyTrack[];
  readonly video: AccessUnitSink;
  readonly audio: AudioSink;
  /** Video packets are missing before what comes next. */
  readonly lost: () => void;
  /** From the next access unit on the video's timestamps stand for other wall times. */
  readonly newRun: (why: Exclude<Observation, 'steady'>) => void;
  readonly clockOf: (track: number) => TrackClock;
  /** Wall milliseconds. */
  readonly now: () => number;
  /** Monotonic milliseconds. */
  readonly monotonic: () => number;
  /** For the first packets, which are held back until their time is known; without it they are not. */
  readonly slabs: Pick<Slabs, 'take' | 'give'> | undefined;
  /** Our own source, 32 random bits. */
  readonly ssrc: number;
};
export type Intake = MediaIntake & { readonly packetsLost: () => number };

export function createMediaIntake(deps: IntakeDeps): Intake {
  const first = createFirstPackets({
    slabs: deps.slabs,
    deliver: ({ track, start, end, lostBefore }, bytes) => receivers[track]?.deliver(bytes, start, end, lostBefore),
    monotonic: deps.monotonic,
  });
  const receivers: readonly Receiver[] = deps.tracks.map((track, index) => createReceiver(track, index, deps, first));
  const videoAt = deps.tracks.findIndex(({ description }) => description.kind === 'video');
  const video = receivers[videoAt];
  return {
    reading: () => {
      const at = deps.monotonic();
      const wall = deps.now();
      for (const receiver of receivers) receiver.reading(at, wall);
      first.timePassed(at);
    },
    rtp: (track, bytes, start, end) => receivers[track]?.rtp(bytes, start, end),
    rtcp: (track, bytes, start, end) => receivers[track]?.rtcp(bytes, start, end),
    started: () => undefined,
    timePassed: () => {
      const at = deps.monotonic();
      for (const receiver of receivers) receiver.timePassed(at);
      first.timePassed(at);
    },
    report: (track) => receivers[track]?.report(),
    pictureStart: () => video?.pictureStart() ?? 'key-frame',
    keyFrameRequest: (sequence) => {
      const packet = video?.keyFrameRequest(sequence);
      return packet && { track: videoAt, packet };
    },
    ending: () => {
      for (const receiver of receivers) receiver.flush();
      first.release();
    },
    packetsLost: () => receivers.reduce((sum, receiver) => sum + receiver.packetsLost(), 0),
  };
}

type Receiver = {
  readonly reading: (at: number, wall: number) => void;
  readonly rtp: (bytes: Uint8Array, start: number, end: number) => void;
  readonly rtcp: (bytes: Uint8Array, start: number, end: number) => void;
  readonly timePassed: (at: number) => void;
  readonly report: () => Uint8Array | undefined;
  readonly pictureStart: () => PictureStart;
  readonly keyFrameRequest: (sequence: number) => Uint8Array | undefined;
  readonly flush: () => void;
  /** A packet that was held back at the start; its arrival has been told to the clock. */
  readonly deliver: (bytes: Uint8Array, start: number, end: number, lostBefore: boolean) => void;
  readonly packetsLost: () => number;
};

// oxlint-disable-next-line max-lines-per-function -- one closure, so that the hot path reads local variables
function createReceiver(
  { description, transport, ssrc }: ReadyTrack,
  index: number,
  deps: IntakeDeps,
  first: FirstPackets,
): Receiver {
  const view = createPacketView();
  /** What was held back is delivered while a packet is in hand. */
  const heldView = createPacketView();
  const statistics = createReceiverStatistics(description.clockRate);
  const depacketizer = depacketizerOf(description, deps);
  const clock = deps.clockOf(index);
  const isVideo = description.kind === 'video';
  const { payloadType } = description;
  let readAt = deps.monotonic();
  let readWall = deps.now();
  /** Of the packet that arrived last, and of the one delivered last: they differ only while packets are held back. */
  let arrived = Number.NaN;
  let delivered = Number.NaN;
  let deliveredRaw = Number.NaN;
  let source = ssrc ?? 0;
  let pictures: PictureStart = description.kind === 'video' ? 'unknown' : 'key-frame';
  let foreign = 0;
  let lastReport = { middle: 0, at: 0 };
  let earlyReport: { readonly rtpTimestamp: number; readonly wallMs: number } | undefined;

  const observe = (raw: number): void => {
    const isFirst = Number.isNaN(arrived);
    const next = isFirst ? raw : unwrapTimestamp(arrived, raw);
    if (next === arrived) return;
    // A camera that jumps in its first half second: what is held belongs to the time before.
    if (Math.abs(next - arrived) > description.clockRate) first.release();
    arrived = next;
    const observation = clock.arrived(next, readWall, readAt);
    if (observation !== 'steady' && isVideo) deps.newRun(observation);
    if (earlyReport === undefined) return;
    clock.senderReport(unwrapTimestamp(next, earlyReport.rtpTimestamp), earlyReport.wallMs);
    earlyReport = undefined;
  };
  /** Until a key frame has begun, at the packet in `view`. */
  const look = (): void => {
    if (description.kind !== 'video' || view.payloadType !== payloadType) return;
    const start = pictureStartOf(description.codec, view.bytes, view.start, view.end);
    if (start !== 'unknown') pictures = start;
  };
  const push = (packet: PacketView, lostBefore: boolean): void => {
    // Stored only when it changes: a fraction or a large number in a variable is a new heap number each time.
    if (packet.timestamp !== deliveredRaw) {
      deliveredRaw = packet.timestamp;
      delivered = Number.isNaN(delivered) ? deliveredRaw : unwrapTimestamp(delivered, deliveredRaw);
    }
    if (lostBefore && isVideo) deps.lost();
    depacketizer.push(packet, delivered, lostBefore);
  };
  const deliver = (bytes: Uint8Array, start: number, end: number, lostBefore: boolean): void => {
    if (readPacket(heldView, bytes, start, end)) push(heldView, lostBefore);
  };
  const countForeign = (): void => {
    foreign += 1;
    if (foreign < MAX_FOREIGN_PACKETS) return;
    throw new UnderstudyError(
      'protocol',
      'rtp/foreign',
      `Expected RTP of payload type ${payloadType} as the camera described it, got ${foreign} other packets in a row: restart the camera, or check its codec.`,
    );
  };
  /** The packet in `view`, which lies at `start` to `end`. */
  const accept = (start: number, end: number, lostBefore: boolean): void => {
    if (view.payloadType !== payloadType) return countForeign();
    foreign = 0;
    observe(view.timestamp);
    if (first.isHolding() && first.hold({ track: index, start, end, lostBefore }, view.bytes)) return;
    push(view, lostBefore);
  };
  const take = (bytes: Uint8Array, start: number, end: number, lostBefore: boolean): void => {
    if (readPacket(view, bytes, start, end)) accept(start, end, lostBefore);
    else countForeign();
  };
  const block = (): ReportBlock => {
    const delay = lastReport.middle === 0 ? 0 : Math.round(((deps.monotonic() - lastReport.at) * 65_536) / 1000);
    return { source, ...statistics.report(), lastSenderReport: lastReport.middle, delay };
  };
  const reorder = transport.kind === 'udp' ? createReorderBuffer(MAX_REORDER_WAIT, take) : undefined;

  return {
    deliver,
    reading: (at, wall) => {
      readAt = at;
      readWall = wall;
    },
    rtp: (bytes, start, end) => {
      if (!readPacket(view, bytes, start, end)) return countForeign();
      if (view.ssrc !== source) source = view.ssrc;
      if (pictures !== 'key-frame') look();
      const missing = statistics.received(view.sequence, view.timestamp, readAt);
      if (reorder !== undefined) reorder.push(bytes, start, end, readAt);
      else if (missing >= 0) accept(start, end, missing > 0);
    },
    rtcp: (bytes, start, end) => {
      for (const packet of parseRtcp(bytes, start, end)) {
        if (packet.kind !== 'sender-report') continue;
        lastReport = { middle: packet.ntpMiddle, at: readAt };
        // The first one often comes before the first picture, which may be what has to be asked for.
        if (source === 0) source = packet.ssrc;
        const { wallMs, rtpTimestamp } = packet;
        if (wallMs === undefined) continue;
        if (Number.isNaN(arrived)) earlyReport = { rtpTimestamp, wallMs };
        else clock.senderReport(unwrapTimestamp(arrived, rtpTimestamp), wallMs);
      }
    },
    timePassed: (at) => reorder?.timePassed(at),
    flush: () => reorder?.flush(),
    report: () => (statistics.packets() === 0 ? undefined : encodeReceiverReport(deps.ssrc, [block()], CNAME)),
    pictureStart: () => pictures,
    keyFrameRequest: (sequence) => {
      if (source === 0) return undefined;
      const blocks = statistics.packets() === 0 ? [] : [block()];
      const report = encodeReceiverReport(deps.ssrc, blocks, CNAME);
      return Buffer.concat([report, encodeKeyFrameRequest(deps.ssrc, source, sequence)]);
    },
    packetsLost: statistics.lost,
  };
}

function depacketizerOf(description: ReadyTrack['description'], deps: IntakeDeps): Depacketizer {
  switch (description.codec) {
    case 'h264':
      return createH264Depacketizer(deps.video);
    case 'h265':
      return createH265Depacketizer(deps.video);
    case 'aac':
      return description.framing === undefined
        ? createPlainAudioDepacketizer({ frame: () => undefined })
        : createAacDepacketizer(
            deps.audio,
            description.framing,
            parseAudioSpecificConfig(description.config).samplesPerFrame,
          );
    case 'pcma':
    case 'pcmu':
    case 'opus':
      return createPlainAudioDepacketizer(deps.audio);
    default:
      return assertNever(description);
  }
}

const PLAIN_STRINGS = { pcma: 'alaw', pcmu: 'ulaw', opus: 'opus' } as const;

export function audioTrackOf({ codec, clockRate, channels, config }: AudioDescription): AudioTrack {
  if (codec !== 'aac') {
    return { codec, sampleRate: clockRate, channels, config: new Uint8Array(0), codecString: PLAIN_STRINGS[codec] };
  }
  const aac = parseAudioSpecificConfig(config);
  return { codec, sampleRate: clockRate, channels: aac.channels, config, codecString: aac.codecString };
}
