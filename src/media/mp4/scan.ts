/**
 * Walks a segment of any size through a positioned read: its start, then fragment by fragment. Reads headers, and payloads
 * only where asked to.
 *
 * Belongs here: where fragments are, what their headers say, where the file breaks. Does not: opening files, and what a
 * break means for a catalogue or for a verdict (archive).
 */
import { hashPayload } from './fragment-hash.ts';
import { MAX_FRAGMENT_SAMPLES, fragmentHeaderSize } from './fragment-writer.ts';
import { BLOCK_BYTES } from './init-segment.ts';
import { MAX_INIT_BYTES, parseInit } from './parse-init.ts';
import type { InitInfo } from './parse-init.ts';
import { parseFragment, sameBytes } from './parse-fragment.ts';
import type { FragmentInfo } from './parse-fragment.ts';
import { boxAt, corrupt } from './box-reader.ts';
import { UnderstudyError } from '../../core/errors.ts';
import type { VideoCodec } from '../tracks.ts';

/** A file, or anything else with bytes at positions. */
export type ByteSource = {
  /** Bytes. */
  readonly size: number;
  /** Exactly these bytes; fewer only where the source ends. The result is the caller's. */
  readonly read: (position: number, length: number) => Promise<Uint8Array>;
};

export type ScanStep =
  | { readonly kind: 'fragment'; readonly fragment: FragmentInfo }
  /** Something that is no fragment, and behind it one, or the end if `end` is the size of the source. */
  | { readonly kind: 'damaged'; readonly offset: number; readonly end: number; readonly reason: string }
  /** The file ends inside a fragment, or was never written from here on: what a power cut leaves. Always the last step. */
  | { readonly kind: 'torn'; readonly offset: number; readonly reason: string };

export type ScanOptions = {
  /** Where the first fragment begins: `InitInfo.length`, or the end of a fragment already known. */
  readonly from: number;
  /** True: look for the next fragment behind damage. False: damage is the last step. */
  readonly resync: boolean;
};

/** A header of 25 access units with sound takes 2 KB. */
const FIRST_READ = 8192;
const MAX_HEADER_BYTES: number = fragmentHeaderSize(MAX_FRAGMENT_SAMPLES, MAX_FRAGMENT_SAMPLES, true) + BLOCK_BYTES + 8;
const SEARCH_BYTES: number = 64 * BLOCK_BYTES;

/** @throws UnderstudyError of kind `corrupt` if the source does not begin like a segment */
export async function readInit(source: ByteSource): Promise<InitInfo> {
  let bytes = await source.read(0, Math.min(source.size, FIRST_READ));
  let end = 0;
  for (const type of ['ftyp', 'moov', 'uuid']) {
    if (bytes.length < end + 8) bytes = await source.read(0, Math.min(source.size, end + 8));
    const need = endOfBox(bytes, end, source.size, type);
    if (need > MAX_INIT_BYTES) throw corrupt(`${type} ends at byte ${need}, which is too far`, end);
    if (need > bytes.length) bytes = await source.read(0, need);
    end = need;
  }
  return parseInit(bytes.subarray(0, end));
}

function endOfBox(bytes: Uint8Array, at: number, limit: number, type: string): number {
  const found = boxAt(bytes, at, Math.min(bytes.length, at + 8), limit);
  if (found.type !== type) throw corrupt(`${type} expected, ${found.type} found: this is no segment of Understudy`, at);
  return found.end;
}

/** Every fragment in file order; never throws but what `source.read` throws. */
export async function* scanFragments(source: ByteSource, { from, resync }: ScanOptions): AsyncGenerator<ScanStep> {
  let offset = from;
  while (offset < source.size) {
    const step = await stepAt(source, offset);
    if (step.kind !== 'damaged') {
      yield step;
      if (step.kind === 'torn') return;
      offset += step.fragment.length;
      continue;
    }
    const end = resync ? await nextFragment(source, offset) : source.size;
    yield { ...step, end };
    offset = end;
  }
}

