/**
 * Memory for fragments: blocks carved from shared 64 MB slabs, so that a writer thread can write them without a copy.
 *
 * A block is a run of 64 KB units, always the first one that is free: what was touched before is used again, and pages that
 * nobody touched cost nothing. Free neighbours are one run at once, so no size leaves memory of its own behind.
 *
 * Belongs here: runs, alignment, the bound. Does not: what is in a block (fragment-builder.ts).
 */
import { SLAB_BASE } from '../archive/direct-io.ts';

/** Blocks come in multiples of this. A fragment of 500 ms at 4 Mbit/s takes five. */
const UNIT: number = 64 * 1024;
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

type Slab = {
  readonly memory: SharedArrayBuffer;
  /** 1 for each unit that is handed out. */
  readonly used: Uint8Array;
  /** No unit before this one is free. */
  firstFree: number;
};

/** `maxBytes` bounds the slabs together; they are kept until the process ends. */
export function createSlabs(maxBytes: number = MAX_SLAB_BYTES): Slabs {
  const slabs: Slab[] = [];
  let allocated = 0;
  let taken = 0;

  const addSlab = (units: number): Slab | undefined => {
    const bytes = Math.min(Math.max(SLAB_BYTES, units * UNIT), maxBytes - allocated);
    const whole = Math.floor(bytes / UNIT);
    if (whole < units) return undefined;
    allocated += whole * UNIT;
    const memory = new SharedArrayBuffer(SLAB_BASE + whole * UNIT);
    const slab = { memory, used: new Uint8Array(whole), firstFree: 0 };
    slabs.push(slab);
    return slab;
  };
  const carve = (slab: Slab, at: number, units: number): Block => {
    slab.used.fill(1, at, at + units);
    if (at === slab.firstFree) slab.firstFree = at + units;
    taken += units * UNIT;
    const offset = SLAB_BASE + at * UNIT;
    return { bytes: new Uint8Array(slab.memory, offset, units * UNIT), slab: slab.memory, offset };
  };

  return {
    take: (size) => {
      if (size > MAX_BLOCK_BYTES) return undefined;
      const units = Math.max(1, Math.ceil(size / UNIT));
      for (const slab of slabs) {
        const at = freeRunOf(slab, units);
        if (at >= 0) return carve(slab, at, units);
      }
      const added = addSlab(units);
      return added && carve(added, 0, units);
    },
    give: ({ slab: memory, offset, bytes }) => {
      const slab = slabs.find((entry) => entry.memory === memory);
      if (slab === undefined) return;
      const at = (offset - SLAB_BASE) / UNIT;
      slab.used.fill(0, at, at + bytes.length / UNIT);
      slab.firstFree = Math.min(slab.firstFree, at);
      taken -= bytes.length;
    },
    taken: () => taken,
  };
}

/** The first unit of the first run of so many free ones, or -1. */
function freeRunOf({ used, firstFree }: Slab, units: number): number {
  let at = used.indexOf(0, firstFree);
  while (at >= 0 && at + units <= used.length) {
    const taken = used.indexOf(1, at);
    if (taken < 0 || taken - at >= units) return at;
    at = used.indexOf(0, taken);
  }
  return -1;
}
