/** `/log`: what happened, newest first, as JSON or CSV. */
import { z } from 'zod';
import { parseIso } from '../../core/clock.ts';
import type { ActivityLog, ActivityQuery } from '../activity.ts';
import type { Caller } from '../caller.ts';
import { isoTimeInput, pageOf, pageQuery } from '../contract/common.ts';
import { logEntry, severity } from '../contract/events.ts';
import type { LogEntry } from '../contract/events.ts';
import { json, route } from '../route.ts';
import type { Route } from '../route.ts';

export const MAX_CSV_ROWS = 20_000;

const logQuery = pageQuery.extend({
  since: isoTimeInput.optional(),
  until: isoTimeInput.optional(),
  severity: severity.optional(),
  code: z.string().max(64).optional(),
  cameraId: z.string().max(64).optional(),
  text: z.string().max(200).optional(),
  /** For links; `Accept: text/csv` does the same. */
  format: z.enum(['json', 'csv']).optional(),
});

export function logRoutes({ activity }: { readonly activity: Pick<ActivityLog, 'find'> }): readonly Route[] {
  return [
    route(
      {
        method: 'GET',
        path: '/log',
        summary: 'The activity log, newest first; as CSV with Accept: text/csv or format=csv',
        access: 'viewer',
        query: logQuery,
        response: { json: pageOf(logEntry) },
      },
      ({ query, caller, header }) => {
        const asked = queryOf(query, caller);
        const wantsCsv =
          query.format === 'csv' || (query.format === undefined && /^text\/csv\b/.test(header('accept') ?? ''));
        if (!wantsCsv) {
          const { items, next } = activity.find(asked);
          return json(next === undefined ? { items: [...items] } : { items: [...items], next });
        }
        const headers = { 'content-disposition': 'attachment; filename="understudy-log.csv"' };
        const body = csvOf(allOf(activity, asked));
        return { kind: 'bytes', body, mediaType: 'text/csv; charset=utf-8; header=present', headers };
      },
    ),
  ];
}

function queryOf(query: z.output<typeof logQuery>, caller: Caller): ActivityQuery {
  const { limit, cursor, since, until, code, cameraId, text } = query;
  return {
    limit,
    cursor,
    since: since === undefined ? undefined : parseIso(since),
    until: until === undefined ? undefined : parseIso(until),
    severity: query.severity,
    code,
    cameraId,
    text,
    cameraIds: caller.kind === 'anonymous' ? [] : caller.cameraIds,
  };
}

function* allOf(activity: Pick<ActivityLog, 'find'>, query: ActivityQuery): Generator<LogEntry> {
  let { cursor } = query;
  for (let rows = 0; rows < MAX_CSV_ROWS;) {
    const { items, next } = activity.find({ ...query, limit: 1000, cursor });
    yield* items;
    rows += items.length;
    if (next === undefined || items.length === 0) return;
    cursor = next;
  }
}

const COLUMNS = ['at', 'severity', 'code', 'message', 'cameraId', 'volumeId', 'user', 'id'] as const;

/** RFC 4180. */
export function csvOf(entries: Iterable<LogEntry>): string {
  const lines = [COLUMNS.join(',')];
  for (const entry of entries) lines.push(COLUMNS.map((column) => cell(entry[column] ?? '')).join(','));
  return `${lines.join('\r\n')}\r\n`;
}

/** A leading `=`, `+`, `-`, `@` would be a formula to a spreadsheet. */
function cell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
