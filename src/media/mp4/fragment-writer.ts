/**
 * Hot path: `free`, `prft`, `uuid`, `moof` and the `mdat` header, written right-aligned in front of a payload that already lies in
 * the buffer, so that one fragment is one write (docs/design/segment-format.md). Per sample two or three numbers are
 * stored; nothing is allocated but the hashes.
 *
 * Belongs here: the bytes of a fragment. Does not: when a fragment ends (recorder), reading one (parse-fragment.ts).
 */
import { fourCc, read32, write32, write64, writeBoxHeader } from './bytes.ts';
import { chainOf, fragmentHashOf } from './fragment-hash.ts';
import { AUDIO_TRACK_ID, BLOCK_BYTES, FLAGS_DEPENDENT, FLAGS_SYNC, paddedEnd, VIDEO_TRACK_ID } from './init-segment.ts';
import { FRAGMENT_UUID } from './segment-header.ts';

/** Bounds of one fragment, which readers hold writers to. */
export const MAX_FRAGMENT_SAMPLES = 8192;
export const MAX_FRAGMENT_PAYLOAD: number = 64 * 1024 * 1024;

export const FLAG_KEY = 1;
export const FLAG_CONTINUOUS = 2;
export const FLAG_SENDER_REPORT = 4;

/** Sizes and offsets of the fixed parts. */
export const PRFT_BYTES = 32;
export const UUID_HEADER_BYTES = 24;
export const FIELDS_BYTES = 156;
/** Fields that fragmentHash covers: version up to and with restHash. */
export const HASHED_FIELDS_BYTES = 92;
export const FRAGMENT_HASH_AT = 92;
export const CHAIN_AT = 124;
const MFHD_BYTES = 16;
const TFHD_BYTES = 16;
const TFDT_BYTES = 20;
/** Seconds between 1900, where NTP begins, and 1970 (RFC 5905 §6). */
const NTP_UNIX_SECONDS = 2_208_988_800;

const [FREE, PRFT, UUID, MOOF, MFHD] = [fourCc('free'), fourCc('prft'), fourCc('uuid'), fourCc('moof'), fourCc('mfhd')];
const [TRAF, TFHD, TFDT, TRUN, MDAT] = [fourCc('traf'), fourCc('tfhd'), fourCc('tfdt'), fourCc('trun'), fourCc('mdat')];
/** §8.8.8 `trun` version 1: data offset, first sample flags, durations, sizes; composition offsets only where needed. */
const VIDEO_TRUN = 0x01000305;
const COMPOSITION_OFFSETS = 0x800;
const AUDIO_TRUN = 0x01000301;

/** Samples of one track: the first `count` entries of arrays that may be longer. */
export type SampleRun = {
  readonly count: number;
  /** `tfdt`: ticks of the track since the segment's first access unit. */
  readonly decodeTime: number;
  /** Bytes. */
  readonly sizes: Uint32Array;
  /** Ticks of the track. */
  readonly durations: Uint32Array;
};

export type VideoRun = SampleRun & { readonly compositionOffsets: Int32Array | undefined };

export type Fragment = {
  readonly sequence: number;
  readonly epoch: number;
  /** Id of the server that records, 16 bytes. */
  readonly owner: Uint8Array;
  readonly key: boolean;
  readonly continuous: boolean;
  readonly senderReport: boolean;
  /** Wall microseconds, half open. */
  readonly start: number;
  readonly end: number;
  readonly video: VideoRun;
  /** With count 0 if there is no sound in this fragment. */
  readonly audio: SampleRun;
  /** 32 bytes an access unit, as `hashPayload` fills them. */
  readonly leaves: Uint8Array;
  readonly restHash: Uint8Array;
  /** Chain of the fragment before, or `chainStartOf` the segment. */
  readonly chainBefore: Uint8Array;
};

export type WrittenFragment = {
  /** Where the fragment begins in the buffer: the alignment base plus a multiple of 4096. */
  readonly start: number;
  readonly fragmentHash: Uint8Array;
  readonly chain: Uint8Array;
};

/** Bytes from `prft` up to and with the `mdat` header. */
export const fragmentHeaderSize = (video: number, audio: number, withCompositionOffsets: boolean): number =>
  PRFT_BYTES + UUID_HEADER_BYTES + FIELDS_BYTES + 32 * video + moofSize(video, audio, withCompositionOffsets) + 8;

export function moofSize(video: number, audio: number, withCompositionOffsets: boolean): number {
  const trafVideo = 8 + TFHD_BYTES + TFDT_BYTES + 24 + video * (withCompositionOffsets ? 12 : 8);
  const trafAudio = audio === 0 ? 0 : 8 + TFHD_BYTES + TFDT_BYTES + 20 + audio * 8;
  return 8 + MFHD_BYTES + trafVideo + trafAudio;
}

