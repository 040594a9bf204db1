/**
 * One settings file: its schema, the value in memory, and updates that are durable before they are answered.
 * Belongs here: read-modify-write under one mutex, validation, migration. Does not: bytes on disk (durable-adapter.ts).
 */
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { Low } from 'lowdb';
import { z } from 'zod';
import type { Cancel, Clock } from '../core/clock.ts';
import { systemCodeOf, UnderstudyError } from '../core/errors.ts';
import { createDurableAdapter } from './durable-adapter.ts';
import type { DurableAdapter, SizeBudget } from './durable-adapter.ts';
import type { Recovery } from './recovery.ts';

export type SettingsFile<T> = {
  /** The last durable value. Treat it as frozen. */
  readonly get: () => T;
  /**
   * Read-modify-write, one after the other. `change` gets the current value and returns the next one; if it throws, nothing
   * changes. Resolves when the new value is durable. The same value returned writes nothing.
   * @throws UnderstudyError `settings/invalid`, `settings/too-large`, `settings/write-failed`
   */
  readonly update: (change: (current: T) => T) => Promise<T>;
  /** Called after each durable change. */
  readonly onChange: (listener: (value: T) => void) => Cancel;
};

/** From version n to n + 1, at index n - 1. */
export type Migration = (older: unknown) => unknown;

export type SettingsFileOptions<T> = {
  readonly path: string;
  readonly schema: z.ZodType<T>;
  /** `[]`: version 1. Files are written as version `migrations.length + 1`. */
  readonly migrations: readonly Migration[];
  readonly initial: T;
  readonly budget: SizeBudget;
  readonly clock: Clock;
};
export type OpenedFile<T> = { readonly file: SettingsFile<T>; readonly recovery: Recovery | undefined };

/** Reads the file, or writes `initial` when there is none. */
export async function openSettingsFile<T>(options: SettingsFileOptions<T>): Promise<OpenedFile<T>> {
  const adapter = createDurableAdapter<T>({
    path: options.path,
    decode: (text) => decode(text, options),
    encode: (value) => `${JSON.stringify({ version: options.migrations.length + 1, data: value }, undefined, 1)}\n`,
    budget: options.budget,
    clock: options.clock,
  });
  const db = new Low<T>(adapter, options.initial);
  const found = await adapter.read();
  if (found === null) await db.write();
  else db.data = found;
  options.budget.set(options.path, (await stat(options.path)).size);
  return { file: createFile(db, adapter, options), recovery: adapter.recovery() };
}

function createFile<T>(db: Low<T>, adapter: DurableAdapter<T>, options: SettingsFileOptions<T>): SettingsFile<T> {
  const listeners = new Set<(value: T) => void>();
  let last: Promise<unknown> = Promise.resolve();
  const updateNow = async (change: (current: T) => T): Promise<T> => {
    const wanted = change(db.data);
    if (wanted === db.data) return wanted;
    const next = validated(wanted, options);
    await written(adapter, next, options.path);
    db.data = next;
    for (const listener of listeners) listener(next);
    return next;
  };
  return {
    get: () => db.data,
    update: async (change) => {
      const turn = last.then(() => updateNow(change));
      last = turn.catch(() => undefined);
      return await turn;
    },
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

async function written<T>(adapter: DurableAdapter<T>, value: T, path: string): Promise<void> {
  try {
    await adapter.write(value);
  } catch (error) {
    if (error instanceof UnderstudyError) throw error;
    const message = `${basename(path)} could not be written (${systemCodeOf(error) ?? 'unknown error'}): nothing was changed.`;
    throw new UnderstudyError('storage', 'settings/write-failed', message, { cause: error });
  }
}

function validated<T>(value: unknown, { schema, path }: SettingsFileOptions<T>): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [first] = result.error.issues;
  const where = first?.path.join('.') ?? '';
  throw new UnderstudyError(
    'invalid',
    'settings/invalid',
    `${basename(path)}: ${where}: ${first?.message ?? 'invalid'}`,
  );
}

const envelope = z.strictObject({ version: z.number().int().min(1), data: z.unknown() });

function decode<T>(text: string, options: SettingsFileOptions<T>): T {
  const { version, data } = envelope.parse(JSON.parse(text));
  const newest = options.migrations.length + 1;
  if (version > newest) {
    const message = `${options.path} was written by a newer release (version ${version}, this one knows ${newest}): install that release or restore a backup.`;
    throw new UnderstudyError('unsupported', 'settings/too-new', message);
  }
  const migrated = options.migrations.slice(version - 1).reduce<unknown>((older, migrate) => migrate(older), data);
  return validated(migrated, options);
}
