/**
 * Which of the footage that a covering server recorded goes back, and what it replaces. Pure; docs/design/restoration.md.
 *
 * Both sides recorded the same camera, so an access unit is the same one if the hash of its slices is, near the same moment. Groups
 * (a key frame and all up to the next one) are taken whole, so that every seam lies at a key frame. Of groups that share an access unit
 * one side's are taken: those with which most whole groups, then most access units are kept; the receiver's if that is equal.
 *
 * Belongs here: that decision. Does not: reading groups (archive/footage-groups.ts), sending (restoration).
 *
 * Invariants: no access unit stands twice in what is returned and what the receiver keeps; one that lies in a whole group of either side
 * stands there once; a group that may still grow is never decided on.
 */
import type { FootageGroup } from '../wire/footage-protocol.ts';
import { bestChoice } from './seam-choice.ts';
import type { Rival, Score } from './seam-choice.ts';

export type SeamsInput = {
  /** Of the covering server, in order of sequence. Times are its own. */
  readonly mine: readonly FootageGroup[];
  /** Of the receiving server, in its times: what it shows now. */
  readonly theirs: readonly FootageGroup[];
  /** Added to times of `mine` to have those of `theirs`; from `offsetOf`, or from the peer channel. */
  readonly clockOffsetMs: number;
  /** Until when all that the receiver records is in `theirs`, by its clock; what ended later is not decided on. */
  readonly settledUntil: number;
};

export type Verdict =
  | {
      readonly kind: 'return';
      readonly group: FootageGroup;
      readonly why: 'only-here' | 'more-here';
      /** Of the receiver; each stands at the last group that replaces it. */
      readonly supersedes: readonly FootageGroup[];
    }
  /** The receiver has it, or as much of it, in `by`: once those are proved it may be deleted without being sent. */
  | {
      readonly kind: 'known';
      readonly group: FootageGroup;
      readonly why: 'same' | 'more-there';
      readonly by: readonly FootageGroup[];
    }
  | { readonly kind: 'wait'; readonly group: FootageGroup };

/** How far apart two servers may stamp the same key frame, after their offset. Content may come again after twice this. */
export const MATCH_WINDOW_MS = 5000;
/** The same for other access units, after the deviation of the nearest key frame that both have. */
const SAME_MS = 400;
/** Bytes of a leaf hash that groups tell: 48 bits are enough within seconds of one camera, and are eight characters. */
export const SHORT_LEAF_BYTES = 6;
const LEAF_TEXT = 8;

/** In the order of `mine`. */
export function planSeams(input: SeamsInput): readonly Verdict[] {
  const conflicts = conflictsOf(input);
  const verdicts = new Map<number, Verdict>();
  for (const component of componentsOf(conflicts, input.mine.length)) {
    const waits = component.some((index) => isUnsettled(input, conflicts, index));
    const chosen = waits ? new Set<number>() : choose(input, conflicts, component);
    const lastOf = lastReplacements(conflicts, chosen);
    for (const index of component) {
      const group = groupAt(input.mine, index);
      const others = [...(conflicts[index] ?? [])].map((other) => groupAt(input.theirs, other));
      const replaced = [...lastOf].filter(([, last]) => last === index).map(([other]) => groupAt(input.theirs, other));
      if (waits) verdicts.set(index, { kind: 'wait', group });
      else if (chosen.has(index)) verdicts.set(index, returned(group, others, replaced));
      else {
        const kept = [...(conflicts[index] ?? [])].filter((other) => !lastOf.has(other));
        const by = kept.map((other) => groupAt(input.theirs, other));
        verdicts.set(index, known(group, others, by));
      }
    }
  }
  return input.mine.map((group, index) => verdicts.get(index) ?? { kind: 'wait', group });
}

/** Which one of those chosen is the last to replace a group of theirs. */
function lastReplacements(conflicts: Conflicts, chosen: ReadonlySet<number>): ReadonlyMap<number, number> {
  const lastOf = new Map<number, number>();
  for (const index of [...chosen].sort((left, right) => left - right))
    for (const other of conflicts[index] ?? []) lastOf.set(other, index);
  return lastOf;
}

const returned = (
  group: FootageGroup,
  others: readonly FootageGroup[],
  supersedes: readonly FootageGroup[],
): Verdict => ({ kind: 'return', group, why: others.length === 0 ? 'only-here' : 'more-here', supersedes });

