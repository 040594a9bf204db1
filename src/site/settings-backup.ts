/**
 * What a failover server keeps of a protected server, so that it can act for it: everything but keys, sessions and peers.
 * Belongs here: the document and its revision. Does not: files and their encryption (settings/backup-store.ts).
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { tokenRecordSchema, userRecordSchema } from './account.ts';
import { cameraSettingsSchema, MAX_CAMERAS, nameSchema } from './camera.ts';
import { licenceRecordSchema } from './licence-records.ts';
import { MAX_LICENCES } from './licence.ts';
import { MAX_VOLUMES, serverSettingsSchema, volumeSettingsSchema } from './server-settings.ts';

export const MAX_BACKUP_BYTES: number = 4 * 1024 * 1024;

export const settingsBackupSchema = z.strictObject({
  format: z.literal(1),
  serverId: z.string(),
  name: nameSchema,
  /** Of the software that wrote it. */
  version: z.string().max(32),
  /** Wall milliseconds of the protected server. */
  takenAt: z.number(),
  /** Over everything below: equal settings have equal revisions. */
  revision: z.string().regex(/^[0-9a-f]{32}$/),
  suitability: z.strictObject({
    platform: z.string().max(32),
    frameGrabbers: z.array(z.string().max(200)).max(32),
  }),
  settings: z.strictObject({
    server: serverSettingsSchema,
    cameras: z.array(cameraSettingsSchema).max(MAX_CAMERAS),
    volumes: z.array(volumeSettingsSchema).max(MAX_VOLUMES),
    users: z.array(userRecordSchema),
    tokens: z.array(tokenRecordSchema),
    /** Plain here, because another box has another key; the file around it is encrypted. */
    secrets: z.record(z.string().max(256), z.string().max(4096)),
    /** Its own ones, if it has any: whoever takes its place has them then. */
    licences: z.array(licenceRecordSchema).max(MAX_LICENCES).optional(),
  }),
});
export type SettingsBackup = z.infer<typeof settingsBackupSchema>;
export type BackedUpSettings = SettingsBackup['settings'];

/**
 * The same for equal settings, whatever the order of their keys. The epoch and uses of tokens are left out: they change
 * without anybody's doing.
 */
export function revisionOf(settings: BackedUpSettings): string {
  const { server, tokens, ...rest } = settings;
  const stable = {
    ...rest,
    server: { ...server, epoch: 0 },
    tokens: tokens.map((token) => ({ ...token, lastUsedAt: 0 })),
  };
  return createHash('sha256').update(canonicalJson(stable)).digest('hex').slice(0, 32);
}

/** JSON with the keys of every object in order. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
  });
}
