/**
 * The account of a camera over the whole site: what its owner says, what failover servers hold of it, and of what nobody knows now
 * because whoever would know is away. Pure.
 *
 * Invariants: the spans cover the range in order, without a hole and without an overlap; where the owner has footage nobody else's is
 * shown; where the owner says that something is missing, or cannot be asked, something is shown.
 */
import type { TimeRange } from '../core/units.ts';
import { CAUSES_BY_WEIGHT, OF_FOOTAGE } from './account.ts';
import type { AccountSpan } from './account.ts';
import { clip, cutOut, disjoint, rangeOf, subtract, union } from './spans.ts';

/** `until` absent: known all through. Otherwise what is told counts up to there: it was told then. */
export type ToldAccount = { readonly account: readonly AccountSpan[]; readonly until?: number };
export type SiteFacts = {
  readonly range: TimeRange;
  /** Nothing after it is expected yet. */
  readonly now: number;
  /** `told` absent: it cannot be asked. Without an owner only those that cover are asked, and nobody is away. */
  readonly owner?: { readonly serverId: string; readonly told?: ToldAccount };
  /** Those that may hold footage of this camera; of one that is away what it told last. */
  readonly covers: readonly { readonly serverId: string; readonly isAway: boolean; readonly told: ToldAccount }[];
};

type Said =
  | { readonly state: 'recorded' | 'returned'; readonly recordedBy: string; readonly covered: boolean }
  | { readonly state: 'missing'; readonly cause: MissingSpan['cause']; readonly detail: string }
  | { readonly state: 'not-expected' }
  | { readonly state: 'away'; readonly serverId: string };
export type SiteSpan = TimeRange & Said;
type MissingSpan = Extract<AccountSpan, { readonly state: 'missing' }>;
type FootageSpan = Extract<AccountSpan, { readonly recordedBy: string }>;

export function accountOfSite(facts: SiteFacts): readonly SiteSpan[] {
  const { range, owner, covers } = facts;
  if (range.end <= range.start) return [];
  const here = covers.filter(({ isAway }) => !isAway).map(({ told }) => toldIn(told, range));
  const own = owner?.told === undefined ? [] : toldIn(owner.told, range);
  const page = createPage();
  page.put(footageIn(own).map((span) => ({ ...span, covered: false })));
  for (const account of here)
    page.put(footageIn(account).map(({ start, end, recordedBy }) => covered({ start, end, recordedBy })));
  for (const { serverId, isAway, told } of covers)
    if (isAway) page.put(heldByAbsent(serverId, footageIn(toldIn(told, range)), own));
  page.put(missingOf(own, here.flatMap(missingIn), unknownIn(facts)));
  if (owner !== undefined)
    page.put(unknownIn(facts).map((span) => ({ ...span, state: 'away' as const, serverId: owner.serverId })));
  page.put([{ ...range, state: 'not-expected' }]);
  return joined(page.spans());
}

const covered = ({ start, end, recordedBy }: Omit<FootageSpan, 'state'>): SiteSpan => ({
  ...rangeOf(start, end),
  state: 'recorded',
  recordedBy,
  covered: true,
});

const toldIn = ({ account, until }: ToldAccount, range: TimeRange): readonly AccountSpan[] =>
  clip(account, rangeOf(range.start, Math.min(range.end, until ?? range.end)));
const footageIn = (account: readonly AccountSpan[]): readonly FootageSpan[] =>
  account.flatMap((span) => (span.state === 'recorded' || span.state === 'returned' ? [span] : []));
const missingIn = (account: readonly AccountSpan[]): readonly MissingSpan[] =>
  account.filter((span) => span.state === 'missing');

/** Of what the owner would say, what it cannot be asked about: all there is of it until now, or since it told last. */
function unknownIn({ range, now, owner }: SiteFacts): readonly TimeRange[] {
  if (owner === undefined) return [];
  const from = owner.told === undefined ? range.start : (owner.told.until ?? range.end);
  const [start, end] = [Math.max(range.start, from), Math.min(range.end, now)];
  return end > start ? [rangeOf(start, end)] : [];
}

/** It may still lie there; nobody can look. What is gone by the owner's word is gone. */
function heldByAbsent(
  serverId: string,
  held: readonly FootageSpan[],
  own: readonly AccountSpan[],
): readonly SiteSpan[] {
  const gone = missingIn(own).filter(({ cause }) => OF_FOOTAGE.includes(cause));
  return subtract(held, gone).map((span) => ({ ...span, state: 'away', serverId }));
}

/** Of copies that went home. */
const OF_RETURNED: readonly MissingSpan['cause'][] = ['deleted', 'retention'];
/**
 * What the owner misses, in the words of whoever knows more of it. A failover server's word alone counts only where the owner cannot
 * be asked, and never what became of its copy: the owner may have it.
 */
function missingOf(
  own: readonly AccountSpan[],
  theirs: readonly MissingSpan[],
  unknown: readonly TimeRange[],
): readonly SiteSpan[] {
  const ownMissing = missingIn(own);
  const page = createPage();
  const byCause = Map.groupBy(ownMissing, ({ cause }) => cause);
  const theirsByCause = Map.groupBy(theirs, ({ cause }) => cause);
  for (const cause of CAUSES_BY_WEIGHT) {
    const said = disjoint(theirsByCause.get(cause) ?? []);
    page.put([
      ...(byCause.get(cause) ?? []),
      ...(OF_FOOTAGE.includes(cause) ? [] : partsIn(said, unknown)),
      ...(OF_RETURNED.includes(cause) ? [] : partsIn(said, ownMissing)),
    ]);
  }
  return page.spans();
}

/** What of the spans, which are sorted and do not overlap, is in the ranges: of ten thousand each in one pass. */
function partsIn<T extends TimeRange>(spans: readonly T[], ranges: readonly TimeRange[]): readonly T[] {
  const [first, last] = [spans[0], spans.at(-1)];
  return first === undefined || last === undefined
    ? []
    : cutOut(spans, subtract([rangeOf(first.start, last.end)], ranges));
}

/** What has colour keeps it. */
type Page = { readonly put: (spans: readonly SiteSpan[]) => void; readonly spans: () => readonly SiteSpan[] };
function createPage(): Page {
  const spans: SiteSpan[] = [];
  let taken: readonly TimeRange[] = [];
  return {
    put: (layer) => {
      if (layer.length === 0) return;
      for (const span of cutOut(disjoint(layer), taken)) spans.push(span);
      taken = union(taken, layer);
    },
    spans: () => spans.toSorted((a, b) => a.start - b.start),
  };
}

function joined(spans: readonly SiteSpan[]): readonly SiteSpan[] {
  const result: SiteSpan[] = [];
  for (const span of spans) {
    const last = result.at(-1);
    if (last !== undefined && last.end === span.start && wordsOf(last) === wordsOf(span))
      result[result.length - 1] = { ...last, end: span.end };
    else result.push(span);
  }
  return result;
}

function wordsOf(span: SiteSpan): string {
  switch (span.state) {
    case 'missing':
      return `${span.state} ${span.cause} ${span.detail}`;
    case 'recorded':
    case 'returned':
      return `${span.state} ${span.recordedBy} ${span.covered}`;
    case 'away':
      return `${span.state} ${span.serverId}`;
    default:
      return span.state;
  }
}
