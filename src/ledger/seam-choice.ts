/**
 * The best choice among items in a row, of which some shut out rivals: what seams come down to. Pure; knows nothing of footage.
 *
 * A rival is kept if no item from `from` to `to` is chosen. The sum of what is chosen and what is kept is made as large as it can be.
 */
/** Compared from the left: access units in whole groups, all access units, those of the receiver. */
export type Score = readonly [whole: number, all: number, theirs: number];
export type Rival = { readonly from: number; readonly to: number; readonly score: Score };

const NOTHING: Score = [0, 0, 0];

type Best = { readonly score: Score; readonly before: number };

/** Places of the items to choose; all of them if there are no rivals. Quadratic in the number of items. */
export function bestChoice(items: readonly Score[], rivals: readonly Rival[]): ReadonlySet<number> {
  if (rivals.length === 0) return new Set(items.keys());
  const byFrom = Map.groupBy(rivals, ({ from }) => from);
  const best: Best[] = [];
  // The place behind the last one stands for the end.
  for (let place = 0; place <= items.length; place += 1)
    best.push(bestUpTo({ place, byFrom, best, own: items[place] ?? NOTHING }));
  const chosen = new Set<number>();
  for (let place = best.at(-1)?.before ?? -1; place >= 0; place = best[place]?.before ?? -1) chosen.add(place);
  return chosen;
}

type Step = {
  readonly place: number;
  readonly byFrom: ReadonlyMap<number, readonly Rival[]>;
  readonly best: readonly Best[];
  readonly own: Score;
};

/** `place` is chosen: over all places that may have been chosen last before it, -1 for none. */
function bestUpTo({ place, byFrom, best, own }: Step): Best {
  let kept = NOTHING;
  let found: Best | undefined;
  for (let before = place - 1; before >= -1; before -= 1) {
    const free = byFrom.get(before + 1)?.filter(({ to }) => to < place) ?? [];
    kept = free.reduce((sum, { score }) => plus(sum, score), kept);
    const score = plus(plus(best[before]?.score ?? NOTHING, kept), own);
    if (found === undefined || exceeds(score, found.score)) found = { score, before };
  }
  return found ?? { score: own, before: -1 };
}

const plus = (left: Score, right: Score): Score => [left[0] + right[0], left[1] + right[1], left[2] + right[2]];

function exceeds(left: Score, right: Score): boolean {
  if (left[0] !== right[0]) return left[0] > right[0];
  return left[1] === right[1] ? left[2] > right[2] : left[1] > right[1];
}
