/**
 * Numbers that carry their unit in the type, so that wall time, monotonic time and media time cannot be mixed up.
 * Belongs here: brands and their constructors. Does not: arithmetic with a meaning (it lives with its subject).
 */
declare const unit: unique symbol;
type Unit<Name extends string> = number & { readonly [unit]: Name };

/** Wall time, milliseconds since 1970-01-01T00:00Z. Stamps footage; may step. */
export type EpochMs = Unit<'ms since 1970'>;
/** Time since an arbitrary start; never steps, means nothing in another process. Decides. */
export type MonotonicMs = Unit<'ms since start'>;
/** A span of time in milliseconds. */
export type DurationMs = Unit<'ms'>;

export const epochMs = (value: number): EpochMs => value as EpochMs;
export const monotonicMs = (value: number): MonotonicMs => value as MonotonicMs;
export const durationMs = (value: number): DurationMs => value as DurationMs;

/** Half-open range of wall time: `start` belongs to it, `end` does not. */
export type TimeRange = { readonly start: EpochMs; readonly end: EpochMs };
