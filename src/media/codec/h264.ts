/**
 * What a recorder must know of an H.264 stream: kinds of NAL units (ITU-T H.264 §7.4.1) and the sequence parameter set
 * (§7.3.2.1). Does not look into slices.
 */
import { UnderstudyError } from '../../core/errors.ts';
import { createBitReader } from './bit-reader.ts';
import type { BitReader } from './bit-reader.ts';

export const H264_NAL = {
  sps: 7,
  pps: 8,
} as const;

export type H264Sps = {
  readonly id: number;
  readonly profile: number;
  readonly constraints: number;
  readonly level: number;
  /** Luma samples after cropping. */
  readonly width: number;
  readonly height: number;
  readonly chromaFormat: number;
  readonly lumaDepth: number;
  readonly chromaDepth: number;
  /** False: fields or mixed. */
  readonly progressive: boolean;
  /** Access units that come in decoding order before they are shown; 0: no B-frames; `undefined`: it does not say. */
  readonly reorderFrames: number | undefined;
  /** From VUI timing, if it makes sense. */
  readonly framesPerSecond: number | undefined;
  /** RFC 6381 §3.3. */
  readonly codecString: string;
};

/** Bigger pictures do not exist in either standard's levels for cameras. */
const MAX_DIMENSION = 16_384;
/** §7.3.2.1.1: profiles with chroma format, bit depth and scaling lists. */
const HIGH_PROFILES: ReadonlySet<number> = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);

/** Whether `avcC` carries chroma format and bit depths (ISO/IEC 14496-15 §5.3.3.1.2): in other profiles they are always the same. */
export const hasH264Format = (profile: number): boolean => HIGH_PROFILES.has(profile);

/** @throws UnderstudyError `codec/sps` if it is cut short or impossible. `nal` begins with its header byte. */
export function parseH264Sps(nal: Uint8Array): H264Sps {
  const reader = createBitReader(nal, 1);
  const profile = reader.bits(8);
  const constraints = reader.bits(8);
  const level = reader.bits(8);
  const id = reader.ue();
  const format = HIGH_PROFILES.has(profile) ? readFormat(reader) : PLAIN_FORMAT;
  const outputOrder = readOrder(reader);
  const references = reader.ue();
  reader.skip(1);
  const picture = readPicture(reader, format);
  // VUI comes last and cameras cut it short (§E.1.1); without it everything that counts is there.
  const broken = reader.overrun();
  const vui = !broken && reader.flag() ? readVui(reader) : {};
  if (broken || id > 31 || references > 32 || !isPossible(picture)) {
    throw new UnderstudyError(
      'protocol',
      'codec/sps',
      `Expected an H.264 sequence parameter set, got ${nal.length} bytes that are none.`,
    );
  }
  const intact = reader.overrun() ? {} : vui;
  return {
    id,
    profile,
    constraints,
    level,
    ...picture,
    ...format,
    reorderFrames: outputOrder || profile === 66 ? 0 : intact.reorderFrames,
    framesPerSecond: intact.framesPerSecond,
    codecString: `avc1.${[profile, constraints, level].map(hex2).join('')}`,
  };
}

const isPossible = ({ width, height }: Pick<H264Sps, 'width' | 'height'>): boolean =>
  width >= 1 && height >= 1 && width <= MAX_DIMENSION && height <= MAX_DIMENSION;

/** Id of a picture parameter set and of the sequence parameter set it refers to (§7.3.2.2). */
export function parseH264Pps(nal: Uint8Array): { readonly id: number; readonly spsId: number } {
  const reader = createBitReader(nal, 1);
  const [id, spsId] = [reader.ue(), reader.ue()];
  if (reader.overrun() || id > 255 || spsId > 31) {
    throw new UnderstudyError(
      'protocol',
      'codec/pps',
      'Expected an H.264 picture parameter set, got bytes that are none.',
    );
  }
  return { id, spsId };
}

type Format = { readonly chromaFormat: number; readonly lumaDepth: number; readonly chromaDepth: number };
const PLAIN_FORMAT: Format = { chromaFormat: 1, lumaDepth: 8, chromaDepth: 8 };

