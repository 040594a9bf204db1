/**
 * FLV as RTMP push cameras arrive through the loopback RTMP server (Adobe Flash Video File Format 10.1 Annex E; Enhanced RTMP v1 for
 * H.265): bytes in any pieces in, access units and audio frames out.
 *
 * Belongs here: tags, AVC/HEVC/AAC packets, their decoder configurations. Does not: RTMP itself (node-media-server speaks it).
 */
import { UnderstudyError } from '../../core/errors.ts';
import { nalTypeOf } from '../codec/nal-kinds.ts';
import type { AccessUnitSink, AudioSink } from '../rtp/access-unit-sink.ts';
import { MAX_ACCESS_UNIT } from '../rtp/depacketizer.ts';
import type { AudioCodec, VideoCodec } from '../tracks.ts';
import { parameterSetsOfAvcC, parameterSetsOfHvcC } from '../mp4/decoder-configuration.ts';

/** A tag holds one access unit. */
export const MAX_TAG_BYTES: number = MAX_ACCESS_UNIT;
const FILE_HEADER_BYTES = 9 + 4;
const TAG_HEADER_BYTES = 11;
const TAG_TRAILER_BYTES = 4;
const FIRST_CAPACITY = 64 * 1024;
const TICKS_PER_MS = 90;

export type FlvOutput = {
  /** Before the first access unit, and again whenever the camera sends other ones. NAL units are copies. */
  readonly videoConfiguration: (codec: VideoCodec, parameterSets: readonly Uint8Array[]) => void;
  /** `config`: AudioSpecificConfig for AAC, empty otherwise. */
  readonly audioConfiguration: (codec: AudioCodec, config: Uint8Array) => void;
  readonly video: AccessUnitSink;
  /** Timestamps in ticks of 90 kHz as for video: FLV has one clock, in milliseconds. */
  readonly audio: AudioSink;
};

export type FlvReader = {
  /**
   * `bytes` are borrowed until the call returns.
   * @throws `flv/framing` when it is not FLV, `flv/codec` when it is a codec that we do not record.
   */
  readonly push: (bytes: Uint8Array, start: number, end: number) => void;
};

export function createFlvReader(output: FlvOutput): FlvReader {
  let pending = new Uint8Array(FIRST_CAPACITY);
  let length = 0;
  let headerSeen = false;
  const readTag = createTagReader(output);

  /** Reads whole tags from the start of `pending` and keeps the rest. */
  function drain(): void {
    let at = 0;
    if (!headerSeen) {
      if (length < FILE_HEADER_BYTES) return;
      if (pending[0] !== 0x46 || pending[1] !== 0x4c || pending[2] !== 0x56)
        throw framing('it does not begin with "FLV"');
      headerSeen = true;
      at = FILE_HEADER_BYTES;
    }
    while (length - at >= TAG_HEADER_BYTES) {
      const size = u24(pending, at + 1);
      if (size > MAX_TAG_BYTES) throw framing(`a tag of ${size} bytes, at most ${MAX_TAG_BYTES} are accepted`);
      const next = at + TAG_HEADER_BYTES + size + TAG_TRAILER_BYTES;
      if (next > length) break;
      readTag(pending, at, at + TAG_HEADER_BYTES + size);
      at = next;
    }
    pending.copyWithin(0, at, length);
    length -= at;
  }

  return {
    push: (bytes, start, end) => {
      const needed = length + end - start;
      if (needed > pending.length) {
        const grown = new Uint8Array(Math.max(needed, pending.length * 2));
        grown.set(pending.subarray(0, length));
        pending = grown;
      }
      pending.set(bytes.subarray(start, end), length);
      length = needed;
      drain();
    },
  };
}

type TagReader = (bytes: Uint8Array, start: number, end: number) => void;

