/** The segment table: one row a file, its fragments beside it while it is open. */
import type { StatementSync } from 'node:sqlite';
import type { SegmentReport } from '../wire/media-protocol.ts';
import { parseStreamText, streamTextOf } from './catalogue-database.ts';
import type { Database, Value } from './catalogue-database.ts';
import type { ScannedFragment, Segment, SegmentRow, SegmentTable, Span, StreamKey } from './catalogue-types.ts';
import { decodeKeys, decodeSpans, encodeKeys, encodeSpans, indexFragments } from './segment-index.ts';

/** A row as SQLite gives it; the schema is ours, so its columns are what they are declared to be. */
type Stored = Readonly<Record<string, number>> & {
  readonly path: string;
  readonly audio_codec: number | null;
  readonly audio_string: number | null;
  readonly keys?: Uint8Array | null;
  readonly spans?: Uint8Array | null;
};

const COLUMNS = `id, stream, volume, path, server, epoch, start, end, bytes, init_length, layout, video_codec, video_string, width, height,
  audio_codec, audio_string, open, first_sequence, last_sequence`;
const INSERT = `INSERT OR IGNORE INTO segments (stream, volume, path, server, epoch, start, end,
    bytes, init_length, layout, video_codec, video_string, width, height, audio_codec, audio_string, open, first_sequence,
    last_sequence) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, -1, -1)`;
const GROW = `UPDATE segments SET start = min(start, ?1), end = max(end, ?2), bytes = max(bytes, ?3),
    first_sequence = CASE first_sequence WHEN -1 THEN ?4 ELSE min(first_sequence, ?4) END,
    last_sequence = max(last_sequence, ?5) WHERE id = ?6`;
const LONGEST = 'longest-segment';

export function createSegmentTable(database: Database): SegmentTable {
  return { ...createSegmentWriter(database), ...createSegmentReader(database) };
}

type Writer = Pick<SegmentTable, 'open' | 'addFragments' | 'close' | 'putScanned' | 'remove'>;
type Reader = Omit<SegmentTable, keyof Writer>;

function createSegmentWriter(database: Database): Writer {
  const insert = database.prepare(INSERT);
  const idOfPath = database.prepare('SELECT id, open FROM segments WHERE volume = ? AND path = ?');
  const addFragment = database.prepare('INSERT OR IGNORE INTO fragments VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
  const grow = database.prepare(GROW);
  const fragmentsOf = database.prepare('SELECT * FROM fragments WHERE segment = ? ORDER BY sequence');
  const fold = database.prepare('UPDATE segments SET open = 0, keys = ?, spans = ? WHERE id = ?');
  const dropFragments = database.prepare('DELETE FROM fragments WHERE segment = ?');
  const drop = database.prepare('DELETE FROM segments WHERE volume = ? AND path = ?');
  const longest = createLongest(database);

  const find = (volumeId: string, path: string): { id: number; open: number } | undefined =>
    idOfPath.get(database.knownIdOf(volumeId), path) as { id: number; open: number } | undefined;
  const open = (segment: SegmentReport): void => {
    insert.run(...valuesOf(database, segment));
  };
  const extend = (id: number, fragments: readonly ScannedFragment[]): void => {
    let [start, end, bytes] = [Infinity, -Infinity, 0];
    let [first, last] = [Infinity, -1];
    for (const each of fragments) {
      const [from, to] = [Math.round(each.start), Math.round(each.end)];
      const flags = [Number(each.key), Number(each.continuous)] as const;
      addFragment.run(id, each.sequence, each.offset, each.length, from, to, ...flags);
      [start, end] = [Math.min(start, from), Math.max(end, to)];
      bytes = Math.max(bytes, each.offset + each.length);
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
        close(segment.volumeId, segment.segment);
      }),
    remove: (volumeId, path) => database.transaction(() => drop.run(database.knownIdOf(volumeId), path).changes === 1),
  };
}

