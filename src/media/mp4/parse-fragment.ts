/**
 * The header of a fragment read back: everything from its leading `free` to the header of `mdat`.
 *
 * Belongs here: bytes to values, with bounds on every size and count. Does not: reading files, looking for the next
 * fragment (scan.ts), judging what is wrong with a file (archive/verify).
 */
import { FRAGMENT_UUID } from './segment-header.ts';
import { read32, read64 } from './bytes.ts';
import { isType } from './box-reader.ts';
import { chainOf, fragmentHashOf } from './fragment-hash.ts';
import {
  CHAIN_AT,
  FIELDS_BYTES,
  FLAG_CONTINUOUS,
  FLAG_KEY,
  FLAG_SENDER_REPORT,
  FRAGMENT_HASH_AT,
  HASHED_FIELDS_BYTES,
  MAX_FRAGMENT_PAYLOAD,
  MAX_FRAGMENT_SAMPLES,
  moofSize,
  PRFT_BYTES,
  UUID_HEADER_BYTES,
} from './fragment-writer.ts';
import type { Fragment, SampleRun, VideoRun } from './fragment-writer.ts';
import { BLOCK_BYTES, paddedEnd } from './init-segment.ts';

/** One fragment of a segment. Offsets count from the start of the file; hashes are as they stand in it. */
export type FragmentInfo = Omit<Fragment, 'chainBefore'> & {
  readonly offset: number;
  /** With padding on both sides; up to the end of the file where the file ends inside the padding. */
  readonly length: number;
  readonly payloadOffset: number;
  readonly payloadLength: number;
  readonly fragmentHash: Uint8Array;
  readonly chain: Uint8Array;
  /** Counts, sizes, times and leaf hashes are what was written: fragmentHash fits them. Says nothing of the payload. */
  readonly intact: boolean;
  /** From `offset` up to the payload. */
  readonly header: Uint8Array;
};

export type ParsedFragment =
  | { readonly kind: 'fragment'; readonly fragment: FragmentInfo }
  /** So many bytes from its start are needed to read the header. */
  | { readonly kind: 'more'; readonly bytes: number }
  | { readonly kind: 'damaged'; readonly reason: string };

/** Where `free` in front of a fragment must end. */
const MAX_PADDING: number = BLOCK_BYTES + 8;

/** `bytes` begin at `offset` of the file, where a fragment should begin. Never throws. */
export function parseFragment(bytes: Uint8Array, offset: number): ParsedFragment {
  if (bytes.length < 8) return { kind: 'more', bytes: 8 };
  const padded = isType(bytes, 0, 'free');
  const prft = padded ? read32(bytes, 0) : 0;
  if (padded && (prft < 8 || prft >= MAX_PADDING)) return damaged(`free in front claims ${prft} bytes`);
  const uuid = prft + PRFT_BYTES;
  const fields = uuid + UUID_HEADER_BYTES;
  if (bytes.length < fields + FIELDS_BYTES) return { kind: 'more', bytes: fields + FIELDS_BYTES };
  const wrong = wrongFields(bytes, prft);
  if (wrong !== undefined) return damaged(wrong);
  const [videoCount, audioCount] = [read32(bytes, fields + 52), read32(bytes, fields + 56)];
  const moof = fields + FIELDS_BYTES + 32 * videoCount;
  if (read32(bytes, uuid) !== moof - uuid) return damaged('the uuid box does not have one hash an access unit');
  return parseBehindUuid(bytes, { offset, fields, moof, videoCount, audioCount });
}

/** What keeps `prft` and the fixed part of `uuid` from being read. */
function wrongFields(bytes: Uint8Array, prft: number): string | undefined {
  const uuid = prft + PRFT_BYTES;
  const fields = uuid + UUID_HEADER_BYTES;
  if (!isType(bytes, prft, 'prft') || read32(bytes, prft) !== PRFT_BYTES) return 'no prft box';
  if (!isType(bytes, uuid, 'uuid') || !isFragmentUuid(bytes, uuid + 8)) return 'no uuid box of a fragment';
  if (bytes[fields] !== 1) return `version 1 expected, ${String(bytes[fields])} found`;
  const [video, audio] = [read32(bytes, fields + 52), read32(bytes, fields + 56)];
  if (video >= 1 && video <= MAX_FRAGMENT_SAMPLES && audio <= MAX_FRAGMENT_SAMPLES) return undefined;
  return `${video} access units and ${audio} audio samples are not within 1 to ${MAX_FRAGMENT_SAMPLES}`;
}

type Places = {
  readonly offset: number;
  readonly fields: number;
  readonly moof: number;
  readonly videoCount: number;
  readonly audioCount: number;
};

