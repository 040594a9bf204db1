/**
 * Writes settings over those of this server, all or nothing: into a journal first, then file by file, each of which can be written again.
 * Belongs here: that order, and the way back. Does not: which settings (site/own-backup.ts), who may (own-backup.ts).
 *
 * Invariants: 1. while the journal has `wanted`, the settings in force are those or on the way there. 2. What does not change is not written:
 * media hears nothing of cameras that stay as they are. 3. A journal that stays behind is not carried out over what somebody changed since.
 */
import { assertNever, messageOf, UnderstudyError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { FoundJournal, RestoredFile, RestoreJournal } from '../settings/restore-journal.ts';
import type { SettingsFile } from '../settings/settings-file.ts';
import type { Settings } from '../settings/settings.ts';
import { RETURN_SECRET } from '../site/failover-settings.ts';
import { cameraSecretName } from '../site/camera-credentials.ts';
import { isHost } from '../site/host-role.ts';
import { isSame, isServerAsWanted, ownBackupSchema, serverAsWanted, withoutUse } from '../site/own-backup.ts';
import type { OwnSettings } from '../site/own-backup.ts';
import { canonicalJson } from '../site/settings-backup.ts';
import { withOwnAccounts } from '../site/site-accounts.ts';
import { backedUp } from './settings-document.ts';

export type RestoredSettings = Pick<
  Settings,
  'server' | 'cameras' | 'users' | 'sessions' | 'volumes' | 'failover' | 'site' | 'secrets' | 'licences'
>;

/** As they are now. */
export function ownSettings(settings: RestoredSettings): OwnSettings {
  const { licences: _licences, ...rest } = backedUp(settings);
  const { policy, protection } = settings.site.get();
  return {
    ...rest,
    failover: settings.failover.get(),
    ...(isHost(settings.server.get()) ? { site: { policy, protection } } : {}),
  };
}

export type RestoreParts = {
  readonly settings: RestoredSettings;
  readonly journal: RestoreJournal;
  /** Asked again when nothing but the writing is left. @throws why nothing is restored now */
  readonly refuse: () => void;
  readonly log: Log;
};

/** Durable when it resolves. @throws what the disk said, after which everything is as before */
export async function restoreSettings(parts: RestoreParts, wanted: OwnSettings): Promise<void> {
  const { settings, journal, refuse } = parts;
  const previous = ownSettings(settings);
  try {
    await journal.keep(bytesOf(wanted));
    refuse();
  } catch (error) {
    // It may be there all the same.
    await forgotten(parts);
    throw error;
  }
  try {
    await write(settings, wanted);
  } catch (error) {
    await turnBack(parts, previous, error);
  }
  await forgotten(parts);
}

/** What was done is done: if the journal stays, the next start finds that nothing is left to do, or that somebody changed it. */
async function forgotten({ journal, log }: Pick<RestoreParts, 'journal' | 'log'>): Promise<void> {
  try {
    await journal.forget();
  } catch (error) {
    log.error('a journal of restored settings could not be removed', { error: messageOf(error) });
  }
}

/** @throws settings-backup/not-written, settings-backup/half */
async function turnBack(parts: RestoreParts, previous: OwnSettings, cause: unknown): Promise<never> {
  try {
    await parts.journal.keep(bytesOf(previous));
    await write(parts.settings, previous);
  } catch (error) {
    const message = `The settings could not be written (${messageOf(cause)}), nor those before (${messageOf(error)}). What the journal has is completed at the next start, if nothing is changed before.`;
    throw new UnderstudyError('storage', 'settings-backup/half', message, { cause: error });
  }
  await forgotten(parts);
  const message = `The settings could not be written (${messageOf(cause)}): everything is as before.`;
  throw new UnderstudyError('storage', 'settings-backup/not-written', message, { cause });
}

/** At the start: completes what was cut off; a server starts whatever becomes of that. The words for the owner; undefined: there was nothing. */
export async function completeRestore(
  settings: RestoredSettings,
  journal: RestoreJournal,
  log: Log,
): Promise<string | undefined> {
  try {
    const found = await journal.load();
    return found === undefined ? undefined : await complete({ settings, journal, log }, found);
  } catch (error) {
    const reason = messageOf(error);
    log.error('restored settings could not be completed', { error: reason });
    if (!isRefusal(error))
      return `Restoring settings was cut off, and could not be completed now (${reason}): it is tried again at the next start. ${COMPARE}`;
    await setAside({ journal, log });
    return `Restoring settings was cut off, and what was left of it cannot be used (${reason}). ${COMPARE}`;
  }
}
const COMPARE = 'Compare the settings with the backup, and restore it again if need be.';

async function complete(parts: Omit<RestoreParts, 'refuse'>, found: FoundJournal | 'damaged'): Promise<string> {
  const { settings, log } = parts;
  const wanted = found === 'damaged' ? undefined : readOwn(found.plain);
  // Whose password was changed by it is not known any more.
  await put(settings.sessions, (file) => ({ ...file, sessions: [] }));
  if (found === 'damaged' || wanted === undefined) {
    await forgotten(parts);
    log.error('a journal of restored settings cannot be read', {});
    return `Restoring settings was cut off, and its journal cannot be read. ${COMPARE}`;
  }
  const changed = found.written.filter((file) => !isAsWanted(settings, wanted, file));
  if (changed.length > 0) {
    log.error('settings were changed after a restore of them was cut off', { changed });
    await setAside(parts);
    return `Restoring settings was cut off, and settings were changed since (${changed.join(', ')}): they stay as they are. ${COMPARE}`;
  }
  await write(settings, wanted);
  await forgotten(parts);
  return 'Restoring settings was cut off, and has been completed now.';
}

/** Of the settings: the same again would be refused again. */
const isRefusal = (error: unknown): boolean => error instanceof UnderstudyError && error.kind !== 'storage';

async function setAside({ journal, log }: Pick<RestoreParts, 'journal' | 'log'>): Promise<void> {
  try {
    await journal.setAside();
  } catch (error) {
    log.error('a journal of restored settings could not be set aside', { error: messageOf(error) });
  }
}

/** Whether a file has what the restore writes into it; if it has something else, it is not as the restore left it. */
function isAsWanted(settings: RestoredSettings, wanted: OwnSettings, file: RestoredFile): boolean {
  const now = ownSettings(settings);
  const { policy, protection } = settings.site.get();
  switch (file) {
    case 'cameras':
      return isSame(now.cameras, wanted.cameras);
    case 'failover':
      return isSame(now.failover, wanted.failover);
    case 'secrets':
      return Object.entries(wanted.secrets).every(([name, value]) => settings.secrets.get(name) === value);
    case 'server':
      return isServerAsWanted(now.server, wanted.server);
    case 'site':
      return wanted.site === undefined || isSame({ policy, protection }, wanted.site);
    case 'users':
      return isSame(now.users, wanted.users) && isSame(now.tokens.map(withoutUse), wanted.tokens.map(withoutUse));
    default:
      return assertNever(file);
  }
}

const bytesOf = (settings: OwnSettings): Buffer => Buffer.from(JSON.stringify(settings));

/** Written by this release or by one before an update. */
function readOwn(bytes: Uint8Array): OwnSettings | undefined {
  try {
    return ownBackupSchema.shape.settings.safeParse(JSON.parse(Buffer.from(bytes).toString('utf8'))).data;
  } catch {
    return undefined;
  }
}

/** Passwords come before the cameras that need them, and go after those that needed them. */
async function write(settings: RestoredSettings, wanted: OwnSettings): Promise<void> {
  const before = secretNames(settings);
  const passwords = Object.entries(wanted.secrets).filter(([name, value]) => settings.secrets.get(name) !== value);
  if (passwords.length > 0) await settings.secrets.set(new Map(passwords));
  await put(settings.cameras, () => ({ cameras: wanted.cameras }));
  await put(settings.failover, () => wanted.failover);
  const { site } = wanted;
  if (site !== undefined) await put(settings.site, (file) => ({ ...file, ...site }));
  // Last of what is recorded: its mode decides whether these cameras are.
  await put(settings.server, (now) => serverAsWanted(now, wanted.server));
  const gone = before.filter((name) => !(name in wanted.secrets));
  if (gone.length > 0) await settings.secrets.set(new Map(gone.map((name) => [name, undefined])));
  await writeAccounts(settings, wanted);
}

function secretNames({ cameras, secrets }: RestoredSettings): readonly string[] {
  const names = [...cameras.get().cameras.map(({ id }) => cameraSecretName(id)), RETURN_SECRET];
  return names.filter((name) => secrets.get(name) !== undefined);
}

/** Whoever has another password than before, or no account any more, is signed out. */
async function writeAccounts({ users, sessions }: RestoredSettings, wanted: OwnSettings): Promise<void> {
  const before = new Map(users.get().users.map(({ id, passwordHash }) => [id, passwordHash]));
  await put(users, (file) =>
    file.own === undefined ? { ...file, users: wanted.users, tokens: wanted.tokens } : withOwnAccounts(file, wanted),
  );
  const after = new Map(users.get().users.map(({ id, passwordHash }) => [id, passwordHash]));
  const stays = (userId: string): boolean => before.has(userId) && before.get(userId) === after.get(userId);
  await put(sessions, (file) => ({ ...file, sessions: file.sessions.filter(({ userId }) => stays(userId)) }));
}

async function put<T>(file: SettingsFile<T>, change: (now: T) => T): Promise<void> {
  await file.update((now) => {
    const next = change(now);
    return canonicalJson(now) === canonicalJson(next) ? now : next;
  });
}