async function stepAt(source: ByteSource, offset: number): Promise<ScanStep> {
  const left = source.size - offset;
  let bytes = await source.read(offset, Math.min(left, FIRST_READ));
  let parsed = parseFragment(bytes, offset);
  while (parsed.kind === 'more') {
    if (parsed.bytes > left) return { kind: 'torn', offset, reason: 'the file ends inside the header of a fragment' };
    bytes = await source.read(offset, Math.min(parsed.bytes, MAX_HEADER_BYTES));
    parsed = parseFragment(bytes, offset);
  }
  if (parsed.kind === 'damaged') {
    if (await isZero(source, offset)) return { kind: 'torn', offset, reason: 'only zeros from here to the end' };
    return { kind: 'damaged', offset, end: source.size, reason: parsed.reason };
  }
  const { fragment } = parsed;
  const missing = fragment.payloadOffset + fragment.payloadLength - source.size;
  if (missing <= 0) return { kind: 'fragment', fragment: { ...fragment, length: Math.min(fragment.length, left) } };
  if (fragment.intact) return { kind: 'torn', offset, reason: `the last ${missing} bytes of a fragment are not there` };
  return { kind: 'damaged', offset, end: source.size, reason: 'its sizes point behind the end of the file' };
}

/** The next block boundary behind `offset` with an intact header; the size of the source if there is none. */
async function nextFragment(source: ByteSource, offset: number): Promise<number> {
  const first = offset - (offset % BLOCK_BYTES) + BLOCK_BYTES;
  for (let position = first; position < source.size; position += SEARCH_BYTES) {
    const bytes = await source.read(position, Math.min(SEARCH_BYTES, source.size - position));
    for (let at = 0; at < bytes.length; at += BLOCK_BYTES) {
      if (!looksLikeStart(bytes, at)) continue;
      const step = await stepAt(source, position + at);
      if (step.kind === 'fragment' && step.fragment.intact) return position + at;
    }
  }
  return source.size;
}

/** `free` or `prft` where a type stands. */
function looksLikeStart(bytes: Uint8Array, at: number): boolean {
  const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
  return type === 'free' || type === 'prft';
}

async function isZero(source: ByteSource, offset: number): Promise<boolean> {
  for (let position = offset; position < source.size; position += SEARCH_BYTES) {
    const bytes = await source.read(position, Math.min(SEARCH_BYTES, source.size - position));
    if (!bytes.every((byte) => byte === 0)) return false;
  }
  return true;
}

export type PayloadCheck =
  | { readonly kind: 'whole' }
  | {
      readonly kind: 'altered';
      /** Indices of access units whose VCL NAL units are not what was recorded. */
      readonly accessUnits: readonly number[];
      /** Sound or other NAL units are not what was recorded. */
      readonly rest: boolean;
      /** A block of zeros lies in it: it was never written. */
      readonly unwritten: boolean;
      readonly reason: string;
    };

/** Reads the payload and holds it against the leaf hashes and the restHash. */
export async function checkPayload(
  source: ByteSource,
  fragment: FragmentInfo,
  codec: VideoCodec,
): Promise<PayloadCheck> {
  const payload = await source.read(fragment.payloadOffset, fragment.payloadLength);
  const { video, leaves } = fragment;
  const found = new Uint8Array(32 * video.count);
  try {
    const restHash = hashPayload({ codec, payload, videoSizes: video.sizes, videoCount: video.count, leaves: found });
    const accessUnits = Array.from(video.sizes.keys()).filter(
      (index) => !sameBytes(found.subarray(32 * index, 32 * index + 32), leaves.subarray(32 * index, 32 * index + 32)),
    );
    const rest = !sameBytes(restHash, fragment.restHash);
    if (accessUnits.length === 0 && !rest) return { kind: 'whole' };
    const reason = accessUnits.length > 0 ? `access units ${accessUnits.join(', ')} differ` : 'sound or SEI differ';
    return { kind: 'altered', accessUnits, rest, unwritten: hasUnwrittenBlock(fragment, payload), reason };
  } catch (error) {
    if (!(error instanceof UnderstudyError)) throw error;
    const unwritten = hasUnwrittenBlock(fragment, payload);
    return { kind: 'altered', accessUnits: [], rest: true, unwritten, reason: error.message };
  }
}

function hasUnwrittenBlock({ payloadOffset }: FragmentInfo, payload: Uint8Array): boolean {
  const first = (BLOCK_BYTES - (payloadOffset % BLOCK_BYTES)) % BLOCK_BYTES;
  for (let at = first; at + BLOCK_BYTES <= payload.length; at += BLOCK_BYTES) {
    if (payload.subarray(at, at + BLOCK_BYTES).every((byte) => byte === 0)) return true;
  }
  return false;
}