function parseBehindUuid(bytes: Uint8Array, places: Places): ParsedFragment {
  const { offset, fields, moof, videoCount, audioCount } = places;
  if (bytes.length < moof + 92) return { kind: 'more', bytes: moof + 92 };
  if (!isType(bytes, moof, 'moof')) return damaged('no moof box');
  const reordered = (read32(bytes, moof + VIDEO_TRUN_AT + 8) & 0x800) !== 0;
  const payload = moof + moofSize(videoCount, audioCount, reordered) + 8;
  if (read32(bytes, moof) !== payload - 8 - moof) return damaged('the size of moof does not fit its counts');
  if (bytes.length < payload) return { kind: 'more', bytes: payload };
  const video = parseVideoRun(bytes, moof, videoCount, reordered);
  const audio = parseAudioRun(bytes, moof, audioCount, VIDEO_TRUN_AT + 24 + videoCount * (reordered ? 12 : 8));
  const payloadLength = total(video.sizes) + total(audio.sizes);
  if (!isType(bytes, payload - 8, 'mdat') || read32(bytes, payload - 8) !== payloadLength + 8) {
    return damaged('mdat is not as long as its samples');
  }
  if (payloadLength > MAX_FRAGMENT_PAYLOAD) return damaged(`${payloadLength} bytes of samples are too many`);
  const leaves = bytes.subarray(fields + FIELDS_BYTES, moof);
  const hash = fragmentHashOf(
    bytes.subarray(fields, fields + HASHED_FIELDS_BYTES),
    bytes.subarray(moof, payload - 8),
    leaves,
  );
  const fragmentHash = bytes.subarray(fields + FRAGMENT_HASH_AT, fields + CHAIN_AT);
  const fragment = {
    offset,
    length: paddedEnd(offset + payload + payloadLength) - offset,
    payloadOffset: offset + payload,
    payloadLength,
    ...parseFields(bytes, fields),
    video,
    audio,
    leaves,
    fragmentHash,
    intact: sameBytes(hash, fragmentHash),
    header: bytes.subarray(0, payload),
  };
  return { kind: 'fragment', fragment };
}

type Fields = Pick<
  FragmentInfo,
  'sequence' | 'epoch' | 'owner' | 'key' | 'continuous' | 'senderReport' | 'start' | 'end' | 'restHash' | 'chain'
>;

function parseFields(bytes: Uint8Array, at: number): Fields {
  const flags = bytes[at + 3] ?? 0;
  return {
    sequence: read64(bytes, at + 4),
    epoch: read64(bytes, at + 12),
    owner: bytes.subarray(at + 20, at + 36),
    key: (flags & FLAG_KEY) !== 0,
    continuous: (flags & FLAG_CONTINUOUS) !== 0,
    senderReport: (flags & FLAG_SENDER_REPORT) !== 0,
    start: read64(bytes, at + 36),
    end: read64(bytes, at + 44),
    restHash: bytes.subarray(at + 60, at + 92),
    chain: bytes.subarray(at + CHAIN_AT, at + CHAIN_AT + 32),
  };
}

/** From `moof`: its header, `mfhd`, header of `traf`, `tfhd`, `tfdt`. */
const VIDEO_TRUN_AT: number = 8 + 16 + 8 + 16 + 20;
const TFDT_VALUE_BEFORE_TRUN = 8;

function parseVideoRun(bytes: Uint8Array, moof: number, count: number, reordered: boolean): VideoRun {
  const trun = moof + VIDEO_TRUN_AT;
  const each = reordered ? 12 : 8;
  const compositionOffsets = reordered ? new Int32Array(count) : undefined;
  const run = parseSamples(bytes, trun + 24, count, each);
  compositionOffsets?.forEach((_, index) => {
    compositionOffsets[index] = read32(bytes, trun + 24 + index * each + 8);
  });
  return { ...run, decodeTime: read64(bytes, trun - TFDT_VALUE_BEFORE_TRUN), compositionOffsets };
}

function parseAudioRun(bytes: Uint8Array, moof: number, count: number, behindVideo: number): SampleRun {
  if (count === 0) return { count, decodeTime: 0, sizes: new Uint32Array(0), durations: new Uint32Array(0) };
  const trun = moof + behindVideo + 8 + 16 + 20;
  const run = parseSamples(bytes, trun + 20, count, 8);
  return { ...run, decodeTime: read64(bytes, trun - TFDT_VALUE_BEFORE_TRUN) };
}

function parseSamples(bytes: Uint8Array, at: number, count: number, each: number): Omit<SampleRun, 'decodeTime'> {
  const [sizes, durations] = [new Uint32Array(count), new Uint32Array(count)];
  for (let index = 0; index < count; index += 1) {
    durations[index] = read32(bytes, at + index * each);
    sizes[index] = read32(bytes, at + index * each + 4);
  }
  return { count, sizes, durations };
}

/** Whether a fragment follows what ended with `chainBefore`. */
export const follows = (fragment: Pick<FragmentInfo, 'fragmentHash' | 'chain'>, chainBefore: Uint8Array): boolean =>
  sameBytes(chainOf(chainBefore, fragment.fragmentHash), fragment.chain);

export const sameBytes = (left: Uint8Array, right: Uint8Array): boolean => Buffer.compare(left, right) === 0;

const isFragmentUuid = (bytes: Uint8Array, at: number): boolean =>
  FRAGMENT_UUID.every((byte, index) => bytes[at + index] === byte);

const damaged = (reason: string): ParsedFragment => ({ kind: 'damaged', reason });
const total = (sizes: Uint32Array): number => sizes.reduce((sum, size) => sum + size, 0);
