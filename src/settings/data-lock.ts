/**
 * One control process for a data directory. The supervisor's own lock (supervisor/instance.ts) does without SQLite, which would cost it memory for ever.
 *
 * The lock is SQLite's exclusive lock on `<data>/control.lock`: an fcntl lock that the kernel drops with the process, whatever
 * ends it, and that is seen from other containers too. So there is never a stale lock to judge; the pid in `control.pid` is
 * for the message only.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { isRefusalOfDisk, UnderstudyError } from '../core/errors.ts';

export type DataLock = { readonly release: () => void };

/** @throws UnderstudyError `settings/in-use`, naming the process that holds it. */
export function lockDataDirectory(dataDir: string): DataLock {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const pidFile = join(dataDir, 'control.pid');
  const database = new DatabaseSync(join(dataDir, 'control.lock'));
  try {
    // no journal: nothing is ever written, only the lock is wanted
    database.exec('PRAGMA journal_mode = OFF; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    throw isRefusalOfDisk(error) ? error : inUse(dataDir, pidFile, error);
  }
  try {
    writeFileSync(pidFile, `${process.pid}\n`, { mode: 0o600 });
  } catch {
    // It is for a message only; what a full disk refuses that matters is told by whoever needs it.
  }
  const release = (): void => {
    if (!database.isOpen) return;
    rmSync(pidFile, { force: true });
    database.close();
    process.off('exit', release);
  };
  // Also keeps `database` reachable: collected as garbage it would close, and the lock would be gone.
  process.on('exit', release);
  return { release };
}

function inUse(dataDir: string, pidFile: string, cause: unknown): UnderstudyError {
  const pid = pidIn(pidFile);
  const holder = pid === undefined ? 'another process' : `process ${pid}`;
  const message = `${dataDir} is in use by ${holder}. Stop that one first, or give this one a data directory of its own.`;
  return new UnderstudyError('conflict', 'settings/in-use', message, { context: { pid }, cause });
}

function pidIn(path: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(path, 'utf8'), 10);
    return Number.isSafeInteger(pid) ? pid : undefined;
  } catch {
    return undefined;
  }
}
