/** The common clock of playback: when it may go on, and where to. Pure. */
import { AWAY, footageAfter, isFootage, runAt, type Run } from '../../timeline/runs.ts';

/** So long the clock waits for a camera that loads while others have their picture; then it catches up by itself. */
const PATIENCE_MS = 3000;

/** `waiting`: cameras without their picture, and since when; they hold the clock for a moment, all together for as long as it takes. */
export function mayAdvance(chosen: readonly string[], waiting: ReadonlyMap<string, number>, now: number): boolean {
  const held = chosen.filter((id) => waiting.has(id));
  if (held.length === 0) return true;
  return held.length < chosen.length && held.every((id) => now - (waiting.get(id) ?? now) > PATIENCE_MS);
}

export type Advance = { readonly to: number; readonly jumped: boolean };

/** Over what no chosen camera has, the clock jumps; where nobody knows what is there, it waits. */
export function advanced(all: readonly (readonly Run[])[], from: number, wanted: number): Advance {
  const to = Math.max(from, wanted);
  const here = all.map((runs) => runAt(runs, to));
  if (all.length === 0 || here.some(isFootage)) return { to, jumped: false };
  const next = footageAfter(all, to);
  if (next !== undefined && next > to) return { to: next, jumped: true };
  return here.some((run) => run?.state === AWAY) ? { to: from, jumped: false } : { to, jumped: false };
}
