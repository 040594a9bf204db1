/**
 * lowdb's adapter for one settings file: durable writes, and reads that survive a damaged file.
 *
 * A file that cannot be read, parsed or validated is put aside as `<file>.bad-<time>`, the generation before (`.bak`) is used
 * and written back, and a `Recovery` says so; a file of a newer release is refused instead, because guessing would lose data.
 */
import { open, readdir, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Adapter } from 'lowdb';
import { isoOf } from '../core/clock.ts';
import type { Clock } from '../core/clock.ts';
import { backupOf, removeIfThere, replaceFile } from '../core/durable-file.ts';
import { messageOf, systemCodeOf, UnderstudyError } from '../core/errors.ts';
import type { Recovery } from './recovery.ts';

/** All settings files together (docs/design/api-security.md); `.bak` not counted. */
export const MAX_SETTINGS_BYTES: number = 2 * 1024 * 1024;
/** Of one file; the oldest goes. */
export const MAX_QUARANTINED = 5;

/** Sizes of all settings files, so that together they stay below `MAX_SETTINGS_BYTES`. */
export type SizeBudget = Map<string, number>;

export type DurableAdapter<T> = Adapter<T> & { readonly recovery: () => Recovery | undefined };
export type AdapterOptions<T> = {
  readonly path: string;
  /** @throws when the text is not a valid file of this or an older release; UnderstudyError `settings/too-new` of a newer. */
  readonly decode: (text: string) => T;
  readonly encode: (value: T) => string;
  readonly budget: SizeBudget;
  readonly clock: Clock;
};

export function createDurableAdapter<T>(options: AdapterOptions<T>): DurableAdapter<T> {
  let recovery: Recovery | undefined;
  return {
    recovery: () => recovery,
    read: async () => {
      const current = await readGeneration(options.path, options.decode);
      if (current.kind === 'read') return current.value;
      const previous = await readGeneration(backupOf(options.path), options.decode);
      if (current.kind === 'absent' && previous.kind === 'absent') return null;
      const found = await recover(options, current, previous);
      recovery = found.recovery;
      return found.value ?? null;
    },
    write: async (value) => {
      const text = options.encode(value);
      claim(options, Buffer.byteLength(text));
      await replaceFile(options.path, text, true);
    },
  };
}

type Generation<T> =
  | { readonly kind: 'read'; readonly value: T }
  | { readonly kind: 'absent' }
  | { readonly kind: 'bad'; readonly reason: string };

async function readGeneration<T>(path: string, decode: (text: string) => T): Promise<Generation<T>> {
  try {
    return { kind: 'read', value: decode(await readBounded(path)) };
  } catch (error) {
    if (error instanceof UnderstudyError && error.code === 'settings/too-new') throw error;
    const code = systemCodeOf(error);
    if (code === 'ENOENT') return { kind: 'absent' };
    if (code === 'EACCES' || code === 'EPERM') {
      throw new UnderstudyError('storage', 'settings/no-access', `${path} belongs to somebody else: ${code}`, {
        cause: error,
      });
    }
    return { kind: 'bad', reason: messageOf(error) };
  }
}

async function readBounded(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    if (size > MAX_SETTINGS_BYTES) throw new RangeError(`${size} bytes, at most ${MAX_SETTINGS_BYTES} are expected`);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

type Recovered<T> = { readonly value: T | undefined; readonly recovery: Recovery };
async function recover<T>(
  options: AdapterOptions<T>,
  current: Generation<T>,
  previous: Generation<T>,
): Promise<Recovered<T>> {
  const { path, clock } = options;
  const file = basename(path);
  const quarantined = current.kind === 'bad' ? await quarantine(path, path, clock) : undefined;
  const why = current.kind === 'bad' ? `could not be read (${current.reason})` : 'was missing';
  if (previous.kind === 'read') {
    await replaceFile(path, options.encode(previous.value), false);
    const message = `${file} ${why}; the generation before it is in use. The last change may be missing.`;
    return { value: previous.value, recovery: { file, outcome: 'previous', quarantined, message } };
  }
  if (previous.kind === 'bad') await quarantine(backupOf(path), path, clock);
  const message = `${file} ${why}, and so was the generation before it: it starts empty. Restore a backup.`;
  return { value: undefined, recovery: { file, outcome: 'lost', quarantined, message } };
}

async function quarantine(path: string, named: string, clock: Clock): Promise<string> {
  const folder = dirname(path);
  const prefix = `${basename(named)}.bad-`;
  const older = (await readdir(folder)).filter((name) => name.startsWith(prefix)).sort();
  for (const name of older.slice(0, Math.max(0, older.length - MAX_QUARANTINED + 1))) {
    await removeIfThere(join(folder, name));
  }
  const time = isoOf(clock.now()).replaceAll(':', '');
  let target = join(folder, `${prefix}${time}`);
  for (let count = 1; older.includes(basename(target)) || target === path; count += 1) {
    target = join(folder, `${prefix}${time}-${count}`);
  }
  await rename(path, target);
  return target;
}

function claim<T>({ path, budget }: AdapterOptions<T>, size: number): void {
  let others = 0;
  for (const [file, bytes] of budget) if (file !== path) others += bytes;
  if (others + size > MAX_SETTINGS_BYTES) {
    const message = `All settings together would take ${others + size} bytes; at most ${MAX_SETTINGS_BYTES} are kept.`;
    throw new UnderstudyError('limit', 'settings/too-large', message);
  }
  budget.set(path, size);
}
