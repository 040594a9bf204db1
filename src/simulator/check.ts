/**
 * Judges a recording of simulated cameras: takes the access units found in it and names every missing, doubled, reordered or altered
 * one, then holds the missing ones against the gaps that the ledger booked. Pure.
 *
 * Belongs here: the judgement. Does not: reading segments (recorded-units.ts).
 */
import { crcOf, nalClassOf } from './clip.ts';
import type { VideoCodec } from '../media/tracks.ts';
import type { CounterRange } from './simulated-camera.ts';
import { parseStamp } from './stamp.ts';

/** One access unit as it stands in a recording. */
export type RecordedUnit = {
  /** NAL units without lengths or start codes. */
  readonly nals: readonly Uint8Array[];
  /** Where it was found, for the report: file and sample number. */
  readonly place: string;
};

export type UnitVerdict =
  | { readonly kind: 'sound'; readonly counter: number }
  | { readonly kind: 'altered'; readonly counter: number; readonly place: string }
  | { readonly kind: 'foreign'; readonly cameraId: string; readonly counter: number; readonly place: string }
  | { readonly kind: 'unstamped'; readonly hasPicture: boolean; readonly place: string };

export type Expectation = { readonly cameraId: string; readonly stream: 'main' | 'sub'; readonly codec: VideoCodec };

export type CheckReport = {
  readonly accessUnits: number;
  readonly first: number | undefined;
  readonly last: number | undefined;
  /** Half-open, between first and last. */
  readonly missing: readonly CounterRange[];
  readonly doubled: readonly number[];
  /** Counters that stand behind a higher one. */
  readonly reordered: readonly number[];
  readonly altered: readonly UnitVerdict[];
};

function judgeUnit(unit: RecordedUnit, { cameraId, stream, codec }: Expectation): UnitVerdict {
  const stamps = unit.nals.map((nal) => parseStamp(codec, nal)).filter((stamp) => stamp !== undefined);
  const [stamp] = stamps;
  const slices = unit.nals.filter((nal) => nalClassOf(codec, nal[0] ?? 0) === 'slice');
  if (stamp === undefined || stamps.length > 1) {
    return { kind: 'unstamped', hasPicture: slices.length > 0, place: unit.place };
  }
  const { counter } = stamp;
  if (stamp.cameraId !== cameraId || stamp.stream !== stream) {
    return { kind: 'foreign', cameraId: stamp.cameraId, counter, place: unit.place };
  }
  return crcOf(slices) === stamp.crc ? { kind: 'sound', counter } : { kind: 'altered', counter, place: unit.place };
}

/** In the order recorded. */
export function checkRecording(units: readonly RecordedUnit[], expectation: Expectation): CheckReport {
  const verdicts = units.map((unit) => judgeUnit(unit, expectation));
  const counters = countersOf(verdicts);
  const seen = new Set<number>();
  const doubled: number[] = [];
  const reordered: number[] = [];
  let highest = -1;
  for (const counter of counters) {
    if (seen.has(counter)) doubled.push(counter);
    else if (counter < highest) reordered.push(counter);
    seen.add(counter);
    highest = Math.max(highest, counter);
  }
  const sorted = [...seen].sort((a, b) => a - b);
  return {
    accessUnits: units.length,
    first: sorted[0],
    last: sorted.at(-1),
    missing: holesIn(sorted),
    doubled,
    reordered,
    altered: verdicts.filter(({ kind }) => kind !== 'sound'),
  };
}

/**
 * Of the sound ones, and of unstamped ones in front of a sound one, if there is room between their neighbours: the packet lost before
 * them held the stamp alone, the picture is whole.
 */
function countersOf(verdicts: readonly UnitVerdict[]): readonly number[] {
  const counters: number[] = [];
  let unstamped = 0;
  for (const verdict of verdicts) {
    if (verdict.kind === 'unstamped' && verdict.hasPicture) unstamped += 1;
    if (verdict.kind !== 'sound') continue;
    const before = counters.at(-1);
    const first = verdict.counter - unstamped;
    if (before !== undefined && first > before) {
      for (let counter = first; counter < verdict.counter; counter += 1) counters.push(counter);
    }
    unstamped = 0;
    counters.push(verdict.counter);
  }
  return counters;
}

