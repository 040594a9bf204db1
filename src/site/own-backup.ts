/**
 * A server's settings as its owner takes them away and puts them back (docs/design/settings-backups.md): the document, what this server would be
 * by one, and in what that differs from what it is. Pure.
 *
 * Belongs here: those three. Does not: bytes (settings/sealed-backup.ts), writing it (control/restoring-settings.ts).
 */
import type { z } from 'zod';
import type { TokenRecord } from './account.ts';
import { failoverSettingsSchema, RETURN_SECRET } from './failover-settings.ts';
import { cameraSecretName } from './camera-credentials.ts';
import type { ServerSettings } from './server-settings.ts';
import { canonicalJson, settingsBackupSchema } from './settings-backup.ts';
import { siteFileSchema } from './site-policy.ts';

/** That of a failover server without what only others need to know, with how this server watches and covers, and what a host decides. */
export const ownBackupSchema = settingsBackupSchema.omit({ suitability: true, revision: true }).extend({
  settings: settingsBackupSchema.shape.settings.omit({ licences: true }).extend({
    failover: failoverSettingsSchema,
    /** Of a host. */
    site: siteFileSchema.pick({ policy: true, protection: true }).optional(),
  }),
});
export type OwnBackup = z.infer<typeof ownBackupSchema>;
export type OwnSettings = OwnBackup['settings'];

/** Of the server itself. */
const SERVER_FIELDS = [
  'name',
  'mode',
  'allowedHosts',
  'allowLoopbackCameras',
  'openMetrics',
  'managed',
  'releaseSource',
  'returnShare',
] as const;
/** What the host of a server decides. */
const OF_HOST = ['name', 'mode', 'managed'] as const;

/**
 * What this server would be by a backup. Its id, epoch, place in a site, volumes, keys and licences stay; on another box
 * also what is about places: directories, volumes, addresses.
 */
export function restoredSettings(own: OwnSettings, backup: OwnSettings, isManaged: boolean): OwnSettings {
  const isOwn = own.server.id === backup.server.id;
  const volumes = new Set(own.volumes.map(({ id }) => id));
  const share = backup.server.returnShare;
  const hasShare = isOwn && (share === undefined || volumes.has(share.volumeId));
  const kept = [...(isManaged ? OF_HOST : []), ...(hasShare ? [] : (['returnShare'] as const))];
  const failover = isOwn
    ? { ...backup.failover, storeVolumeIds: backup.failover.storeVolumeIds.filter((id) => volumes.has(id)) }
    : { ...backup.failover, ...placesOf(own.failover) };
  const site = isOwn && own.site !== undefined ? backup.site : own.site;
  return {
    server: withFields(own.server, backup.server, kept),
    cameras: backup.cameras,
    volumes: own.volumes,
    users: backup.users,
    tokens: backup.tokens,
    secrets: { ...cameraSecretsOf(backup), ...shareSecretOf(hasShare ? backup : own) },
    failover,
    ...(site === undefined ? {} : { site }),
  };
}

/** What others say of it (its epoch, who is host, who replaced it) is as it is in `now`. */
export const serverAsWanted = (now: ServerSettings, wanted: ServerSettings): ServerSettings =>
  withFields(now, wanted, []);

export const isServerAsWanted = (now: ServerSettings, wanted: ServerSettings): boolean =>
  SERVER_FIELDS.every((field) => isSame(now[field], wanted[field]));

function withFields(own: ServerSettings, backup: ServerSettings, kept: readonly string[]): ServerSettings {
  const taken = SERVER_FIELDS.filter((field) => !kept.includes(field));
  const changed = { ...own, ...Object.fromEntries(taken.map((field) => [field, backup[field]])) };
  return Object.fromEntries(Object.entries(changed).filter(([, value]) => value !== undefined)) as ServerSettings;
}

const placesOf = ({
  backupDirectory,
  serverAddress,
  clientAddress,
  storeVolumeIds,
}: OwnSettings['failover']): Partial<OwnSettings['failover']> => ({
  backupDirectory,
  serverAddress,
  clientAddress,
  storeVolumeIds,
});

function cameraSecretsOf({ cameras, secrets }: OwnSettings): OwnSettings['secrets'] {
  const names = new Set(cameras.map(({ id }) => cameraSecretName(id)));
  return Object.fromEntries(Object.entries(secrets).filter(([name]) => names.has(name)));
}
const shareSecretOf = ({ secrets }: OwnSettings): OwnSettings['secrets'] =>
  secrets[RETURN_SECRET] === undefined ? {} : { [RETURN_SECRET]: secrets[RETURN_SECRET] };

