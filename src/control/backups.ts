/**
 * When a failover server takes settings backups of those it protects: at authorization, on every change, daily, by hand.
 * Belongs here: when, and what is told about it. Does not: files (settings/backup-store.ts), the connection (peer).
 */
import type { ActivityLog } from '../api/activity.ts';
import type { Cancel, Clock } from '../core/clock.ts';
import { isoOf, seconds } from '../core/clock.ts';
import { messageOf, UnderstudyError } from '../core/errors.ts';
import type { Running } from '../core/running.ts';
import { epochMs } from '../core/units.ts';
import type { BackupStore } from '../settings/backup-store.ts';
import { settingsBackupSchema } from '../site/settings-backup.ts';
import type { SettingsBackup } from '../site/settings-backup.ts';

export type BackupReason = 'authorization' | 'change' | 'daily' | 'by hand';
export type BackupState = {
  /** Wall milliseconds of this server: when the newest usable backup was taken. */
  readonly takenAt: number | undefined;
  readonly revision: string | undefined;
  /** Why the last attempt failed, if it did. */
  readonly problem: string | undefined;
};
export type BackupsDeps = {
  readonly store: BackupStore;
  /** A copy of the newest ones, for when nothing in the backup directory opens. */
  readonly reserve: Pick<BackupStore, 'save' | 'load' | 'forget'>;
  /** Protected servers that can be asked now. */
  readonly connected: () => readonly string[];
  /** `backup.get` over the peer channel. */
  readonly request: (serverId: string) => Promise<unknown>;
  readonly nameOf: (serverId: string) => string;
  /** `hh:mm` UTC; undefined: no daily backup. */
  readonly dailyAt: () => string | undefined;
  /** A backup that is not the one before: cover must know of it. */
  readonly onBackup: (backup: SettingsBackup) => void;
  readonly activity: Pick<ActivityLog, 'record'>;
  readonly clock: Clock;
};
export type Backups = Running & {
  /** The newest that opens, from memory after the first time. */
  readonly latest: (serverId: string) => SettingsBackup | undefined;
  readonly stateOf: (serverId: string) => BackupState;
  /** @throws UnderstudyError when the server does not answer or its answer is no backup */
  readonly take: (serverId: string, reason: BackupReason) => Promise<SettingsBackup>;
  /** From every keep-alive. */
  readonly sawRevision: (serverId: string, revision: string) => void;
  /** Reads what is on disk of a server, at start and at authorization. */
  readonly open: (serverId: string) => Promise<void>;
  readonly forget: (serverId: string) => Promise<void>;
};

/** After a failure the next keep-alive that asks for it is waited for so long. */
const RETRY_MS = 5000;

/** Between two attempts at the daily one that fail. */
const DAILY_RETRY_MS = 3_600_000;
const DAY_MS = 86_400_000;

type Kept = {
  backup: SettingsBackup | undefined;
  problem: string | undefined;
  busy: boolean;
  failedAt: number;
};

export function startBackups(deps: BackupsDeps): Backups {
  const { store, clock, activity } = deps;
  const servers = new Map<string, Kept>();
  const keptOf = (serverId: string): Kept => {
    const kept = servers.get(serverId) ?? {
      backup: undefined,
      problem: undefined,
      busy: false,
      failedAt: -Infinity,
    };
    servers.set(serverId, kept);
    return kept;
  };
  const take = createTake(deps, keptOf);
  const inBackground = (serverId: string, reason: BackupReason): void => {
    take(serverId, reason).catch((error: unknown) => activity.record(failed(deps.nameOf(serverId), messageOf(error))));
  };
  const cancelDaily = startDaily(deps, (since) => {
    for (const serverId of deps.connected()) {
      const { backup, busy, failedAt } = keptOf(serverId);
      const isDue = (backup?.takenAt ?? -Infinity) < since && clock.monotonic() - failedAt >= DAILY_RETRY_MS;
      if (isDue && !busy) inBackground(serverId, 'daily');
    }
  });
  return {
    take,
    latest: (serverId) => servers.get(serverId)?.backup,
    stateOf: (serverId) => {
      const kept = servers.get(serverId);
      return { takenAt: kept?.backup?.takenAt, revision: kept?.backup?.revision, problem: kept?.problem };
    },
    sawRevision: (serverId, revision) => {
      const kept = keptOf(serverId);
      // After one by hand that failed, while it was away, the same settings are fetched again.
      if (kept.busy || (kept.backup?.revision === revision && kept.problem === undefined)) return;
      if (clock.monotonic() - kept.failedAt < RETRY_MS) return;
      inBackground(serverId, 'change');
    },
    open: async (serverId) => {
      const kept = keptOf(serverId);
      kept.backup = (await readFrom(deps, store, serverId)) ?? (await readReserve(deps, serverId));
      if (kept.backup === undefined) kept.problem = NONE;
      else deps.onBackup(kept.backup);
    },
    forget: async (serverId) => {
      servers.delete(serverId);
      await Promise.all([store.forget(serverId), deps.reserve.forget(serverId)]);
    },
    stop: async () => {
      cancelDaily();
      await Promise.resolve();
    },
  };
}

