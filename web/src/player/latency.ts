/** How far behind the newest picture live view stays: what to do next, decided from where the buffer ends. Pure. */

/** Seconds. */
const TARGET_S = 0.2;
/** Browsers begin to play sound only with so much of it, and it comes in packets of several frames. */
const TARGET_WITH_SOUND_S = 0.5;
/** Sound that is stretched is heard: only for more than a viewer would notice of the delay. */
const SOUND_SLACK_S = 0.25;
/** Beyond the target the picture jumps to where it belongs: also at the start, where the run since the last key frame comes at once. */
const TOO_FAR_S = 0.6;
const TOO_CLOSE_S = 0.14;

export type BufferState = {
  /** Seconds on the media clock. */
  readonly position: number;
  readonly start: number;
  readonly end: number;
  readonly audio?: boolean;
};
export type Steering = { readonly rate: number; readonly seekTo: number | undefined };

export function steer({ position, start, end, audio = false }: BufferState): Steering {
  const target = audio ? TARGET_WITH_SOUND_S : TARGET_S;
  const behind = end - position;
  if (position < start || behind > target + TOO_FAR_S || behind < -0.5)
    return { rate: 1, seekTo: Math.max(start, end - target) };
  if (audio && Math.abs(behind - target) < SOUND_SLACK_S) return { rate: 1, seekTo: undefined };
  if (behind > target + 0.25) return { rate: 1.15, seekTo: undefined };
  if (behind > target + 0.08) return { rate: 1.05, seekTo: undefined };
  if (behind < target - TOO_CLOSE_S) return { rate: 0.93, seekTo: undefined };
  return { rate: 1, seekTo: undefined };
}

/** Waiting before the n-th attempt in a row: soon at first, at most 10 s, spread so that sixteen tiles do not knock at once. */
export function retryDelay(attempt: number, random: number): number {
  const base = Math.min(10_000, 400 * 2 ** Math.min(attempt, 6));
  return base * (0.75 + random * 0.5);
}
