/**
 * Arithmetic of half-open ranges of wall time. A list is `normal` when it is sorted, without overlap, without empty and
 * without touching ranges; every function returns normal lists and takes them in any order unless said otherwise.
 */
import { epochMs } from '../core/units.ts';
import type { EpochMs, TimeRange } from '../core/units.ts';

export const rangeOf = (start: number, end: number): TimeRange => ({ start: epochMs(start), end: epochMs(end) });
export const lengthOf = (ranges: readonly TimeRange[]): number =>
  ranges.reduce((sum, { start, end }) => sum + Math.max(0, end - start), 0);

/** Sorted and merged; ranges at most `tolerance` milliseconds apart become one. */
export function normalise(ranges: readonly TimeRange[], tolerance = 0): readonly TimeRange[] {
  const sorted = ranges.filter(({ start, end }) => end > start).sort((a, b) => a.start - b.start);
  const result: TimeRange[] = [];
  for (const { start, end } of sorted) {
    const last = result.at(-1);
    if (last === undefined || start > last.end + tolerance) result.push({ start, end });
    else if (end > last.end) result[result.length - 1] = { start: last.start, end };
  }
  return result;
}

export const union = (a: readonly TimeRange[], b: readonly TimeRange[]): readonly TimeRange[] =>
  normalise([...a, ...b]);

/** What both have. */
export function intersect(a: readonly TimeRange[], b: readonly TimeRange[]): readonly TimeRange[] {
  const left = normalise(a);
  const right = normalise(b);
  const result: TimeRange[] = [];
  let i = 0;
  let j = 0;
  for (let x = left[i], y = right[j]; x !== undefined && y !== undefined; x = left[i], y = right[j]) {
    const start = epochMs(Math.max(x.start, y.start));
    const end = epochMs(Math.min(x.end, y.end));
    if (end > start) result.push({ start, end });
    if (x.end < y.end) i += 1;
    else j += 1;
  }
  return result;
}

/** What `a` has and `b` has not. */
export const subtract = (a: readonly TimeRange[], b: readonly TimeRange[]): readonly TimeRange[] =>
  cutOut(normalise(a), b);

/** As `subtract`, for sorted spans without overlap that carry more than their range: their pieces carry it on. */
export function cutOut<T extends TimeRange>(spans: readonly T[], without: readonly TimeRange[]): readonly T[] {
  const cuts = normalise(without);
  const result: T[] = [];
  let j = 0;
  for (const span of spans) {
    let from = span.start;
    for (let cut = cuts[j]; cut !== undefined && cut.start < span.end; cut = cuts[j]) {
      if (cut.start > from) result.push(cutTo(span, from, cut.start));
      if (cut.end > from) from = cut.end;
      // A cut that goes on behind this span is needed for the next one.
      if (cut.end >= span.end) break;
      j += 1;
    }
    if (span.end > from) result.push(cutTo(span, from, span.end));
  }
  return result;
}

/** Sorted and without overlap: where two overlap, the one that begins first keeps its time. */
export function disjoint<T extends TimeRange>(spans: readonly T[]): readonly T[] {
  const result: T[] = [];
  let until = Number.NEGATIVE_INFINITY;
  for (const span of [...spans].sort((a, b) => a.start - b.start)) {
    const start = Math.max(span.start, until);
    if (span.end <= start) continue;
    result.push(cutTo(span, epochMs(start), span.end));
    until = span.end;
  }
  return result;
}

/** Half-open ranges cut to `range`, empty ones left out; whatever else they carry stays. */
export function clip<T extends TimeRange>(ranges: readonly T[], range: TimeRange): readonly T[] {
  return ranges
    .filter(({ start, end }) => end > range.start && start < range.end && end > start)
    .map((span) => cutTo(span, epochMs(Math.max(span.start, range.start)), epochMs(Math.min(span.end, range.end))));
}

function cutTo<T extends TimeRange>(span: T, start: EpochMs, end: EpochMs): T {
  return span.start === start && span.end === end ? span : Object.assign({}, span, { start, end });
}
