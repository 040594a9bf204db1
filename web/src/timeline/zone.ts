/**
 * Local wall clock and instants: days of 23 and 25 hours, the hour that happens twice, the one that never does. Pure but for the zone,
 * which is this browser's unless another is given.
 */
import { language } from '../messages/messages.ts';

/** Local minus UTC at an instant, milliseconds. */
export type OffsetAt = (at: number) => number;
export const browserOffset: OffsetAt = (at) => -new Date(at).getTimezoneOffset() * 60_000;

const DAY_MS = 86_400_000;
/** As text of <input type="datetime-local">: what stands between the parts may be anything. */
const LOCAL = /^(\d{4,6})-(\d\d)-(\d\d)\D(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,3}))?)?$/;

/** The instants that a local time names: none inside the hour left out in spring, two in the hour of autumn that comes twice. */
export function instantsOf(text: string, offsetAt: OffsetAt = browserOffset): readonly number[] {
  const parts = LOCAL.exec(text);
  if (parts === null) return [];
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts
    .slice(1, 7)
    .map((part) => Number(part ?? 0));
  const local = Date.UTC(year, month - 1, day, hour, minute, second, Number((parts[7] ?? '0').padEnd(3, '0')));
  const offsets = new Set([offsetAt(local - DAY_MS), offsetAt(local + DAY_MS)]);
  const found = [...offsets].map((offset) => local - offset).filter((at) => at + offsetAt(at) === local);
  return found.toSorted((a, b) => a - b);
}

/** The first instant after the hour that is left out at this local time. */
export function afterSkipped(text: string, offsetAt: OffsetAt = browserOffset): number | undefined {
  const parts = LOCAL.exec(text);
  if (parts === null || instantsOf(text, offsetAt).length > 0) return undefined;
  const local = Date.parse(`${text.replace(' ', 'T')}Z`);
  return Number.isNaN(local) ? undefined : changeWithin(local - 2 * DAY_MS, local + 2 * DAY_MS, offsetAt);
}

/** When the clocks change in a range, the first time. */
function changeWithin(from: number, to: number, offsetAt: OffsetAt): number | undefined {
  const before = offsetAt(from);
  if (offsetAt(to) === before) return undefined;
  let [low, high] = [from, to];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(middle) === before) low = middle;
    else high = middle;
  }
  return high;
}

/** Its local time comes twice that day. */
export function isTwice(at: number, offsetAt: OffsetAt = browserOffset): boolean {
  const offset = offsetAt(at);
  return [offsetAt(at - DAY_MS), offsetAt(at + DAY_MS)].some((other) => {
    const twin = at + offset - other;
    return other !== offset && offsetAt(twin) === other;
  });
}

/** The next instant after `at` whose local time is a multiple of `step`. */
export function nextRound(at: number, step: number, offsetAt: OffsetAt): number {
  const over = (when: number): number => mod(when + offsetAt(when), step);
  const next = at + step - over(at);
  if (over(next) === 0) return next;
  // The clocks change on the way: round to the new local time, back first.
  const back = next - over(next);
  return back > at && over(back) === 0 ? back : next - over(next) + step;
}
const mod = (value: number, by: number): number => ((value % by) + by) % by;

/** "CEST", or "GMT+2" where the language has no name for it. */
export function zoneName(at: number): string {
  const parts = new Intl.DateTimeFormat(language.value === 'en' ? 'en-GB' : language.value, { timeZoneName: 'short' });
  return parts.formatToParts(at).find(({ type }) => type === 'timeZoneName')?.value ?? '';
}
/** "Europe/Berlin, CET" */
export const zoneText = (at: number): string =>
  `${Intl.DateTimeFormat().resolvedOptions().timeZone.replaceAll('_', ' ')}, ${zoneName(at)}`;
