/**
 * Parameter sets of one video stream, from the session description and from the bitstream, and the track they make. Tells
 * when a set changed, which is when a new layout epoch begins.
 *
 * Belongs here: which sets hold. Does not: where they come from (sdp/, rtp/), what follows from a change (recorder).
 */
import type { VideoCodec, VideoTrack } from '../tracks.ts';
import { H264_NAL, parseH264Pps, parseH264Sps } from './h264.ts';
import { H265_NAL, parseH265Pps, parseH265Sps, parseH265Vps } from './h265.ts';
import { nalTypeOf } from './nal-kinds.ts';

/** H.264 allows 32 + 256; a camera has one of each, one with several resolutions a few. */
export const MAX_KEPT_SETS = 32;
export const MAX_PARAMETER_SET: number = 4096;

export type Offered =
  /** Known already, byte for byte. Costs no allocation. */
  | 'known'
  /** New or changed: `track()` is another one now. */
  | 'changed'
  /** Not a parameter set that can be read; the ones before still hold. */
  | 'unreadable';

export type ParameterSets = {
  /** One NAL unit with its header, borrowed. Of another type than parameter sets: `unreadable`. */
  readonly offer: (bytes: Uint8Array, start: number, end: number) => Offered;
  /** `undefined` until there is at least one of each kind. */
  readonly track: () => VideoTrack | undefined;
  /** Access units that may be shown later than they are decoded; 0: no B-frames; `undefined`: not known. */
  readonly reorderFrames: () => number | undefined;
};

type Kept = { readonly kind: number; readonly id: number; readonly nal: Uint8Array };
type Details = Pick<VideoTrack, 'width' | 'height' | 'codecString'> & { readonly reorderFrames: number | undefined };

export function createParameterSets(codec: VideoCodec, first: readonly Uint8Array[]): ParameterSets {
  let kept: readonly Kept[] = [];
  let details: Details | undefined;
  let track: VideoTrack | undefined;

  const offer = (bytes: Uint8Array, start: number, end: number): Offered => {
    for (const { nal } of kept) if (isEqual(nal, bytes, start, end)) return 'known';
    if (end - start > MAX_PARAMETER_SET) return 'unreadable';
    const read = readSet(codec, bytes.slice(start, end));
    if (read === undefined) return 'unreadable';
    kept = withSet(kept, read);
    // The newest one counts: a camera that changes its resolution may give the new set another id.
    if (read.kind === H264_NAL.sps) details = parseH264Sps(read.nal);
    if (read.kind === H265_NAL.sps) details = parseH265Sps(read.nal);
    track = trackOf(codec, kept, details);
    return 'changed';
  };
  for (const nal of first) offer(nal, 0, nal.length);
  return { offer, track: () => track, reorderFrames: () => details?.reorderFrames };
}

/** Order of kinds: VPS, SPS, PPS. */
const kindsOf = (codec: VideoCodec): readonly number[] =>
  codec === 'h264' ? [H264_NAL.sps, H264_NAL.pps] : [H265_NAL.vps, H265_NAL.sps, H265_NAL.pps];

function withSet(kept: readonly Kept[], set: Kept): readonly Kept[] {
  const others = kept.filter(({ kind, id }) => kind !== set.kind || id !== set.id);
  return [...others.slice(-(MAX_KEPT_SETS - 1)), set].toSorted(
    (one, other) => one.kind - other.kind || one.id - other.id,
  );
}

function readSet(codec: VideoCodec, nal: Uint8Array): Kept | undefined {
  const kind = nalTypeOf(codec, nal[0] ?? 0);
  const parse = PARSERS[codec].get(kind);
  if (parse === undefined) return undefined;
  try {
    return { kind, id: parse(nal).id, nal };
  } catch {
    // Damaged on the way or by the camera: the next key frame brings another one.
    return undefined;
  }
}

type Parse = (nal: Uint8Array) => { readonly id: number };
const PARSERS: Readonly<Record<VideoCodec, ReadonlyMap<number, Parse>>> = {
  h264: new Map<number, Parse>([
    [H264_NAL.sps, parseH264Sps],
    [H264_NAL.pps, parseH264Pps],
  ]),
  h265: new Map<number, Parse>([
    [H265_NAL.vps, parseH265Vps],
    [H265_NAL.sps, parseH265Sps],
    [H265_NAL.pps, parseH265Pps],
  ]),
};

function trackOf(codec: VideoCodec, kept: readonly Kept[], details: Details | undefined): VideoTrack | undefined {
  const whole = kindsOf(codec).every((kind) => kept.some((set) => set.kind === kind));
  if (!whole || details === undefined) return undefined;
  const { width, height, codecString } = details;
  return { codec, parameterSets: kept.map(({ nal }) => nal), width, height, codecString };
}

function isEqual(nal: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (nal.length !== end - start) return false;
  for (let index = 0; index < nal.length; index += 1) if (nal[index] !== bytes[start + index]) return false;
  return true;
}
