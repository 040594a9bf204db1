/**
 * The logs of several servers as one, newest first. Each is read by pages, so that only as much is shown as is known of all of them:
 * older entries of one server wait until the others have been read as far back. Pure.
 */
import type { LogEntry, Page } from '../../api/api.ts';

export type Place = { readonly id: string; readonly name: string };
/** The log of one server as far as it was read. */
export type Part = {
  readonly place: Place;
  /** Newest first. */
  readonly items: readonly LogEntry[];
  /** Absent: there is nothing older, or nothing was read yet. */
  readonly next: string | undefined;
  readonly isRead: boolean;
  /** Why it could not be asked the last time. */
  readonly problem: string | undefined;
};
export type Row = LogEntry & { readonly place: Place };

/** What is kept of one server. */
export const MAX_KEPT = 20_000;

export const emptyPart = (place: Place): Part => ({
  place,
  items: [],
  next: undefined,
  isRead: false,
  problem: undefined,
});

/** Its newest page again. Where it does not reach what was read before, something between is unknown: it begins anew. */
export function withNewest(part: Part, page: Page<LogEntry>): Part {
  const known = new Set(part.items.map(({ id }) => id));
  const fresh = page.items.filter(({ id }) => !known.has(id));
  const reaches = fresh.length < page.items.length;
  if (!reaches) return { ...part, items: page.items, next: page.next, isRead: true, problem: undefined };
  return { ...part, items: [...fresh, ...part.items].slice(0, MAX_KEPT), problem: undefined };
}

/** One that was just written. */
export function withEntry(part: Part, entry: LogEntry): Part {
  if (!part.isRead || part.items.some(({ id }) => id === entry.id)) return part;
  return { ...part, items: [entry, ...part.items].slice(0, MAX_KEPT) };
}

/** What stands behind `cursor`. An answer that comes after the log began anew, or a second time, says nothing. */
export function withOlder(part: Part, page: Page<LogEntry>, cursor: string): Part {
  if (part.next !== cursor) return part;
  const known = new Set(part.items.map(({ id }) => id));
  const items = [...part.items, ...page.items.filter(({ id }) => !known.has(id))];
  return { ...part, items, next: items.length < MAX_KEPT ? page.next : undefined, problem: undefined };
}

const timeOf = ({ at }: LogEntry): number => Date.parse(at);
function oldestOf({ items }: Part): number {
  const last = items.at(-1);
  return last === undefined ? -Infinity : timeOf(last);
}

/** Milliseconds since 1970: before it not all servers have been read. */
function horizonOf(parts: readonly Part[]): number {
  return Math.max(-Infinity, ...parts.filter(({ next }) => next !== undefined).map(oldestOf));
}

export function rowsOf(parts: readonly Part[]): readonly Row[] {
  const horizon = horizonOf(parts);
  const rows = parts.flatMap(({ place, items }) =>
    items.filter((entry) => timeOf(entry) >= horizon).map((entry) => ({ ...entry, place })),
  );
  // What one server wrote stays in its order, also where its clock was set back.
  return parts.length === 1 ? rows : rows.toSorted((a, b) => timeOf(b) - timeOf(a));
}

/** Of whom an older page is needed to show more. */
export function behind(parts: readonly Part[]): readonly Part[] {
  const horizon = horizonOf(parts);
  return parts.filter((part) => part.next !== undefined && oldestOf(part) >= horizon);
}
