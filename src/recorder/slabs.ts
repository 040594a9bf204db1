/**
 * Memory for fragments: blocks carved from shared 64 MB slabs, so that a writer thread can write them without a copy.
 * The pages of a slab that nobody touched cost nothing; a block given back is handed out again before a new one is carved.
 *
 * Belongs here: size classes, alignment, the bound. Does not: what is in a block (fragment-builder.ts).
 */
import { SLAB_BASE } from '../archive/direct-io.ts';

/** Blocks come in multiples of this. A fragment of 500 ms at 4 Mbit/s fits two. */
const BLOCK_STEP: number = 256 * 1024;
const SLAB_BYTES: number = 64 * 1024 * 1024;
/** One fragment: 8 s at 32 Mbit/s. Whatever needs more is cut before. */
export const MAX_BLOCK_BYTES: number = 32 * 1024 * 1024;
/** All fragments of the process together, being filled or waiting for the disk: 256 streams at 500 ms and 3 s of a slow disk. */
export const MAX_SLAB_BYTES: number = 1024 * 1024 * 1024;

export type Block = {
  /** Page aligned, on shared memory. */
  readonly bytes: Uint8Array;
  /** Where it lies: what a writer thread needs to make the same view. */
  readonly slab: SharedArrayBuffer;
  readonly offset: number;
};

export type Slabs = {
  /** At least `size` bytes, old contents and all; `undefined` when the bound is reached or `size` is above `MAX_BLOCK_BYTES`. */
  readonly take: (size: number) => Block | undefined;
  /** The caller must not touch the block any more. */
  readonly give: (block: Block) => void;
  /** Bytes handed out now. */
  readonly taken: () => number;
};

/** `maxBytes` bounds what is handed out and what is kept for reuse, together. */
export function createSlabs(maxBytes: number = MAX_SLAB_BYTES): Slabs {
  const spare = new Map<number, Block[]>();
  const slabBytes = Math.min(SLAB_BYTES, maxBytes + SLAB_BASE);
  let slab: SharedArrayBuffer | undefined;
  let used = 0;
  let carved = 0;
  let taken = 0;

  const carve = (size: number): Block | undefined => {
    if (carved + size > maxBytes) return undefined;
    if (slab === undefined || used + size > slab.byteLength) {
      slab = new SharedArrayBuffer(Math.max(slabBytes, size + SLAB_BASE));
      used = SLAB_BASE;
    }
    const block = { bytes: new Uint8Array(slab, used, size), slab, offset: used };
    used += size;
    carved += size;
    return block;
  };

  return {
    take: (size) => {
      if (size > MAX_BLOCK_BYTES) return undefined;
      const rounded = roundUp(size);
      const block = spare.get(rounded)?.pop() ?? carve(rounded) ?? largerSpare(spare, rounded);
      if (block !== undefined) taken += block.bytes.length;
      return block;
    },
    give: (block) => {
      taken -= block.bytes.length;
      const list = spare.get(block.bytes.length);
      if (list === undefined) spare.set(block.bytes.length, [block]);
      else list.push(block);
    },
    taken: () => taken,
  };
}

/** Steps up to 1 MB, powers of two above, so that growing blocks do not leave a new class behind at every size. */
function roundUp(size: number): number {
  const steps = Math.max(1, Math.ceil(size / BLOCK_STEP));
  return BLOCK_STEP * (steps <= 4 ? steps : 2 ** Math.ceil(Math.log2(steps)));
}

function largerSpare(spare: ReadonlyMap<number, Block[]>, size: number): Block | undefined {
  for (const [blockBytes, list] of spare) {
    if (blockBytes > size && list.length > 0) return list.pop();
  }
  return undefined;
}
