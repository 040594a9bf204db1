/**
 * What the owner asks for: a file with the settings of this server, and putting one back (docs/design/settings-backups.md).
 * Belongs here: who is refused when, words. Does not: what differs (site/own-backup.ts), writing (restoring-settings.ts), bytes
 * (settings/sealed-backup.ts).
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { ActivityLog } from '../api/activity.ts';
import type { RestoreSettingsResult } from '../api/contract/own-backup.ts';
import type { OwnBackupDeps as OwnBackups } from '../api/routes/own-backup.ts';
import type { Clock } from '../core/clock.ts';
import { isoOf } from '../core/clock.ts';
import { UnderstudyError } from '../core/errors.ts';
import { epochMs } from '../core/units.ts';
import type { Log } from '../core/log.ts';
import type { RestoreJournal } from '../settings/restore-journal.ts';
import { seal, TAKEN, unseal } from '../settings/sealed-backup.ts';
import type { SealKind } from '../settings/sealed-backup.ts';
import type { Settings } from '../settings/settings.ts';
import { managerOf } from '../site/membership.ts';
import { changesBetween, isNothing, ownBackupSchema, problemOfSettings, restoredSettings } from '../site/own-backup.ts';
import type { OwnBackup, OwnSettings } from '../site/own-backup.ts';
import type { ServerSettings } from '../site/server-settings.ts';
import { canonicalJson, MAX_BACKUP_BYTES } from '../site/settings-backup.ts';
import { refuseBeyond, recordedIn } from './camera-seats.ts';
import { refuseReplaced } from './replaced-side.ts';
import { ownSettings, restoreSettings } from './restoring-settings.ts';

export type OwnBackupParts = {
  readonly settings: Settings;
  readonly version: string;
  readonly journal: RestoreJournal;
  readonly cameraSeats: () => number;
  /** @throws failover/covering */
  readonly refuseCovering: () => void;
  /** @throws server/managed, server/records */
  readonly beforeModeChange: (mode: ServerSettings['mode'], confirm: string | undefined) => void;
  /** Passwords changed, of which no settings file tells. */
  readonly order: () => void;
  readonly activity: Pick<ActivityLog, 'record'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
  /** For tests: a cheaper one. */
  readonly kind?: SealKind;
};

export function createOwnBackups(parts: OwnBackupParts): OwnBackups {
  const { settings, activity, kind = TAKEN } = parts;
  // Deriving a key takes 64 MB; and two restores at once would each undo the other.
  let busy = false;
  const alone = async <T>(work: () => Promise<T>): Promise<T> => {
    if (busy) throw new UnderstudyError('conflict', 'settings-backup/busy', BUSY);
    busy = true;
    try {
      return await work();
    } finally {
      busy = false;
    }
  };
  return {
    backUp: async (passphrase, user) =>
      await alone(async () => {
        const document = documentOf(parts);
        const bytes = await seal(plainOf(document), secretOf(passphrase), kind);
        const message = 'The settings of this server were backed up into a file, with the passwords of its cameras.';
        activity.record({ severity: 'warning', code: 'settings-backed-up', message, user });
        return { name: fileName(document), bytes };
      }),
    restore: async ({ backup: text, passphrase, confirm, revision }, user) =>
      await alone(async () => {
        const backup = await opened(Buffer.from(text, 'base64'), passphrase, kind);
        refuseNow(parts, backup);
        const own = ownSettings(settings);
        const isManaged = managerOf(settings.peers.get().peers) !== undefined;
        const wanted = restoredSettings(own, backup.settings, isManaged);
        const shown = shownOf(own, wanted, backup);
        refuseBeyond(parts.cameraSeats(), recordedIn(own), recordedIn(wanted));
        if (confirm === undefined) return shown;
        refuseUnconfirmed(own, confirm);
        if (revision !== undefined && revision !== shown.revision) throw changedMeanwhile();
        if (own.server.mode !== wanted.server.mode) parts.beforeModeChange(wanted.server.mode, confirm);
        if (isNothing(shown)) return { ...shown, restored: true };
        await restoreSettings({ ...parts, refuse: () => refuseNow(parts, backup) }, wanted);
        parts.order();
        activity.record({ severity: 'warning', code: 'settings-restored', message: wordsOf(shown), user });
        return { ...shown, restored: true };
      }),
  };
}

const BUSY = 'Settings are being backed up or restored already: try again in a moment.';

function documentOf({ settings, version, clock }: OwnBackupParts): OwnBackup {
  const own = ownSettings(settings);
  return { format: 1, serverId: own.server.id, name: own.server.name, version, takenAt: clock.now(), settings: own };
}

function plainOf(document: OwnBackup): Buffer {
  const plain = Buffer.from(JSON.stringify(document));
  if (plain.length <= MAX_BACKUP_BYTES) return plain;
  const message = `The settings of ${document.name} have ${plain.length} bytes; a backup holds at most ${MAX_BACKUP_BYTES}.`;
  throw new UnderstudyError('limit', 'backup/too-large', message);
}

