/** Accounts as they travel (runs of a timeline, spans of a ledger) and as the site puts them together. Pure. */
import { z } from 'zod';
import { parseIso } from '../../core/clock.ts';
import type { AccountSpan } from '../../ledger/account.ts';
import { MISSING_CAUSES } from '../../ledger/causes.ts';
import type { MissingCause } from '../../ledger/causes.ts';
import type { SiteSpan } from '../../ledger/site-account.ts';
import { lengthOf, rangeOf } from '../../ledger/spans.ts';
import { ledger, ledgerSpan, timelineDay } from '../contract/footage.ts';
import type { SiteLedger, SiteLedgerSpan, SiteServerRef, SiteTimelineDay } from '../contract/site-footage.ts';
import { isoOfNumber } from '../footage-query.ts';

/** As another server tells it, which may be of another release: it may know causes that this one does not. */
export const toldDay = timelineDay.extend({ causes: z.array(z.string().max(64)) });
export type ToldDay = z.infer<typeof toldDay>;
export const toldLedger = ledger.extend({
  spans: z.array(ledgerSpan.extend({ cause: z.string().max(64).optional() })),
});
export type ToldLedger = z.infer<typeof toldLedger>;

const CAUSES: ReadonlyMap<string, MissingCause> = new Map(MISSING_CAUSES.map((cause) => [cause, cause]));
const causeOf = (name: string | undefined): MissingCause => CAUSES.get(name ?? '') ?? 'unexplained';

export function accountOfDay(
  { cameras, causes, dayStart }: ToldDay,
  cameraId: string,
  recordedBy: string,
): readonly AccountSpan[] {
  const runs = cameras.find((one) => one.cameraId === cameraId);
  return runs === undefined ? [] : accountOfRuns(runs, causes, { dayStart: parseIso(dayStart) ?? 0, recordedBy });
}
type Day = { readonly dayStart: number; readonly recordedBy: string };
function accountOfRuns(
  { recorded, missing }: ToldDay['cameras'][number],
  causes: ToldDay['causes'],
  { dayStart, recordedBy }: Day,
): readonly AccountSpan[] {
  const footage = recorded.map(([start, end, state]): AccountSpan => ({
    ...rangeOf(dayStart + start, dayStart + end),
    state: state === 2 ? 'returned' : 'recorded',
    recordedBy,
  }));
  const gaps = missing.map(([start, end, cause]): AccountSpan => ({
    ...rangeOf(dayStart + start, dayStart + end),
    state: 'missing',
    cause: causeOf(causes[cause]),
    detail: '',
  }));
  return [...footage, ...gaps].toSorted((a, b) => a.start - b.start);
}

type SiteRuns = Pick<SiteTimelineDay['cameras'][number], 'recorded' | 'missing' | 'away'>;
/** `indexOf`: where in the list of servers one stands that is away. */
export function runsOfSite(
  spans: readonly SiteSpan[],
  dayStart: number,
  indexOf: (serverId: string) => number,
): SiteRuns {
  const runs: SiteRuns = { recorded: [], missing: [], away: [] };
  for (const span of spans) {
    const [start, end] = [span.start - dayStart, span.end - dayStart];
    if (span.state === 'missing') runs.missing.push([start, end, MISSING_CAUSES.indexOf(span.cause)]);
    else if (span.state === 'away') runs.away.push([start, end, indexOf(span.serverId)]);
    else if (span.state !== 'not-expected') runs.recorded.push([start, end, stateOf(span)]);
  }
  return runs;
}
const stateOf = ({ state, covered }: Extract<SiteSpan, { readonly covered: boolean }>): number =>
  covered ? 1 : state === 'returned' ? 2 : 0;

export const accountOfLedger = ({ spans }: ToldLedger, serverId: string): readonly AccountSpan[] =>
  spans.flatMap((span): readonly AccountSpan[] => {
    const [start, end] = [parseIso(span.start), parseIso(span.end)];
    if (start === undefined || end === undefined) return [];
    const range = rangeOf(start, end);
    const { state, detail = '', recordedBy = serverId } = span;
    if (state === 'missing') return [{ ...range, state, cause: causeOf(span.cause), detail }];
    return state === 'not-expected' ? [{ ...range, state }] : [{ ...range, state, recordedBy }];
  });

export function ledgerOfSite(spans: readonly SiteSpan[], awayWords: (serverId: string) => string): SiteLedger {
  const secondsOf = (isIt: (span: SiteSpan) => boolean): number => lengthOf(spans.filter(isIt)) / 1000;
  return {
    spans: spans.map((span) => ledgerSpanOf(span, awayWords)),
    totals: {
      recorded: secondsOf(({ state }) => state === 'recorded'),
      covered: secondsOf((span) => 'covered' in span && span.covered),
      returned: secondsOf(({ state }) => state === 'returned'),
      missing: secondsOf(({ state }) => state === 'missing'),
      notExpected: secondsOf(({ state }) => state === 'not-expected'),
      away: secondsOf(({ state }) => state === 'away'),
    },
  };
}

function ledgerSpanOf(span: SiteSpan, awayWords: (serverId: string) => string): SiteLedgerSpan {
  const times = { start: isoOfNumber(span.start), end: isoOfNumber(span.end) };
  switch (span.state) {
    case 'missing':
      return { ...times, state: 'missing', cause: span.cause, ...(span.detail === '' ? {} : { detail: span.detail }) };
    case 'away':
      return { ...times, state: 'away', detail: awayWords(span.serverId) };
    case 'not-expected':
      return { ...times, state: 'not-expected' };
    default:
      return { ...times, state: span.state, recordedBy: span.recordedBy, ...(span.covered ? { covered: true } : {}) };
  }
}

/** For people. */
export const awayWords = ({ name }: SiteServerRef, since: number | undefined): string =>
  since === undefined ? `${name} is not connected.` : `${name} is not connected since ${isoOfNumber(since)}.`;
