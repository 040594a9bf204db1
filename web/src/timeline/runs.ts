/**
 * What is known of one camera over time: sorted runs of one state. Pure.
 * Belongs here: runs, merging, searching. Does not: drawing (draw.ts), cells (pyramid.ts).
 */

/** 0 recorded by its owner, 1 by a failover server, 2 returned; 3 missing. */
export type RunState = 0 | 1 | 2 | 3;
export const MISSING: RunState = 3;
/** Times in wall milliseconds, half open. `cause` only with MISSING. */
export type Run = {
  readonly start: number;
  readonly end: number;
  readonly state: RunState;
  readonly cause: string | undefined;
};

/** Appends footage that has just been recorded: longer when it touches the last run, else a new one. Keeps order. */
export function appendRecorded(runs: readonly Run[], start: number, end: number, joinWithin = 1500): readonly Run[] {
  const index = firstEndingAfter(runs, start - joinWithin);
  const touching = runs[index];
  if (touching === undefined) return [...runs, { start, end, state: 0, cause: undefined }];
  if (touching.state !== MISSING && touching.start <= start && touching.end >= start - joinWithin) {
    if (touching.end >= end) return runs;
    const next = runs[index + 1];
    const grown = { ...touching, end: next === undefined ? end : Math.min(end, Math.max(touching.end, next.start)) };
    return runs.with(index, grown);
  }
  return [...runs, { start, end, state: 0 as const, cause: undefined }].sort((a, b) => a.start - b.start);
}

/** The index of the first run that ends after `at`; runs.length when there is none. */
export function firstEndingAfter(runs: readonly Run[], at: number): number {
  let low = 0;
  let high = runs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((runs[middle]?.end ?? 0) <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function runAt(runs: readonly Run[], at: number): Run | undefined {
  const run = runs[firstEndingAfter(runs, at)];
  return run !== undefined && run.start <= at ? run : undefined;
}

/** The next gap after `at` (or the one before), of any of the cameras. */
export function gapFrom(all: readonly (readonly Run[])[], at: number, direction: 1 | -1): Run | undefined {
  let best: Run | undefined;
  for (const runs of all) {
    for (const run of runs) {
      if (run.state !== MISSING) continue;
      const ahead = direction === 1 ? run.start > at : run.start < at;
      if (!ahead) continue;
      if (best === undefined || (direction === 1 ? run.start < best.start : run.start > best.start)) best = run;
    }
  }
  return best;
}

/** When all of the cameras miss `at`: the first moment after it at which one has footage. */
export function footageAfter(all: readonly (readonly Run[])[], at: number): number | undefined {
  let best: number | undefined;
  for (const runs of all) {
    const next = runs.slice(firstEndingAfter(runs, at)).find(({ state }) => state !== MISSING);
    if (next === undefined) continue;
    const moment = Math.max(at, next.start);
    if (best === undefined || moment < best) best = moment;
  }
  return best;
}

/** The run lists of the API (milliseconds after the day's start) as runs. */
export function runsOfDay(
  dayStart: number,
  recorded: readonly (readonly [number, number, number])[],
  missing: readonly (readonly [number, number, number])[],
  causes: readonly string[],
): readonly Run[] {
  const runs: Run[] = [];
  for (const [start, end, state] of recorded) {
    runs.push({
      start: dayStart + start,
      end: dayStart + end,
      state: state === 1 ? 1 : state === 2 ? 2 : 0,
      cause: undefined,
    });
  }
  for (const [start, end, cause] of missing) {
    runs.push({ start: dayStart + start, end: dayStart + end, state: MISSING, cause: causes[cause] ?? 'unexplained' });
  }
  return runs.filter(({ start, end }) => end > start).sort((a, b) => a.start - b.start);
}

/** Days meet at midnight: a run that goes on is one run again. Both lists sorted. */
export function joinDays(days: readonly (readonly Run[])[]): readonly Run[] {
  const joined: Run[] = [];
  for (const run of days.flat()) {
    const last = joined.at(-1);
    if (last !== undefined && last.end === run.start && last.state === run.state && last.cause === run.cause) {
      joined[joined.length - 1] = { ...last, end: run.end };
    } else joined.push(run);
  }
  return joined;
}
