/**
 * One camera and UTC day as cells of one second holding bits, and above them levels of which each cell is its two children OR-ed:
 * so a gap of one second is still seen when a pixel is worth a minute. Pure.
 */
import type { Run } from './runs.ts';

export const DAY_SECONDS = 86_400;
/** Bit of a run state: 1 owner, 2 failover, 4 returned, 8 missing. */
export const bitOf = (state: number): number => 1 << state;
export const MISSING_BIT = 8;

/** Level 0 has a cell a second, each next one half as many. */
export type Pyramid = readonly Uint8Array[];
const SMALLEST_LEVEL = 64;

export function buildPyramid(runs: readonly Run[], dayStart: number): Pyramid {
  const base = new Uint8Array(DAY_SECONDS);
  for (const { start, end, state } of runs) {
    const from = Math.max(0, Math.floor((start - dayStart) / 1000));
    const to = Math.min(DAY_SECONDS, Math.ceil((end - dayStart) / 1000));
    const bit = bitOf(state);
    for (let second = from; second < to; second += 1) base[second] = (base[second] ?? 0) | bit;
  }
  const levels: Uint8Array[] = [base];
  for (let below: Uint8Array = base; below.length > SMALLEST_LEVEL; below = levels.at(-1) ?? below)
    levels.push(halve(below));
  return levels;
}

function halve(below: Uint8Array): Uint8Array {
  const level = new Uint8Array(Math.ceil(below.length / 2));
  for (let cell = 0; cell < level.length; cell += 1) level[cell] = (below[2 * cell] ?? 0) | (below[2 * cell + 1] ?? 0);
  return level;
}

/** The bits of all seconds that [from, to) touches, in seconds after the day's start; looks at few cells whatever the span. */
export function bitsBetween(pyramid: Pyramid, from: number, to: number): number {
  const span = Math.max(1, to - from);
  const level = Math.min(pyramid.length - 1, Math.max(0, Math.floor(Math.log2(span)) - 1));
  const cells = pyramid[level];
  if (cells === undefined) return 0;
  const first = Math.max(0, Math.floor(from / 2 ** level));
  const last = Math.min(cells.length - 1, Math.ceil(to / 2 ** level) - 1);
  let bits = 0;
  for (let cell = first; cell <= last; cell += 1) bits |= cells[cell] ?? 0;
  return bits;
}
