/**
 * The payload of one fragment while it is being filled: NAL units with four-byte lengths, straight from the packet into
 * the memory that the disk will read, and the hashes of each access unit while its bytes are still in the cache.
 *
 * Belongs here: where bytes go and what is hashed. Does not: when a fragment ends (fragment-builder.ts), boxes (media/mp4).
 *
 * Memory: a block holds `HEAD_ROOM` for the boxes in front, the payload, and room for one packet more. It grows by
 * copying into a larger block; when there is none, `overflowed` turns true and the access unit cannot be kept.
 */
import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { isVcl } from '../media/codec/nal-kinds.ts';
import { sha256, sha256Into } from '../media/mp4/fragment-hash.ts';
import type { VideoCodec } from '../media/tracks.ts';
import { MAX_BLOCK_BYTES } from './slabs.ts';
import type { Block, Slabs } from './slabs.ts';

/** Room in front of the payload for all boxes of a fragment of `MAX_SAMPLES` access units and audio frames. */
export const HEAD_ROOM: number = 20 * 1024;
/** Behind the payload: padding to 4096 bytes and a `free` box. */
const TAIL_ROOM = 2 * 4096;
const LENGTH_BYTES = 4;
/** Grown by so much more than asked for, so that a large picture does not grow it packet by packet. */
const GROWTH: number = 128 * 1024;

/** `Buffer.copy` is one memmove; `set` with `subarray` costs five times that on shared memory (0.27 against 0.05 µs for 1400 bytes). */
// oxlint-disable-next-line typescript/unbound-method -- called with its `this` below
const copyBytes = Buffer.prototype.copy;

export type Payload = {
  readonly beginAccessUnit: () => void;
  /** Header bytes of the NAL unit; `second` below 0: there is none. */
  readonly beginNal: (first: number, second: number) => void;
  readonly data: (bytes: Uint8Array, start: number, end: number) => void;
  readonly endNal: () => void;
  /** The bytes of the NAL unit being written, header included; valid until the next call. */
  readonly currentNal: () => Uint8Array;
  readonly dropNal: () => void;
  /** Bytes of the access unit being written. */
  readonly accessUnitSize: () => number;
  readonly dropAccessUnit: () => void;
  /** Ends the access unit and puts its leaf hash into `leaves` at `at`. Returns its size. */
  readonly sealAccessUnit: (leaves: Buffer, at: number) => number;
  /** Bytes of whole access units. */
  readonly videoBytes: () => number;
  /** No memory was left: what is being written is not whole. Cleared by `dropAccessUnit`. */
  readonly overflowed: () => boolean;
  /**
   * Ends the fragment with `audio[0, audioBytes)` behind its access units and hands out its block, which belongs to the caller from then on;
   * what has been written of the access unit in hand moves to a new block. `undefined` if there is no memory for that. `nextIsKey`: the
   * next fragment begins with a key frame, and needs as much as those did.
   */
  readonly cut: (audio: Uint8Array, audioBytes: number, nextIsKey: boolean) => FilledBlock | undefined;
  /** Gives all memory back. */
  readonly release: () => void;
  readonly block: () => Block | undefined;
  /** Offsets in the block of the access unit in hand. */
  readonly accessUnitStart: () => number;
};

export type FilledBlock = {
  readonly block: Block;
  /** Offsets in the block, half open: access units, then audio up to `audioEnd`. */
  readonly videoEnd: number;
  readonly audioEnd: number;
  readonly restHash: Uint8Array;
};

const EMPTY = new Uint8Array(0);

