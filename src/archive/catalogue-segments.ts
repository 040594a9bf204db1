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

export function createSegmentTable(database: Database): SegmentTable {
  return { ...createSegmentWriter(database), ...createSegmentReader(database) };
}

function createSegmentWriter(database: Database): Omit<SegmentTable, keyof SegmentReader> {
  const insert = database.prepare(INSERT);
  const idOfPath = database.prepare('SELECT id, open FROM segments WHERE volume = ? AND path = ?');
  const addFragment = database.prepare('INSERT OR IGNORE INTO fragments VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
  const grow = database.prepare(GROW);
  const fragmentsOf = database.prepare('SELECT * FROM fragments WHERE segment = ? ORDER BY sequence');
  const fold = database.prepare('UPDATE segments SET open = 0, keys = ?, spans = ? WHERE id = ?');
  const dropFragments = database.prepare('DELETE FROM fragments WHERE segment = ?');
  const drop = database.prepare('DELETE FROM segments WHERE volume = ? AND path = ?');
  const returned = createReturnedWriter(database);
  const longest = createLongest(database);

  const find = (volumeId: string, path: string): { id: number; open: number } | undefined =>
    idOfPath.get(database.knownIdOf(volumeId), path) as { id: number; open: number } | undefined;
  const open = (segment: SegmentReport): void => {
    insert.run(...valuesOf(database, segment));
  };
  const extend = (id: number, fragments: readonly ScannedFragment[]): void => {
    let [start, end, bytes, first, last] = [Infinity, -Infinity, 0, Infinity, -1];
    for (const each of fragments) {
      const [from, to] = [Math.round(each.start), Math.round(each.end)];
      const flags = [Number(each.key), Number(each.continuous)] as const;
      addFragment.run(id, each.sequence, each.offset, each.length, from, to, ...flags);
      [start, end, bytes] = [Math.min(start, from), Math.max(end, to), Math.max(bytes, each.offset + each.length)];
      [first, last] = [Math.min(first, each.sequence), Math.max(last, each.sequence)];
    }
    if (fragments.length > 0) grow.run(start, end, bytes, first, last, id);
    longest.see(id);
  };
  const close = (volumeId: string, path: string): void => {
    const row = find(volumeId, path);
    if (row?.open !== 1) return;
    const { keys, spans } = indexFragments((fragmentsOf.all(row.id) as Stored[]).map(fragmentOf));
    fold.run(encodeKeys(keys), encodeSpans(spans), row.id);
    dropFragments.run(row.id);
  };

  return {
    open: (segment) => database.transaction(() => open(segment)),
    close: (volumeId, path) => database.transaction(() => close(volumeId, path)),
    addFragments: (fragments) =>
      database.transaction(() => {
        let unknown = 0;
        for (const group of Map.groupBy(fragments, ({ volumeId, segment }) => `${volumeId}\n${segment}`).values()) {
          const row = group[0] && find(group[0].volumeId, group[0].segment);
          if (row?.open === 1) extend(row.id, group);
          else unknown += group.length;
        }
        return { unknown };
      }),
    putScanned: (segment, fragments) =>
      database.transaction(() => {
        drop.run(database.knownIdOf(segment.volumeId), segment.segment);
        open(segment);
        const row = find(segment.volumeId, segment.segment);
        if (row) extend(row.id, fragments);
        if (row && segment.returned) returned.put(row.id, segment, segment.returned);
        close(segment.volumeId, segment.segment);
      }),
    remove: (volumeId, path) => database.transaction(() => drop.run(database.knownIdOf(volumeId), path).changes === 1),
  };
}
