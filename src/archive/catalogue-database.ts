/**
 * The SQLite file under the catalogue: opening, migrating, moving a damaged one aside, transactions, interned texts.
 * Belongs here: what every table needs. Does not: any table (catalogue-*.ts).
 */
import { existsSync, renameSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { StatementSync } from 'node:sqlite';
import { isoOf } from '../core/clock.ts';
import { messageOf, UnderstudyError } from '../core/errors.ts';
import type { EpochMs } from '../core/units.ts';
import { MIGRATIONS } from './catalogue-schema.ts';
import type { StreamKey } from './catalogue-types.ts';

/** What statements take. */
export type Value = number | string | Uint8Array | null;
export type Database = {
  readonly prepare: (sql: string) => StatementSync;
  readonly transaction: <T>(run: () => T, durability?: 'durable') => T;
  /** The number of a text, made if it is new. */
  readonly idOf: (text: string) => number;
  /** The number of a text that is known, else -1, which no row has. */
  readonly knownIdOf: (text: string) => number;
  readonly textOf: (id: number) => string;
  readonly close: () => void;
};
export type OpenedDatabase = {
  readonly database: Database;
  readonly condition: 'sound' | 'new' | 'rebuild-needed';
  readonly movedTo: string | undefined;
};

/** @throws UnderstudyError `catalogue/newer` if a later version of the product made it; system errors of a bad disk */
export function openDatabase(file: string, now: EpochMs): OpenedDatabase {
  const isNew = !existsSync(file);
  try {
    const { connection, wasEmpty } = connect(file);
    // A file without a single table was cut to nothing: a file of ours is never seen like that.
    const condition = isNew ? 'new' : wasEmpty ? 'rebuild-needed' : 'sound';
    return { database: databaseOf(connection), condition, movedTo: undefined };
  } catch (error) {
    if (isNew || !isDamage(error)) throw error;
    const movedTo = moveAside(file, now);
    return { database: databaseOf(connect(file).connection), condition: 'rebuild-needed', movedTo };
  }
}

export const streamTextOf = ({ cameraId, stream }: StreamKey): string => `${cameraId}/${stream}`;
export function parseStreamText(text: string): StreamKey {
  const slash = text.lastIndexOf('/');
  return { cameraId: text.slice(0, slash), stream: text.slice(slash + 1) === 'sub' ? 'sub' : 'main' };
}

function connect(file: string): { readonly connection: DatabaseSync; readonly wasEmpty: boolean } {
  const connection = new DatabaseSync(file);
  try {
    // A NAS has little memory: 2 MB of cache, and a WAL that is cut back to 4 MB after a burst.
    connection.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -2000;
      PRAGMA journal_size_limit = 4194304; PRAGMA busy_timeout = 5000; PRAGMA trusted_schema = OFF;`);
    const answer = Object.values(connection.prepare('PRAGMA quick_check(1)').get() ?? {})[0];
    if (answer !== 'ok') throw new Error(`database disk image is malformed: ${String(answer)}`);
    return { connection, wasEmpty: migrate(connection, file) === 0 };
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** The version it had. */
function migrate(connection: DatabaseSync, file: string): number {
  const version = Number(Object.values(connection.prepare('PRAGMA user_version').get() ?? {})[0]);
  if (version > MIGRATIONS.length)
    throw new UnderstudyError(
      'unsupported',
      'catalogue/newer',
      `${file} has version ${version}, this release knows ${MIGRATIONS.length}; install the release that made it, or move the file away to have it rebuilt`,
    );
  for (const [index, sql] of MIGRATIONS.entries()) {
    if (index < version) continue;
    connection.exec(`BEGIN IMMEDIATE; ${sql}; PRAGMA user_version = ${index + 1}; COMMIT;`);
  }
  return version;
}

/** SQLITE_CORRUPT (11) and SQLITE_NOTADB (26), and what `quick_check` said. */
function isDamage(error: unknown): boolean {
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0;
  return code === 11 || code === 26 || /malformed|not a database/.test(messageOf(error));
}

/** Kept for a person to look at; the write-ahead log belongs to it. */
function moveAside(file: string, now: EpochMs): string {
  const base = `${file}.damaged-${isoOf(now).replaceAll(/[:.]/g, '')}`;
  let target = base;
  for (let copy = 2; existsSync(target); copy += 1) target = `${base}-${copy}`;
  for (const suffix of ['', '-wal', '-shm'])
    if (existsSync(`${file}${suffix}`)) renameSync(`${file}${suffix}`, `${target}${suffix}`);
  return target;
}

function databaseOf(connection: DatabaseSync): Database {
  const ids = new Map<string, number>();
  const texts = new Map<number, string>();
  const findId = connection.prepare('SELECT id FROM names WHERE text = ?');
  const findText = connection.prepare('SELECT text FROM names WHERE id = ?');
  const addText = connection.prepare('INSERT INTO names (text) VALUES (?) RETURNING id');
  const knownIdOf = (text: string): number => {
    const known = ids.get(text);
    if (known !== undefined) return known;
    const row = findId.get(text);
    if (row === undefined) return -1;
    ids.set(text, Number(row['id']));
    return Number(row['id']);
  };
  const forget = (): void => {
    ids.clear();
    texts.clear();
  };
  return {
    prepare: (sql) => connection.prepare(sql),
    transaction: transactions(connection, forget),
    knownIdOf,
    idOf: (text) => {
      const known = knownIdOf(text);
      if (known !== -1) return known;
      const id = Number(addText.get(text)?.['id']);
      ids.set(text, id);
      return id;
    },
    textOf: (id) => {
      const known = texts.get(id);
      if (known !== undefined) return known;
      const text = String(findText.get(id)?.['text'] ?? '');
      texts.set(id, text);
      return text;
    },
    close: () => connection.close(),
  };
}

/** `rolledBack`: texts numbered in it may be gone again. */
function transactions(connection: DatabaseSync, rolledBack: () => void): Database['transaction'] {
  let depth = 0;
  return (run, durability) => {
    if (depth > 0) return run();
    // A commit with FULL syncs the write-ahead log, and with it every commit before.
    if (durability) connection.exec('PRAGMA synchronous = FULL');
    connection.exec('BEGIN IMMEDIATE');
    depth += 1;
    try {
      const result = run();
      connection.exec('COMMIT');
      return result;
    } catch (error) {
      if (connection.isTransaction) connection.exec('ROLLBACK');
      rolledBack();
      throw error;
    } finally {
      depth -= 1;
      if (durability) connection.exec('PRAGMA synchronous = NORMAL');
    }
  };
}