// oxlint-disable-next-line max-lines-per-function -- one closure, so that the hot path reads local variables
export function createPayload(slabs: Pick<Slabs, 'take' | 'give'>, codec: VideoCodec, firstSize: number): Payload {
  let block: Block | undefined;
  let bytes: Uint8Array = EMPTY;
  /** Last position at which a byte of payload may stand, exclusive. */
  let limit = 0;
  let at = HEAD_ROOM;
  let unitStart = HEAD_ROOM;
  let nalStart = -1;
  let overflowed = false;
  /** The access unit in hand holds only VCL NAL units: its leaf is one call. */
  let onlyVcl = true;
  /** Sizes that the last fragments needed, with a key frame in front and without; the next block is taken that large at once. */
  const expected = { key: firstSize, other: firstSize };
  let kind: keyof typeof expected = 'key';
  const rest = createRanges();
  const leaf = createRanges();

  const use = (next: Block | undefined): void => {
    block = next;
    bytes = next?.bytes ?? EMPTY;
    limit = bytes.length - TAIL_ROOM;
  };
  const grow = (size: number): boolean => {
    const wanted = Math.max(expected[kind], at + size + TAIL_ROOM + (block === undefined ? 0 : GROWTH));
    const next = slabs.take(Math.min(MAX_BLOCK_BYTES, wanted));
    if (next === undefined || at + size + TAIL_ROOM > next.bytes.length) {
      if (next !== undefined) slabs.give(next);
      overflowed = true;
      return false;
    }
    if (block !== undefined) {
      copyBytes.call(bytes, next.bytes, HEAD_ROOM, HEAD_ROOM, at);
      slabs.give(block);
    }
    use(next);
    return true;
  };
  const sealMixed = (leaves: Buffer, offset: number): void => {
    for (let nal = unitStart; nal < at;) {
      const end = nal + LENGTH_BYTES + lengthAt(bytes, nal);
      (isVcl(codec, bytes[nal + LENGTH_BYTES] ?? 0) ? leaf : rest).add(bytes, nal, end);
      nal = end;
    }
    leaf.digestInto(bytes, leaves, offset);
  };

  return {
    beginAccessUnit: () => {
      at = unitStart;
      nalStart = -1;
      onlyVcl = true;
    },
    beginNal: (first, second) => {
      nalStart = at;
      if (at + LENGTH_BYTES + 2 > limit && !grow(LENGTH_BYTES + 2)) return;
      if (!isVcl(codec, first)) onlyVcl = false;
      at += LENGTH_BYTES;
      bytes[at++] = first;
      if (second >= 0) bytes[at++] = second;
    },
    data: (source, start, end) => {
      const size = end - start;
      if (at + size > limit && !grow(size)) return;
      if (overflowed) return;
      copyBytes.call(source, bytes, at, start, end);
      at += size;
    },
    endNal: () => {
      if (nalStart < 0 || overflowed) return;
      writeLength(bytes, nalStart, at - nalStart - LENGTH_BYTES);
      nalStart = -1;
    },
    currentNal: () => (nalStart < 0 ? EMPTY : bytes.subarray(nalStart + LENGTH_BYTES, at)),
    dropNal: () => {
      if (nalStart >= 0) at = nalStart;
      nalStart = -1;
    },
    accessUnitSize: () => at - unitStart,
    dropAccessUnit: () => {
      at = unitStart;
      nalStart = -1;
      overflowed = false;
    },
    sealAccessUnit: (leaves, offset) => {
      if (onlyVcl) sha256Into(bytes.subarray(unitStart, at), leaves, offset);
      else sealMixed(leaves, offset);
      const size = at - unitStart;
      unitStart = at;
      return size;
    },
    videoBytes: () => unitStart - HEAD_ROOM,
    overflowed: () => overflowed,
    cut: (audio, audioBytes, nextIsKey) => {
      const tail = at - unitStart;
      // The tail has moved before the audio is written over its place; the block is one audio buffer longer than asked for.
      if (unitStart + audioBytes > limit && !grow(audioBytes)) return undefined;
      const filled = block;
      expected[kind] = expectedSize(expected[kind], unitStart + audioBytes + TAIL_ROOM);
      kind = nextIsKey ? 'key' : 'other';
      const next = slabs.take(Math.min(MAX_BLOCK_BYTES, Math.max(HEAD_ROOM + tail + TAIL_ROOM, expected[kind])));
      if (filled === undefined || next === undefined) {
        if (next !== undefined) slabs.give(next);
        return undefined;
      }
      if (tail > 0) copyBytes.call(bytes, next.bytes, HEAD_ROOM, unitStart, at);
      const videoEnd = unitStart;
      const audioEnd = videoEnd + audioBytes;
      if (audioBytes > 0) copyBytes.call(audio, bytes, videoEnd, 0, audioBytes);
      rest.add(bytes, videoEnd, audioEnd);
      const restHash = rest.digest(bytes);
      use(next);
      unitStart = HEAD_ROOM;
      if (nalStart >= 0) nalStart += HEAD_ROOM - videoEnd;
      at = HEAD_ROOM + tail;
      return { block: filled, videoEnd, audioEnd, restHash };
    },
    release: () => {
      if (block !== undefined) slabs.give(block);
      use(undefined);
      rest.clear();
      at = unitStart = HEAD_ROOM;
      nalStart = -1;
      overflowed = false;
    },
    block: () => block,
    accessUnitStart: () => unitStart,
  };
}

/** Slowly down, at once up: most fragments of a camera are alike, and a block too large keeps its touched pages. */
const expectedSize = (before: number, needed: number): number =>
  needed > before ? needed : Math.max(needed, Math.round(before * 0.95));

const lengthAt = (bytes: Uint8Array, at: number): number =>
  (((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0;

function writeLength(bytes: Uint8Array, at: number, length: number): void {
  bytes[at] = length >>> 24;
  bytes[at + 1] = length >>> 16;
  bytes[at + 2] = length >>> 8;
  bytes[at + 3] = length;
}

type Ranges = {
  readonly add: (bytes: Uint8Array, start: number, end: number) => void;
  /** The SHA-256 of all ranges in order; starts anew. */
  readonly digest: (bytes: Uint8Array) => Uint8Array;
  /** The same into `target` from `at` on. */
  readonly digestInto: (bytes: Uint8Array, target: Buffer, at: number) => void;
  readonly clear: () => void;
};

/** Hashes ranges of a block in order, neighbours joined, so that the usual single run is one call and no hash object. */
function createRanges(): Ranges {
  let start = 0;
  let end = 0;
  let hasher: Hash | undefined;
  const clear = (): void => {
    start = end = 0;
    hasher = undefined;
  };
  return {
    add: (bytes, from, to) => {
      if (from === to) return;
      if (from !== end || end === start) {
        if (end > start) hasher = (hasher ?? createHash('sha256')).update(bytes.subarray(start, end));
        start = from;
      }
      end = to;
    },
    digest: (bytes) => {
      const range = bytes.subarray(start, end);
      const value = hasher === undefined ? sha256(range) : hasher.update(range).digest();
      clear();
      return value;
    },
    digestInto: (bytes, target, at) => {
      const range = bytes.subarray(start, end);
      if (hasher === undefined) sha256Into(range, target, at);
      else target.set(hasher.update(range).digest(), at);
      clear();
    },
    clear,
  };
}
