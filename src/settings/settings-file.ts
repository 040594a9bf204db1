/**
 * One settings file: its schema, the value in memory, and updates that are durable before they are answered.
 * Belongs here: read-modify-write under one mutex, validation, migration. Does not: bytes on disk (durable-adapter.ts).
 */
import type { Cancel } from '../core/clock.ts';

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
