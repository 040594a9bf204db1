/**
 * One stream of a simulated camera turned into packets: numbers them, cuts every access unit once for all clients, remembers the
 * current group of pictures for those who come late.
 *
 * Belongs here: SSRC, sequence numbers, time stamps, the cache. Does not: when (camera.ts), faults on the way (packet-faults.ts).
 */
import { accessUnitAt, audioFrameAt, isKeyAt, ticksPerFrameOf } from './camera-model.ts';
import type { StreamModel } from './camera-model.ts';
import type { AudioClip, VideoClip } from './clip.ts';
import type { Random } from './packet-faults.ts';
import { packetizeAac } from './rtp-packetizer-aac.ts';
import { packetizeH264 } from './rtp-packetizer-h264.ts';
import { packetizeH265 } from './rtp-packetizer-h265.ts';
import { createNumbering, encodeBye, encodeRtp, encodeSenderReport, modulo32 } from './rtp-packetizer.ts';
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
  readonly videoPackets: (counter: number) => { readonly key: boolean; readonly packets: readonly Uint8Array[] };
  readonly audioPackets: (index: number) => readonly Uint8Array[];
  /** Remembers a unit as it went out; a key frame begins the cache anew. */
  readonly cache: (key: boolean, unit: CachedUnit) => void;
  readonly cached: () => readonly CachedUnit[];
  readonly position: (track: TrackIndex, elapsed: number) => TrackPosition;
  readonly senderReport: (track: TrackIndex, wall: number, elapsed: number) => Uint8Array;
  readonly ssrcOf: (track: TrackIndex) => number;
  readonly bye: (track: TrackIndex) => Uint8Array;
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

type Tracks = { video: RtpNumbering; audio: RtpNumbering; videoBase: number; audioBase: number };

export function createStreamSource({ model, clip, audio, random, firstTimestamp }: SourceOptions): StreamSource {
  const audioRate = audio?.sampleRate ?? 16_000;
  const any32 = (): number => Math.floor(random() * 0x1_0000_0000);
  let current = clip;
  let next: VideoClip | undefined;
  let cached: CachedUnit[] = [];
  let tracks: Tracks = {
    video: createNumbering(VIDEO_PAYLOAD_TYPE, any32(), any32()),
    audio: createNumbering(AUDIO_PAYLOAD_TYPE, any32(), any32()),
    videoBase: firstTimestamp ?? any32(),
    audioBase: any32(),
  };
  const numberingOf = (track: TrackIndex): RtpNumbering => (track === 0 ? tracks.video : tracks.audio);
  const timestampAt = (track: TrackIndex, elapsed: number): number =>
    track === 0 ? tracks.videoBase + elapsed * 90 : tracks.audioBase + (elapsed * audioRate) / 1000;
  return {
    video: () => current,
    changeClip: (changed) => (next = changed),
    videoPackets: (counter) => {
      if (next !== undefined && isKeyAt(next, counter)) {
        current = next;
        next = undefined;
      }
      const unit = accessUnitAt(model, current, counter);
      const payloads = current.codec === 'h264' ? packetizeH264(unit.nals) : packetizeH265(unit.nals);
      const timestamp = tracks.videoBase + unit.ticks;
      return { key: unit.key, packets: payloads.map((payload) => encodeRtp(tracks.video, timestamp, payload)) };
    },
    audioPackets: (index) => {
      if (audio === undefined) return [];
      const { frame, ticks } = audioFrameAt(audio, index);
      return packetizeAac(frame).map((payload) => encodeRtp(tracks.audio, tracks.audioBase + ticks, payload));
    },
    cache: (key, unit) => {
      if (key) cached = [];
      if ((key || cached.length > 0) && cached.length < MAX_CACHED_UNITS) cached.push(unit);
    },
    cached: () => cached,
    position: (track, elapsed) => ({
      sequence: numberingOf(track).sequence,
      timestamp: modulo32(timestampAt(track, elapsed)),
    }),
    senderReport: (track, wall, elapsed) =>
      encodeSenderReport(numberingOf(track), wall, timestampAt(track, elapsed), model.cameraId),
    ssrcOf: (track) => numberingOf(track).ssrc,
    bye: (track) => encodeBye(numberingOf(track).ssrc),
    jump: (seconds) => {
      tracks = {
        ...tracks,
        videoBase: tracks.videoBase + seconds * 90_000,
        audioBase: tracks.audioBase + seconds * audioRate,
      };
      cached = [];
    },
    restart: ({ elapsed, timestamp, sequence }) => {
      const counter = Math.round((elapsed * current.framesPerSecond) / 1000);
      tracks = {
        video: createNumbering(VIDEO_PAYLOAD_TYPE, any32(), sequence),
        audio: createNumbering(AUDIO_PAYLOAD_TYPE, any32(), any32()),
        videoBase: timestamp - counter * ticksPerFrameOf(current),
        audioBase: any32(),
      };
      cached = [];
    },
  };
}
