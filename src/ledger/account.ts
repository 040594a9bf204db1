/**
 * The account of one camera stream: every millisecond of the asked range is recorded, missing with a cause, or was not
 * expected (promise 2 of the product: never a silent gap). Pure; where the facts are kept is the catalogue's business.
 *
 * Invariants: the spans cover the range in order, without a hole and without an overlap; what is recorded is never called
 * missing; `unexplained` is left only where no fact speaks, and is a defect.
 */
import type { TimeRange } from '../core/units.ts';
import type { MissingCause } from './causes.ts';
import { clip, cutOut, disjoint, intersect, lengthOf, normalise, rangeOf, subtract, union } from './spans.ts';

/**
 * Fragments that follow each other are stamped one by one, so their ends and starts differ by the jitter of the clock of
 * the stream. A hole up to here is no lost access unit: it is below one frame interval at 30 fps (33 ms), and a lost access
 * unit is booked by the recorder as a gap in any case, which wins over this tolerance.
 */
export const JITTER_MS = 30;
/** What a process had in memory when it died, and what it takes to connect and see a key frame again, belongs to its absence. */
export const RESTART_EDGE_MS = 12_000;
/** The last fragment of a stream that runs, or did a moment ago, is not durable yet: at most its length and one group commit, generously. */
export const PENDING_MS = 5_000;
/** A session without a picture for 10 s ends, and the recorder books it from the last picture on. Until then, generously, that is what a silence is. */
export const SILENCE_MS = 20_000;

/** From an order in the settings until media has it: what happens then has begun with the order. */
export const ORDER_EDGE_MS = 3_000;

export type RecordedSpan = TimeRange & { readonly recordedBy: string; readonly returned: boolean };
export type CausedSpan = TimeRange & { readonly cause: MissingCause; readonly detail: string };
export type Facts = {
  readonly range: TimeRange;
  /** Nothing after it is expected yet. */
  readonly now: number;
  /** When this stream was ordered to be recorded. */
  readonly expected: readonly TimeRange[];
  readonly recorded: readonly RecordedSpan[];
  /** What the recorder booked, what was removed, when the service was down: causes in any order, overlapping or not. */
  readonly missing: readonly CausedSpan[];
};

export type AccountSpan = TimeRange &
  (
    | { readonly state: 'recorded' | 'returned'; readonly recordedBy: string }
    | { readonly state: 'missing'; readonly cause: MissingCause; readonly detail: string }
    | { readonly state: 'not-expected' }
  );

/** Where causes overlap the first of these wins: what happened to the footage itself, then what the recorder saw, then what can only be concluded. */
export const CAUSES_BY_WEIGHT: readonly MissingCause[] = [
  'deleted',
  'retention',
  'footage-damaged',
  'keeper-away',
  'clock-stepped',
  'volume-gone',
  'volume-read-only',
  'volume-full',
  'volume-error',
  'overload',
  'network-loss',
  'no-key-frame',
  'camera-protocol',
  'camera-refused',
  'camera-unresolved',
  'camera-stalled',
  'camera-unreachable',
  'not-covered-priority',
  'not-covered-policy',
  'not-covered-seat',
  'not-covered-channel',
  'not-reachable-from-failover',
  'media-restart',
  'service-down',
  'unexplained',
];
/** These happened to footage that was there, so no expectation is needed for them. */
export const OF_FOOTAGE: readonly MissingCause[] = ['deleted', 'retention', 'footage-damaged', 'keeper-away'];
const OF_PROCESSES: readonly MissingCause[] = ['media-restart', 'service-down', 'clock-stepped'];

/** The account; see the invariants above. An empty range has an empty account. */
export function accountOf(facts: Facts): readonly AccountSpan[] {
  const { range } = facts;
  if (range.end <= range.start) return [];
  // Rules about neighbours (jitter, edges) look a little beyond what was asked, so that the answer does not depend on the cut.
  const wide = rangeOf(range.start - 2 * RESTART_EDGE_MS, range.end + 2 * RESTART_EDGE_MS);
  const expected = intersect(facts.expected, [rangeOf(wide.start, Math.min(wide.end, facts.now))]);
  const page = createPage();
  paintRecorded(page, clip(facts.recorded, wide));
  paintCauses(page, clip(facts.missing, wide), expected);
  page.paint(pendingOf(facts, expected), { state: 'not-expected' });
  paintJitter(page, expected);
  paintEdges(page, expected);
  paintBeginnings(page, expected, new Set(normalise(facts.expected).map(({ start }) => start as number)));
  paintSilence(page, expected, facts.now);
  page.paint(expected, { state: 'missing', cause: 'unexplained', detail: 'No account was given.' });
  page.paint([wide], { state: 'not-expected' });
  return joined(clip(page.spans(), range));
}

