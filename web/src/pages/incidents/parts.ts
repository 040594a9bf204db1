/** Stretches of an incident's coverage: their words, and where they lie in the time shown. Pure but for the words. */
import type { IncidentReport, Part, StreamReport } from '../../api/incidents.ts';
import { t } from '../../messages/incidents/words.ts';
import { duration } from '../../ui/format.ts';
import { causeWords } from './sentence.ts';

export type Window = { readonly start: number; readonly end: number };
export type WindowKind = 'whole' | 'takeover' | 'return';
const AROUND_MS = 12_000;

export function windowOf({ picture, streams, lastSign, openedAt }: IncidentReport, kind: WindowKind): Window {
  if (kind === 'whole') return picture;
  const times =
    kind === 'takeover'
      ? [
          lastSign,
          openedAt,
          ...streams.flatMap(({ lastFrame, firstCovered }) => [lastFrame, firstCovered ?? lastFrame]),
        ]
      : streams.flatMap(({ releasedAt }) => releasedAt ?? []);
  return { start: Math.min(...times) - AROUND_MS, end: Math.max(...times) + AROUND_MS };
}

export type Bar = { readonly part: Part; readonly from: number; readonly length: number };
/** What of the parts lies in the window, in hundredths of it. */
export const barsOf = (parts: readonly Part[], { start, end }: Window): readonly Bar[] =>
  parts.flatMap((part) => {
    const [from, to] = [Math.max(part.start, start), Math.min(part.end, end)];
    const percent = (at: number): number => ((at - start) / (end - start)) * 100;
    return to > from ? [{ part, from: percent(from), length: percent(to) - percent(from) }] : [];
  });

export const streamName = ({ name, stream }: StreamReport): string =>
  stream === 'sub' ? t('coverage.sub', { name }) : name;

export function whoText({ state }: Part, { serverName, by }: IncidentReport): string {
  return t(`state.${state}`, { server: serverName, by: by.name });
}
export const whyText = ({ cause }: Part): string => (cause === undefined ? '' : causeWords(cause));

/** "missing 1 s, recorded by Hall-NAS 1:13:00": what a bar shows, for those who do not see it. */
export function summaryOf({ coverage }: StreamReport, report: IncidentReport): string {
  const order: readonly Part['state'][] = ['missing', 'unknown', 'failover', 'returned', 'owner', 'off'];
  return order
    .flatMap((state) => {
      const ms = coverage.reduce((sum, part) => (part.state === state ? sum + part.end - part.start : sum), 0);
      return ms === 0
        ? []
        : [`${t(`state.${state}`, { server: report.serverName, by: report.by.name })} ${duration(ms / 1000)}`];
    })
    .join(', ');
}

/** Round steps of time that put about six marks into the window. */
const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400];
const MARKS = 7;
export function marksOf({ start, end }: Window): readonly number[] {
  const wanted = (end - start) / 1000 / MARKS;
  const step = (STEPS_S.find((one) => one >= wanted) ?? Math.ceil(wanted / 86_400) * 86_400) * 1000;
  const zone = -new Date(start).getTimezoneOffset() * 60_000;
  const first = Math.ceil((start + zone) / step) * step - zone;
  return Array.from({ length: Math.max(0, Math.floor((end - first) / step) + 1) }, (_, index) => first + index * step);
}
