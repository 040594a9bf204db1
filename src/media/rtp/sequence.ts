/** Numbers that wrap: RTP sequence numbers (16 bits) and timestamps (32 bits) made endless (RFC 3550 §5.1, §A.1). */

/** How far `to` is ahead of `from`, -32768 to 32767. Either may be unwrapped. */
export const sequenceDistance = (from: number, to: number): number => ((to - from) << 16) >> 16;

/** The endless number next to `last` (endless) whose low 16 bits are `sequence`. */
export const unwrapSequence = (last: number, sequence: number): number => last + sequenceDistance(last, sequence);

/** The endless number of ticks next to `last` (endless, may be negative) whose low 32 bits are `timestamp`. */
export const unwrapTimestamp = (last: number, timestamp: number): number => last + ((timestamp - last) | 0);