function holesIn(sorted: readonly number[]): readonly CounterRange[] {
  const holes: CounterRange[] = [];
  sorted.forEach((counter, at) => {
    const next = sorted[at + 1];
    if (next !== undefined && next > counter + 1) holes.push({ from: counter + 1, to: next });
  });
  return holes;
}

/** A gap of the ledger in wall milliseconds, half open. */
export type BookedGap = {
  readonly start: number;
  readonly end: number;
  readonly cause: string;
  readonly detail?: string;
};

export type Schedule = { readonly origin: number; readonly frameMs: number };

export type LedgerProblem =
  /** Not recorded, and no gap says so. */
  | { readonly kind: 'silent'; readonly missing: CounterRange; readonly start: number; readonly end: number }
  /** Booked as missing, but an access unit of that time is there. */
  | { readonly kind: 'unreal'; readonly gap: BookedGap };

/**
 * Holds what is missing against what was booked. `toleranceMs` is for the clock between camera and recorder and for where within an
 * access unit's time a gap begins; two frames are enough on one machine.
 */
export function compareWithLedger(
  missing: readonly CounterRange[],
  booked: readonly BookedGap[],
  { origin, frameMs }: Schedule,
  toleranceMs: number,
): readonly LedgerProblem[] {
  const timeOf = (counter: number): number => origin + counter * frameMs;
  const wide = booked.map(({ start, end }) => ({ start: start - toleranceMs, end: end + toleranceMs }));
  const silent = missing
    .map((range) => ({ missing: range, start: timeOf(range.from), end: timeOf(range.to) }))
    .filter(({ start, end }) => !isCovered(start, end, wide))
    .map((problem): LedgerProblem => ({ kind: 'silent', ...problem }));
  const wideMissing = missing.map(({ from, to }) => ({
    start: timeOf(from) - toleranceMs,
    end: timeOf(to) + toleranceMs,
  }));
  const unreal = booked
    .filter(({ start, end }) => end - start > toleranceMs && !isCovered(start, end, wideMissing))
    .map((gap): LedgerProblem => ({ kind: 'unreal', gap }));
  return [...silent, ...unreal];
}

/**
 * What of the booked gaps lies between the first and the last recorded access unit: before and behind nobody can say what was due.
 */
export function withinRecording(
  booked: readonly BookedGap[],
  { first, last }: Pick<CheckReport, 'first' | 'last'>,
  { origin, frameMs }: Schedule,
): readonly BookedGap[] {
  if (first === undefined || last === undefined) return [];
  const [from, to] = [origin + (first + 1) * frameMs, origin + last * frameMs];
  return booked
    .map((gap) => ({ ...gap, start: Math.max(gap.start, from), end: Math.min(gap.end, to) }))
    .filter(({ start, end }) => end > start);
}

/** Whether the ranges together leave nothing of [start, end). */
function isCovered(
  start: number,
  end: number,
  ranges: readonly { readonly start: number; readonly end: number }[],
): boolean {
  let at = start;
  for (const range of ranges.toSorted((a, b) => a.start - b.start)) {
    if (range.start <= at) at = Math.max(at, range.end);
  }
  return at >= end;
}

/** Counters sent whole to some client but not recorded, and not otherwise excused. */
export function minus(ranges: readonly CounterRange[], recorded: ReadonlySet<number>): readonly CounterRange[] {
  const left: { from: number; to: number }[] = [];
  for (const { from, to } of ranges) {
    for (let counter = from; counter < to; counter += 1) {
      if (recorded.has(counter)) continue;
      const last = left.at(-1);
      if (last?.to === counter) last.to += 1;
      else left.push({ from: counter, to: counter + 1 });
    }
  }
  return left;
}
