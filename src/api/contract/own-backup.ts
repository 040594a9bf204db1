/** Settings of this server as its owner takes them away and puts them back. */
import { z } from 'zod';
import { nameSchema } from '../../site/camera.ts';
import { cmsMode } from './server.ts';
import { isoTime } from './common.ts';

/** Whoever has the file can guess at leisure. */
const newPassphrase = z.string().min(10, 'A passphrase has at least 10 characters').max(256);
export const backUpSettingsRequest = z.strictObject({ passphrase: newPassphrase });

/** 4 MiB of settings (site/settings-backup.ts) as base64. */
export const MAX_BACKUP_CHARACTERS = 5_600_000;
/** Of the whole request. */
export const MAX_RESTORE_BYTES: number = MAX_BACKUP_CHARACTERS + 4096;

export const restoreSettingsRequest = z.strictObject({
  /** The file, base64. */
  backup: z
    .string()
    .min(1)
    .max(MAX_BACKUP_CHARACTERS)
    .regex(/^[A-Za-z0-9+/]*={0,2}$/, 'Expected the file in base64'),
  passphrase: z.string().max(256),
  /** The name that this server has now; absent: only what would change is shown. */
  confirm: z.string().max(64).optional(),
  /** As shown: nothing is changed if somebody else changed these settings since. */
  revision: z.string().max(64).optional(),
});

const named = z.object({ id: z.string(), name: z.string() });
const changesOf = <T extends z.ZodType>(
  item: T,
): z.ZodObject<{ added: z.ZodArray<T>; changed: z.ZodArray<T>; removed: z.ZodArray<T> }> =>
  z.object({ added: z.array(item), changed: z.array(item), removed: z.array(item) });

export const restoreSettingsResult = z.object({
  /** False: this is what would change. */
  restored: z.boolean(),
  backup: z.object({
    serverId: z.string(),
    name: nameSchema,
    /** Of the software that made it. */
    version: z.string(),
    takenAt: isoTime,
    /** Else it is of another box: what is about places stays as it is here. */
    ofThisServer: z.boolean(),
  }),
  /** Of the settings of this server as they were compared with the backup. */
  revision: z.string(),
  name: z.object({ before: z.string(), after: z.string() }),
  mode: z.object({ before: cmsMode, after: cmsMode }),
  cameras: changesOf(named).extend({ unchanged: z.number().int() }),
  /** By user name; whose password, role or cameras change is signed out. */
  users: changesOf(z.string()),
  tokens: changesOf(z.string()),
  /** Names of other settings that get another value. */
  settings: z.array(z.string()),
  /** Folders that the backed up server recorded to and this one does not: volumes are added by hand. */
  volumesMissing: z.array(z.string()),
});
export type RestoreSettingsResult = z.infer<typeof restoreSettingsResult>;
