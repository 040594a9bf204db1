/**
 * What races between failover servers showed, as Markdown, and what is held against them. Pure.
 *
 * Belongs here: verdict and tables. Does not: racing (races.ts).
 */
export type Race = {
  readonly race: number;
  readonly beside: string;
  /** From the kill of the recorder to the one beside it. */
  readonly offsetMs: number;
  /** From the kill of the recorder to one living owner for each camera, by what each failover server keeps on disk. */
  readonly ownersAfterMs: number;
  /** From the kill to the first durable key frame at a failover server: least and most over cameras. */
  readonly firstFrameMs: readonly [number, number];
  /** Seconds. */
  readonly longestHole: number;
  readonly problems: readonly string[];
};

/** No covered camera is without an owner for longer while a healthy server can reach it. */
export const UNOWNED_AT_MOST_MS = 3000;
const HOST = 'Host';
const NOBODY = 'nobody';

/**
 * The longest that a camera can have been without an owner in this race. A failover server that was killed after the recorder may have
 * been the owner until then: only from its end on somebody else was to be. All else counts from the end of the recorder.
 */
export const unownedMs = (race: Race): number => sinceLastEnd(race, race.ownersAfterMs);

function sinceLastEnd({ beside, offsetMs }: Race, ms: number): number {
  const wasOwner = beside !== HOST && beside !== NOBODY && offsetMs > 0;
  return wasOwner ? Math.max(0, ms - offsetMs) : ms;
}

export function unownedProblems(race: Race): readonly string[] {
  const ms = unownedMs(race);
  return ms <= UNOWNED_AT_MOST_MS
    ? []
    : [`a camera was without an owner for up to ${ms} ms, at most ${UNOWNED_AT_MOST_MS} are allowed`];
}

export function ownerTable(all: readonly Race[], doubles: number): string {
  const owners = all.map(unownedMs);
  const counted = all.map(({ ownersAfterMs }) => ownersAfterMs);
  const late = counted.filter((ms) => ms > UNOWNED_AT_MOST_MS).length;
  const frames = all.map((race) => sinceLastEnd(race, race.firstFrameMs[1]));
  const lateFrames = frames.filter((ms) => ms > UNOWNED_AT_MOST_MS).length;
  const met = (isMet: boolean): string => (all.length === 0 ? 'not measured' : isMet ? 'yes' : '**missed**');
  return `| target | measured | met |
|---|---|---|
| two owners in one epoch: 0 | ${doubles} in ${all.length} races | ${met(doubles === 0)} |
| no camera without an owner for more than ${UNOWNED_AT_MOST_MS} ms, from the last end of a server that could have owned it | ${quantiles(owners)} ms | ${met(owners.every((ms) => ms <= UNOWNED_AT_MOST_MS))} |
| the same, always from the end of the recorder | ${quantiles(counted)} ms, ${late} longer | ${met(late === 0)} |
| first durable frame of the last camera (a key frame each 2000 ms), from the same end as the second line; no target of its own | ${quantiles(frames)} ms, ${lateFrames} longer than ${UNOWNED_AT_MOST_MS} ms | – |

An owner is a living failover server that keeps the camera as covered on its disk: it records it, or waits for the next key frame. When that frame is durable stands in the last line, and what is lost until then as the
longest hole below. It is looked for only when all that are killed are gone: these are upper bounds.
`;
}

export function racesTable(all: readonly Race[]): string {
  const groups = [...Map.groupBy(all, ({ beside }) => beside)].sort(([left], [right]) => (left < right ? -1 : 1));
  const row = ([beside, own]: readonly [string, readonly Race[]]): string => {
    const owners = quantiles(own.map(({ ownersAfterMs }) => ownersAfterMs));
    const frames = quantiles(own.map(({ firstFrameMs }) => firstFrameMs[1]));
    const holes = quantiles(own.map(({ longestHole }) => longestHole * 1000));
    const bad = own.filter(({ problems }) => problems.length > 0).length;
    return `| ${beside} | ${own.length} | ${owners} | ${frames} | ${holes} | ${bad} |`;
  };
  return `| killed beside it | races | one owner each | last first frame | longest hole | with problems |
|---|---|---|---|---|---|
${groups.map(row).join('\n')}
`;
}

/** Median and most. */
function quantiles(numbers: readonly number[]): string {
  const sorted = numbers.filter((number) => Number.isFinite(number)).toSorted((left, right) => left - right);
  const at = (share: number): string => Math.round(sorted[Math.floor((sorted.length - 1) * share)] ?? 0).toString();
  return sorted.length === 0 ? '–' : `${at(0.5)} / ${at(1)}`;
}
