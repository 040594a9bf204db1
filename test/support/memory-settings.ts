/** Settings files that only live in memory, with the rules of their schemas: for what is tested without a disk. */
import { z } from 'zod';
import { UnderstudyError } from '../../src/core/errors.ts';
import type { SettingsFile } from '../../src/settings/settings-file.ts';
import type { CamerasFile, PeersFile, SessionsFile, UsersFile, VolumesFile } from '../../src/settings/settings.ts';
import { sessionRecordSchema } from '../../src/site/account.ts';
import { cameraSettingsSchema } from '../../src/site/camera.ts';
import type { CameraSettings } from '../../src/site/camera.ts';
import { failoverSettingsSchema } from '../../src/site/failover-settings.ts';
import type { FailoverSettings } from '../../src/site/failover-settings.ts';
import { licencesFileSchema, NO_LICENCES } from '../../src/site/licence-records.ts';
import type { LicencesFile } from '../../src/site/licence-records.ts';
import { MAX_PEERS, peerRecordSchema } from '../../src/site/peer.ts';
import type { PeerRecord } from '../../src/site/peer.ts';
import { accountsFileSchema } from '../../src/site/site-accounts.ts';
import { siteFileSchema } from '../../src/site/site-policy.ts';
import type { SiteFile } from '../../src/site/site-policy.ts';
import { serverSettingsSchema, volumeSettingsSchema } from '../../src/site/server-settings.ts';
import type { ServerSettings } from '../../src/site/server-settings.ts';

export function memoryFile<T>(schema: z.ZodType<T>, initial: unknown): SettingsFile<T> {
  let value = schema.parse(initial);
  let last: Promise<unknown> = Promise.resolve();
  const listeners = new Set<(value: T) => void>();
  return {
    get: () => value,
    update: async (change) => {
      const turn = last.then(() => {
        const result = schema.safeParse(change(value));
        if (!result.success) throw new UnderstudyError('invalid', 'settings/invalid', result.error.message);
        value = result.data;
        for (const listener of listeners) listener(value);
        return value;
      });
      last = turn.catch(() => undefined);
      return await turn;
    },
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** The n-th server id. */
export const serverIdOf = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
export const OWN_ID: string = serverIdOf(1);

export const peerOf = (n: number, more: Partial<PeerRecord> = {}): PeerRecord => ({
  id: serverIdOf(n),
  name: `Server ${n}`,
  mode: 'recording',
  fingerprint: String(n % 10).repeat(64),
  host: `192.0.2.${n}`,
  peerPort: 51_410,
  httpPort: 51_443,
  watched: false,
  watcher: false,
  managesUs: false,
  introduced: false,
  enabled: true,
  addedAt: 1,
  ...more,
});

export const cameraOf = (id: string, more: Partial<z.input<typeof cameraSettingsSchema>> = {}): CameraSettings =>
  cameraSettingsSchema.parse({ id, name: id, main: { url: 'rtsp://192.0.2.99/main' }, ...more });

export type MemorySettings = {
  readonly server: SettingsFile<ServerSettings>;
  readonly peers: SettingsFile<PeersFile>;
  readonly cameras: SettingsFile<CamerasFile>;
  readonly volumes: SettingsFile<VolumesFile>;
  readonly failover: SettingsFile<FailoverSettings>;
  readonly licences: SettingsFile<LicencesFile>;
  readonly site: SettingsFile<SiteFile>;
  readonly users: SettingsFile<UsersFile>;
  readonly sessions: SettingsFile<SessionsFile>;
};
export function memorySettings(
  given: {
    readonly mode?: ServerSettings['mode'];
    readonly epoch?: number;
    readonly peers?: readonly PeerRecord[];
    readonly cameras?: readonly CameraSettings[];
    readonly volumes?: readonly string[];
    readonly failover?: Partial<FailoverSettings>;
    readonly licences?: Partial<LicencesFile>;
    readonly site?: z.input<typeof siteFileSchema>;
    readonly users?: UsersFile;
  } = {},
): MemorySettings {
  const { mode = 'failover', epoch = 1, peers = [], cameras = [], volumes = [], failover = {}, site = {} } = given;
  return {
    server: memoryFile(serverSettingsSchema, { id: OWN_ID, name: 'Own', mode, epoch }),
    peers: memoryFile(z.strictObject({ peers: z.array(peerRecordSchema).max(MAX_PEERS) }), { peers }),
    cameras: memoryFile(z.strictObject({ cameras: z.array(cameraSettingsSchema) }), { cameras }),
    volumes: memoryFile(z.strictObject({ volumes: z.array(volumeSettingsSchema) }), {
      volumes: volumes.map((id) => ({ id, path: `/volumes/${id}`, reserveBytes: 0 })),
    }),
    failover: memoryFile<FailoverSettings>(failoverSettingsSchema, failover),
    licences: memoryFile<LicencesFile>(licencesFileSchema, { ...NO_LICENCES, ...given.licences }),
    site: memoryFile<SiteFile>(siteFileSchema, site),
    users: memoryFile<UsersFile>(accountsFileSchema, given.users ?? { users: [], tokens: [] }),
    sessions: memoryFile<SessionsFile>(z.strictObject({ sessions: z.array(sessionRecordSchema) }), { sessions: [] }),
  };
}
