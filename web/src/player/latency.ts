/** How far behind the newest picture live view stays: what to do next, decided from where the buffer ends. Pure. */

/** Seconds. */
export const TARGET_S = 0.2;
/** Beyond, the picture jumps to where it belongs: also at the start, where the run since the last key frame comes at once. */
const TOO_FAR_S = 0.8;
const TOO_CLOSE_S = 0.06;

export type BufferState = {
  /** Seconds on the media clock. */
  readonly position: number;
  readonly start: number;
  readonly end: number;
};
export type Steering = { readonly rate: number; readonly seekTo: number | undefined };

export function steer({ position, start, end }: BufferState): Steering {
  const behind = end - position;
  if (position < start || behind > TOO_FAR_S || behind < -0.5)
    return { rate: 1, seekTo: Math.max(start, end - TARGET_S) };
  if (behind > TARGET_S + 0.25) return { rate: 1.15, seekTo: undefined };
  if (behind > TARGET_S + 0.08) return { rate: 1.05, seekTo: undefined };
  if (behind < TOO_CLOSE_S) return { rate: 0.93, seekTo: undefined };
  return { rate: 1, seekTo: undefined };
}

/** Waiting before the n-th attempt in a row: soon at first, at most 10 s, spread so that sixteen tiles do not knock at once. */
export function retryDelay(attempt: number, random: number): number {
  const base = Math.min(10_000, 400 * 2 ** Math.min(attempt, 6));
  return base * (0.75 + random * 0.5);
}
