/** The segment table: one row a file, its fragments beside it while it is open. Belongs here: changes. Does not: questions (catalogue-segment-reader.ts). */
import type { SegmentReport } from '../wire/media-protocol.ts';
import type { Database } from './catalogue-database.ts';
import { createSegmentReader } from './catalogue-segment-reader.ts';
import type { SegmentReader } from './catalogue-segment-reader.ts';
import { createLongest, createReturnedWriter, fragmentOf, valuesOf } from './catalogue-segment-rows.ts';
import type { Stored } from './catalogue-segment-rows.ts';
import type { ScannedFragment, SegmentTable } from './catalogue-types.ts';
import { encodeKeys, encodeSpans, indexFragments } from './segment-index.ts';

const INSERT = `INSERT OR IGNORE INTO segments (stream, volume, path, server, epoch, start, end,
    bytes, init_length, layout, video_codec, video_string, width, height, audio_codec, audio_string, open, first_sequence,
    last_sequence) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, -1, -1)`;
const GROW = `UPDATE segments SET start = min(start, ?1), end = max(end, ?2), bytes = max(bytes, ?3),
    first_sequence = CASE first_sequence WHEN -1 THEN ?4 ELSE min(first_sequence, ?4) END,
    last_sequence = max(last_sequence, ?5) WHERE id = ?6`;

/** `folded`: its fragments are in the row, as of a scan or because it was closed. */
type Place = { readonly id: number; readonly open: number; readonly bytes: number; readonly folded: number };

export function createSegmentTable(database: Database): SegmentTable {
  return { ...createSegmentWriter(database), ...createSegmentReader(database) };
}

function createSegmentWriter(database: Database): Omit<SegmentTable, keyof SegmentReader> {
  const insert = database.prepare(INSERT);
  const placeOfPath = database.prepare(
    'SELECT id, open, bytes, keys IS NOT NULL AS folded FROM segments WHERE volume = ? AND path = ?',
  );
  const openOnes = database.prepare('SELECT id, open, bytes, keys IS NOT NULL AS folded FROM segments WHERE open = 1');
  const drop = database.prepare('DELETE FROM segments WHERE volume = ? AND path = ?');
  const returned = createReturnedWriter(database);
  const { extend, outgrow, close, doubt } = createRowWriter(database);

  const find = (volumeId: string, path: string): Place | undefined =>
    placeOfPath.get(database.knownIdOf(volumeId), path) as Place | undefined;
  const open = (segment: SegmentReport): void => {
    insert.run(...valuesOf(database, segment));
  };
  return {
    open: (segment) => database.transaction(() => open(segment)),
    close: (volumeId, path) => database.transaction(() => close(find(volumeId, path))),
    addFragments: (fragments) =>
      database.transaction(() => {
        let unknown = 0;
        for (const group of Map.groupBy(fragments, ({ volumeId, segment }) => `${volumeId}\n${segment}`).values()) {
          const row = group[0] && find(group[0].volumeId, group[0].segment);
          if (row === undefined) unknown += group.length;
          else if (row.folded === 1) outgrow(row, group);
          else extend(row, group);
        }
        return { unknown };
      }),
    putScanned: (segment, fragments) =>
      database.transaction(() => {
        drop.run(database.knownIdOf(segment.volumeId), segment.segment);
        open(segment);
        const row = find(segment.volumeId, segment.segment);
        if (row) extend(row, fragments);
        if (row && segment.returned) returned.put(row.id, segment, segment.returned);
        close(row);
      }),
    doubtOpenOnes: () =>
      database.transaction(() => {
        for (const row of openOnes.all() as Place[]) doubt(row);
      }),
    remove: (volumeId, path) => database.transaction(() => drop.run(database.knownIdOf(volumeId), path).changes === 1),
  };
}

type RowWriter = {
  readonly extend: (row: Place, fragments: readonly ScannedFragment[]) => void;
  /** A scan took it for whole while it was written: its file alone has all of it, and until that is read again the row stays open. */
  readonly outgrow: (row: Place, fragments: readonly ScannedFragment[]) => void;
  /** False: it is partial. */
  readonly close: (row: Place | undefined) => boolean;
  /** Partial from now on, as if a scan had taken it for whole. */
  readonly doubt: (row: Place) => void;
};
/** What becomes of a row that is there. */
function createRowWriter(database: Database): RowWriter {
  const addFragment = database.prepare('INSERT OR IGNORE INTO fragments VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
  const grow = database.prepare(GROW);
  const fragmentsOf = database.prepare('SELECT * FROM fragments WHERE segment = ? ORDER BY sequence');
  const fold = database.prepare('UPDATE segments SET open = 0, keys = ?, spans = ? WHERE id = ?');
  const reopen = database.prepare('UPDATE segments SET open = 1 WHERE id = ?');
  const dropFragments = database.prepare('DELETE FROM fragments WHERE segment = ?');
  const longest = createLongest(database);

  const widen = (id: number, fragments: readonly ScannedFragment[]): void => {
    let [start, end, bytes, first, last] = [Infinity, -Infinity, 0, Infinity, -1];
    for (const each of fragments) {
      [start, end] = [Math.min(start, Math.round(each.start)), Math.max(end, Math.round(each.end))];
      bytes = Math.max(bytes, each.offset + each.length);
      [first, last] = [Math.min(first, each.sequence), Math.max(last, each.sequence)];
    }
    if (fragments.length > 0) grow.run(start, end, bytes, first, last, id);
    longest.see(id);
  };
  const foldRow = ({ id }: Place): void => {
    const { keys, spans } = indexFragments((fragmentsOf.all(id) as Stored[]).map(fragmentOf));
    fold.run(encodeKeys(keys), encodeSpans(spans), id);
    dropFragments.run(id);
  };
  return {
    extend: ({ id }, fragments) => {
      for (const each of fragments) {
        const [from, to] = [Math.round(each.start), Math.round(each.end)];
        const flags = [Number(each.key), Number(each.continuous)] as const;
        addFragment.run(id, each.sequence, each.offset, each.length, from, to, ...flags);
      }
      widen(id, fragments);
    },
    outgrow: ({ id, bytes }, fragments) => {
      const fresh = fragments.filter(({ offset, length }) => offset + length > bytes);
      if (fresh.length === 0) return;
      reopen.run(id);
      widen(id, fresh);
    },
    close: (row) => {
      if (row?.open !== 1) return true;
      if (row.folded === 1) return false;
      foldRow(row);
      return true;
    },
    doubt: (row) => {
      if (row.folded === 1) return;
      foldRow(row);
      reopen.run(row.id);
    },
  };
}
