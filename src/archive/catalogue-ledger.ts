/** The tables that the ledger is computed from: gaps, what was expected, when services ran, what was removed. */
import type { MissingCause } from '../ledger/causes.ts';
import { parseStreamText, streamTextOf } from './catalogue-database.ts';
import type { Database } from './catalogue-database.ts';
import type {
  Expectation,
  ExpectationTable,
  Gap,
  GapTable,
  RemovedCause,
  RemovedTable,
  ServiceTable,
  Span,
} from './catalogue-types.ts';

/** Removed footage this close together is booked as one: fragments meet to the frame, not to the millisecond. */
const REMOVED_MERGE_MS = 250;

type StoredGap = {
  readonly id: number;
  readonly stream: number;
  readonly start: number;
  readonly end: number | null;
  readonly cause: string;
  readonly access_units: number | null;
  readonly detail: string;
};

export function createGapTable(database: Database): GapTable {
  const insert = database.prepare(
    'INSERT INTO gaps (stream, start, end, cause, access_units, detail) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const known = database.prepare('SELECT 1 FROM gaps WHERE stream = ?1 AND end > ?2 AND start = ?2 AND cause = ?3');
  const openOf = database.prepare('SELECT * FROM gaps WHERE stream = ? AND end IS NULL');
  const end = database.prepare('UPDATE gaps SET end = max(start, ?) WHERE stream = ? AND end IS NULL');
  const dropEmpty = database.prepare('DELETE FROM gaps WHERE stream = ? AND start = end');
  const overlapping = database.prepare(`SELECT * FROM gaps WHERE stream = ?1 AND end > ?2 AND start < ?3
    UNION ALL SELECT * FROM gaps WHERE stream = ?1 AND end IS NULL AND start < ?3 ORDER BY start`);
  const openOnes = database.prepare('SELECT * FROM gaps WHERE end IS NULL ORDER BY start');
  const gapOf = (stored: StoredGap): Gap => ({
    ...parseStreamText(database.textOf(stored.stream)),
    id: stored.id,
    start: stored.start,
    end: stored.end ?? undefined,
    cause: stored.cause as MissingCause,
    accessUnits: stored.access_units ?? undefined,
    detail: stored.detail,
  });
  const close = (stream: number, at: number): void => {
    end.run(Math.round(at), stream);
    dropEmpty.run(stream);
  };
  return {
    open: (gap) =>
      database.transaction(() => {
        const stream = database.idOf(streamTextOf(gap));
        const other = openOf.get(stream) as StoredGap | undefined;
        const start = Math.round(gap.start);
        if (other?.start === start && other.cause === gap.cause) return;
        if (other) close(stream, start);
        insert.run(stream, start, null, gap.cause, null, gap.detail);
      }),
    close: (key, at) => database.transaction(() => close(database.knownIdOf(streamTextOf(key)), at)),
    add: (gap) => {
      const [start, finish] = [Math.round(gap.start), Math.round(gap.end)];
      if (finish <= start && gap.accessUnits === undefined) return false;
      const stream = database.idOf(streamTextOf(gap));
      if (known.get(stream, start, gap.cause) !== undefined) return false;
      insert.run(stream, start, Math.max(start + 1, finish), gap.cause, gap.accessUnits ?? null, gap.detail);
      return true;
    },
    find: (key, range) =>
      (overlapping.all(database.knownIdOf(streamTextOf(key)), range.start, range.end) as StoredGap[]).map(gapOf),
    openOnes: () => (openOnes.all() as StoredGap[]).map(gapOf),
  };
}

type StoredExpectation = { readonly stream: number; readonly start: number; readonly end: number | null };

export function createExpectationTable(database: Database): ExpectationTable {
  const isOpen = database.prepare('SELECT 1 FROM expectations WHERE stream = ? AND end IS NULL');
  const begin = database.prepare('INSERT INTO expectations (stream, start, end) VALUES (?, ?, NULL)');
  const end = database.prepare('UPDATE expectations SET end = max(start, ?) WHERE stream = ? AND end IS NULL');
  const overlapping = database.prepare(`SELECT * FROM expectations WHERE stream = ?1 AND end > ?2 AND start < ?3
    UNION ALL SELECT * FROM expectations WHERE stream = ?1 AND end IS NULL AND start < ?3 ORDER BY start`);
  const streams = database.prepare('SELECT stream, max(end IS NULL) AS expected FROM expectations GROUP BY stream');
  return {
    set: (key, expected, at) =>
      database.transaction(() => {
        const stream = database.idOf(streamTextOf(key));
        const was = isOpen.get(stream) !== undefined;
        if (expected && !was) begin.run(stream, Math.round(at));
        else if (!expected && was) end.run(Math.round(at), stream);
      }),
    find: (key, range) =>
      (overlapping.all(database.knownIdOf(streamTextOf(key)), range.start, range.end) as StoredExpectation[]).map(
        (stored): Expectation => ({ start: stored.start, end: stored.end ?? undefined }),
      ),
    streams: () =>
      (streams.all() as { stream: number; expected: number }[]).map(({ stream, expected }) => ({
        ...parseStreamText(database.textOf(stream)),
        expected: expected === 1,
      })),
  };
}

export function createServiceTable(database: Database): ServiceTable {
  const beat = database.prepare(`INSERT INTO services VALUES (?1, ?2, ?3, max(?3, ?4))
    ON CONFLICT DO UPDATE SET end = max(end, ?4)`);
  const overlapping = database.prepare(
    'SELECT instance, start, end FROM services WHERE service = ? AND end > ? AND start < ? ORDER BY start',
  );
  return {
    beat: (service, instance, startedAt, at) => void beat.run(service, instance, Math.round(startedAt), Math.round(at)),
    find: (service, range) =>
      (overlapping.all(service, range.start, range.end) as unknown as (Span & { instance: string })[]).map((row) => ({
        ...row,
      })),
  };
}

export function createRemovedTable(database: Database): RemovedTable {
  const touching = database.prepare(
    'SELECT id, start, end FROM removed WHERE stream = ? AND end >= ? AND start <= ? AND cause = ?',
  );
  const drop = database.prepare('DELETE FROM removed WHERE id = ?');
  const insert = database.prepare('INSERT INTO removed (stream, start, end, cause) VALUES (?, ?, ?, ?)');
  const overlapping = database.prepare(
    'SELECT start, end, cause FROM removed WHERE stream = ? AND end > ? AND start < ? ORDER BY start',
  );
  return {
    add: (key, span, cause) =>
      database.transaction(() => {
        const stream = database.idOf(streamTextOf(key));
        let [start, end] = [Math.round(span.start), Math.round(span.end)];
        const [from, to] = [start - REMOVED_MERGE_MS, end + REMOVED_MERGE_MS];
        for (const other of touching.all(stream, from, to, cause) as { id: number; start: number; end: number }[]) {
          drop.run(other.id);
          [start, end] = [Math.min(start, other.start), Math.max(end, other.end)];
        }
        insert.run(stream, start, end, cause);
      }),
    find: (key, range) => {
      const found = overlapping.all(database.knownIdOf(streamTextOf(key)), range.start, range.end);
      return (found as unknown as (Span & { cause: RemovedCause })[]).map((row) => ({ ...row }));
    },
  };
}
