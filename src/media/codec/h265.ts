/**
 * What a recorder must know of an H.265 stream: kinds of NAL units (ITU-T H.265 §7.4.2.2) and parameter sets (§7.3.2) as far
 * as `hvcC` (ISO/IEC 14496-15 §8.3.3) and a player want them. Does not look into slices.
 */
import { UnderstudyError } from '../../core/errors.ts';
import { createBitReader, withoutEmulationPrevention } from './bit-reader.ts';
import type { BitReader } from './bit-reader.ts';

export const H265_NAL = {
  vps: 32,
  sps: 33,
  pps: 34,
} as const;

export type H265Sps = {
  readonly id: number;
  readonly vpsId: number;
  /** Luma samples after cropping by the conformance window. */
  readonly width: number;
  readonly height: number;
  readonly chromaFormat: number;
  readonly lumaDepth: number;
  readonly chromaDepth: number;
  readonly temporalLayers: number;
  readonly temporalIdNested: boolean;
  /** The 12 bytes of general_profile_space up to general_level_idc, as `hvcC` repeats them. */
  readonly profileTierLevel: Uint8Array;
  /** Access units that come in decoding order before they are shown; 0: no B-frames. */
  readonly reorderFrames: number;
  /** ISO/IEC 14496-15 §E.3, such as `hvc1.1.6.L93.B0`. */
  readonly codecString: string;
};

const MAX_DIMENSION = 16_384;
const PROFILE_TIER_LEVEL = 12;

/** @throws UnderstudyError `codec/sps` if it is cut short or impossible. `nal` begins with its two header bytes. */
export function parseH265Sps(nal: Uint8Array): H265Sps {
  const reader = createBitReader(nal, 2);
  const vpsId = reader.bits(4);
  const subLayers = reader.bits(3);
  const temporalIdNested = reader.flag();
  const profileTierLevel = new Uint8Array(PROFILE_TIER_LEVEL);
  profileTierLevel.set(withoutEmulationPrevention(nal.subarray(2)).subarray(1, 1 + PROFILE_TIER_LEVEL));
  reader.skip(PROFILE_TIER_LEVEL * 8);
  skipSubLayers(reader, subLayers);
  const id = reader.ue();
  const picture = readPicture(reader);
  const lumaDepth = reader.ue() + 8;
  const chromaDepth = reader.ue() + 8;
  reader.ue();
  const reorderFrames = readReorder(reader, subLayers);
  const { width, height } = picture;
  if (
    reader.overrun() ||
    subLayers > 6 ||
    id > 15 ||
    width < 1 ||
    height < 1 ||
    width > MAX_DIMENSION ||
    height > MAX_DIMENSION
  ) {
    throw new UnderstudyError(
      'protocol',
      'codec/sps',
      `Expected an H.265 sequence parameter set, got ${nal.length} bytes that are none.`,
    );
  }
  const codecString = codecStringOf(profileTierLevel);
  return {
    id,
    vpsId,
    ...picture,
    lumaDepth,
    chromaDepth,
    temporalLayers: subLayers + 1,
    temporalIdNested,
    profileTierLevel,
    reorderFrames,
    codecString,
  };
}

/** §7.3.2.1 */
export function parseH265Vps(nal: Uint8Array): { readonly id: number } {
  if (nal.length < 6)
    throw new UnderstudyError('protocol', 'codec/vps', 'Expected an H.265 video parameter set, got too few bytes.');
  return { id: createBitReader(nal, 2).bits(4) };
}

/** §7.3.2.3 */
export function parseH265Pps(nal: Uint8Array): { readonly id: number; readonly spsId: number } {
  const reader = createBitReader(nal, 2);
  const [id, spsId] = [reader.ue(), reader.ue()];
  if (reader.overrun() || id > 63 || spsId > 15) {
    throw new UnderstudyError(
      'protocol',
      'codec/pps',
      'Expected an H.265 picture parameter set, got bytes that are none.',
    );
  }
  return { id, spsId };
}

/** §7.3.3: flags of all sub-layers first, padded to eight, then profile (88 bits) and level (8 bits) of each. */
function skipSubLayers(reader: BitReader, count: number): void {
  if (count === 0) return;
  let bits = 0;
  for (let index = 0; index < count; index += 1) bits += reader.bits(1) * 88 + reader.bits(1) * 8;
  reader.skip((8 - count) * 2 + bits);
}

function readPicture(reader: BitReader): Pick<H265Sps, 'width' | 'height' | 'chromaFormat'> {
  const chromaFormat = reader.ue();
  if (chromaFormat === 3) reader.skip(1);
  const [width, height] = [reader.ue(), reader.ue()];
  const [left = 0, right = 0, top = 0, bottom = 0] = reader.flag()
    ? [reader.ue(), reader.ue(), reader.ue(), reader.ue()]
    : [];
  const unitX = chromaFormat === 1 || chromaFormat === 2 ? 2 : 1;
  const unitY = chromaFormat === 1 ? 2 : 1;
  return { width: width - (left + right) * unitX, height: height - (top + bottom) * unitY, chromaFormat };
}

/** `sps_max_num_reorder_pics` of the highest layer. */
function readReorder(reader: BitReader, subLayers: number): number {
  const all = reader.flag();
  let reorder = 0;
  for (let layer = all ? 0 : subLayers; layer <= subLayers; layer += 1) {
    reader.ue();
    reorder = reader.ue();
    reader.ue();
  }
  return Math.min(16, reorder);
}

function codecStringOf(bytes: Uint8Array): string {
  const first = bytes[0] ?? 0;
  const space = ['', 'A', 'B', 'C'][first >> 6] ?? '';
  const compatibility = [1, 2, 3, 4]
    .map((at) => bytes[at] ?? 0)
    .reduce((value, byte, index) => value + reversed(byte) * 2 ** (8 * index), 0);
  const constraints = [...bytes.subarray(5, 11)];
  while (constraints.length > 0 && constraints.at(-1) === 0) constraints.pop();
  const level = `${(first & 0x20) === 0 ? 'L' : 'H'}${bytes[11] ?? 0}`;
  return ['hvc1', `${space}${first & 0x1f}`, hex(compatibility), level, ...constraints.map(hex)].join('.');
}

/** Bits in opposite order. */
function reversed(byte: number): number {
  let value = 0;
  for (let bit = 0; bit < 8; bit += 1) value = value * 2 + ((byte >> bit) & 1);
  return value;
}

const hex = (value: number): string => value.toString(16).toUpperCase();
