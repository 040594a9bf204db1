/**
 * Writes the settings of another server over those of this one, which takes its place: idempotent, and in an order in which nothing
 * is recorded by half of them. Belongs here: that order. Does not: which settings those are (site/adoption.ts), when (replacing.ts).
 */
import { UnderstudyError } from '../core/errors.ts';
import type { Settings } from '../settings/settings.ts';
import { adoptedSettings, adoptionHash } from '../site/adoption.ts';
import type { IdentityView } from '../site/adoption.ts';
import { identityView } from '../site/adoption.ts';
import { cameraSecretName } from '../site/camera-credentials.ts';
import { adoptedLicences } from '../site/licence-seats.ts';
import type { BackedUpSettings } from '../site/settings-backup.ts';
import { ownAccountsOf, withOwnAccounts } from '../site/site-accounts.ts';

export type AdoptingSettings = Pick<Settings, 'server' | 'cameras' | 'users' | 'secrets' | 'licences'>;

/**
 * Durable when it resolves. Passwords come before cameras, cameras before the mode: a failover server goes on covering until the one
 * change by which it records the same cameras as its own. @throws replace/differs when what was written is not what was wanted
 */
export async function adopt(
  settings: AdoptingSettings,
  original: BackedUpSettings,
  { epoch, hash }: { readonly epoch: number; readonly hash: string },
): Promise<void> {
  const before = settings.server.get();
  const adopted = adoptedSettings(before, original, epoch);
  await settings.secrets.set(changedSecrets(settings, adopted.secrets));
  await settings.users.update((file) => withOwnAccounts(file, adopted));
  const servers = { from: original.server.id, to: before.id };
  await settings.licences.update((file) => ({
    ...file,
    licences: [...adoptedLicences(file.licences, original.licences, servers)],
  }));
  // Of one that records already: its new cameras are recorded in the new epoch from their first frame on.
  if (before.mode === 'recording') await settings.server.update(() => adopted.server);
  await settings.cameras.update(() => ({ cameras: [...adopted.cameras] }));
  await settings.server.update((now) => adoptedSettings(now, original, epoch).server);
  const written = adoptionHash(identityOf(settings));
  if (written === hash) return;
  const message = `The settings that were written are not those of the original: ${written} instead of ${hash}.`;
  throw new UnderstudyError('storage', 'replace/differs', message);
}

/** What this server is known by now. */
export function identityOf({
  server,
  cameras,
  users,
  secrets,
}: AdoptingSettings): Pick<BackedUpSettings, 'server' | 'cameras' | 'users' | 'tokens' | 'secrets'> {
  const own = ownAccountsOf(users.get());
  const names = cameras.get().cameras.map(({ id }) => cameraSecretName(id));
  const known = names.flatMap((name) => {
    const value = secrets.get(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    server: server.get(),
    cameras: cameras.get().cameras,
    users: [...own.users],
    tokens: [...own.tokens],
    secrets: Object.fromEntries(known),
  };
}
export const ownIdentityView = (settings: AdoptingSettings): IdentityView => identityView(identityOf(settings));

/** Passwords of cameras that go are forgotten with them. */
function changedSecrets(
  settings: AdoptingSettings,
  wanted: Readonly<Record<string, string>>,
): ReadonlyMap<string, string | undefined> {
  const before = Object.keys(identityOf(settings).secrets);
  const gone = before.filter((name) => !(name in wanted)).map((name) => [name, undefined] as const);
  return new Map([...gone, ...Object.entries(wanted)]);
}