function readFormat(reader: BitReader): Format {
  const chromaFormat = reader.ue();
  if (chromaFormat === 3) reader.skip(1);
  const lumaDepth = reader.ue() + 8;
  const chromaDepth = reader.ue() + 8;
  reader.skip(1);
  if (reader.flag())
    for (let list = 0; list < (chromaFormat === 3 ? 12 : 8); list += 1)
      if (reader.flag()) skipScalingList(reader, list < 6 ? 16 : 64);
  return { chromaFormat, lumaDepth, chromaDepth };
}

/** §7.3.2.1.1.1 */
function skipScalingList(reader: BitReader, size: number): void {
  let last = 8;
  let next = 8;
  for (let index = 0; index < size && next !== 0; index += 1) {
    next = (last + reader.se() + 256) & 0xff;
    if (next !== 0) last = next;
  }
}

/** Frame numbers and picture order counts; true if pictures are shown in decoding order (`pic_order_cnt_type` 2). */
function readOrder(reader: BitReader): boolean {
  reader.ue();
  const type = reader.ue();
  if (type === 0) reader.ue();
  if (type !== 1) return type === 2;
  reader.skip(1);
  reader.se();
  reader.se();
  const cycle = reader.ue();
  for (let index = 0; index < cycle && index < 255; index += 1) reader.se();
  return false;
}

function readPicture(reader: BitReader, { chromaFormat }: Format): Pick<H264Sps, 'width' | 'height' | 'progressive'> {
  const macroblocksWide = reader.ue() + 1;
  const mapUnitsHigh = reader.ue() + 1;
  const progressive = reader.flag();
  if (!progressive) reader.skip(1);
  reader.skip(1);
  const fields = progressive ? 1 : 2;
  const crop = reader.flag() ? [reader.ue(), reader.ue(), reader.ue(), reader.ue()] : [];
  const [left = 0, right = 0, top = 0, bottom = 0] = crop;
  const unitX = chromaFormat === 1 || chromaFormat === 2 ? 2 : 1;
  const unitY = (chromaFormat === 1 ? 2 : 1) * fields;
  return {
    width: macroblocksWide * 16 - (left + right) * unitX,
    height: mapUnitsHigh * 16 * fields - (top + bottom) * unitY,
    progressive,
  };
}

type Vui = { readonly reorderFrames?: number | undefined; readonly framesPerSecond?: number | undefined };

/** §E.1.1 */
function readVui(reader: BitReader): Vui {
  skipDisplay(reader);
  const framesPerSecond = reader.flag() ? readTiming(reader) : undefined;
  const nalHrd = reader.flag();
  if (nalHrd) skipHrd(reader);
  const vclHrd = reader.flag();
  if (vclHrd) skipHrd(reader);
  reader.skip(nalHrd || vclHrd ? 2 : 1);
  return { framesPerSecond, reorderFrames: reader.flag() ? readReorder(reader) : undefined };
}

/** Aspect ratio, overscan, video signal, chroma location. */
function skipDisplay(reader: BitReader): void {
  if (reader.flag() && reader.bits(8) === 255) reader.skip(32);
  if (reader.flag()) reader.skip(1);
  if (reader.flag()) {
    reader.skip(4);
    if (reader.flag()) reader.skip(24);
  }
  if (reader.flag()) {
    reader.ue();
    reader.ue();
  }
}

function readTiming(reader: BitReader): number | undefined {
  const units = reader.bits(32);
  const scale = reader.bits(32);
  reader.skip(1);
  const rate = scale / units / 2;
  return rate >= 0.1 && rate <= 240 ? rate : undefined;
}

function skipHrd(reader: BitReader): void {
  const count = reader.ue() + 1;
  reader.skip(8);
  for (let index = 0; index < count && index < 32; index += 1) {
    reader.ue();
    reader.ue();
    reader.skip(1);
  }
  reader.skip(20);
}

/** `bitstream_restriction` */
function readReorder(reader: BitReader): number | undefined {
  reader.skip(1);
  for (let index = 0; index < 4; index += 1) reader.ue();
  const frames = reader.ue();
  return frames <= 16 ? frames : undefined;
}

const hex2 = (value: number): string => value.toString(16).toUpperCase().padStart(2, '0');
