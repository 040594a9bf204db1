/** Tables that are not about footage: the log of events, export jobs, and how far the media process has been heard. */
import type { Database, Value } from './catalogue-database.ts';
import type {
  CursorTable,
  ExportTable,
  LogFilter,
  LogRow,
  LogTable,
  MediaCursor,
  Severity,
} from './catalogue-types.ts';

type StoredLog = {
  readonly id: number;
  readonly at: number;
  readonly severity: string;
  readonly code: string;
  readonly message: string;
  readonly camera: string | null;
  readonly volume: string | null;
  readonly user: string | null;
};

/** A longer message is cut: peers can make us log what they say. */
export const MAX_LOG_MESSAGE = 2000;

export function createLogTable(database: Database): LogTable {
  const insert = database.prepare(
    'INSERT INTO log (at, severity, code, message, camera, volume, user) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id',
  );
  const trimAge = database.prepare('DELETE FROM log WHERE at < ?');
  const trimCount = database.prepare(
    'DELETE FROM log WHERE id <= (SELECT id FROM log ORDER BY id DESC LIMIT 1 OFFSET ?)',
  );
  return {
    add: ({ at, severity, code, message, cameraId, volumeId, user }) =>
      Number(
        insert.get(
          Math.round(at),
          severity,
          code,
          message.slice(0, MAX_LOG_MESSAGE),
          cameraId ?? null,
          volumeId ?? null,
          user ?? null,
        )?.['id'],
      ),
    find: (filter) => {
      const { where, values } = conditionsOf(filter);
      // One statement a combination of filters: prepared anew, which costs some ten microseconds, once a page.
      const found = database.prepare(`SELECT * FROM log ${where} ORDER BY id DESC LIMIT ?`);
      return (found.all(...values, filter.limit) as StoredLog[]).map(logRowOf);
    },
    trim: (maxRows, since) => Number(trimAge.run(since).changes) + Number(trimCount.run(maxRows).changes),
  };
}

function conditionsOf(filter: LogFilter): { readonly where: string; readonly values: readonly Value[] } {
  const text = filter.text === undefined ? undefined : `%${filter.text.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
  const conditions: readonly (readonly [string, Value | undefined])[] = [
    ['id < ?', filter.before],
    ['id > ?', filter.after],
    ['at >= ?', filter.since],
    ['at < ?', filter.until],
    ['severity = ?', filter.severity],
    ['code = ?', filter.code],
    ['camera = ?', filter.cameraId],
    ['user = ?', filter.user],
    [String.raw`message LIKE ? ESCAPE '\'`, text],
  ];
  const given = conditions.flatMap(([sql, value]) => (value === undefined ? [] : [{ sql, value }]));
  const codes = filter.codes ?? [];
  const all = given.map(({ sql }) => sql);
  if (filter.codes !== undefined) all.push(`(${codes.map(() => 'code GLOB ?').join(' OR ') || 'FALSE'})`);
  return {
    where: all.length === 0 ? '' : `WHERE ${all.join(' AND ')}`,
    values: [...given.map(({ value }) => value), ...codes],
  };
}

const logRowOf = ({ camera, volume, user, severity, ...stored }: StoredLog): LogRow => ({
  ...stored,
  severity: severity as Severity,
  cameraId: camera ?? undefined,
  volumeId: volume ?? undefined,
  user: user ?? undefined,
});

export function createExportTable(database: Database): ExportTable {
  const put = database.prepare(
    'INSERT INTO exports VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET created_at = ?2, job = ?3',
  );
  const get = database.prepare('SELECT job FROM exports WHERE id = ?');
  const list = database.prepare('SELECT job FROM exports ORDER BY created_at DESC, id LIMIT ?');
  const remove = database.prepare('DELETE FROM exports WHERE id = ?');
  const jobOf = (stored: Readonly<Record<string, unknown>>): unknown => JSON.parse(String(stored['job']));
  return {
    put: (id, createdAt, job) => void put.run(id, Math.round(createdAt), JSON.stringify(job)),
    get: (id) => {
      const stored = get.get(id);
      return stored && jobOf(stored);
    },
    list: (limit) => list.all(limit).map(jobOf),
    remove: (id) => remove.run(id).changes === 1,
  };
}

const MEDIA = 'media-cursor';

export function createCursorTable(database: Database): CursorTable {
  const get = database.prepare(`SELECT value FROM settled WHERE key = '${MEDIA}'`);
  const set = database.prepare(`INSERT INTO settled VALUES ('${MEDIA}', ?)
    ON CONFLICT DO UPDATE SET value = excluded.value`);
  return {
    get: () => {
      const text = get.get()?.['value'];
      return typeof text === 'string' ? (JSON.parse(text) as MediaCursor) : undefined;
    },
    set: ({ instance, seq }) => void set.run(JSON.stringify({ instance, seq })),
  };
}
