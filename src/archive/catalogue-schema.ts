/**
 * The tables of the catalogue, as steps from one version to the next (`PRAGMA user_version`). A step that has shipped is never edited.
 * docs/design/archive.md explains them. `names` holds every text that comes again (volumes, servers, layouts, codecs, streams as `camera/stream`).
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE names (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
  CREATE TABLE segments (
    id INTEGER PRIMARY KEY,
    stream INTEGER NOT NULL, volume INTEGER NOT NULL, path TEXT NOT NULL,
    server INTEGER NOT NULL, epoch INTEGER NOT NULL,
    start INTEGER NOT NULL, end INTEGER NOT NULL, bytes INTEGER NOT NULL, init_length INTEGER NOT NULL,
    layout INTEGER NOT NULL, video_codec INTEGER NOT NULL, video_string INTEGER NOT NULL,
    width INTEGER NOT NULL, height INTEGER NOT NULL, audio_codec INTEGER, audio_string INTEGER,
    open INTEGER NOT NULL, first_sequence INTEGER NOT NULL, last_sequence INTEGER NOT NULL,
    keys BLOB, spans BLOB
  );
  CREATE UNIQUE INDEX segments_by_path ON segments (volume, path);
  CREATE INDEX segments_by_time ON segments (stream, start);
  CREATE INDEX segments_by_sequence ON segments (stream, volume, first_sequence);
  CREATE INDEX segments_open ON segments (id) WHERE open = 1;
  CREATE TABLE totals (
    stream INTEGER NOT NULL, volume INTEGER NOT NULL, segments INTEGER NOT NULL, bytes INTEGER NOT NULL,
    PRIMARY KEY (stream, volume)
  ) WITHOUT ROWID;
  CREATE TRIGGER segments_added AFTER INSERT ON segments BEGIN
    INSERT INTO totals VALUES (new.stream, new.volume, 1, new.bytes)
      ON CONFLICT DO UPDATE SET segments = segments + 1, bytes = bytes + new.bytes;
  END;
  CREATE TRIGGER segments_grown AFTER UPDATE OF bytes ON segments WHEN new.bytes <> old.bytes BEGIN
    UPDATE totals SET bytes = bytes + new.bytes - old.bytes WHERE stream = new.stream AND volume = new.volume;
  END;
  CREATE TRIGGER segments_removed AFTER DELETE ON segments BEGIN
    UPDATE totals SET segments = segments - 1, bytes = bytes - old.bytes
      WHERE stream = old.stream AND volume = old.volume;
    DELETE FROM totals WHERE stream = old.stream AND volume = old.volume AND segments = 0;
    DELETE FROM fragments WHERE segment = old.id;
  END;
  CREATE TABLE fragments (
    segment INTEGER NOT NULL, sequence INTEGER NOT NULL, offset INTEGER NOT NULL, length INTEGER NOT NULL,
    start INTEGER NOT NULL, end INTEGER NOT NULL, key INTEGER NOT NULL, continuous INTEGER NOT NULL,
    PRIMARY KEY (segment, sequence)
  ) WITHOUT ROWID;
  CREATE TABLE gaps (
    id INTEGER PRIMARY KEY, stream INTEGER NOT NULL, start INTEGER NOT NULL, end INTEGER,
    cause TEXT NOT NULL, access_units INTEGER, detail TEXT NOT NULL
  );
  CREATE INDEX gaps_by_end ON gaps (stream, end);
  CREATE UNIQUE INDEX gaps_open ON gaps (stream) WHERE end IS NULL;
  CREATE TABLE expectations (id INTEGER PRIMARY KEY, stream INTEGER NOT NULL, start INTEGER NOT NULL, end INTEGER);
  CREATE INDEX expectations_by_end ON expectations (stream, end);
  CREATE UNIQUE INDEX expectations_open ON expectations (stream) WHERE end IS NULL;
  CREATE TABLE services (
    service TEXT NOT NULL, instance TEXT NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL,
    PRIMARY KEY (service, instance)
  ) WITHOUT ROWID;
  CREATE INDEX services_by_end ON services (service, end);
  CREATE TABLE removed (
    id INTEGER PRIMARY KEY, stream INTEGER NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL, cause TEXT NOT NULL
  );
  CREATE INDEX removed_by_end ON removed (stream, end);
  CREATE TABLE settled (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE log (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, severity TEXT NOT NULL, code TEXT NOT NULL,
    message TEXT NOT NULL, camera TEXT, volume TEXT, user TEXT
  );
  CREATE INDEX log_by_camera ON log (camera, id) WHERE camera IS NOT NULL;
  CREATE INDEX log_by_severity ON log (severity, id);
  CREATE INDEX log_by_code ON log (code, id);
  CREATE TABLE exports (id TEXT PRIMARY KEY, created_at INTEGER NOT NULL, job TEXT NOT NULL) WITHOUT ROWID;
  `,
  // Footage that other servers gave back (docs/design/restoration.md). Sequences of several servers stand in one stream from here on.
  `
  ALTER TABLE segments ADD COLUMN return_id TEXT;
  ALTER TABLE segments ADD COLUMN returned TEXT;
  CREATE INDEX segments_returned ON segments (return_id) WHERE return_id IS NOT NULL;
  DROP INDEX segments_by_sequence;
  CREATE INDEX segments_by_sequence ON segments (stream, volume, server, first_sequence);
  CREATE TABLE superseded (
    segment INTEGER NOT NULL, stream INTEGER NOT NULL, server INTEGER NOT NULL,
    first_sequence INTEGER NOT NULL, last_sequence INTEGER NOT NULL
  );
  CREATE INDEX superseded_by_sequence ON superseded (stream, server, first_sequence, last_sequence);
  CREATE INDEX superseded_by_segment ON superseded (segment);
  CREATE TRIGGER segments_superseding_removed AFTER DELETE ON segments BEGIN
    DELETE FROM superseded WHERE segment = old.id;
  END;
  CREATE TABLE receipts (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, receipt TEXT NOT NULL);
  `,
];