function createTagReader(output: FlvOutput): TagReader {
  let lastTime: number | undefined;
  let wraps = 0;
  let nalLengthBytes = 4;

  /** FLV time stamps are 32 bits of milliseconds; unwrapped here. */
  function timeOf(bytes: Uint8Array, start: number): number {
    const time = u24(bytes, start + 4) + (bytes[start + 7] ?? 0) * 0x1_00_00_00;
    if (lastTime !== undefined && time < lastTime - 0x8000_0000) wraps += 1;
    lastTime = time;
    return time + wraps * 0x1_0000_0000;
  }

  function readVideo(bytes: Uint8Array, start: number, end: number): void {
    const packet = videoPacketOf(bytes, start + TAG_HEADER_BYTES, end);
    if (packet.kind === 'other') return;
    if (packet.kind === 'configuration') {
      const { lengthBytes, nalUnits } = (packet.codec === 'h264' ? parameterSetsOfAvcC : parameterSetsOfHvcC)(
        bytes.subarray(packet.start, end),
      );
      nalLengthBytes = lengthBytes;
      output.videoConfiguration(packet.codec, nalUnits);
      return;
    }
    output.video.beginAccessUnit((timeOf(bytes, start) + packet.compositionOffset) * TICKS_PER_MS);
    const whole = readNals(output.video, bytes, {
      start: packet.start,
      end,
      lengthBytes: nalLengthBytes,
      codec: packet.codec,
    });
    output.video.endAccessUnit(whole);
  }

  function readAudio(bytes: Uint8Array, start: number, end: number): void {
    const at = start + TAG_HEADER_BYTES;
    if (end - at < 2) return;
    const format = (bytes[at] ?? 0) >> 4;
    if (format === 10) {
      if (bytes[at + 1] === 0) output.audioConfiguration('aac', bytes.slice(at + 2, end));
      else output.audio.frame(timeOf(bytes, start) * TICKS_PER_MS, bytes, at + 2, end);
    } else if (format === 7 || format === 8) {
      output.audioConfiguration(format === 7 ? 'pcma' : 'pcmu', new Uint8Array());
      output.audio.frame(timeOf(bytes, start) * TICKS_PER_MS, bytes, at + 1, end);
    }
  }

  return (bytes, start, end) => {
    const type = (bytes[start] ?? 0) & 0x1f;
    if (type === 9) readVideo(bytes, start, end);
    else if (type === 8) readAudio(bytes, start, end);
  };
}

type VideoPacket =
  | { readonly kind: 'configuration'; readonly codec: VideoCodec; readonly start: number }
  | { readonly kind: 'frame'; readonly codec: VideoCodec; readonly start: number; readonly compositionOffset: number }
  | { readonly kind: 'other' };

/** Annex E.4.3.1, and Enhanced RTMP v1 where the high bit of the first byte is set. */
function videoPacketOf(bytes: Uint8Array, at: number, end: number): VideoPacket {
  if (end - at < 5) return { kind: 'other' };
  const first = bytes[at] ?? 0;
  if (first & 0x80) return enhancedPacketOf(bytes, at, first & 0x0f);
  if ((first & 0x0f) !== 7) throw codec(`FLV codec ${first & 0x0f}`);
  const start = at + 5;
  if (bytes[at + 1] === 0) return { kind: 'configuration', codec: 'h264', start };
  if (bytes[at + 1] !== 1) return { kind: 'other' };
  return { kind: 'frame', codec: 'h264', start, compositionOffset: signed24(bytes, at + 2) };
}

function enhancedPacketOf(bytes: Uint8Array, at: number, packetType: number): VideoPacket {
  const fourCc = String.fromCodePoint(...bytes.subarray(at + 1, at + 5));
  if (fourCc !== 'hvc1') throw codec(fourCc);
  if (packetType === 0) return { kind: 'configuration', codec: 'h265', start: at + 5 };
  if (packetType === 1)
    return { kind: 'frame', codec: 'h265', start: at + 8, compositionOffset: signed24(bytes, at + 5) };
  if (packetType === 3) return { kind: 'frame', codec: 'h265', start: at + 5, compositionOffset: 0 };
  return { kind: 'other' };
}

type NalRange = {
  readonly start: number;
  readonly end: number;
  readonly lengthBytes: number;
  readonly codec: VideoCodec;
};

/** False when a length points past the end: the access unit is damaged. */
function readNals(
  sink: AccessUnitSink,
  bytes: Uint8Array,
  { start, end, lengthBytes, codec: kind }: NalRange,
): boolean {
  const headerBytes = kind === 'h264' ? 1 : 2;
  let at = start;
  while (at < end) {
    let size = 0;
    for (let index = 0; index < lengthBytes; index += 1) size = size * 256 + (bytes[at + index] ?? 0);
    const from = at + lengthBytes;
    at = from + size;
    if (size < headerBytes || at > end) return false;
    const first = bytes[from] ?? 0;
    sink.beginNal(nalTypeOf(kind, first), first, kind === 'h264' ? -1 : (bytes[from + 1] ?? 0));
    sink.data(bytes, from + headerBytes, at);
    sink.endNal();
  }
  return true;
}

const u24 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
const signed24 = (bytes: Uint8Array, at: number): number => (u24(bytes, at) << 8) >> 8;

const framing = (what: string): UnderstudyError =>
  new UnderstudyError('protocol', 'flv/framing', `Expected an FLV stream from the RTMP server; ${what}.`);
const codec = (name: string): UnderstudyError =>
  new UnderstudyError(
    'unsupported',
    'flv/codec',
    `The camera pushes ${name}; only H.264 and H.265 are recorded. Change its encoder setting.`,
  );
