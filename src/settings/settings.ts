/**
 * Everything this box remembers about itself: `<data>/settings/*.json` and `<data>/keys/`.
 * Belongs here: which files there are and opening them all. Does not: how one is kept (settings-file.ts, durable-adapter.ts).
 */
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { SessionRecord, TokenRecord, UserRecord } from '../site/account.ts';
import type { CameraSettings } from '../site/camera.ts';
import type { CMS_MODES, ServerSettings, VolumeSettings } from '../site/server-settings.ts';
import type { SettingsFile } from './settings-file.ts';

export type CamerasFile = { readonly cameras: readonly CameraSettings[] };
export type UsersFile = { readonly users: readonly UserRecord[]; readonly tokens: readonly TokenRecord[] };
export type SessionsFile = { readonly sessions: readonly SessionRecord[] };
export type VolumesFile = { readonly volumes: readonly VolumeSettings[] };

/** Camera passwords, encrypted at rest; names are `camera:<id>`. */
export type Secrets = {
  readonly get: (name: string) => string | undefined;
  /** All at once: `undefined` forgets one. */
  readonly set: (changes: ReadonlyMap<string, string | undefined>) => Promise<void>;
};
export const cameraSecretName = (cameraId: string): string => `camera:${cameraId}`;

/** A settings file that could not be read and what was done about it: a health item `settings-recovered` and an event. */
export type Recovery = {
  readonly file: string;
  /** `previous`: the generation before is in use. `lost`: nothing readable was left, defaults are in use. */
  readonly outcome: 'previous' | 'lost';
  /** Where the bad file was put aside. */
  readonly quarantined: string | undefined;
  readonly message: string;
};

export type Settings = {
  readonly server: SettingsFile<ServerSettings>;
  readonly cameras: SettingsFile<CamerasFile>;
  readonly users: SettingsFile<UsersFile>;
  readonly sessions: SettingsFile<SessionsFile>;
  readonly volumes: SettingsFile<VolumesFile>;
  readonly secrets: Secrets;
  /** What had to be recovered when they were opened. */
  readonly recoveries: readonly Recovery[];
};

export type OpenSettingsOptions = {
  readonly dataDir: string;
  readonly clock: Clock;
  readonly log: Log;
  /** For the first start only; later ones keep what is there. */
  readonly name: string;
  readonly mode: (typeof CMS_MODES)[number];
};