export type Named = { readonly id: string; readonly name: string };
export type Changes<Item> = { readonly added: Item[]; readonly changed: Item[]; readonly removed: Item[] };
export type SettingsChanges = {
  readonly name: { readonly before: string; readonly after: string };
  readonly mode: { readonly before: ServerSettings['mode']; readonly after: ServerSettings['mode'] };
  readonly cameras: Changes<Named> & { readonly unchanged: number };
  /** By name. */
  readonly users: Changes<string>;
  readonly tokens: Changes<string>;
  /** Names of other settings that would have another value: of the server, of failover (`failover.`), of the site (`site`). */
  readonly settings: string[];
  /** Paths of volumes that are in the backup and not here: nobody but the owner knows where they are now. */
  readonly volumesMissing: string[];
};

export function changesBetween(before: OwnSettings, after: OwnSettings, backup: OwnSettings): SettingsChanges {
  const secretOf = ({ secrets }: OwnSettings, id: string): string | undefined => secrets[cameraSecretName(id)];
  const cameras = changed(before.cameras, after.cameras, ({ id }) => secretOf(before, id) === secretOf(after, id));
  const users = changed(before.users, after.users);
  const tokens = changed(before.tokens.map(withoutUse), after.tokens.map(withoutUse));
  const have = new Set(before.volumes.map(({ id }) => id));
  const nameOf = ({ name }: { readonly name: string }): string => name;
  const usernameOf = ({ username }: { readonly username: string }): string => username;
  return {
    name: { before: before.server.name, after: after.server.name },
    mode: { before: before.server.mode, after: after.server.mode },
    cameras: {
      ...mapped(cameras, ({ id, name }) => ({ id, name })),
      unchanged: after.cameras.length - cameras.added.length - cameras.changed.length,
    },
    users: mapped(users, usernameOf),
    tokens: mapped(tokens, nameOf),
    settings: [
      ...SERVER_FIELDS.slice(2).filter((field) => !isSame(before.server[field], after.server[field])),
      ...differing(before.failover, after.failover).map((field) => `failover.${field}`),
      ...(isSame(before.site, after.site) ? [] : ['site']),
    ],
    volumesMissing: backup.volumes.filter(({ id }) => !have.has(id)).map(({ path }) => path),
  };
}

export const isNothing = ({ name, mode, cameras, users, tokens, settings }: SettingsChanges): boolean =>
  name.before === name.after &&
  mode.before === mode.after &&
  settings.length === 0 &&
  [cameras, users, tokens].every((one) => one.added.length + one.changed.length + one.removed.length === 0);

/** When it was used changes by itself. */
export const withoutUse = ({ lastUsedAt: _lastUsedAt, ...rest }: TokenRecord): TokenRecord => rest;

function changed<T extends { readonly id: string }>(
  before: readonly T[],
  after: readonly T[],
  isSameBeside: (one: T) => boolean = () => true,
): Changes<T> {
  const old = new Map(before.map((one) => [one.id, one]));
  const ids = new Set(after.map(({ id }) => id));
  return {
    added: after.filter(({ id }) => !old.has(id)),
    changed: after.filter((one) => {
      const was = old.get(one.id);
      return was !== undefined && !(isSame(was, one) && isSameBeside(one));
    }),
    removed: before.filter(({ id }) => !ids.has(id)),
  };
}

const mapped = <T, U>({ added, changed: other, removed }: Changes<T>, use: (one: T) => U): Changes<U> => ({
  added: added.map(use),
  changed: other.map(use),
  removed: removed.map(use),
});

/** What is absent and what is undefined are the same on disk. */
export const isSame = (a: unknown, b: unknown): boolean => canonicalJson(a) === canonicalJson(b);
const differing = (before: object, after: object): readonly string[] => {
  const [a, b] = [new Map(Object.entries(before)), new Map(Object.entries(after))];
  return [...new Set([...a.keys(), ...b.keys()])].filter((key) => !isSame(a.get(key), b.get(key)));
};

/** What no server can go on with, in words; undefined: nothing stands against it. */
export function problemOfSettings({ cameras, users, tokens }: OwnSettings): string | undefined {
  if (!users.some(({ role }) => role === 'owner')) return 'it has no account of an owner';
  const isTwice = (ids: readonly string[]): boolean => new Set(ids).size < ids.length;
  const all = [cameras.map(({ id }) => id), users.map(({ id }) => id), tokens.map(({ id }) => id)];
  const names = users.map(({ username }) => username.toLowerCase());
  return [...all, names].some(isTwice) ? 'something in it is there twice' : undefined;
}
