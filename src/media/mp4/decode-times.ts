/**
 * Decoding times for streams with B-frames. RTP carries presentation times only, in decoding order; MP4 wants both.
 *
 * The k-th access unit of a fragment is decoded at the k-th smallest presentation time of the fragment. Because a fragment
 * ends only before an access unit that is presented after all before it, the times of one fragment all lie before those of the
 * next, and no fragment needs to know another. Offsets are signed (`trun` version 1): none is shifted, so sound stays in step.
 */

export type DecodeTimes = {
  readonly count: number;
  /** Sorted into `decodeTimes`; unwrapped ticks, in decoding order. */
  readonly presentationTimes: Float64Array;
  readonly decodeTimes: Float64Array;
  /** Presentation time minus decoding time. */
  readonly offsets: Int32Array;
};

/** Fills `decodeTimes` and `offsets`; false if every offset is 0: then none is written. Allocates nothing. */
export function deriveDecodeTimes({ count, presentationTimes, decodeTimes, offsets }: DecodeTimes): boolean {
  let reordered = false;
  for (let index = 0; index < count; index += 1) {
    const time = presentationTimes[index] ?? 0;
    let place = index;
    // Insertion: what comes is nearly sorted, a B-frame is a few places off.
    for (; place > 0 && (decodeTimes[place - 1] ?? 0) > time; place -= 1) {
      decodeTimes[place] = decodeTimes[place - 1] ?? 0;
      reordered = true;
    }
    decodeTimes[place] = time;
  }
  for (let index = 0; index < count; index += 1) {
    offsets[index] = (presentationTimes[index] ?? 0) - (decodeTimes[index] ?? 0);
  }
  return reordered;
}

/** Fills `durations`: each to the decoding time of the next, the last one to `end`, all at least 0. */
export function deriveDurations(decodeTimes: Float64Array, count: number, end: number, durations: Uint32Array): void {
  for (let index = 0; index < count; index += 1) {
    const next = index + 1 < count ? (decodeTimes[index + 1] ?? 0) : end;
    durations[index] = Math.max(0, next - (decodeTimes[index] ?? 0));
  }
}
