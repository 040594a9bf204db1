/**
 * What is to be given back and how far it is, in `<data>/restorations.sqlite`: a restart goes on where it was, and nothing is deleted that
 * was not decided on and received. Every change is durable when the call returns.
 *
 * Belongs here: rows. Does not: what they lead to (restoration.ts).
 */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { SequenceRange, StreamKey } from '../archive/catalogue-types.ts';
import type { ReturnNote } from '../media/mp4/segment-header.ts';
import type { Receipt } from '../wire/footage-protocol.ts';
import type { RestorationOrder, RestorationState } from './restoration-types.ts';

export const RESTORATIONS_FILE = 'restorations.sqlite';

export type StoredRestoration = {
  readonly id: string;
  readonly order: RestorationOrder;
  readonly state: RestorationState;
  readonly problem: string | undefined;
  readonly startedAt: number;
  readonly finishedAt: number | undefined;
  /** It ended incomplete before, and is tried again by itself. */
  readonly isAgain?: boolean;
};
/** A segment of this server that is to go. */
export type StoredSource = StreamKey & {
  readonly restoration: string;
  readonly volumeId: string;
  readonly path: string;
  /** `settled`: it is gone from here, or adopted by the other server. */
  readonly state: 'undecided' | 'decided' | 'settled';
  /** Sequences of groups that were decided on. */
  readonly decided: readonly SequenceRange[];
  /** Of these, what is damaged here and stays: the other server has something of that time too. */
  readonly left?: readonly SequenceRange[];
  readonly bytes: number;
  readonly seconds: number;
  /** Of footage that the other server has anyway. */
  readonly knownSeconds: number;
};
/** A file that goes back, made of one source. */
export type StoredFile = {
  readonly id: string;
  readonly restoration: string;
  readonly volumeId: string;
  readonly path: string;
  readonly start: number;
  readonly runs: readonly SequenceRange[];
  readonly note: ReturnNote;
  /** About; the source's padding and start differ a little. */
  readonly bytes: number;
  readonly seconds: number;
  readonly state: 'planned' | 'received' | 'refused';
  readonly receipt: Receipt | undefined;
  /** What was received, and by which key the receipt was checked: SPKI in PEM. With the receipt it is the evidence for the deletion. */
  readonly sha256?: string;
  readonly receiptKey?: string;
  /** Damaged fragments were left out of it: its source stays. */
  readonly isPart?: boolean;
};
/** A segment that stays here by policy, for the protected server to play. */
export type StoredKept = {
  readonly serverId: string;
  readonly volumeId: string;
  readonly path: string;
  readonly note: ReturnNote;
};
type KeptKey = Pick<StoredKept, 'volumeId' | 'path'>;
export type TransferStore = {
  readonly restorations: () => readonly StoredRestoration[];
  readonly restoration: (id: string) => StoredRestoration | undefined;
  readonly putRestoration: (restoration: StoredRestoration) => void;
  readonly sources: (restoration: string) => readonly StoredSource[];
  readonly files: (restoration: string) => readonly StoredFile[];
  readonly putFile: (file: StoredFile) => void;
  /** All or nothing; `dropped` are forgotten. */
  readonly put: (
    sources: readonly StoredSource[],
    files: readonly StoredFile[],
    dropped?: readonly StoredFile[],
  ) => void;
  /** Finished ones, with all that belongs to them, but for the newest `count` and those of which footage is left. */
  readonly trim: (count: number) => void;
  /** Of one server, or of all; in order of volume and path, behind `after` (`volume/path`). */
  readonly kept: (serverId: string | undefined, after: string, limit: number) => readonly StoredKept[];
  readonly keptAt: (serverId: string, place: KeptKey) => StoredKept | undefined;
  readonly putKept: (kept: StoredKept) => void;
  readonly removeKept: (place: KeptKey) => void;
  readonly close: () => void;
};

const SCHEMA = `
  PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000; PRAGMA trusted_schema = OFF;
  CREATE TABLE IF NOT EXISTS restorations (id TEXT PRIMARY KEY, started INTEGER NOT NULL, finished INTEGER, value TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS sources (
    restoration TEXT NOT NULL, volume TEXT NOT NULL, path TEXT NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (restoration, volume, path)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS files (
    restoration TEXT NOT NULL, id TEXT NOT NULL, start INTEGER NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (restoration, id)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS kept (
    name TEXT PRIMARY KEY, server TEXT NOT NULL, value TEXT NOT NULL
  ) WITHOUT ROWID;
`;

