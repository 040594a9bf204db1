/**
 * Everything this box remembers about itself: `<data>/settings/*.json` and `<data>/keys/`.
 * Belongs here: which files there are and opening them all. Does not: how one is kept (settings-file.ts, durable-adapter.ts).
 */
import { chmod, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Clock } from '../core/clock.ts';
import { removeIfThere, TEMPORARY_FILE } from '../core/durable-file.ts';
import { createServerId } from '../core/ids.ts';
import type { Log } from '../core/log.ts';
import {
  endedSessionSchema,
  MAX_ENDED_SESSIONS,
  MAX_SESSIONS_PER_USER,
  MAX_USERS,
  sessionRecordSchema,
} from '../site/account.ts';
import type { EndedSession, SessionRecord } from '../site/account.ts';
import { cameraSettingsSchema, MAX_CAMERAS } from '../site/camera.ts';
import { nameProblemOf } from '../site/name.ts';
import type { CameraSettings } from '../site/camera.ts';
import { failoverSettingsSchema } from '../site/failover-settings.ts';
import type { FailoverSettings } from '../site/failover-settings.ts';
import { licencesFileSchema, NO_LICENCES } from '../site/licence-records.ts';
import type { LicencesFile } from '../site/licence-records.ts';
import { MAX_PEERS, peerRecordSchema } from '../site/peer.ts';
import type { PeerRecord } from '../site/peer.ts';
import { accountsFileSchema } from '../site/site-accounts.ts';
import type { AccountsFile } from '../site/site-accounts.ts';
import { siteFileSchema } from '../site/site-policy.ts';
import type { SiteFile } from '../site/site-policy.ts';
import { MAX_VOLUMES, serverSettingsSchema, volumeSettingsSchema } from '../site/server-settings.ts';
import type { CMS_MODES, ServerSettings, VolumeSettings } from '../site/server-settings.ts';
import type { SizeBudget } from './durable-adapter.ts';
import type { Recovery } from './recovery.ts';
import { openSecrets, secretsFileSchema } from './secrets.ts';
import type { Secrets, SecretsFile } from './secrets.ts';
import { openSettingsFile } from './settings-file.ts';
import type { SettingsFile } from './settings-file.ts';

export type CamerasFile = { readonly cameras: CameraSettings[] };
export type UsersFile = AccountsFile;
export type SessionsFile = { readonly sessions: SessionRecord[]; readonly ended?: EndedSession[] | undefined };
export type PeersFile = { readonly peers: PeerRecord[] };
export type VolumesFile = { readonly volumes: VolumeSettings[] };

export type Settings = {
  readonly server: SettingsFile<ServerSettings>;
  readonly cameras: SettingsFile<CamerasFile>;
  readonly users: SettingsFile<UsersFile>;
  readonly sessions: SettingsFile<SessionsFile>;
  readonly volumes: SettingsFile<VolumesFile>;
  readonly peers: SettingsFile<PeersFile>;
  readonly failover: SettingsFile<FailoverSettings>;
  readonly licences: SettingsFile<LicencesFile>;
  readonly site: SettingsFile<SiteFile>;
  readonly secrets: Secrets;
  /** What had to be recovered when they were opened. */
  readonly recoveries: readonly Recovery[];
};

export type OpenSettingsOptions = {
  readonly dataDir: string;
  readonly clock: Clock;
  readonly log: Log;
  /** From keys.ts. */
  readonly secretsKey: Uint8Array;
  /** For the first start only; later ones keep what is there. */
  readonly name: string;
  readonly mode: (typeof CMS_MODES)[number];
};

const camerasFileSchema = z.strictObject({ cameras: z.array(cameraSettingsSchema).max(MAX_CAMERAS) });
const sessionsFileSchema = z.strictObject({
  sessions: z.array(sessionRecordSchema).max(MAX_USERS * MAX_SESSIONS_PER_USER),
  ended: z.array(endedSessionSchema).max(MAX_ENDED_SESSIONS).optional(),
});
const peersFileSchema = z.strictObject({ peers: z.array(peerRecordSchema).max(MAX_PEERS) });
const volumesFileSchema = z.strictObject({ volumes: z.array(volumeSettingsSchema).max(MAX_VOLUMES) });

/** Call it holding the lock of the data directory (data-lock.ts). */
export async function openSettings(options: OpenSettingsOptions): Promise<Settings> {
  const folder = join(options.dataDir, 'settings');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
  await removeLeftovers(folder);
  const recoveries: Recovery[] = [];
  const budget: SizeBudget = new Map();
  const open = async <T>(name: string, schema: z.ZodType<T>, initial: T): Promise<SettingsFile<T>> => {
    const path = join(folder, `${name}.json`);
    const opened = await openSettingsFile({ path, schema, migrations: [], initial, budget, clock: options.clock });
    if (opened.recovery !== undefined) recoveries.push(opened.recovery);
    return opened.file;
  };
  const secretsFile = await open<SecretsFile>('secrets', secretsFileSchema, { secrets: {} });
  const { secrets, unreadable } = openSecrets(secretsFile, options.secretsKey);
  if (unreadable.length > 0) recoveries.push(unreadableSecrets(unreadable));
  const settings: Settings = {
    server: await open('server', serverSettingsSchema, initialServer(options)),
    cameras: await open<CamerasFile>('cameras', camerasFileSchema, { cameras: [] }),
    users: await open<UsersFile>('users', accountsFileSchema, { users: [], tokens: [] }),
    sessions: await open<SessionsFile>('sessions', sessionsFileSchema, { sessions: [] }),
    volumes: await open<VolumesFile>('volumes', volumesFileSchema, { volumes: [] }),
    peers: await open<PeersFile>('peers', peersFileSchema, { peers: [] }),
    failover: await open('failover', failoverSettingsSchema, failoverSettingsSchema.parse({})),
    licences: await open('licences', licencesFileSchema, NO_LICENCES),
    site: await open('site', siteFileSchema, siteFileSchema.parse({})),
    secrets,
    recoveries,
  };
  for (const { file, outcome, message } of recoveries)
    options.log.warn('settings recovered', { file, outcome, reason: message });
  return settings;
}

function initialServer({ name, mode }: OpenSettingsOptions): ServerSettings {
  const usable = nameProblemOf(name) === undefined ? name : 'Understudy';
  return {
    id: createServerId(),
    name: usable,
    mode,
    allowedHosts: [],
    allowLoopbackCameras: false,
    openMetrics: false,
    epoch: 1,
  };
}

function unreadableSecrets(names: readonly string[]): Recovery {
  const cameras = names.map((name) => name.replace(/^camera:/, '')).join(', ');
  const message = `The stored passwords of ${cameras} cannot be decrypted any more: enter them again.`;
  return { file: 'secrets.json', outcome: 'lost', quarantined: undefined, message };
}

async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (TEMPORARY_FILE.test(name)) await removeIfThere(join(folder, name));
  }
}