const known = (group: FootageGroup, others: readonly FootageGroup[], by: readonly FootageGroup[]): Verdict => ({
  kind: 'known',
  group,
  by,
  why: others.some(({ digest }) => digest === group.digest) ? 'same' : 'more-there',
});

/**
 * The offset as footage shows it: the median over key frames that both have, each with its nearest; of all access units if no key frame
 * is there twice; `guess` if nothing is. Whole milliseconds.
 */
export function offsetOf(mine: readonly FootageGroup[], theirs: readonly FootageGroup[], guess: number): number {
  const deviations = nearestDeviations(keysOf(mine), keysOf(theirs), guess);
  if (deviations.length > 0) return Math.round(guess + median(deviations));
  const units = nearestDeviations(mine.flatMap(unitsOf), theirs.flatMap(unitsOf), guess);
  return Math.round(guess + (units.length > 0 ? median(units) : 0));
}

/** An access unit and when it was recorded. */
type Unit = { readonly leaf: string; readonly at: number };

const keysOf = (groups: readonly FootageGroup[]): readonly Unit[] =>
  groups.map(({ key, start }) => ({ leaf: key, at: start }));

/** Nothing is missing inside a fragment: its access units stand evenly in it. */
function unitsOf({ fragments }: FootageGroup): readonly Unit[] {
  return fragments.flatMap(({ start, end, leaves }) => {
    const count = Math.floor(leaves.length / LEAF_TEXT);
    return Array.from({ length: count }, (_, index) => ({
      leaf: leaves.slice(index * LEAF_TEXT, (index + 1) * LEAF_TEXT),
      at: start + ((end - start) * index) / count,
    }));
  });
}

function nearestDeviations(mine: readonly Unit[], theirs: readonly Unit[], offset: number): readonly number[] {
  const byLeaf = Map.groupBy(theirs, ({ leaf }) => leaf);
  return mine.flatMap(({ leaf, at }) => {
    const deviations = (byLeaf.get(leaf) ?? []).map((other) => other.at - at - offset);
    const nearest = deviations.reduce((least, each) => (Math.abs(each) < Math.abs(least) ? each : least), Infinity);
    return Math.abs(nearest) <= MATCH_WINDOW_MS ? [nearest] : [];
  });
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[sorted.length >> 1] ?? 0;
}

/** For each of `mine` the indices of `theirs` that share an access unit with it, ascending. */
type Conflicts = readonly ReadonlySet<number>[];

function conflictsOf({ mine, theirs, clockOffsetMs }: SeamsInput): Conflicts {
  const conflicts = mine.map(() => new Set<number>());
  const pairs = pairKeys(mine, theirs, clockOffsetMs);
  for (const { here, there } of pairs) conflicts[here]?.add(there);
  const byLeaf = Map.groupBy(
    theirs.flatMap((group, there) => unitsOf(group).map((unit) => ({ ...unit, there }))),
    ({ leaf }) => leaf,
  );
  if (byLeaf.size === 0) return conflicts;
  const deviationAt = deviationsOf(pairs);
  for (const [here, group] of mine.entries()) {
    const shift = clockOffsetMs + deviationAt(here);
    const shared = unitsOf(group).flatMap(({ leaf, at }) =>
      (byLeaf.get(leaf) ?? []).filter((other) => Math.abs(other.at - at - shift) <= SAME_MS),
    );
    for (const { there } of shared) conflicts[here]?.add(there);
  }
  return conflicts;
}

/** `deviation`: how much later it is stamped there than the offset says. */
type Pair = { readonly here: number; readonly there: number; readonly deviation: number };

/** Key frames that both have: nearest first, each once, never across each other. In order of `here`. */
function pairKeys(mine: readonly FootageGroup[], theirs: readonly FootageGroup[], offset: number): readonly Pair[] {
  const byKey = Map.groupBy(theirs.entries(), ([, { key }]) => key);
  const candidates: Pair[] = mine.flatMap(({ key, start }, here) =>
    (byKey.get(key) ?? []).map(([there, other]) => ({ here, there, deviation: other.start - start - offset })),
  );
  const near = candidates
    .filter(({ deviation }) => Math.abs(deviation) <= MATCH_WINDOW_MS)
    .sort((left, right) => Math.abs(left.deviation) - Math.abs(right.deviation));
  const taken: Pair[] = [];
  for (const pair of near) {
    const place = placeOf(taken, pair.here);
    const [before, after] = [taken[place - 1], taken[place]];
    const fits =
      (before === undefined || before.there < pair.there) && (after === undefined || after.there > pair.there);
    if (fits && after?.here !== pair.here) taken.splice(place, 0, pair);
  }
  return taken;
}

