/**
 * Settings backups of protected servers on disk: `<backups>/<serverId>/<number>-<time>.backup`, versioned, encrypted,
 * authenticated (docs/design/settings-backups.md). The newest one that opens is the one that counts.
 *
 * Belongs here: files, which to keep. Does not: when a backup is taken (control/backups.ts), what it holds
 * (site/settings-backup.ts), its bytes (sealed-backup.ts).
 */
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isoOf } from '../core/clock.ts';
import { removeIfThere, replaceFile, TEMPORARY_FILE } from '../core/durable-file.ts';
import { messageOf, UnderstudyError } from '../core/errors.ts';
import { namesIn } from '../core/folder.ts';
import { isServerId } from '../core/ids.ts';
import { epochMs } from '../core/units.ts';
import { MAX_BACKUP_BYTES, settingsBackupSchema } from '../site/settings-backup.ts';
import type { SettingsBackup } from '../site/settings-backup.ts';
import { KEPT, seal, unseal } from './sealed-backup.ts';

/** Of one server; the oldest go first. */
export const MAX_BACKUPS = 30;
const NAME = /^(\d{8})-(\d{8}T\d{6}Z)\.backup$/;

export type BackupEntry = {
  readonly serverId: string;
  readonly number: number;
  readonly file: string;
};
export type LoadedBackup = {
  readonly backup: SettingsBackup | undefined;
  readonly entry: BackupEntry | undefined;
  /** Newer ones that did not open, with the reason: each is an alarm. */
  readonly damaged: readonly { readonly file: string; readonly message: string }[];
};
export type BackupStore = {
  /** Durable when it resolves. @throws system errors, UnderstudyError `backup/too-large` */
  readonly save: (backup: SettingsBackup) => Promise<BackupEntry>;
  /** The newest that opens. */
  readonly load: (serverId: string) => Promise<LoadedBackup>;
  /** Newest first. */
  readonly list: (serverId: string) => Promise<readonly BackupEntry[]>;
  /** Of a server that is not protected any more. */
  readonly forget: (serverId: string) => Promise<void>;
};

/** `key`: 32 bytes, of this box alone. `directory` is asked each time: its setting may change. `keep`: so many of a server. */
export function createBackupStore(directory: () => string, key: Uint8Array, keep: number = MAX_BACKUPS): BackupStore {
  const folderOf = (serverId: string): string => {
    if (!isServerId(serverId)) throw new TypeError('a backup needs a server id');
    return join(directory(), serverId);
  };
  const list = async (serverId: string): Promise<readonly BackupEntry[]> => {
    const names = await namesIn(folderOf(serverId));
    return names
      .flatMap((name) => {
        const number = NAME.exec(name)?.[1];
        return number === undefined ? [] : [{ serverId, number: Number(number), file: join(folderOf(serverId), name) }];
      })
      .sort((a, b) => b.number - a.number);
  };
  return {
    list,
    save: async (backup) => {
      const folder = folderOf(backup.serverId);
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await removeLeftovers(folder);
      const before = await list(backup.serverId);
      const number = (before[0]?.number ?? 0) + 1;
      const time = isoOf(epochMs(backup.takenAt)).replaceAll(/[-:]|\.\d+/g, '');
      const name = `${String(number).padStart(8, '0')}-${time}.backup`;
      const file = join(folder, name);
      await replaceFile(file, await sealed(backup, key), false);
      for (const { file: old } of before.slice(keep - 1)) await removeIfThere(old);
      return { serverId: backup.serverId, number, file };
    },
    load: async (serverId) => {
      const damaged: { file: string; message: string }[] = [];
      for (const entry of await list(serverId)) {
        try {
          const backup = await open(await readFile(entry.file), key);
          if (backup.serverId !== serverId) throw unusable('it belongs to another server');
          return { backup, entry, damaged };
        } catch (error) {
          damaged.push({ file: entry.file, message: messageOf(error) });
        }
      }
      return { backup: undefined, entry: undefined, damaged };
    },
    forget: async (serverId) => await rm(folderOf(serverId), { recursive: true, force: true }),
  };
}

const unusable = (why: string): UnderstudyError =>
  new UnderstudyError('corrupt', 'backup/damaged', `This settings backup cannot be used: ${why}.`);

async function sealed(backup: SettingsBackup, key: Uint8Array): Promise<Buffer> {
  const plain = Buffer.from(JSON.stringify(backup));
  if (plain.length <= MAX_BACKUP_BYTES) return await seal(plain, key, KEPT);
  const message = `The settings of ${backup.name} have ${plain.length} bytes; a backup holds at most ${MAX_BACKUP_BYTES}.`;
  throw new UnderstudyError('limit', 'backup/too-large', message);
}

const WHY = {
  foreign: 'it does not begin as one',
  newer: 'a newer release made it',
  length: 'its length is wrong',
  altered: 'it was altered, or was made with another key',
  'wrong-key': 'it was made with another key',
} as const;

/** @throws UnderstudyError `backup/damaged` */
async function open(bytes: Buffer, key: Uint8Array): Promise<SettingsBackup> {
  const opened = await unseal(bytes, key, KEPT);
  if (opened.kind !== 'open') throw unusable(WHY[opened.kind]);
  const parsed = settingsBackupSchema.safeParse(JSON.parse(opened.plain.toString('utf8')));
  if (!parsed.success) throw unusable(`its contents are not as expected (${parsed.error.issues[0]?.message ?? ''})`);
  return parsed.data;
}

async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await namesIn(folder)) if (TEMPORARY_FILE.test(name)) await removeIfThere(join(folder, name));
}