/** Where what is missing at a moment begins, whatever its causes; the moment itself, if nothing is missing there. `spans` as `accountOf` gives them. */
export function holeStart(spans: readonly AccountSpan[], at: number): number {
  const there = spans.findIndex(({ start, end }) => start <= at && end > at);
  const before = spans.slice(0, there + 1).findLastIndex(({ state }) => state !== 'missing');
  return before === there ? at : (spans[before + 1]?.start ?? at);
}

export type AccountTotals = {
  readonly recorded: number;
  readonly returned: number;
  readonly missing: number;
  readonly notExpected: number;
};
/** Milliseconds; they add up to the range. */
export function totalsOf(spans: readonly AccountSpan[]): AccountTotals {
  const sumOf = (state: AccountSpan['state']): number => lengthOf(spans.filter((span) => span.state === state));
  return {
    recorded: sumOf('recorded'),
    returned: sumOf('returned'),
    missing: sumOf('missing'),
    notExpected: sumOf('not-expected'),
  };
}

type Paint =
  | { readonly state: 'recorded' | 'returned'; readonly recordedBy: string }
  | { readonly state: 'missing'; readonly cause: MissingCause; readonly detail: string }
  | { readonly state: 'not-expected' };

/** Painted from the strongest fact to the weakest: what has colour keeps it. */
type Page = {
  readonly put: (spans: readonly AccountSpan[]) => void;
  readonly paint: (ranges: readonly TimeRange[], paint: Paint) => void;
  readonly covered: () => readonly TimeRange[];
  /** In time order. */
  readonly spans: () => readonly AccountSpan[];
};

function createPage(): Page {
  const spans: AccountSpan[] = [];
  let covered: readonly TimeRange[] = [];
  const put = (layer: readonly AccountSpan[]): void => {
    if (layer.length === 0) return;
    for (const piece of cutOut(disjoint(layer), covered)) spans.push(piece);
    covered = union(covered, layer);
  };
  return {
    put,
    paint: (ranges, paint) => put(ranges.map((range) => ({ ...range, ...paint }))),
    covered: () => covered,
    spans: () => spans.sort((a, b) => a.start - b.start),
  };
}

function paintRecorded(page: Page, recorded: readonly RecordedSpan[]): void {
  for (const returned of [false, true])
    page.put(
      recorded
        .filter((span) => span.returned === returned)
        .map(({ start, end, recordedBy }) => ({ start, end, state: returned ? 'returned' : 'recorded', recordedBy })),
    );
}

function paintCauses(page: Page, missing: readonly CausedSpan[], expected: readonly TimeRange[]): void {
  const byCause = Map.groupBy(missing, ({ cause }) => cause);
  const unexpected = subtract(
    missing.map(({ start, end }) => ({ start, end })),
    expected,
  );
  for (const cause of CAUSES_BY_WEIGHT) {
    const layer = disjoint(byCause.get(cause) ?? []).map(({ start, end, detail }): AccountSpan => ({
      start,
      end,
      state: 'missing',
      cause,
      detail,
    }));
    page.put(OF_FOOTAGE.includes(cause) ? layer : cutOut(layer, unexpected));
  }
}

/** The end of a running stream, not durable yet, and of one that was switched off a moment ago: what it still wrote is told with the next report. */
function pendingOf({ recorded, now }: Facts, expected: readonly TimeRange[]): readonly TimeRange[] {
  return expected
    .filter(({ end }) => now - end <= PENDING_MS)
    .flatMap((order) => {
      const before = recorded.filter(({ start }) => start < order.end);
      const from = before.reduce((latest, { end }) => Math.max(latest, end), order.start as number);
      return from < order.end && order.end - from <= PENDING_MS ? [rangeOf(from, order.end)] : [];
    });
}

