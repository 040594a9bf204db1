/**
 * One camera and UTC day as cells of one second holding bits, and above them levels of which each cell is its two children OR-ed:
 * so a gap of one second is still seen when a pixel is worth an hour. Each level is made when it is first looked at, so that a month of
 * many cameras holds only cells as coarse as it is drawn with. Pure but for that.
 */
import type { Run } from './runs.ts';

export const DAY_SECONDS = 86_400;
/** Bit of a run state: 1 owner, 2 failover, 4 returned, 8 missing, 16 away. */
export const bitOf = (state: number): number => 1 << state;
export const MISSING_BIT = 8;

/** Cells of level 0 are a second long, each next level's twice as long. */
export type Pyramid = { readonly level: (level: number) => Uint8Array };
const MAX_LEVEL = 10;

export function buildPyramid(runs: readonly Run[], dayStart: number): Pyramid {
  const levels = new Map<number, Uint8Array>();
  return {
    level: (level) => {
      const known = levels.get(level) ?? cellsOf(runs, dayStart, 2 ** level);
      levels.set(level, known);
      return known;
    },
  };
}

function cellsOf(runs: readonly Run[], dayStart: number, seconds: number): Uint8Array {
  const cells = new Uint8Array(Math.ceil(DAY_SECONDS / seconds));
  for (const { start, end, state } of runs) {
    // By whole seconds first: a cell is the OR of its seconds, and a run is in every second that it touches.
    const from = Math.max(0, Math.floor((start - dayStart) / 1000));
    const to = Math.min(DAY_SECONDS, Math.ceil((end - dayStart) / 1000));
    const bit = bitOf(state);
    for (let cell = Math.floor(from / seconds); cell * seconds < to; cell += 1) cells[cell] = (cells[cell] ?? 0) | bit;
  }
  return cells;
}

/** The bits of all seconds that [from, to) touches, in seconds after the day's start; looks at few cells whatever the span. */
export function bitsBetween(pyramid: Pyramid, from: number, to: number): number {
  const span = Math.max(1, to - from);
  const level = Math.min(MAX_LEVEL, Math.max(0, Math.floor(Math.log2(span)) - 1));
  const cells = pyramid.level(level);
  const first = Math.max(0, Math.floor(from / 2 ** level));
  const last = Math.min(cells.length - 1, Math.ceil(to / 2 ** level) - 1);
  let bits = 0;
  for (let cell = first; cell <= last; cell += 1) bits |= cells[cell] ?? 0;
  return bits;
}
