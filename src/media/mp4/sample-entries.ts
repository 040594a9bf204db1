/**
 * Sample entries: how each codec we record stands in `stsd`.
 *
 * Belongs here: ISO/IEC 14496-15 (avc1, hvc1), 14496-14 (mp4a), Opus in ISOBMFF, QuickTime's alaw and ulaw.
 * Does not: reading them back (parse-init.ts).
 */
import { assertNever } from '../../core/errors.ts';
import { H264_NAL, hasH264Format, parseH264Sps } from '../codec/h264.ts';
import { H265_NAL, parseH265Sps } from '../codec/h265.ts';
import { nalTypeOf } from '../codec/nal-kinds.ts';
import type { AudioTrack, VideoTrack } from '../tracks.ts';
import { box, concat, fullBox, u16, u32, u8 } from './boxes.ts';
import type { Bytes } from './boxes.ts';

const H265_PARAMETER_SETS: readonly number[] = [H265_NAL.vps, H265_NAL.sps, H265_NAL.pps];
/** §4.2.3 of ISO/IEC 14496-14: object type AAC, stream type audio. */
const AAC_OBJECT_TYPE = 0x40;
const AUDIO_STREAM = 0x15;

export function videoSampleEntry(track: VideoTrack): Bytes {
  return track.codec === 'h264'
    ? visualSampleEntry('avc1', track, avcC(track.parameterSets))
    : visualSampleEntry('hvc1', track, hvcC(track.parameterSets));
}

export function audioSampleEntry(track: AudioTrack): Bytes {
  switch (track.codec) {
    case 'aac':
      return soundSampleEntry('mp4a', track, esds(track.config));
    case 'opus':
      return soundSampleEntry('Opus', track, dOps(track.channels, track.sampleRate));
    case 'pcma':
      return soundSampleEntry('alaw', track);
    case 'pcmu':
      return soundSampleEntry('ulaw', track);
    default:
      return assertNever(track.codec);
  }
}

/** ISO/IEC 14496-15 §5.3.3.1. */
export function avcC(parameterSets: readonly Uint8Array[]): Bytes {
  const sps = parameterSets.filter((nal) => nalTypeOf('h264', nal[0] ?? 0) === H264_NAL.sps);
  const pps = parameterSets.filter((nal) => nalTypeOf('h264', nal[0] ?? 0) === H264_NAL.pps);
  const [first] = sps;
  const format = hasH264Format(first?.[1] ?? 0) && first !== undefined ? parseH264Sps(first) : undefined;
  return box(
    'avcC',
    u8(1, first?.[1] ?? 0, first?.[2] ?? 0, first?.[3] ?? 0, 0xff, 0xe0 | sps.length),
    ...sps.map(sized),
    u8(pps.length),
    ...pps.map(sized),
    ...(format === undefined
      ? []
      : [u8(0xfc | format.chromaFormat, 0xf8 | (format.lumaDepth - 8), 0xf8 | (format.chromaDepth - 8), 0)]),
  );
}

/** ISO/IEC 14496-15 §8.3.3.1; arrays are complete: no parameter set is in the samples. */
export function hvcC(parameterSets: readonly Uint8Array[]): Bytes {
  const typeOf = (nal: Uint8Array): number => nalTypeOf('h265', nal[0] ?? 0);
  const arrays = H265_PARAMETER_SETS.map((type) => ({
    type,
    nals: parameterSets.filter((nal) => typeOf(nal) === type),
  })).filter(({ nals }) => nals.length > 0);
  const sps = parameterSets.find((nal) => typeOf(nal) === H265_NAL.sps) ?? new Uint8Array();
  const format = parseH265Sps(sps);
  return box(
    'hvcC',
    u8(1),
    format.profileTierLevel,
    u16(0xf000),
    u8(0xfc, 0xfc | format.chromaFormat, 0xf8 | (format.lumaDepth - 8), 0xf8 | (format.chromaDepth - 8)),
    u16(0),
    u8((format.temporalLayers << 3) | (format.temporalIdNested ? 4 : 0) | 3, arrays.length),
    ...arrays.map(({ type, nals }) => concat([u8(0x80 | type), u16(nals.length), ...nals.map(sized)])),
  );
}

/** ISO/IEC 14496-14 §5.6 with descriptors of ISO/IEC 14496-1 §7.2.6. */
export function esds(audioSpecificConfig: Uint8Array): Bytes {
  const decoderConfig = descriptor(
    4,
    u8(AAC_OBJECT_TYPE, AUDIO_STREAM, 0, 0, 0),
    u32(0, 0),
    descriptor(5, audioSpecificConfig),
  );
  return fullBox('esds', 0, 0, descriptor(3, u16(0), u8(0), decoderConfig, descriptor(6, u8(2))));
}

/** Encapsulation of Opus in ISOBMFF §4.3.2. A live stream has been running: nothing is skipped. */
export const dOps = (channels: number, inputSampleRate: number): Bytes =>
  box('dOps', u8(0, channels), u16(0), u32(inputSampleRate), u16(0), u8(0));

/** ISO/IEC 14496-12 §12.1.3, 72 dots an inch, no compressor name. */
function visualSampleEntry(type: 'avc1' | 'hvc1', { width, height }: VideoTrack, configuration: Uint8Array): Bytes {
  return box(
    type,
    new Uint8Array(6),
    u16(1),
    new Uint8Array(16),
    u16(width, height),
    u32(0x480000, 0x480000, 0),
    u16(1),
    new Uint8Array(32),
    u16(0x18, 0xffff),
    configuration,
  );
}

/** ISO/IEC 14496-12 §12.2.3. A rate that does not fit 16 bits stands only in the timescale. */
function soundSampleEntry(type: string, { channels, sampleRate }: AudioTrack, ...configuration: Uint8Array[]): Bytes {
  const rate = sampleRate < 0x10000 ? sampleRate * 0x10000 : 0;
  return box(type, new Uint8Array(6), u16(1), u32(0, 0), u16(channels, 16, 0, 0), u32(rate), ...configuration);
}

function sized(nal: Uint8Array): Bytes {
  return concat([u16(nal.length), nal]);
}

/** ISO/IEC 14496-1 §8.3.3: the size in groups of seven bits. */
function descriptor(tag: number, ...parts: readonly Uint8Array[]): Bytes {
  const body = concat(parts);
  const size = body.length < 128 ? u8(body.length) : u8(0x80 | (body.length >> 7), body.length & 127);
  return concat([u8(tag), size, body]);
}
