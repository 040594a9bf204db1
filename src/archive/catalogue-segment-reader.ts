/** Questions to the segment table. */
import type { StatementSync } from 'node:sqlite';
import { parseStreamText, streamTextOf } from './catalogue-database.ts';
import type { Database } from './catalogue-database.ts';
import { COLUMNS, createLongest, createSupersededReader, fragmentOf, rowOf } from './catalogue-segment-rows.ts';
import type { Stored } from './catalogue-segment-rows.ts';
import type { Segment, SegmentRow, SegmentTable, Span, StreamKey } from './catalogue-types.ts';
import { interleaved, withoutSuperseded } from './returned-groups.ts';
import { decodeKeys, decodeSpans, indexFragments } from './segment-index.ts';

export type SegmentReader = Omit<
  SegmentTable,
  'open' | 'addFragments' | 'close' | 'putScanned' | 'doubtOpenOnes' | 'remove'
>;

export function createSegmentReader(database: Database): SegmentReader {
  const ask = statementsOf(database);
  const superseded = createSupersededReader(database);
  const longest = createLongest(database);
  const row = (stored: Stored): SegmentRow => rowOf(database, stored, superseded(stored));
  const whole = (stored: Stored): Segment => {
    if (stored.keys && stored.spans)
      return { ...row(stored), keys: decodeKeys(stored.keys), spans: decodeSpans(stored.spans) };
    return { ...row(stored), ...indexFragments((ask.fragmentsOf.all(stored['id'] ?? 0) as Stored[]).map(fragmentOf)) };
  };
  const full = (stored: Stored): Segment => {
    const segment = whole(stored);
    return segment.superseded === undefined ? segment : withoutSuperseded(segment, segment.superseded);
  };
  const idOf = (key: StreamKey): number => database.knownIdOf(streamTextOf(key));
  const bounds = (key: StreamKey, { start, end }: Span): readonly number[] => [
    idOf(key),
    end,
    start - longest.get() - 1,
    start,
  ];
  const one = (stored: unknown): SegmentRow | undefined => (stored === undefined ? undefined : row(stored as Stored));
  return {
    get: (volumeId, path) => {
      const stored = ask.byPath.get(database.knownIdOf(volumeId), path) as Stored | undefined;
      return stored && full(stored);
    },
    find: (key, range) =>
      interleaved((ask.byRange.all(...bounds(key, range)) as Stored[]).map(full).filter(isShown)).filter(
        ({ start, end }) => start < range.end && end > range.start,
      ),
    findRows: (key, range) =>
      (ask.rowsByRange.all(...bounds(key, range)) as Stored[]).map(row).filter(isNotWhollySuperseded),
    returnedAs: (id) => one(ask.byReturnId.get(id)),
    around: (key, at) => ({ before: one(ask.before.get(idOf(key), at)), after: one(ask.after.get(idOf(key), at)) }),
    openOnes: () => (ask.openOnes.all() as Stored[]).map(row),
    oldest: (key, volumeId, limit) => {
      const [stream, volume] = [idOf(key), database.knownIdOf(volumeId)];
      const rows: SegmentRow[] = [];
      let server = Number(ask.nextServer.get(stream, volume, -1)?.['server'] ?? -1);
      while (server >= 0) {
        rows.push(...(ask.oldest.all(stream, volume, server, limit) as Stored[]).map(row));
        server = Number(ask.nextServer.get(stream, volume, server)?.['server'] ?? -1);
      }
      return rows;
    },
    page: (volumeId, afterPath, limit) =>
      (ask.page.all(database.knownIdOf(volumeId), afterPath, limit) as Stored[]).map(row),
    totals: () =>
      (ask.totals.all() as { stream: number; volume: number; segments: number; bytes: number }[]).map((total) => ({
        ...parseStreamText(database.textOf(total.stream)),
        volumeId: database.textOf(total.volume),
        segments: total.segments,
        bytes: total.bytes,
      })),
    bytesStarted: ({ start, end }, volumeId) =>
      Number(ask.started.get(start, end, volumeId === undefined ? null : database.knownIdOf(volumeId))?.['bytes'] ?? 0),
  };
}

type Statements = Readonly<
  Record<
    | 'byRange'
    | 'rowsByRange'
    | 'byPath'
    | 'before'
    | 'after'
    | 'openOnes'
    | 'nextServer'
    | 'oldest'
    | 'byReturnId'
    | 'page'
    | 'totals'
    | 'fragmentsOf'
    | 'started',
    StatementSync
  >
>;

function statementsOf(database: Database): Statements {
  const select = (where: string, columns = COLUMNS): StatementSync =>
    database.prepare(`SELECT ${columns} FROM segments ${where}`);
  const all = `${COLUMNS}, keys, spans`;
  // Bounded below by the longest segment there is, so that the index on start alone finds what overlaps.
  const overlap = 'WHERE stream = ? AND start < ? AND start > ? AND end > ? ORDER BY start, first_sequence';
  return {
    byRange: select(overlap, all),
    rowsByRange: select(overlap),
    byPath: select('WHERE volume = ? AND path = ?', all),
    before: select('WHERE stream = ? AND start <= ? ORDER BY start DESC LIMIT 1'),
    after: select('WHERE stream = ? AND start > ? ORDER BY start LIMIT 1'),
    openOnes: select('WHERE open = 1'),
    nextServer: database.prepare(
      'SELECT min(server) AS server FROM segments WHERE stream = ? AND volume = ? AND server > ?',
    ),
    oldest: select('WHERE stream = ? AND volume = ? AND server = ? AND open = 0 ORDER BY first_sequence LIMIT ?'),
    byReturnId: select('WHERE return_id = ? ORDER BY id LIMIT 1'),
    page: select('WHERE volume = ? AND path > ? ORDER BY path LIMIT ?'),
    totals: database.prepare('SELECT * FROM totals'),
    fragmentsOf: database.prepare('SELECT * FROM fragments WHERE segment = ? ORDER BY sequence'),
    started: database.prepare(`SELECT coalesce(sum(s.bytes), 0) AS bytes FROM totals t CROSS JOIN segments s
      ON s.stream = t.stream AND s.volume = t.volume AND s.start >= ?1 AND s.start < ?2 WHERE ?3 IS NULL OR t.volume = ?3`),
  };
}

const isShown = ({ keys, superseded }: Segment): boolean => superseded === undefined || keys.length > 0;
const isNotWhollySuperseded = ({ superseded = [], firstSequence, lastSequence }: SegmentRow): boolean =>
  !superseded.some(([first, last]) => first <= firstSequence && last >= lastSequence);