/**
 * Writes all that stands in front of the payload at `payloadOffset` of `buffer`; the fragment then begins at `start`, which is
 * `alignmentBase` plus a multiple of 4096. `writeTrailingPadding` finishes it. The bytes between `start` and the payload
 * are overwritten, others are not touched.
 */
export function writeFragmentHeader(
  buffer: Uint8Array,
  payloadOffset: number,
  fragment: Fragment,
  alignmentBase: number,
): WrittenFragment {
  const { video, audio } = fragment;
  const videoBytes = sum(video);
  const moofBytes = moofSize(video.count, audio.count, video.compositionOffsets !== undefined);
  const uuidBytes = UUID_HEADER_BYTES + FIELDS_BYTES + 32 * video.count;
  const mdat = payloadOffset - 8;
  const moof = mdat - moofBytes;
  const uuid = moof - uuidBytes;
  const prft = uuid - PRFT_BYTES;
  writeBoxHeader(buffer, mdat, 8 + videoBytes + sum(audio), MDAT);
  writeMoof(buffer, moof, fragment, { moofBytes, videoBytes });
  const fields = writeUuid(buffer, uuid, uuidBytes, fragment);
  writePrft(buffer, prft, fragment);
  const start = writeLeadingPadding(buffer, prft, alignmentBase);
  const fragmentHash = fragmentHashOf(
    buffer.subarray(fields, fields + HASHED_FIELDS_BYTES),
    buffer.subarray(moof, mdat),
    fragment.leaves.subarray(0, 32 * video.count),
  );
  const chain = chainOf(fragment.chainBefore, fragmentHash);
  buffer.set(fragmentHash, fields + FRAGMENT_HASH_AT);
  buffer.set(chain, fields + CHAIN_AT);
  return { start, fragmentHash, chain };
}

/** Pads a payload that ends at `payloadEnd` to a multiple of 4096 from `alignmentBase`; returns where the fragment ends. */
export function writeTrailingPadding(buffer: Uint8Array, payloadEnd: number, alignmentBase: number): number {
  const end = alignmentBase + paddedEnd(payloadEnd - alignmentBase);
  if (end > payloadEnd) writeFree(buffer, payloadEnd, end);
  return end;
}

export type Rechained = { readonly fragmentHash: Uint8Array; readonly chain: Uint8Array };

/**
 * Links a written fragment to another one before it: for a writer that dropped what was queued in between, or that starts a new
 * file with it. `start` is where it begins in `buffer`; `continuous` replaces the flag.
 */
export function rechainFragment(
  buffer: Uint8Array,
  start: number,
  chainBefore: Uint8Array,
  continuous: boolean,
): Rechained {
  const prft = read32(buffer, start + 4) === FREE ? start + read32(buffer, start) : start;
  const uuid = prft + PRFT_BYTES;
  const fields = uuid + UUID_HEADER_BYTES;
  const moof = uuid + read32(buffer, uuid);
  const flags = buffer[fields + 3] ?? 0;
  buffer[fields + 3] = continuous ? flags | FLAG_CONTINUOUS : flags & ~FLAG_CONTINUOUS;
  const fragmentHash = fragmentHashOf(
    buffer.subarray(fields, fields + HASHED_FIELDS_BYTES),
    buffer.subarray(moof, moof + read32(buffer, moof)),
    buffer.subarray(fields + FIELDS_BYTES, moof),
  );
  const chain = chainOf(chainBefore, fragmentHash);
  buffer.set(fragmentHash, fields + FRAGMENT_HASH_AT);
  buffer.set(chain, fields + CHAIN_AT);
  return { fragmentHash, chain };
}

/** `prft` counts NTP time: whole seconds modulo 2^32, and the fraction rounded down. Takes whole microseconds, as `uuid` holds them. */
const ntpOf = (wallMicroseconds: number): { readonly seconds: number; readonly fraction: number } => ({
  seconds: (Math.floor(wallMicroseconds / 1_000_000) + NTP_UNIX_SECONDS) % 2 ** 32,
  fraction: Math.floor(((wallMicroseconds % 1_000_000) * 2 ** 32) / 1_000_000),
});

function writePrft(buffer: Uint8Array, at: number, { start, video }: Fragment): void {
  // Behind lost packets a fragment may begin between two microseconds; `uuid` drops that part, and readers compare the two.
  const ntp = ntpOf(Math.floor(start));
  let offset = writeBoxHeader(buffer, at, PRFT_BYTES, PRFT);
  offset = write32(buffer, offset, 0x01000018);
  offset = write32(buffer, offset, VIDEO_TRACK_ID);
  offset = write32(buffer, offset, ntp.seconds);
  offset = write32(buffer, offset, ntp.fraction);
  write64(buffer, offset, video.decodeTime);
}

