/**
 * Puts RTP packets that came over UDP back into order. Packets in order pass through untouched; those ahead of a missing one are
 * copied into slots made at the start, until it comes, too many wait, or they have waited too long.
 */
import { sequenceAt } from './packet.ts';
import { unwrapSequence } from './sequence.ts';

/** A power of two. At 4 Mbit/s about 450 packets a second come, so 64 are 140 ms. */
export const REORDER_SLOTS = 64;
/** One Ethernet frame with room; a longer packet (fragmented IP) is not held but passed on. */
export const REORDER_SLOT_BYTES = 2048;
/** A jump back by more than this is a sender that started anew, not a late packet (RFC 3550 §A.1 MAX_MISORDER is 100). */
export const MAX_MISORDER = 100;

/** `bytes` are borrowed until the call returns. */
export type Deliver = (bytes: Uint8Array, start: number, end: number, lostBefore: boolean) => void;
export type ReorderCounts = { lost: number; late: number; reordered: number };
export type ReorderBuffer = {
  /** One RTP packet of at least 12 bytes; `at` in monotonic milliseconds. */
  readonly push: (bytes: Uint8Array, start: number, end: number, at: number) => void;
  /** Gives up waiting where it has lasted too long; call at least ten times a second. */
  readonly timePassed: (at: number) => void;
  /** Everything held, at once. */
  readonly flush: () => void;
  /** Since the start; read only. */
  readonly counts: Readonly<ReorderCounts>;
};

/** `maxWait`: milliseconds that packets wait for a missing one. */
// oxlint-disable-next-line max-lines-per-function -- one closure, so that the hot path reads local variables
export function createReorderBuffer(maxWait: number, deliver: Deliver): ReorderBuffer {
  const storage = new Uint8Array(REORDER_SLOTS * REORDER_SLOT_BYTES);
  const lengths = new Int32Array(REORDER_SLOTS);
  const mask = REORDER_SLOTS - 1;
  const counts: ReorderCounts = { lost: 0, late: 0, reordered: 0 };
  /** Endless number of the packet that is due; negative before the first. */
  let expected = -1;
  let held = 0;
  let waitingSince = 0;
  let gap = false;

  const pass = (bytes: Uint8Array, start: number, end: number): void => {
    const lostBefore = gap;
    gap = false;
    expected += 1;
    deliver(bytes, start, end, lostBefore);
  };
  const drain = (at: number): void => {
    while (held > 0) {
      const slot = expected & mask;
      const length = lengths[slot] ?? 0;
      if (length === 0) break;
      lengths[slot] = 0;
      held -= 1;
      pass(storage, slot * REORDER_SLOT_BYTES, slot * REORDER_SLOT_BYTES + length);
    }
    waitingSince = at;
  };
  const skipMissing = (at: number): void => {
    if (held === 0) return;
    for (; (lengths[expected & mask] ?? 0) === 0; expected += 1) {
      counts.lost += 1;
      gap = true;
    }
    drain(at);
  };
  const flush = (): void => {
    for (let rounds = held; rounds > 0; rounds -= 1) skipMissing(waitingSince);
  };
  const jumpTo = (sequence: number, lost: number): void => {
    flush();
    counts.lost += Math.max(0, lost);
    gap = true;
    expected = sequence;
  };
  const hold = (sequence: number, bytes: Uint8Array, start: number, end: number): void => {
    const slot = sequence & mask;
    if ((lengths[slot] ?? 0) > 0) {
      counts.late += 1;
      return;
    }
    storage.set(bytes.subarray(start, end), slot * REORDER_SLOT_BYTES);
    lengths[slot] = end - start;
    held += 1;
    counts.reordered += 1;
  };
  /** The endless number of a packet, after what a jump of the sender asks for. */
  const place = (raw: number, length: number): number => {
    if (expected < 0) expected = raw + 0x10000;
    const sequence = unwrapSequence(expected, raw);
    if (sequence < expected - MAX_MISORDER) {
      jumpTo(raw + 0x10000, 0);
      return expected;
    }
    const beyond = sequence >= expected + REORDER_SLOTS;
    const unholdable = length > REORDER_SLOT_BYTES && sequence > expected;
    if (!beyond && !unholdable) return sequence;
    flush();
    if (sequence > expected) jumpTo(sequence, sequence - expected);
    return sequence;
  };

  return {
    counts,
    flush,
    timePassed: (at) => {
      if (held > 0 && at - waitingSince >= maxWait) skipMissing(at);
    },
    push: (bytes, start, end, at) => {
      const sequence = place(sequenceAt(bytes, start), end - start);
      if (sequence < expected) counts.late += 1;
      else if (sequence === expected) {
        pass(bytes, start, end);
        drain(at);
      } else {
        if (held === 0) waitingSince = at;
        hold(sequence, bytes, start, end);
      }
    },
  };
}
