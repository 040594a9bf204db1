/** What the control process finds on its disk: lock, keys, settings, catalogue, and the logs over them. Does not: what runs on it (control.ts). */
import { hostname } from 'node:os';
import type { ActivityLog } from '../api/activity.ts';
import type { EventHub } from '../api/event-hub.ts';
import { openCatalogue } from '../archive/catalogue.ts';
import type { Catalogue } from '../archive/catalogue-types.ts';
import { createActivityLog } from '../control/activity-log.ts';
import { CATALOGUE_LOST } from '../control/health.ts';
import { ownHosts } from '../control/process-facts.ts';
import { completeRestore } from '../control/restoring-settings.ts';
import { systemClock } from '../core/clock.ts';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import { epochMs } from '../core/units.ts';
import { lockDataDirectory } from '../settings/data-lock.ts';
import type { DataLock } from '../settings/data-lock.ts';
import { openKeys } from '../settings/keys.ts';
import type { Keys } from '../settings/keys.ts';
import type { Recovery } from '../settings/recovery.ts';
import { createRestoreJournal } from '../settings/restore-journal.ts';
import { openSettings } from '../settings/settings.ts';
import type { Settings } from '../settings/settings.ts';
import type { ServeOptions } from '../supervisor/serve-options.ts';

export type ControlState = {
  readonly dataDir: string;
  readonly startedAt: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly lock: DataLock;
  readonly keys: Keys;
  readonly settings: Settings;
  readonly recoveries: readonly Recovery[];
  readonly catalogue: Catalogue;
  readonly hub: EventHub;
  readonly publish: EventHub['publish'];
  readonly activity: ActivityLog;
};
type More = {
  readonly version: string;
  readonly log: Log;
  /** `startedAt`: Unix milliseconds. */
  readonly createHub: (startedAt: number) => EventHub;
};
export async function openControlState(
  options: ServeOptions,
  { version, log, createHub }: More,
): Promise<ControlState> {
  const clock = systemClock;
  const startedAt = clock.now();
  const { dataDir, mode } = options;
  const lock = lockDataDirectory(dataDir);
  const keys = await openKeys({ dataDir, clock, hosts: ownHosts() });
  const name = options.name ?? hostname();
  const settings = await openSettings({ dataDir, clock, log, secretsKey: keys.secretsKey, name, mode });
  const completed = await completeRestore(settings, createRestoreJournal(dataDir, keys.secretsKey), log);
  const catalogue = openKnownCatalogue(dataDir, startedAt, settings);
  const hub = createHub(startedAt);
  const { publish } = hub;
  const activity = createActivityLog({ catalogue, publish, clock, log });
  const recoveries = [...keys.recoveries, ...settings.recoveries];
  for (const { message } of recoveries) activity.record({ severity: 'warning', code: 'settings-recovered', message });
  if (completed !== undefined) activity.record({ severity: 'warning', code: 'settings-restored', message: completed });
  if (catalogue.condition === 'rebuild-needed')
    activity.record({ severity: 'warning', code: 'catalogue-rebuilt', message: CATALOGUE_LOST });
  activity.record({ severity: 'info', code: 'started', message: `Understudy ${version} was started.` });
  return { dataDir, startedAt, clock, log, lock, keys, settings, recoveries, catalogue, hub, publish, activity };
}

/** A server that has volumes had a catalogue: if there is none, it was lost. */
function openKnownCatalogue(dataDir: string, startedAt: number, { volumes }: Settings): Catalogue {
  const catalogue = openCatalogue(dataDir, epochMs(startedAt));
  const isLost = catalogue.condition === 'new' && volumes.get().volumes.length > 0;
  return isLost ? { ...catalogue, condition: 'rebuild-needed' } : catalogue;
}
