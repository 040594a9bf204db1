/**
 * Holds back the first packets of a session for a moment. Many cameras and proxies send the pictures since the last key frame in one
 * burst after PLAY: what arrives first is up to a key-frame interval old, and only what arrives last tells how late. With the
 * burst seen as a whole (media/rtp/wall-clock.ts) the first access unit gets its true time at once.
 *
 * They are kept in blocks of the fragments' memory, which is given back and used by the recording that follows: every session begins with
 * this, and 48 at once left 11 MB of small holes in the heap behind.
 *
 * Belongs here: keeping packets and how long. Does not: what they mean (media-intake.ts).
 */
import type { Block, Slabs } from './slabs.ts';

/** A burst of 2 s of 4 Mbit/s takes 100 ms on a slow link, and reads come every 250 ms. */
export const MAX_HOLD_MS = 500;
/** A stream: beyond, the rest of the burst is taken as it comes, and its time is corrected slowly. */
export const MAX_HELD_BYTES: number = 2 * 1024 * 1024;
export const MAX_HELD_PACKETS = 4096;

/** Holds any packet. */
const BLOCK_BYTES: number = 64 * 1024;

/** One memmove and nothing allocated. */
// oxlint-disable-next-line typescript/unbound-method -- called with its `this` below
const copyBytes = Buffer.prototype.copy;

/** Where a packet lies in the bytes beside it, half open. */
export type HeldPacket = {
  readonly track: number;
  readonly start: number;
  readonly end: number;
  readonly lostBefore: boolean;
};
export type FirstPackets = {
  /** False: nothing is held any more, the packet is the caller's. Borrowed bytes. */
  readonly hold: (packet: HeldPacket, bytes: Uint8Array) => boolean;
  readonly isHolding: () => boolean;
  /** `at`: monotonic milliseconds. */
  readonly timePassed: (at: number) => void;
  /** Everything held, in the order it came, and nothing more is held. */
  readonly release: () => void;
};
export type FirstPacketsDeps = {
  /** `undefined`: nothing is held. */
  readonly slabs: Pick<Slabs, 'take' | 'give'> | undefined;
  /** May throw: what is left is dropped then. */
  readonly deliver: (packet: HeldPacket, bytes: Uint8Array) => void;
  readonly monotonic: () => number;
};

export function createFirstPackets({ slabs, deliver, monotonic }: FirstPacketsDeps): FirstPackets {
  let held: { readonly packet: HeldPacket; readonly bytes: Uint8Array }[] = [];
  let blocks: Block[] = [];
  let used = BLOCK_BYTES;
  let holding = slabs !== undefined;
  let size = 0;
  let since: number | undefined;
  const release = (): void => {
    if (!holding) return;
    holding = false;
    const [all, taken] = [held, blocks];
    held = [];
    blocks = [];
    try {
      for (const { packet, bytes } of all) deliver(packet, bytes);
    } finally {
      for (const block of taken) slabs?.give(block);
    }
  };
  /** Memory for `length` bytes at `used`; `undefined` if there is none. */
  const roomFor = (length: number): Uint8Array | undefined => {
    if (used + length > BLOCK_BYTES) {
      const block = slabs?.take(BLOCK_BYTES);
      if (block === undefined) return undefined;
      blocks.push(block);
      used = 0;
    }
    return blocks.at(-1)?.bytes;
  };
  return {
    hold: ({ track, start, end, lostBefore }, bytes) => {
      if (!holding) return false;
      const length = end - start;
      const room = size + length > MAX_HELD_BYTES || held.length >= MAX_HELD_PACKETS ? undefined : roomFor(length);
      if (room === undefined) {
        release();
        return false;
      }
      since ??= monotonic();
      size += length;
      copyBytes.call(bytes, room, used, start, end);
      held.push({ packet: { track, start: used, end: used + length, lostBefore }, bytes: room });
      used += length;
      return true;
    },
    isHolding: () => holding,
    timePassed: (at) => {
      if (holding && since !== undefined && at - since >= MAX_HOLD_MS) release();
    },
    release,
  };
}