/** The same however it was typed (Unicode NFC), as passwords are. */
const secretOf = (passphrase: string): Buffer => Buffer.from(passphrase.normalize('NFC'));

/** ASCII, for the header that names it. */
function fileName({ name, takenAt }: OwnBackup): string {
  const plain = name.replaceAll(/[^A-Za-z0-9-]+/g, '-').replaceAll(/^-+|-+$/g, '');
  const day = isoOf(epochMs(takenAt)).slice(0, 10);
  return `${plain === '' ? 'understudy' : plain}-${day}.understudy-backup`;
}

const invalid = (code: string, message: string): UnderstudyError =>
  new UnderstudyError('invalid', `settings-backup/${code}`, message);

const REFUSED = {
  foreign: ['foreign', 'This file is no backup of settings that an owner took: choose the one that was downloaded.'],
  newer: ['newer', 'A newer release made this backup: update this server first.'],
  length: ['damaged', 'This backup is damaged: its length is wrong. Take another copy of it.'],
  altered: ['damaged', 'This backup is damaged: its contents were altered. Take another copy of it.'],
  'wrong-key': ['passphrase', 'The passphrase does not open this backup. (Or its first bytes are damaged.)'],
} as const;

/** @throws settings-backup/foreign, /newer, /damaged, /passphrase, /unusable */
async function opened(bytes: Buffer, passphrase: string, kind: SealKind): Promise<OwnBackup> {
  const found = await unseal(bytes, secretOf(passphrase), kind);
  if (found.kind !== 'open') {
    const [code, message] = REFUSED[found.kind];
    throw invalid(code, message);
  }
  const value = valueOf(found.plain);
  const { format, version } = madeBy.safeParse(value).data ?? {};
  if (format !== undefined && format > 1) throw invalid(...REFUSED.newer);
  const parsed = ownBackupSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = issue?.path.join('.') ?? '';
    const message = `This backup was made by release ${version ?? 'unknown'}, and this one cannot read it: ${where}: ${issue?.message ?? 'malformed'}`;
    throw invalid('unusable', message);
  }
  const problem = problemOfSettings(parsed.data.settings);
  if (problem !== undefined) throw invalid('unusable', `This backup cannot be used: ${problem}.`);
  return parsed.data;
}
const madeBy = z.looseObject({ format: z.number().optional(), version: z.string().max(32).optional() });

function valueOf(plain: Buffer): unknown {
  try {
    return JSON.parse(plain.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** @throws failover/covering, server/replaced, settings-backup/other-server, settings-backup/acting-host */
function refuseNow({ settings, refuseCovering }: OwnBackupParts, { serverId, name }: OwnBackup): void {
  refuseReplaced({ settings });
  refuseCovering();
  if (settings.users.get().own !== undefined) {
    const message =
      'This server has taken the role of the host, with the accounts of the site: restore its settings when it is host no more.';
    throw new UnderstudyError('conflict', 'settings-backup/acting-host', message);
  }
  const other = settings.peers.get().peers.find(({ id }) => id === serverId);
  if (other === undefined) return;
  const message = `This is a backup of ${name}, which is known here as another server (${other.name}): two would record the same cameras. To put this server in its place: understudy replace.`;
  throw new UnderstudyError('conflict', 'settings-backup/other-server', message);
}

function refuseUnconfirmed({ server: { name } }: OwnSettings, confirm: string): void {
  if (confirm === name) return;
  throw invalid('not-confirmed', `Confirm with the name that this server has now, ${name}.`);
}

const changedMeanwhile = (): UnderstudyError =>
  new UnderstudyError(
    'conflict',
    'settings/changed',
    'Somebody else changed these settings meanwhile: look at what would change again.',
  );

function shownOf(own: OwnSettings, wanted: OwnSettings, backup: OwnBackup): RestoreSettingsResult {
  const { serverId, name, version, takenAt } = backup;
  const ofThisServer = serverId === own.server.id;
  return {
    restored: false,
    backup: { serverId, name, version, takenAt: isoOf(epochMs(takenAt)), ofThisServer },
    revision: revisionOf(own),
    ...changesBetween(own, wanted, backup.settings),
  };
}

/** When tokens were used, and the epoch, change by themselves. */
function revisionOf({ server, tokens, ...rest }: OwnSettings): string {
  const stable = { ...rest, server: { ...server, epoch: 0 }, tokens: tokens.map((one) => ({ ...one, lastUsedAt: 0 })) };
  return createHash('sha256').update(canonicalJson(stable)).digest('hex').slice(0, 32);
}

function wordsOf({ backup, cameras, users }: RestoreSettingsResult): string {
  const count = ({ added, changed, removed }: { added: unknown[]; changed: unknown[]; removed: unknown[] }): string =>
    `${added.length} added, ${changed.length} changed, ${removed.length} removed`;
  return `The settings of ${backup.name} of ${backup.takenAt} were restored: cameras ${count(cameras)}; accounts ${count(users)}. Footage stays.`;
}
