/** What a NAL unit is to a recorder (H.264 table 7-1, H.265 table 7-1). */
import type { VideoCodec } from '../tracks.ts';

/** VCL of any other picture. */
export const VCL = 0;
/** VCL of a picture that decoding can start from. */
export const KEY = 1;
export const PARAMETER_SET = 2;
/** Delimiters, filler, ends of sequence: says nothing that the file does not say. */
export const LEFT_OUT = 3;
/** SEI and what we do not know: kept. */
export const OTHER = 4;

/** `nal_unit_type` from the first byte of a NAL unit (H.264 §7.3.1, H.265 §7.3.1.2). */
export const nalTypeOf = (codec: VideoCodec, first: number): number =>
  codec === 'h264' ? first & 0x1f : (first >> 1) & 0x3f;

/** Part of a picture: H.264 types 1 to 5, H.265 types 0 to 31. `first`: the first byte of a NAL unit. */
export function isVcl(codec: VideoCodec, first: number): boolean {
  const type = nalTypeOf(codec, first);
  return codec === 'h264' ? type >= 1 && type <= 5 : type <= 31;
}

function h264Kind(type: number): number {
  if (type === 5) return KEY;
  if (type >= 1 && type <= 4) return VCL;
  if (type === 7 || type === 8 || type === 13 || type === 15) return PARAMETER_SET;
  return type >= 9 && type <= 12 ? LEFT_OUT : OTHER;
}

/** IRAP pictures are types 16 to 21; 22 and 23 are reserved for such. */
function h265Kind(type: number): number {
  if (type >= 16 && type <= 23) return KEY;
  if (type <= 31) return VCL;
  if (type >= 32 && type <= 34) return PARAMETER_SET;
  return type >= 35 && type <= 38 ? LEFT_OUT : OTHER;
}

/** `kind` by `nal_unit_type`. */
export const nalKindsOf = (codec: VideoCodec): Uint8Array =>
  Uint8Array.from({ length: 64 }, (_, type) => (codec === 'h264' ? h264Kind(type & 31) : h265Kind(type)));
