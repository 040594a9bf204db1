/**
 * What is known of one camera over time: sorted runs of one state. Pure.
 * Belongs here: runs, merging, searching. Does not: drawing (draw.ts), cells (pyramid.ts).
 */

/** 0 recorded by its owner, 1 lies on a failover server, 2 returned from one; 3 missing; 4 unknown, for who would know is away. */
export type RunState = 0 | 1 | 2 | 3 | 4;
export const MISSING: RunState = 3;
export const AWAY: RunState = 4;
/** Times in wall milliseconds, half open. `cause` of MISSING is why; of AWAY it is the name of the server that is away. */
export type Run = {
  readonly start: number;
  readonly end: number;
  readonly state: RunState;
  readonly cause: string | undefined;
};
/** There is something to play. */
export const isFootage = (run: Run | undefined): boolean => run !== undefined && run.state < MISSING;

/** What touches within this is one run. */
const JOIN_MS = 1500;
/** Appends footage that has just been recorded: longer when it touches the last run of that state, else a new one. Keeps order. */
export function appendRecorded(runs: readonly Run[], start: number, end: number, state: RunState = 0): readonly Run[] {
  const joinWithin = JOIN_MS;
  const index = firstEndingAfter(runs, start - joinWithin);
  const touching = runs[index];
  if (touching === undefined) return [...runs, { start, end, state, cause: undefined }];
  if (touching.state === state && touching.start <= start && touching.end >= start - joinWithin) {
    if (touching.end >= end) return runs;
    const next = runs[index + 1];
    const grown = { ...touching, end: next === undefined ? end : Math.min(end, Math.max(touching.end, next.start)) };
    return runs.with(index, grown);
  }
  return withNew(runs, { start, end, state, cause: undefined });
}

/** Nothing overlaps: what is known already stays, what is new fills what lies beside it; an account of missing time gives way. */
function withNew(runs: readonly Run[], fresh: Run): readonly Run[] {
  const kept: Run[] = [];
  let parts: Run[] = [fresh];
  for (const run of runs) {
    if (run.end <= fresh.start || run.start >= fresh.end) kept.push(run);
    else if (isFootage(run)) {
      kept.push(run);
      parts = parts.flatMap((part) => without(part, run));
    } else kept.push(...without(run, fresh));
  }
  return [...kept, ...parts].sort((a, b) => a.start - b.start);
}

function without(run: Run, { start, end }: Run): Run[] {
  const sides = [
    { ...run, end: Math.min(run.end, start) },
    { ...run, start: Math.max(run.start, end) },
  ];
  return sides.filter((side) => side.end > side.start);
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
    const next = runs.slice(firstEndingAfter(runs, at)).find(isFootage);
    if (next === undefined) continue;
    const moment = Math.max(at, next.start);
    if (best === undefined || moment < best) best = moment;
  }
  return best;
}

type Triple = readonly [number, number, number];
export type RunLists = {
  readonly recorded: readonly Triple[];
  readonly missing: readonly Triple[];
  readonly away?: readonly Triple[];
};
export type RunWords = { readonly causes: readonly string[]; readonly servers?: readonly { readonly name: string }[] };

/** The run lists of the API (milliseconds after the day's start) as runs. */
export function runsOfDay(dayStart: number, lists: RunLists, { causes, servers = [] }: RunWords): readonly Run[] {
  const run = ([start, end]: Triple, state: RunState, cause: string | undefined): Run => ({
    start: dayStart + start,
    end: dayStart + end,
    state,
    cause,
  });
  const runs = [
    ...lists.recorded.map((part) => run(part, part[2] === 1 ? 1 : part[2] === 2 ? 2 : 0, undefined)),
    ...lists.missing.map((part) => run(part, MISSING, causes[part[2]] ?? 'unexplained')),
    ...(lists.away ?? []).map((part) => run(part, AWAY, servers[part[2]]?.name ?? '')),
  ];
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
