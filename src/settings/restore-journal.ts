/**
 * What makes a restore of settings all or nothing: `<data>/settings-restore/wanted.backup`, there from the moment at which the new settings are
 * in force until every settings file has them; whoever finds it at the start writes them to the end, if nobody changed a file since. Under the key
 * of this box (sealed-backup.ts). Before the settings stands one line: when each settings file was written last. What is in it does not tell:
 * who takes back what a restore brought has the file as it was.
 */
import { mkdir, readdir, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { removeIfThere, replaceFile, syncDirectory, TEMPORARY_FILE } from '../core/durable-file.ts';
import { systemCodeOf } from '../core/errors.ts';
import { KEPT, seal, unseal } from './sealed-backup.ts';

/** Those that a restore writes, but for sessions. */
const FILES = ['cameras', 'failover', 'secrets', 'server', 'site', 'users'] as const;
export type RestoredFile = (typeof FILES)[number];

export type FoundJournal = {
  readonly plain: Uint8Array;
  /** Written since it was kept, by the restore itself or by others. */
  readonly written: readonly RestoredFile[];
};
export type RestoreJournal = {
  /** Durable when it resolves. */
  readonly keep: (plain: Uint8Array) => Promise<void>;
  /** `damaged`: there is something that does not open. */
  readonly load: () => Promise<FoundJournal | 'damaged' | undefined>;
  /** Never carried out any more, but not lost: `set-aside.backup`. */
  readonly setAside: () => Promise<void>;
  /** Durable when it resolves. */
  readonly forget: () => Promise<void>;
};

/** `key`: of this box alone. */
export function createRestoreJournal(dataDir: string, key: Uint8Array): RestoreJournal {
  const folder = join(dataDir, 'settings-restore');
  const file = join(folder, 'wanted.backup');
  return {
    keep: async (plain) => {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      for (const name of await readdir(folder)) if (TEMPORARY_FILE.test(name)) await removeIfThere(join(folder, name));
      const line = Buffer.from(`${JSON.stringify(await stampsOf(dataDir))}\n`);
      await replaceFile(file, await seal(Buffer.concat([line, plain]), key, KEPT), false);
      await syncDirectory(dataDir);
    },
    load: async () => {
      const bytes = await bytesOf(file);
      if (bytes === undefined) return undefined;
      const opened = await unseal(bytes, key, KEPT);
      return opened.kind === 'open' ? foundIn(opened.plain, await stampsOf(dataDir)) : 'damaged';
    },
    setAside: async () => {
      await rename(file, join(folder, 'set-aside.backup'));
      await syncDirectory(folder);
    },
    forget: async () => {
      await removeIfThere(file);
      await syncDirectory(folder);
    },
  };
}

type Stamps = Readonly<Record<string, string>>;
const stampsSchema = z.record(z.string(), z.string());

async function stampsOf(dataDir: string): Promise<Stamps> {
  const stamps = FILES.map(async (name) => [name, await stampOf(join(dataDir, 'settings', `${name}.json`))] as const);
  return Object.fromEntries(await Promise.all(stamps));
}

/** Each write makes another file. */
async function stampOf(path: string): Promise<string> {
  const { mtimeNs, size } = await stat(path, { bigint: true });
  return `${mtimeNs}/${size}`;
}

function foundIn(bytes: Buffer, now: Stamps): FoundJournal | 'damaged' {
  const end = bytes.indexOf('\n');
  try {
    const then = stampsSchema.parse(JSON.parse(bytes.subarray(0, end).toString('utf8')));
    return { plain: bytes.subarray(end + 1), written: FILES.filter((name) => now[name] !== then[name]) };
  } catch {
    return 'damaged';
  }
}

async function bytesOf(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
