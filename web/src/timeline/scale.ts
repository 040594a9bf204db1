/** Which time stands at which pixel, and how the view is moved and zoomed. Pure. */
import { nextRound, type OffsetAt } from './zone.ts';

/** Wall milliseconds at the left and right edge. */
export type View = { readonly start: number; readonly end: number };
const DAY_MS = 86_400_000;
export const MIN_SPAN_MS = 5000;
export const MAX_SPAN_MS: number = 31 * DAY_MS;

export const spanOf = ({ start, end }: View): number => end - start;
export const xOf = (view: View, width: number, at: number): number => ((at - view.start) / spanOf(view)) * width;
export const timeOf = (view: View, width: number, x: number): number =>
  view.start + (x / Math.max(1, width)) * spanOf(view);

/** `factor` above 1 shows more time; the time `around` stays where it is. */
export function zoom(view: View, around: number, factor: number): View {
  const span = Math.min(MAX_SPAN_MS, Math.max(MIN_SPAN_MS, spanOf(view) * factor));
  const share = (around - view.start) / spanOf(view);
  const start = around - share * span;
  return { start, end: start + span };
}

export const pan = (view: View, ms: number): View => ({ start: view.start + ms, end: view.end + ms });
export const centre = (view: View, at: number): View => pan(view, at - (view.start + view.end) / 2);
export const contains = (view: View, at: number): boolean => at >= view.start && at <= view.end;

/** Moves the view just enough to show `at`, with a tenth of its width beside it. */
export function reveal(view: View, at: number): View {
  const margin = spanOf(view) / 10;
  if (at < view.start + margin) return pan(view, at - margin - view.start);
  if (at > view.end - margin) return pan(view, at + margin - view.end);
  return view;
}

/** How far the view moves per frame while something is dragged near an edge: nothing in the middle, faster towards the edge. */
export function edgePan(view: View, width: number, x: number): number {
  const zone = Math.min(60, width / 6);
  const depth = x < zone ? x - zone : x > width - zone ? x - (width - zone) : 0;
  return (depth / zone) * spanOf(view) * 0.012;
}

const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200];
const STEPS_DAYS = [1, 2, 5, 10];
const STEPS_MS: readonly number[] = [
  ...STEPS_S.map((seconds) => seconds * 1000),
  ...STEPS_DAYS.map((days) => days * DAY_MS),
];
export type Tick = { readonly at: number; readonly major: boolean };

/** Times to label, round on the local clock whenever it changes, mostly at least `minPixels` apart. */
export function ticksOf(view: View, width: number, minPixels: number, offsetAt: OffsetAt): readonly Tick[] {
  const wanted = (spanOf(view) / Math.max(1, width)) * minPixels;
  const step = STEPS_MS.find((ms) => ms >= wanted) ?? 10 * DAY_MS;
  const ticks: Tick[] = [];
  for (let at = nextRound(view.start - 1, step, offsetAt); at <= view.end; at = nextRound(at, step, offsetAt)) {
    ticks.push({ at, major: (at + offsetAt(at)) % DAY_MS === 0 });
  }
  return ticks;
}

/** UTC days the view touches, as the API names them. */
export function daysOf({ start, end }: View): readonly string[] {
  const days: string[] = [];
  for (let day = Math.floor(start / DAY_MS); day * DAY_MS < end; day += 1) {
    days.push(new Date(day * DAY_MS).toISOString().slice(0, 10));
  }
  return days;
}
