/** Covers and returns in the words of time: since when a camera is covered, and what is one return though it came in parts. */
import type { RestorationView, Takeover } from '../../../api/activity.ts';
import type { Of } from './activity-data.ts';

/** What was recorded ahead of a failure is no cover of it: no cover begins before the suspicion. */
export const sinceOf = (
  { suspectedAt }: Pick<Takeover, 'suspectedAt'>,
  { firstFrameAt = suspectedAt }: Pick<Takeover['cameras'][number], 'firstFrameAt'>,
): string => (firstFrameAt < suspectedAt ? suspectedAt : firstFrameAt);

/** Cameras of one server come home within seconds of each other, each released when its server records it again. */
const APART_MS = 120_000;

/** Restorations that are over, the newest first: those of one return become one. */
export function folded(over: readonly Of<RestorationView>[]): readonly Of<RestorationView>[] {
  const rows: Of<RestorationView>[] = [];
  for (const found of over) {
    const index = rows.findIndex((row) => isOneReturn(row, found));
    const row = rows[index];
    if (row === undefined) rows.push(found);
    else rows[index] = { spare: row.spare, item: joined(row.item, found.item) };
  }
  return rows;
}

export const endOf = ({ endedAt, startedAt }: RestorationView): string => endedAt ?? startedAt;

function isOneReturn(newer: Of<RestorationView>, older: Of<RestorationView>): boolean {
  const [a, b] = [newer.item, older.item];
  const isAlike =
    newer.spare.id === older.spare.id && a.serverId === b.serverId && a.state === b.state && a.policy === b.policy;
  return isAlike && Date.parse(a.startedAt) - Date.parse(endOf(b)) <= APART_MS;
}

function joined(newer: RestorationView, older: RestorationView): RestorationView {
  const sum = <T extends { readonly done: number; readonly total: number }>(a: T, b: T): RestorationView['files'] => ({
    done: a.done + b.done,
    total: a.total + b.total,
  });
  return {
    ...newer,
    startedAt: older.startedAt < newer.startedAt ? older.startedAt : newer.startedAt,
    endedAt: endOf(older) > endOf(newer) ? endOf(older) : endOf(newer),
    files: sum(newer.files, older.files),
    bytes: sum(newer.bytes, older.bytes),
  };
}
