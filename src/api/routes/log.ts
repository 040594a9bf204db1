/** `/log`: what happened, newest first, as pages, or as one file in CSV or JSON. */
import { z } from 'zod';
import { parseIso } from '../../core/clock.ts';
import type { ActivityLog, ActivityQuery } from '../activity.ts';
import type { Caller } from '../caller.ts';
import { isoTimeInput, pageOf, pageQuery } from '../contract/common.ts';
import { logEntry, severity } from '../contract/events.ts';
import type { LogEntry } from '../contract/events.ts';
import { codesOf, LOG_TOPICS } from '../log-topics.ts';
import { json, route } from '../route.ts';
import type { Reply, Route } from '../route.ts';

/** The newest; whoever wants older ones says `until`. */
export const MAX_CSV_ROWS = 20_000;

const filters = {
  since: isoTimeInput.optional(),
  until: isoTimeInput.optional(),
  severity: severity.optional(),
  code: z.string().max(64).optional(),
  /** Everything about one subject, whatever its codes. */
  topic: z.enum(LOG_TOPICS).optional(),
  cameraId: z.string().max(64).optional(),
  /** Who did it: a name of an account or a token. */
  user: z.string().max(128).optional(),
  text: z.string().max(200).optional(),
};
const logQuery = pageQuery.extend({
  ...filters,
  /** For links; `Accept: text/csv` does the same. */
  format: z.enum(['json', 'csv']).optional(),
});
const exportQuery = z.object({ ...filters, format: z.enum(['json', 'csv']).default('csv') });

type Deps = { readonly activity: Pick<ActivityLog, 'find'> };
export function logRoutes({ activity }: Deps): readonly Route[] {
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
        return fileOf('csv', allOf(activity, asked));
      },
    ),
    route(
      {
        method: 'GET',
        path: '/log/export',
        summary: 'The activity log as one file, the newest 20,000 entries that match, in CSV or JSON',
        access: 'viewer',
        query: exportQuery,
        response: { mediaType: 'text/csv' },
      },
      ({ query, caller }) => {
        const asked = queryOf({ ...query, limit: 1 }, caller);
        return fileOf(query.format, allOf(activity, asked));
      },
    ),
  ];
}

function fileOf(format: 'json' | 'csv', entries: Iterable<LogEntry>): Reply<never> {
  const headers = { 'content-disposition': `attachment; filename="understudy-log.${format}"` };
  if (format === 'csv')
    return { kind: 'bytes', body: csvOf(entries), mediaType: 'text/csv; charset=utf-8; header=present', headers };
  const lines = Array.from(entries, (entry) => JSON.stringify(entry));
  return { kind: 'bytes', body: `[${lines.join(',\n')}]\n`, mediaType: 'application/json', headers };
}

type Asked = Omit<z.output<typeof logQuery>, 'format'>;
function queryOf(query: Asked, caller: Caller): ActivityQuery {
  const { limit, cursor, since, until, code, topic, cameraId, user, text } = query;
  return {
    limit,
    cursor,
    since: since === undefined ? undefined : parseIso(since),
    until: until === undefined ? undefined : parseIso(until),
    severity: query.severity,
    code,
    codes: topic === undefined ? undefined : codesOf(topic),
    cameraId,
    user,
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