function paintJitter(page: Page, expected: readonly TimeRange[]): void {
  const byEnd = new Map(page.spans().map((span) => [span.end as number, span]));
  const byStart = new Map(page.spans().map((span) => [span.start as number, span]));
  for (const hole of subtract(expected, page.covered())) {
    const before = byEnd.get(hole.start);
    if (before === undefined || hole.end - hole.start > JITTER_MS) continue;
    if (before.state === 'recorded' || before.state === 'returned') {
      page.paint([hole], { state: before.state, recordedBy: before.recordedBy });
      continue;
    }
    // Rounding between a booked gap and the footage after it: the gap's.
    if (before.state === 'missing' && byStart.has(hole.end))
      page.paint([hole], { state: 'missing', cause: before.cause, detail: before.detail });
  }
}

/** The unwritten fragment before and the connecting after an absence of a process are part of that absence. */
function paintEdges(page: Page, expected: readonly TimeRange[]): void {
  const absences = page.spans().filter((span) => span.state === 'missing' && OF_PROCESSES.includes(span.cause));
  const byStart = new Map(absences.map((span) => [span.start as number, span]));
  const byEnd = new Map(absences.map((span) => [span.end as number, span]));
  for (const hole of subtract(expected, page.covered())) {
    const absence = byStart.get(hole.end) ?? byEnd.get(hole.start);
    if (absence?.state !== 'missing' || hole.end - hole.start > RESTART_EDGE_MS) continue;
    page.paint([hole], { state: 'missing', cause: absence.cause, detail: absence.detail });
  }
}

/** An order takes a moment to reach media: the hole at the start of an expectation belongs to the gap behind it, else nothing was due yet. */
function paintBeginnings(page: Page, expected: readonly TimeRange[], starts: ReadonlySet<number>): void {
  const byStart = new Map(page.spans().map((span) => [span.start as number, span]));
  for (const hole of subtract(expected, page.covered())) {
    if (!starts.has(hole.start) || hole.end - hole.start > ORDER_EDGE_MS) continue;
    const behind = byStart.get(hole.end);
    if (behind?.state === 'missing')
      page.paint([hole], { state: 'missing', cause: behind.cause, detail: behind.detail });
    else if (behind?.state === 'recorded' || behind?.state === 'returned')
      page.paint([hole], { state: 'not-expected' });
  }
}

/** Nothing comes, nobody booked why, and all processes are up: the recorder still waits for the camera. */
function paintSilence(page: Page, expected: readonly TimeRange[], now: number): void {
  const hole = subtract(expected, page.covered()).at(-1);
  if (hole === undefined || hole.end !== now || now - hole.start > SILENCE_MS) return;
  page.paint([hole], { state: 'missing', cause: 'camera-stalled', detail: 'No picture has come since.' });
}

/** Neighbours that say the same become one. */
function joined(spans: readonly AccountSpan[]): readonly AccountSpan[] {
  const result: AccountSpan[] = [];
  for (const span of spans) {
    const last = result.at(-1);
    if (last !== undefined && last.end === span.start && sameOf(last, span))
      result[result.length - 1] = { ...last, end: span.end };
    else result.push(span);
  }
  return result;
}

function sameOf(a: AccountSpan, b: AccountSpan): boolean {
  if (a.state === 'missing') return b.state === 'missing' && a.cause === b.cause && a.detail === b.detail;
  if (a.state === 'not-expected') return b.state === 'not-expected';
  return b.state === a.state && b.recordedBy === a.recordedBy;
}

/** When nothing could be recorded because of ourselves; `media` and `control` are when these processes are known to have run. */
export function absencesOf(
  range: TimeRange,
  { media, control }: { readonly media: readonly TimeRange[]; readonly control: readonly TimeRange[] },
): readonly CausedSpan[] {
  const down = subtract([range], media);
  const restarts = intersect(down, control);
  return [
    ...restarts.map((span) => ({
      ...span,
      cause: 'media-restart' as const,
      detail: 'The recording process was started again.',
    })),
    ...subtract(down, restarts).map((span) => ({
      ...span,
      cause: 'service-down' as const,
      detail: 'Understudy was not running.',
    })),
  ];
}