const NONE = 'no backup of it on disk can be used';

/** Each file that does not open is an alarm, and so is a directory that cannot be read. */
async function readFrom(
  { activity, nameOf }: BackupsDeps,
  store: Pick<BackupStore, 'load'>,
  serverId: string,
): Promise<SettingsBackup | undefined> {
  try {
    const { backup, damaged } = await store.load(serverId);
    for (const { file, message } of damaged)
      activity.record({ severity: 'error', code: 'backup-damaged', message: `${message} It was skipped: ${file}` });
    return backup;
  } catch (error) {
    const message = `The backups of the settings of ${nameOf(serverId)} cannot be read: ${messageOf(error)}`;
    activity.record({ severity: 'error', code: 'backup-damaged', message });
    return undefined;
  }
}

/** Nothing in the backup directory opens: what else there is, and in any case an alarm. */
async function readReserve(deps: BackupsDeps, serverId: string): Promise<SettingsBackup | undefined> {
  const { store, reserve, activity, nameOf } = deps;
  const name = nameOf(serverId);
  const backup = await readFrom(deps, reserve, serverId);
  const remedy = `A new one is taken as soon as ${name} answers, or by hand: understudy backup ${name}.`;
  const message =
    backup === undefined
      ? `There is no settings backup of ${name} that can be used: what is recorded for it now goes on, but no other camera of it can be covered until there is one. ${remedy} What was recorded for it here stays, and goes home.`
      : `No settings backup of ${name} in the backup directory can be used: this server goes on with its own copy of ${isoOf(epochMs(backup.takenAt))}. ${remedy}`;
  activity.record({ severity: 'error', code: 'backup-missing', message });
  // Back to where it belongs; if that fails the next one is tried there too.
  if (backup !== undefined) await store.save(backup).catch(() => undefined);
  return backup;
}

function createTake(
  { store, reserve, nameOf, request, onBackup, activity, clock }: BackupsDeps,
  keptOf: (id: string) => Kept,
): Backups['take'] {
  return async (serverId, reason) => {
    const kept = keptOf(serverId);
    kept.busy = true;
    try {
      // It says when by a clock that may be another one.
      const backup = { ...backupIn(await request(serverId), serverId), takenAt: clock.now() };
      const isNews = kept.backup?.revision !== backup.revision;
      await store.save(backup);
      await reserve.save(backup).catch((error: unknown) => activity.record(failed(nameOf(serverId), messageOf(error))));
      kept.backup = backup;
      kept.problem = undefined;
      if (isNews || reason !== 'change') activity.record(taken(backup, reason));
      onBackup(backup);
      return backup;
    } catch (error) {
      kept.failedAt = clock.monotonic();
      kept.problem = messageOf(error);
      throw error;
    } finally {
      kept.busy = false;
    }
  };
}

/** @throws UnderstudyError `backup/not-one` */
function backupIn(answer: unknown, serverId: string): SettingsBackup {
  const parsed = settingsBackupSchema.safeParse(answer);
  if (parsed.success && parsed.data.serverId === serverId) return parsed.data;
  const why = parsed.success ? 'it is of another server' : (parsed.error.issues[0]?.message ?? 'it is malformed');
  throw new UnderstudyError('protocol', 'backup/not-one', `The answer is no settings backup of this server: ${why}.`);
}

const taken = ({ name, settings }: SettingsBackup, reason: BackupReason): Parameters<ActivityLog['record']>[0] => ({
  severity: 'info',
  code: 'backup-taken',
  message: `The settings of ${name} were backed up (${reason}): ${settings.cameras.length} cameras.`,
});
const failed = (name: string, message: string): Parameters<ActivityLog['record']>[0] => ({
  severity: 'warning',
  code: 'backup-failed',
  message: `The settings of ${name} could not be backed up: ${message}`,
});

/** Three times a minute: a server that was away at that minute, as this one may have been, has its turn when it is there. */
function startDaily({ dailyAt, clock }: BackupsDeps, look: (since: number) => void): Cancel {
  return clock.every(seconds(20), () => {
    const at = dailyAt();
    if (at !== undefined) look(lastOf(at, clock.now()));
  });
}

/** The last time that it was `hh:mm` UTC, wall milliseconds. */
function lastOf(at: string, now: number): number {
  const [hours = 0, minutes = 0] = at.split(':').map(Number);
  const today = now - (now % DAY_MS) + (hours * 60 + minutes) * 60_000;
  return today <= now ? today : today - DAY_MS;
}