/** @throws system errors of a disk that refuses */
export function openTransferStore(dataDirectory: string): TransferStore {
  const database = new DatabaseSync(join(dataDirectory, RESTORATIONS_FILE));
  database.exec(SCHEMA);
  // What is in a column was written from a value of that type.
  const valuesOf = (rows: readonly unknown[]): readonly never[] =>
    (rows as { readonly value: string }[]).map(({ value }) => JSON.parse(value) as never);
  const all = database.prepare('SELECT value FROM restorations ORDER BY started, id');
  const one = database.prepare('SELECT value FROM restorations WHERE id = ?');
  const put = database.prepare('INSERT OR REPLACE INTO restorations VALUES (?, ?, ?, ?)');
  const sources = database.prepare('SELECT value FROM sources WHERE restoration = ? ORDER BY volume, path');
  const putSource = database.prepare('INSERT OR REPLACE INTO sources VALUES (?, ?, ?, ?)');
  const files = database.prepare('SELECT value FROM files WHERE restoration = ? ORDER BY start, id');
  const putFile = database.prepare('INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)');
  const dropFile = database.prepare('DELETE FROM files WHERE restoration = ? AND id = ?');
  const old = database.prepare(
    `SELECT id FROM restorations WHERE finished IS NOT NULL AND json_extract(value, '$.state') <> 'incomplete'
      ORDER BY finished DESC LIMIT -1 OFFSET ?`,
  );
  const drops = ['restorations WHERE id', 'sources WHERE restoration', 'files WHERE restoration'].map((which) =>
    database.prepare(`DELETE FROM ${which} = ?`),
  );
  const storeFile = (file: StoredFile): void =>
    void putFile.run(file.restoration, file.id, Math.round(file.start), JSON.stringify(file));
  return {
    restorations: () => valuesOf(all.all()),
    restoration: (id) => valuesOf(one.all(id))[0],
    putRestoration: (restoration) => {
      const { id, startedAt, finishedAt } = restoration;
      put.run(id, Math.round(startedAt), finishedAt === undefined ? null : finishedAt, JSON.stringify(restoration));
    },
    sources: (restoration) => valuesOf(sources.all(restoration)),
    files: (restoration) => valuesOf(files.all(restoration)),
    putFile: storeFile,
    put: (changed, added, dropped = []) => {
      database.exec('BEGIN IMMEDIATE');
      try {
        for (const source of changed)
          putSource.run(source.restoration, source.volumeId, source.path, JSON.stringify(source));
        for (const { restoration, id } of dropped) dropFile.run(restoration, id);
        for (const file of added) storeFile(file);
        database.exec('COMMIT');
      } catch (error) {
        if (database.isTransaction) database.exec('ROLLBACK');
        throw error;
      }
    },
    trim: (count) => {
      for (const { id } of old.all(count) as { id: string }[]) for (const drop of drops) drop.run(id);
    },
    ...createKept(database),
    close: () => database.close(),
  };
}

function createKept(database: DatabaseSync): Pick<TransferStore, 'kept' | 'keptAt' | 'putKept' | 'removeKept'> {
  const nameOf = ({ volumeId, path }: KeptKey): string => `${volumeId}/${path}`;
  const valueOf = (row: unknown): StoredKept => JSON.parse((row as { readonly value: string }).value) as StoredKept;
  const list = database.prepare(
    'SELECT value FROM kept WHERE name > ?1 AND server = ifnull(?2, server) ORDER BY name LIMIT ?3',
  );
  const one = database.prepare('SELECT value FROM kept WHERE name = ? AND server = ?');
  const put = database.prepare('INSERT OR REPLACE INTO kept VALUES (?, ?, ?)');
  const remove = database.prepare('DELETE FROM kept WHERE name = ?');
  return {
    kept: (serverId, after, limit) => list.all(after, serverId ?? null, limit).map(valueOf),
    keptAt: (serverId, place) => {
      const row = one.get(nameOf(place), serverId);
      return row && valueOf(row);
    },
    putKept: (kept) => void put.run(nameOf(kept), kept.serverId, JSON.stringify(kept)),
    removeKept: (place) => void remove.run(nameOf(place)),
  };
}
