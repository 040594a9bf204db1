/** Rows of the segment table as values, and what is kept beside them. Belongs here: the columns. Does not: questions (catalogue-segment-reader.ts), changes (catalogue-segments.ts). */
import type { ReturnNote } from '../media/mp4/segment-header.ts';
import type { SegmentReport } from '../wire/media-protocol.ts';
import { parseStreamText, streamTextOf } from './catalogue-database.ts';
import type { Database, Value } from './catalogue-database.ts';
import type { ScannedFragment, SegmentRow, SegmentToStore, SequenceRange } from './catalogue-types.ts';

/** A row as SQLite gives it; the schema is ours, so its columns are what they are declared to be. */
export type Stored = Readonly<Record<string, number>> & {
  readonly path: string;
  readonly audio_codec: number | null;
  readonly audio_string: number | null;
  readonly returned: string | null;
  readonly keys?: Uint8Array | null;
  readonly spans?: Uint8Array | null;
};

export const COLUMNS = `id, stream, volume, path, server, epoch, start, end, bytes, init_length, layout, video_codec, video_string, width, height,
  audio_codec, audio_string, open, first_sequence, last_sequence, returned, open = 1 AND keys IS NOT NULL AS partial`;
const LONGEST = 'longest-segment';

export type ReturnedWriter = { readonly put: (id: number, segment: SegmentToStore, note: ReturnNote) => void };
export function createReturnedWriter(database: Database): ReturnedWriter {
  const mark = database.prepare('UPDATE segments SET return_id = ?, returned = ? WHERE id = ?');
  const supersede = database.prepare('INSERT INTO superseded VALUES (?, ?, ?, ?, ?)');
  return {
    put: (id, segment, note) => {
      mark.run(note.id, JSON.stringify(note), id);
      const stream = database.idOf(streamTextOf(segment));
      for (const { server, groups } of note.supersedes)
        for (const [first, last] of groups) supersede.run(id, stream, database.idOf(server), first, last);
    },
  };
}

/** Ranges of a row that returned footage stands for. */
export function createSupersededReader(database: Database): (stored: Stored) => readonly SequenceRange[] {
  // By the index alone; nearly every stream has none.
  const find = database.prepare(`SELECT first_sequence AS first, last_sequence AS last FROM superseded
    WHERE stream = ? AND server = ? AND first_sequence <= ? AND last_sequence >= ? ORDER BY first_sequence`);
  return ({ stream, server, last_sequence: last, first_sequence: first }) =>
    (find.all(stream ?? -1, server ?? -1, last ?? -1, first ?? -1) as { first: number; last: number }[]).map(
      (range): SequenceRange => [range.first, range.last],
    );
}

/** The length of the longest segment ever stored, in the database so that opening it need not look at all rows. */
export function createLongest(database: Database): { readonly see: (id: number) => void; readonly get: () => number } {
  const read = database.prepare(`SELECT CAST(value AS INTEGER) AS value FROM settled WHERE key = '${LONGEST}'`);
  const raise = database.prepare(`INSERT INTO settled SELECT '${LONGEST}', end - start FROM segments WHERE id = ?
    ON CONFLICT DO UPDATE SET value = excluded.value WHERE CAST(excluded.value AS INTEGER) > CAST(value AS INTEGER)`);
  return { see: (id) => void raise.run(id), get: () => Number(read.get()?.['value'] ?? 0) };
}

export function valuesOf(database: Database, segment: SegmentReport): Value[] {
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

export function rowOf(database: Database, stored: Stored, superseded: readonly SequenceRange[]): SegmentRow {
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
    ...(number('partial') === 1 ? { partial: true } : {}),
    firstSequence: number('first_sequence'),
    lastSequence: number('last_sequence'),
    ...(stored.returned === null ? {} : { returned: JSON.parse(stored.returned) as ReturnNote }),
    ...(superseded.length === 0 ? {} : { superseded }),
  };
}

export const fragmentOf = ({ offset, length, sequence, start, end, key, continuous }: Stored): ScannedFragment => ({
  offset: offset ?? 0,
  length: length ?? 0,
  sequence: sequence ?? 0,
  start: start ?? 0,
  end: end ?? 0,
  key: key === 1,
  continuous: continuous === 1,
});
