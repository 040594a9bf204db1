/**
 * Parameter sets as they come in band: unchanged ones are left out of the samples, changed ones make a new layout at the next
 * key frame.
 *
 * Belongs here: noticing a change. Does not: reading parameter sets (media/codec).
 */
import type { VideoCodec } from '../media/tracks.ts';

/** More sets of one kind than any camera sends; what is beyond is ignored. */
export const MAX_PARAMETER_SETS = 16;
export const MAX_PARAMETER_SET_BYTES = 4096;

export type ParameterSetTracker = {
  /** One parameter set of the access unit in hand; borrowed. */
  readonly see: (nal: Uint8Array) => void;
  /** All sets now in force, if they have changed since the last call that returned some. Called at a key frame. */
  readonly takeChange: () => readonly Uint8Array[] | undefined;
  /** Ends the access unit in hand. */
  readonly endAccessUnit: () => void;
};

const orderOf = (codec: VideoCodec, nal: Uint8Array): number =>
  codec === 'h264' ? (nal[0] ?? 0) & 31 : ((nal[0] ?? 0) >> 1) & 63;

/** `initial`: the sets of the session description, perhaps none. */
export function createParameterSetTracker(codec: VideoCodec, initial: readonly Uint8Array[]): ParameterSetTracker {
  let current = initial;
  /** Sets seen in the access unit in hand. */
  let seen: Uint8Array[] = [];
  let changed = false;

  return {
    see: (nal) => {
      if (nal.length > MAX_PARAMETER_SET_BYTES || seen.length >= MAX_PARAMETER_SETS) return;
      const known = current.find((set) => equal(set, nal));
      seen.push(known ?? nal.slice());
      if (known === undefined) changed = true;
    },
    takeChange: () => {
      if (!changed) return undefined;
      changed = false;
      const kinds = new Set(seen.map((set) => orderOf(codec, set)));
      // A kind that came again replaces its predecessors; one that did not is still in force.
      current = [...current.filter((set) => !kinds.has(orderOf(codec, set))), ...seen].sort(
        (a, b) => orderOf(codec, a) - orderOf(codec, b),
      );
      return current;
    },
    endAccessUnit: () => {
      // A change seen without a key frame waits for one, with what was seen.
      if (!changed && seen.length > 0) seen = [];
    },
  };
}

function equal(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}
