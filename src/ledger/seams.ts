/**
 * Which of the footage that a covering server recorded goes back, and what it replaces. Pure; docs/design/restoration.md.
 *
 * Both sides recorded the same camera, so an access unit is the same one if the hash of its slices is, near the same moment. Groups
 * (a key frame and all up to the next one) are taken whole, so that every seam lies at a key frame. Of groups that share an access unit
 * one side's are taken: those with which most whole groups, then most access units are kept; the receiver's if that is equal.
 *
 * Belongs here: that decision. Does not: reading groups (archive/footage-groups.ts), sending (restoration).
 *
 * Invariants: no access unit stands twice in what is returned and what the receiver keeps; one that lies in a whole group of either side
 * stands there once; a group that may still grow is never decided on.
 */
import type { FootageGroup } from '../wire/footage-protocol.ts';

export type SeamsInput = {
  /** Of the covering server, in order of sequence. Times are its own. */
  readonly mine: readonly FootageGroup[];
  /** Of the receiving server, in its times: what it shows now. */
  readonly theirs: readonly FootageGroup[];
  /** Added to times of `mine` to have those of `theirs`; from `offsetOf`, or from the peer channel. */
  readonly clockOffsetMs: number;
  /** Until when all that the receiver records is in `theirs`, by its clock; what ended later is not decided on. */
  readonly settledUntil: number;
};

export type Verdict =
  | {
      readonly kind: 'return';
      readonly group: FootageGroup;
      readonly why: 'only-here' | 'more-here';
      /** Of the receiver; each stands at the last group that replaces it. */
      readonly supersedes: readonly FootageGroup[];
    }
  /** The receiver has it, or as much of it: it may be deleted without being sent. */
  | { readonly kind: 'known'; readonly group: FootageGroup; readonly why: 'same' | 'more-there' }
  | { readonly kind: 'wait'; readonly group: FootageGroup };

/** Clocks of two servers that stamp by arrival, after their offset. Content may come again after twice this. */
export const MATCH_WINDOW_MS = 5000;

/** In the order of `mine`. */
export function planSeams(input: SeamsInput): readonly Verdict[] {
  throw new Error(`not yet: ${input.mine.length}`);
}

/**
 * The offset as footage shows it: the median over key frames that both have, each with its nearest; `guess` if there is none.
 * Whole milliseconds.
 */
export function offsetOf(mine: readonly FootageGroup[], theirs: readonly FootageGroup[], guess: number): number {
  throw new Error(`not yet: ${mine.length} ${theirs.length} ${guess}`);
}