function createSegmentReader(database: Database): Reader {
  const select = (where: string, columns = COLUMNS): StatementSync =>
    database.prepare(`SELECT ${columns} FROM segments ${where}`);
  const all = `${COLUMNS}, keys, spans`;
  // Bounded below by the longest segment there is, so that the index on start alone finds what overlaps.
  const overlap = 'WHERE stream = ? AND start < ? AND start > ? AND end > ? ORDER BY start, first_sequence';
  const byRange = select(overlap, all);
  const rowsByRange = select(overlap);
  const byPath = select('WHERE volume = ? AND path = ?', all);
  const before = select('WHERE stream = ? AND start <= ? ORDER BY start DESC LIMIT 1');
  const after = select('WHERE stream = ? AND start > ? ORDER BY start LIMIT 1');
  const openOnes = select('WHERE open = 1');
  const oldest = select('WHERE stream = ? AND volume = ? AND open = 0 ORDER BY first_sequence LIMIT ?');
  const page = select('WHERE volume = ? AND path > ? ORDER BY path LIMIT ?');
  const totals = database.prepare('SELECT * FROM totals');
  const fragmentsOf = database.prepare('SELECT * FROM fragments WHERE segment = ? ORDER BY sequence');
  const started = database.prepare(`SELECT coalesce(sum(s.bytes), 0) AS bytes FROM totals t CROSS JOIN segments s
    ON s.stream = t.stream AND s.volume = t.volume AND s.start >= ?1 AND s.start < ?2 WHERE ?3 IS NULL OR t.volume = ?3`);
  const longest = createLongest(database);

  const row = (stored: Stored): SegmentRow => rowOf(database, stored);
  const full = (stored: Stored): Segment => {
    if (stored['open'] === 0 && stored.keys && stored.spans)
      return { ...row(stored), keys: decodeKeys(stored.keys), spans: decodeSpans(stored.spans) };
    return { ...row(stored), ...indexFragments((fragmentsOf.all(stored['id'] ?? 0) as Stored[]).map(fragmentOf)) };
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
      const stored = byPath.get(database.knownIdOf(volumeId), path) as Stored | undefined;
      return stored && full(stored);
    },
    find: (key, range) => (byRange.all(...bounds(key, range)) as Stored[]).map(full),
    findRows: (key, range) => (rowsByRange.all(...bounds(key, range)) as Stored[]).map(row),
    around: (key, at) => ({ before: one(before.get(idOf(key), at)), after: one(after.get(idOf(key), at)) }),
    openOnes: () => (openOnes.all() as Stored[]).map(row),
    oldest: (key, volumeId, limit) => (oldest.all(idOf(key), database.knownIdOf(volumeId), limit) as Stored[]).map(row),
    page: (volumeId, afterPath, limit) =>
      (page.all(database.knownIdOf(volumeId), afterPath, limit) as Stored[]).map(row),
    totals: () =>
      (totals.all() as { stream: number; volume: number; segments: number; bytes: number }[]).map((total) => ({
        ...parseStreamText(database.textOf(total.stream)),
        volumeId: database.textOf(total.volume),
        segments: total.segments,
        bytes: total.bytes,
      })),
    bytesStarted: ({ start, end }, volumeId) =>
      Number(started.get(start, end, volumeId === undefined ? null : database.knownIdOf(volumeId))?.['bytes'] ?? 0),
  };
}

/** The length of the longest segment ever stored, in the database so that opening it need not look at all rows. */
function createLongest(database: Database): { readonly see: (id: number) => void; readonly get: () => number } {
  const read = database.prepare(`SELECT CAST(value AS INTEGER) AS value FROM settled WHERE key = '${LONGEST}'`);
  const raise = database.prepare(`INSERT INTO settled SELECT '${LONGEST}', end - start FROM segments WHERE id = ?
    ON CONFLICT DO UPDATE SET value = excluded.value WHERE CAST(excluded.value AS INTEGER) > CAST(value AS INTEGER)`);
  return { see: (id) => void raise.run(id), get: () => Number(read.get()?.['value'] ?? 0) };
}

function valuesOf(database: Database, segment: SegmentReport): Value[] {
  const { video, audio } = segment;
  const start = Math.round(segment.start);
  const id = database.idOf;
  return [
    id(streamTextOf(segment)),
    id(segment.volumeId),
    segment.segment,
    id(segment.serverId),
    segment.epoch,
    start,
    start,
    segment.initLength,
    segment.initLength,
    id(segment.layoutHash),
    id(video.codec),
    id(video.codecString),
    video.width,
    video.height,
    audio === undefined ? null : id(audio.codec),
    audio === undefined ? null : id(audio.codecString),
  ];
}

function rowOf(database: Database, stored: Stored): SegmentRow {
  const number = (column: string): number => stored[column] ?? 0;
  const text = (column: string): string => database.textOf(number(column));
  return {
    ...parseStreamText(text('stream')),
    volumeId: text('volume'),
    path: stored.path,
    serverId: text('server'),
    epoch: number('epoch'),
    start: number('start'),
    end: number('end'),
    bytes: number('bytes'),
    initLength: number('init_length'),
    layoutHash: text('layout'),
    video: {
      codec: text('video_codec') as SegmentRow['video']['codec'],
      codecString: text('video_string'),
      width: number('width'),
      height: number('height'),
    },
    audio:
      stored.audio_codec === null
        ? undefined
        : {
            codec: text('audio_codec') as NonNullable<SegmentRow['audio']>['codec'],
            codecString: text('audio_string'),
          },
    open: number('open') === 1,
    firstSequence: number('first_sequence'),
    lastSequence: number('last_sequence'),
  };
}

const fragmentOf = ({ offset, length, sequence, start, end, key, continuous }: Stored): ScannedFragment => ({
  offset: offset ?? 0,
  length: length ?? 0,
  sequence: sequence ?? 0,
  start: start ?? 0,
  end: end ?? 0,
  key: key === 1,
  continuous: continuous === 1,
});