/** Where in `pairs`, ordered by `here`, the first one is that is not before `here`. */
function placeOf(pairs: readonly Pair[], here: number): number {
  let [low, high] = [0, pairs.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((pairs[middle]?.here ?? 0) < here) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The deviation of the nearest pair: clocks that are smoothed differ a little from minute to minute. */
function deviationsOf(pairs: readonly Pair[]): (here: number) => number {
  return (here) => {
    const place = placeOf(pairs, here);
    const [before, after] = [pairs[place - 1], pairs[place]];
    if (before === undefined || after === undefined) return (before ?? after)?.deviation ?? 0;
    return after.here - here <= here - before.here ? after.deviation : before.deviation;
  };
}

/** Groups of `mine` that must be decided on together, because groups of the other side stand between them. */
function componentsOf(conflicts: Conflicts, count: number): readonly (readonly number[])[] {
  const parent = Array.from({ length: count }, (_, index) => index);
  const rootOf = (index: number): number => {
    let root = index;
    while (parent[root] !== root) root = parent[root] ?? root;
    parent[index] = root;
    return root;
  };
  const firstOf = new Map<number, number>();
  for (const [here, others] of conflicts.entries())
    for (const there of others) {
      const first = firstOf.get(there);
      if (first === undefined) firstOf.set(there, here);
      else parent[rootOf(here)] = rootOf(first);
    }
  return [...Map.groupBy(parent.keys(), rootOf).values()];
}

function isUnsettled(input: SeamsInput, conflicts: Conflicts, index: number): boolean {
  const { end, growing } = groupAt(input.mine, index);
  if (growing || end + input.clockOffsetMs > input.settledUntil) return true;
  return [...(conflicts[index] ?? [])].some((other) => groupAt(input.theirs, other).growing);
}

/** Indices of `mine` to be returned. */
function choose(input: SeamsInput, conflicts: Conflicts, component: readonly number[]): ReadonlySet<number> {
  const rivals = rivalsOf(input, conflicts, component);
  const scores = component.map((index) => scoreOf(input, conflicts, index));
  const chosen = new Set([...bestChoice(scores, rivals)].map((place) => groupIndex(component, place)));
  // What stands in nobody's way any more is not given up.
  const replaced = lastReplacements(conflicts, chosen);
  for (const index of component)
    if ([...(conflicts[index] ?? [])].every((other) => replaced.has(other))) chosen.add(index);
  return chosen;
}

/** Groups of theirs, with the places in the component at which they stand in the way. */
function rivalsOf({ mine, theirs }: SeamsInput, conflicts: Conflicts, component: readonly number[]): readonly Rival[] {
  const places = new Map<number, number[]>();
  for (const [place, index] of component.entries())
    for (const other of conflicts[index] ?? []) places.set(other, [...(places.get(other) ?? []), place]);
  return [...places].map(([other, rivalled]): Rival => {
    const group = groupAt(theirs, other);
    const equals = rivalled.map((place) => groupAt(mine, groupIndex(component, place)));
    const score: Score = [isWhole(group, equals) ? group.accessUnits : 0, group.accessUnits, group.accessUnits];
    return { from: Math.min(...rivalled), to: Math.max(...rivalled), score };
  });
}

function scoreOf({ mine, theirs }: SeamsInput, conflicts: Conflicts, index: number): Score {
  const group = groupAt(mine, index);
  const others = [...(conflicts[index] ?? [])].map((other) => groupAt(theirs, other));
  return [isWhole(group, others) ? group.accessUnits : 0, group.accessUnits, 0];
}

/** What is the same as a whole one is whole, even if what follows it was not recorded. */
const isWhole = (group: FootageGroup, others: readonly FootageGroup[]): boolean =>
  group.continuous || others.some(({ digest, continuous }) => continuous && digest === group.digest);

const groupIndex = (component: readonly number[], place: number): number => component[place] ?? -1;

function groupAt(groups: readonly FootageGroup[], index: number): FootageGroup {
  const group = groups[index];
  if (group === undefined) throw new RangeError(`no group ${index} of ${groups.length}`);
  return group;
}