/** Everything but fragmentHash and chain; returns where the fields begin. */
function writeUuid(buffer: Uint8Array, at: number, size: number, fragment: Fragment): number {
  const { key, continuous, senderReport, video, audio } = fragment;
  const flags = (key ? FLAG_KEY : 0) | (continuous ? FLAG_CONTINUOUS : 0) | (senderReport ? FLAG_SENDER_REPORT : 0);
  const type = writeBoxHeader(buffer, at, size, UUID);
  buffer.set(FRAGMENT_UUID, type);
  const fields = type + FRAGMENT_UUID.length;
  let offset = write32(buffer, fields, 0x01000000 | flags);
  offset = write64(buffer, offset, fragment.sequence);
  offset = write64(buffer, offset, fragment.epoch);
  buffer.set(fragment.owner.subarray(0, 16), offset);
  offset = write64(buffer, offset + 16, fragment.start);
  offset = write64(buffer, offset, fragment.end);
  offset = write32(buffer, offset, video.count);
  offset = write32(buffer, offset, audio.count);
  buffer.set(fragment.restHash, offset);
  buffer.set(fragment.leaves.subarray(0, 32 * video.count), fields + FIELDS_BYTES);
  return fields;
}

type MoofSizes = { readonly moofBytes: number; readonly videoBytes: number };

function writeMoof(buffer: Uint8Array, at: number, fragment: Fragment, { moofBytes, videoBytes }: MoofSizes): void {
  const { video, audio, key, sequence } = fragment;
  let offset = writeBoxHeader(buffer, at, moofBytes, MOOF);
  offset = writeBoxHeader(buffer, offset, MFHD_BYTES, MFHD);
  offset = write32(buffer, offset, 0);
  offset = write32(buffer, offset, sequence % 2 ** 32);
  const each = video.compositionOffsets === undefined ? 8 : 12;
  offset = writeTrafStart(buffer, offset, VIDEO_TRACK_ID, { trunBytes: 24 + video.count * each, run: video });
  offset = write32(buffer, offset, VIDEO_TRUN | (video.compositionOffsets === undefined ? 0 : COMPOSITION_OFFSETS));
  offset = write32(buffer, offset, video.count);
  offset = write32(buffer, offset, moofBytes + 8);
  offset = write32(buffer, offset, key ? FLAGS_SYNC : FLAGS_DEPENDENT);
  offset = writeSamples(buffer, offset, video, video.compositionOffsets);
  if (audio.count === 0) return;
  offset = writeTrafStart(buffer, offset, AUDIO_TRACK_ID, { trunBytes: 20 + audio.count * 8, run: audio });
  offset = write32(buffer, offset, AUDIO_TRUN);
  offset = write32(buffer, offset, audio.count);
  offset = write32(buffer, offset, moofBytes + 8 + videoBytes);
  writeSamples(buffer, offset, audio, undefined);
}

type TrafStart = { readonly trunBytes: number; readonly run: SampleRun };

/** `traf`, `tfhd` (default-base-is-moof), `tfdt` and the header of `trun`. */
export function writeTrafStart(buffer: Uint8Array, at: number, trackId: number, { trunBytes, run }: TrafStart): number {
  let offset = writeBoxHeader(buffer, at, 8 + TFHD_BYTES + TFDT_BYTES + trunBytes, TRAF);
  offset = writeBoxHeader(buffer, offset, TFHD_BYTES, TFHD);
  offset = write32(buffer, offset, 0x020000);
  offset = write32(buffer, offset, trackId);
  offset = writeBoxHeader(buffer, offset, TFDT_BYTES, TFDT);
  offset = write32(buffer, offset, 0x01000000);
  offset = write64(buffer, offset, run.decodeTime);
  return writeBoxHeader(buffer, offset, trunBytes, TRUN);
}

function writeSamples(
  buffer: Uint8Array,
  at: number,
  { count, durations, sizes }: SampleRun,
  compositionOffsets: Int32Array | undefined,
): number {
  let offset = at;
  for (let index = 0; index < count; index += 1) {
    offset = write32(buffer, offset, durations[index] ?? 0);
    offset = write32(buffer, offset, sizes[index] ?? 0);
    if (compositionOffsets !== undefined) offset = write32(buffer, offset, compositionOffsets[index] ?? 0);
  }
  return offset;
}

function writeLeadingPadding(buffer: Uint8Array, end: number, alignmentBase: number): number {
  const over = (end - alignmentBase) % BLOCK_BYTES;
  const start = end - over - (over > 0 && over < 8 ? BLOCK_BYTES : 0);
  if (start < end) writeFree(buffer, start, end);
  return start;
}

function writeFree(buffer: Uint8Array, start: number, end: number): void {
  buffer.fill(0, writeBoxHeader(buffer, start, end - start, FREE), end);
}

/** Bytes of all samples. */
function sum({ count, sizes }: SampleRun): number {
  let total = 0;
  for (let index = 0; index < count; index += 1) total += sizes[index] ?? 0;
  return total;
}
