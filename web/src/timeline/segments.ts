/** What to draw of one camera: stretches of pixels of one look. Below one second a pixel from the runs, above from the pyramids. Pure. */
import { bitsBetween, DAY_SECONDS, MISSING_BIT, type Pyramid } from './pyramid.ts';
import { firstEndingAfter, type Run } from './runs.ts';
import { spanOf, xOf, type View } from './scale.ts';

/** `state` as in runs.ts. */
export type Stretch = { readonly x: number; readonly width: number; readonly state: number };
export type Days = ReadonlyMap<number, Pyramid>;
const DAY_MS = DAY_SECONDS * 1000;

export function stretchesOf(runs: readonly Run[], days: Days, view: View, width: number): readonly Stretch[] {
  return spanOf(view) / width <= 1000 ? exact(runs, view, width) : pooled(days, view, width);
}

function exact(runs: readonly Run[], view: View, width: number): readonly Stretch[] {
  const found: Stretch[] = [];
  for (let index = firstEndingAfter(runs, view.start); index < runs.length; index += 1) {
    const run = runs[index];
    if (run === undefined || run.start >= view.end) break;
    const x = Math.max(0, xOf(view, width, run.start));
    found.push({ x, width: Math.max(0.5, Math.min(width, xOf(view, width, run.end)) - x), state: run.state });
  }
  return found;
}

function pooled(days: Days, view: View, width: number): readonly Stretch[] {
  const found: Stretch[] = [];
  const perPixel = spanOf(view) / width;
  let began = 0;
  let current = -1;
  for (let x = 0; x <= width; x += 1) {
    const state = x === width ? -2 : lookOf(bitsAt(days, view.start + x * perPixel, view.start + (x + 1) * perPixel));
    if (state === current) continue;
    if (current >= 0) found.push({ x: began, width: x - began, state: current });
    current = state;
    began = x;
  }
  return found;
}

function bitsAt(days: Days, from: number, to: number): number {
  let bits = 0;
  for (let day = Math.floor(from / DAY_MS) * DAY_MS; day < to; day += DAY_MS) {
    const pyramid = days.get(day);
    if (pyramid !== undefined) bits |= bitsBetween(pyramid, (from - day) / 1000, (to - day) / 1000);
  }
  return bits;
}

/** What is missing outweighs everything, then what a failover server recorded: the rare is what one looks for. */
function lookOf(bits: number): number {
  if ((bits & MISSING_BIT) !== 0) return 3;
  if ((bits & 2) !== 0) return 1;
  if ((bits & 4) !== 0) return 2;
  if ((bits & 16) !== 0) return 4;
  return (bits & 1) === 0 ? -1 : 0;
}
