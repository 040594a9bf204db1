/** This box's settings as the document that its failover servers keep (site/settings-backup.ts). */
import type { Clock } from '../core/clock.ts';
import type { Settings } from '../settings/settings.ts';
import { RETURN_SECRET } from '../site/failover-settings.ts';
import { cameraSecretName } from '../site/camera-credentials.ts';
import { revisionOf } from '../site/settings-backup.ts';
import type { BackedUpSettings, SettingsBackup } from '../site/settings-backup.ts';
import { ownAccountsOf } from '../site/site-accounts.ts';

export type DocumentDeps = {
  readonly settings: Settings;
  readonly version: string;
  readonly suitability: SettingsBackup['suitability'];
  readonly clock: Pick<Clock, 'now'>;
};
export type SettingsDocument = {
  readonly document: () => SettingsBackup;
  /** Cheap: computed anew only after a change. */
  readonly revision: () => string;
  /** Something changed that no settings file tells, such as a password. */
  readonly changed: () => void;
  readonly stop: () => void;
};

export function createSettingsDocument({ settings, version, suitability, clock }: DocumentDeps): SettingsDocument {
  let revision: string | undefined;
  const changed = (): void => {
    revision = undefined;
  };
  const { server, cameras, volumes, users, licences } = settings;
  const cancels = [
    server.onChange(changed),
    cameras.onChange(changed),
    volumes.onChange(changed),
    users.onChange(changed),
    licences.onChange(changed),
  ];
  const current = (): string => (revision ??= revisionOf(backedUp(settings)));
  return {
    revision: current,
    changed,
    document: () => ({
      format: 1,
      serverId: server.get().id,
      name: server.get().name,
      version,
      takenAt: clock.now(),
      revision: current(),
      suitability,
      settings: backedUp(settings),
    }),
    stop: () => {
      for (const cancel of cancels) cancel();
    },
  };
}

type BackedUpFiles = Pick<Settings, 'server' | 'cameras' | 'volumes' | 'users' | 'secrets' | 'licences'>;
/** As they are now. */
export function backedUp(files: BackedUpFiles): BackedUpSettings {
  const { server, cameras, volumes, users: accounts, secrets, licences: own } = files;
  // Those of the site are no part of this server, if it has them as the host.
  const { users, tokens } = ownAccountsOf(accounts.get());
  const { licences } = own.get();
  const names = [...cameras.get().cameras.map(({ id }) => cameraSecretName(id)), RETURN_SECRET];
  return {
    server: server.get(),
    cameras: cameras.get().cameras,
    volumes: volumes.get().volumes,
    users: [...users],
    tokens: [...tokens],
    secrets: Object.fromEntries(names.flatMap((name) => entryOf(name, secrets.get(name)))),
    ...(licences.length === 0 ? {} : { licences }),
  };
}

const entryOf = (name: string, value: string | undefined): readonly (readonly [string, string])[] =>
  value === undefined ? [] : [[name, value]];
