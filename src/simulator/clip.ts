/**
 * What a simulated camera plays in a loop: coded access units as an encoder made them, cut out of elementary streams
 * (Annex B of H.264 and H.265, ADTS of AAC).
 *
 * Belongs here: cutting streams into access units. Does not: when they are sent (camera-model.ts), reading files (assets.ts).
 */
import { crc32 } from 'node:zlib';
import { UnderstudyError } from '../core/errors.ts';
import { parseAudioSpecificConfig } from '../media/codec/aac.ts';
import { concat } from '../media/mp4/boxes.ts';
import type { VideoCodec } from '../media/tracks.ts';

export type ClipAccessUnit = {
  readonly key: boolean;
  /** Coded slices, without start codes. */
  readonly slices: readonly Uint8Array[];
  /** CRC-32 over the coded slices, one after the other. */
  readonly crc: number;
  /** Presentation less decoding time, in frames; 0 without B-frames. */
  readonly offset: number;
};

export type VideoClip = {
  readonly codec: VideoCodec;
  readonly framesPerSecond: number;
  /** VPS (H.265), SPS, PPS as they stand before the first key frame. */
  readonly parameterSets: readonly Uint8Array[];
  readonly accessUnits: readonly ClipAccessUnit[];
};

export type AudioClip = {
  readonly codec: 'aac';
  readonly sampleRate: number;
  readonly channels: number;
  /** AudioSpecificConfig. */
  readonly config: Uint8Array;
  /** Raw AAC frames of 1024 samples. */
  readonly frames: readonly Uint8Array[];
};

type NalClass = 'slice' | 'parameter-set' | 'other';

/** What a NAL unit is to us; `first` is its first header byte. */
export function nalClassOf(codec: VideoCodec, first: number): NalClass {
  if (codec === 'h264') {
    const type = first & 0x1f;
    if (type >= 1 && type <= 5) return 'slice';
    return type === 7 || type === 8 ? 'parameter-set' : 'other';
  }
  const type = (first >> 1) & 0x3f;
  if (type < 32) return 'slice';
  return type >= 32 && type <= 34 ? 'parameter-set' : 'other';
}

/** IDR of H.264; IDR, BLA or CRA of H.265. */
function isKeyNal(codec: VideoCodec, first: number): boolean {
  if (codec === 'h264') return (first & 0x1f) === 5;
  const type = (first >> 1) & 0x3f;
  return type >= 16 && type <= 21;
}

/** NAL units of an Annex B stream, without start codes and trailing zeros; views, not copies. */
export function splitAnnexB(bytes: Uint8Array): readonly Uint8Array[] {
  const nals: Uint8Array[] = [];
  let start = -1;
  for (let at = 0; at + 2 < bytes.length; at += 1) {
    if (bytes[at] !== 0 || bytes[at + 1] !== 0 || bytes[at + 2] !== 1) continue;
    if (start >= 0) nals.push(withoutTrailingZeros(bytes.subarray(start, at)));
    start = at + 3;
    at += 2;
  }
  if (start >= 0) nals.push(withoutTrailingZeros(bytes.subarray(start)));
  return nals.filter((nal) => nal.length > 2);
}

function withoutTrailingZeros(nal: Uint8Array): Uint8Array {
  let end = nal.length;
  while (end > 0 && nal[end - 1] === 0) end -= 1;
  return nal.subarray(0, end);
}

/**
 * Cuts an elementary stream into a clip. `offsets` are needed only with B-frames: presentation less decoding time of each access
 * unit, in frames. SEI, delimiters and everything else that is neither slice nor parameter set is left out.
 * @throws `simulator/clip` if there is no key frame at the start or no parameter set.
 */
export function parseVideoClip(
  bytes: Uint8Array,
  codec: VideoCodec,
  framesPerSecond: number,
  offsets: readonly number[] = [],
): VideoClip {
  const parameterSets: Uint8Array[] = [];
  const units: Uint8Array[][] = [];
  for (const nal of splitAnnexB(bytes)) {
    const kind = nalClassOf(codec, nal[0] ?? 0);
    if (kind === 'parameter-set' && units.length === 0) parameterSets.push(nal);
    if (kind !== 'slice') continue;
    const current = units.at(-1);
    if (current === undefined || beginsPicture(codec, nal)) units.push([nal]);
    else current.push(nal);
  }
  const accessUnits = units.map((slices, at) => clipAccessUnit(codec, slices, offsets[at] ?? 0));
  if (accessUnits[0]?.key !== true || parameterSets.length < 2) {
    throw new UnderstudyError(
      'invalid',
      'simulator/clip',
      'expected a clip that begins with parameter sets and a key frame',
    );
  }
  return { codec, framesPerSecond, parameterSets, accessUnits };
}

/** first_mb_in_slice is 0 (H.264 §7.4.3), first_slice_segment_in_pic_flag is 1 (H.265 §7.4.7.1): both are the first bit. */
function beginsPicture(codec: VideoCodec, nal: Uint8Array): boolean {
  return ((nal[codec === 'h264' ? 1 : 2] ?? 0) & 0x80) !== 0;
}

function clipAccessUnit(codec: VideoCodec, slices: readonly Uint8Array[], offset: number): ClipAccessUnit {
  return {
    key: isKeyNal(codec, slices[0]?.[0] ?? 0),
    slices,
    crc: crcOf(slices),
    offset,
  };
}

/** Of a camera of a higher rate: the last slice of each access unit has so many bytes more, which no decoder can read. */
export function lengthened(clip: VideoClip, bytes: number): VideoClip {
  const filling = new Uint8Array(Math.max(0, bytes)).fill(FILLING);
  return {
    ...clip,
    accessUnits: clip.accessUnits.map((unit) => {
      const last = concat([unit.slices.at(-1) ?? new Uint8Array(0), filling]);
      const slices = [...unit.slices.slice(0, -1), last];
      return { ...unit, slices, crc: crcOf(slices) };
    }),
  };
}
/** Neither a start code nor anything to be escaped. */
const FILLING = 0xa5;

/** CRC-32 (IEEE) over all slices, one after the other. */
export function crcOf(slices: readonly Uint8Array[]): number {
  return slices.reduce((crc, slice) => crc32(slice, crc), 0);
}

/** AAC frames out of an ADTS stream (ISO/IEC 14496-3 §1.A.2). @throws `simulator/clip` or `codec/aac` on anything else. */
export function parseAdtsClip(bytes: Uint8Array): AudioClip {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const frames: Uint8Array[] = [];
  for (let at = 0; at + 7 <= bytes.length;) {
    const length = (view.getUint32(at + 2) >> 5) & 0x1fff;
    const header = (view.getUint8(at + 1) & 1) === 1 ? 7 : 9;
    if (view.getUint8(at) !== 0xff || length <= header || at + length > bytes.length) throw notAdts(at);
    frames.push(bytes.subarray(at + header, at + length));
    at += length;
  }
  if (frames.length === 0) throw notAdts(0);
  const fixed = view.getUint16(2);
  const rateIndex = (fixed >> 10) & 15;
  const channels = (fixed >> 6) & 7;
  const audioObjectType = (fixed >> 14) + 1;
  const config = Uint8Array.of((audioObjectType << 3) | (rateIndex >> 1), ((rateIndex & 1) << 7) | (channels << 3));
  return { codec: 'aac', sampleRate: parseAudioSpecificConfig(config).sampleRate, channels, config, frames };
}

const notAdts = (at: number): UnderstudyError =>
  new UnderstudyError('invalid', 'simulator/clip', `expected an ADTS frame at byte ${at} of the audio clip`);
