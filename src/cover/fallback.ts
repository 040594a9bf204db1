/**
 * A hot camera that refuses the second session is not asked for it again and again: after a few refusals its session is only held
 * (warm), and it is asked for hot again from time to time. Pure; one value a stream.
 *
 * Belongs here: that decision. Does not: a camera that refuses to be held too (it is cold: recorder/camera-loop.ts), remarks
 * (standby-watch.ts), orders (cover-orders.ts).
 */

/** In a row, before that is believed: a camera that is starting up refuses for a moment too. */
export const HOT_REFUSALS = 3;
/** Until it is asked for hot again: doubled at each refusal, for a session of somebody else may end soon, or never. */
export const FIRST_HOT_RETRY_MS = 30_000;
export const LAST_HOT_RETRY_MS = 600_000;

export type Fallback =
  /** Hot is ordered and was refused. `falls`: how often it was given up before. */
  | { readonly kind: 'asking'; readonly source: string; readonly refusals: number; readonly falls: number }
  /** Held instead until `retryAt` (monotonic milliseconds). */
  | {
      readonly kind: 'fallen';
      readonly source: string;
      readonly retryAt: number;
      readonly falls: number;
      readonly message: string;
    };
export type HotRefusal = {
  /** Address and credentials it was asked with: of others nothing is known. */
  readonly source: string;
  readonly message: string;
  readonly at: number;
};

/** A stream that should be hot was refused. */
export function refusedHot(before: Fallback | undefined, { source, message, at }: HotRefusal): Fallback {
  const known = before?.source === source ? before : undefined;
  if (known?.kind === 'fallen') return known;
  const { refusals, falls } = known ?? { refusals: 0, falls: 0 };
  // Asked again after a fall, one refusal is answer enough.
  const isBelieved = falls > 0 || refusals + 1 >= HOT_REFUSALS;
  if (!isBelieved) return { kind: 'asking', source, refusals: refusals + 1, falls };
  const wait = Math.min(LAST_HOT_RETRY_MS, FIRST_HOT_RETRY_MS * 2 ** Math.min(falls, 10));
  return { kind: 'fallen', source, retryAt: at + wait, falls: falls + 1, message };
}

/** `source`: of now. The same value: nothing is to be done. */
export function laterOn(fallback: Fallback, source: string, at: number): Fallback | undefined {
  if (source !== fallback.source) return undefined;
  if (fallback.kind !== 'fallen' || at < fallback.retryAt) return fallback;
  return { kind: 'asking', source: fallback.source, refusals: 0, falls: fallback.falls };
}
