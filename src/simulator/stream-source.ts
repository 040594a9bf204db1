/**
 * One stream of a simulated camera turned into packets: numbers them, cuts every access unit once for all clients, remembers the
 * current group of pictures for those who come late.
 *
 * Belongs here: SSRC, sequence numbers, time stamps, the cache. Does not: when (camera-engine.ts), faults on the way (packet-faults.ts).
 */
import { accessUnitAt, audioFrameAt, isKeyAt, movedToKey, ticksPerFrameOf } from './camera-model.ts';
import type { StreamModel } from './camera-model.ts';
import type { AudioClip, VideoClip } from './clip.ts';
import type { Random } from './packet-faults.ts';
import { packetizeAac } from './rtp-packetizer-aac.ts';
import { packetizeH264 } from './rtp-packetizer-h264.ts';
import { packetizeH265 } from './rtp-packetizer-h265.ts';
import { createNumbering, encodeRtp, senderReportOf } from './rtp-packetizer.ts';
import type { RtpNumbering } from './rtp-packetizer.ts';
import { AUDIO_PAYLOAD_TYPE, VIDEO_PAYLOAD_TYPE } from './sdp.ts';

/** 0 is video, 1 is audio: also the number in `trackID=`. */
export type TrackIndex = 0 | 1;
/** Where a track's next packet stands, for `RTP-Info`. */
export type TrackPosition = { readonly sequence: number; readonly timestamp: number };
/** Sent whole to every client, so equal for all. */
export type CachedUnit = { readonly counter: number; readonly packets: readonly Uint8Array[]; readonly whole: boolean };

/** A group of pictures longer than this is not cached further: ten minutes of a camera that sends no key frame. */
const MAX_CACHED_UNITS = 15_000;

export type StreamSource = {
  readonly video: () => VideoClip;
  /** Takes effect at the next key frame. */
  readonly changeClip: (clip: VideoClip) => void;
  readonly isKey: (counter: number) => boolean;
  /** Access unit `counter` is a key frame: the clip goes on from its next one. */
  readonly keyFrameAt: (counter: number) => void;
  readonly videoPackets: (counter: number) => { readonly key: boolean; readonly packets: readonly Uint8Array[] };
  readonly audioPackets: (index: number) => readonly Uint8Array[];
  /** Remembers a unit as it went out; a key frame begins the cache anew. */
  readonly cache: (key: boolean, unit: CachedUnit) => void;
  readonly cached: () => readonly CachedUnit[];
  /** Sequence number and time stamp of the first cached packet, for `RTP-Info`. */
  readonly firstCached: () => TrackPosition | undefined;
  readonly senderReport: (track: TrackIndex, wall: number, elapsed: number) => Uint8Array;
  readonly ssrcOf: (track: TrackIndex) => number;
  /** Time stamps jump by this many seconds. */
  readonly jump: (seconds: number) => void;
  /** New SSRCs, sequence numbers and time stamps, as after power-on; the first packet of counter `at` gets `timestamp`. */
  readonly restart: (numbering: {
    readonly elapsed: number;
    readonly timestamp: number;
    readonly sequence: number;
  }) => void;
};

export type SourceOptions = {
  readonly model: StreamModel;
  readonly clip: VideoClip;
  readonly audio: AudioClip | undefined;
  readonly random: Random;
  readonly firstTimestamp: number | undefined;
};

type Tracks = {
  readonly video: RtpNumbering;
  readonly audio: RtpNumbering;
  /** Time stamps of counter 0 and of audio frame 0. */
  readonly videoBase: number;
  readonly audioBase: number;
};

export function createStreamSource(options: SourceOptions): StreamSource {
  const { model, clip, audio, random } = options;
  const audioRate = audio?.sampleRate ?? 16_000;
  let tracks = newTracks(random, { videoBase: options.firstTimestamp, sequence: undefined });
  let current = clip;
  let next: VideoClip | undefined;
  let moved = 0;
  let cached: CachedUnit[] = [];
  const numberingOf = (track: TrackIndex): RtpNumbering => (track === 0 ? tracks.video : tracks.audio);
  const timestampAt = (track: TrackIndex, elapsed: number): number =>
    track === 0 ? tracks.videoBase + elapsed * 90 : tracks.audioBase + (elapsed * audioRate) / 1000;
  const videoPackets: StreamSource['videoPackets'] = (counter) => {
    if (next !== undefined && isKeyAt(next, counter)) {
      current = next;
      next = undefined;
      moved = 0;
    }
    const unit = accessUnitAt(model, current, counter, moved);
    const payloads = current.codec === 'h264' ? packetizeH264(unit.nals) : packetizeH265(unit.nals);
    const timestamp = tracks.videoBase + unit.ticks;
    return { key: unit.key, packets: payloads.map((payload) => encodeRtp(tracks.video, timestamp, payload)) };
  };
  const audioPackets: StreamSource['audioPackets'] = (index) => {
    if (audio === undefined) return [];
    const { frame, ticks } = audioFrameAt(audio, index);
    return packetizeAac(frame).map((payload) => encodeRtp(tracks.audio, tracks.audioBase + ticks, payload));
  };
  return {
    video: () => current,
    changeClip: (changed) => (next = changed),
    isKey: (counter) => isKeyAt(current, counter, moved),
    keyFrameAt: (counter) => (moved = movedToKey(current, counter, moved)),
    videoPackets,
    audioPackets,
    cache: (key, unit) => {
      if (key) cached = [];
      if ((key || cached.length > 0) && cached.length < MAX_CACHED_UNITS) cached.push(unit);
    },
    cached: () => cached,
    firstCached: () => positionOf(cached[0]?.packets[0]),
    senderReport: (track, wall, elapsed) =>
      senderReportOf(numberingOf(track), wall, timestampAt(track, elapsed), model.cameraId),
    ssrcOf: (track) => numberingOf(track).ssrc,
    jump: (seconds) => {
      const videoBase = tracks.videoBase + seconds * 90_000;
      tracks = { ...tracks, videoBase, audioBase: tracks.audioBase + seconds * audioRate };
      cached = [];
    },
    restart: ({ elapsed, timestamp, sequence }) => {
      const counter = Math.round((elapsed * current.framesPerSecond) / 1000);
      tracks = newTracks(random, { videoBase: timestamp - counter * ticksPerFrameOf(current), sequence });
      cached = [];
    },
  };
}

function newTracks(
  random: Random,
  { videoBase, sequence }: { readonly videoBase: number | undefined; readonly sequence: number | undefined },
): Tracks {
  const any32 = (): number => Math.floor(random() * 0x1_0000_0000);
  return {
    video: createNumbering(VIDEO_PAYLOAD_TYPE, any32(), sequence ?? any32()),
    audio: createNumbering(AUDIO_PAYLOAD_TYPE, any32(), any32()),
    videoBase: videoBase ?? any32(),
    audioBase: any32(),
  };
}

function positionOf(packet: Uint8Array | undefined): TrackPosition | undefined {
  if (packet === undefined) return undefined;
  const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
  return { sequence: view.getUint16(2), timestamp: view.getUint32(4) };
}
