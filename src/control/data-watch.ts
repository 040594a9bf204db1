/** Whether the data directory still takes what settings, catalogue and log need: a full or read-only disk is told before it costs something. */
import { constants } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import type { ActivityLog } from '../api/activity.ts';
import type { HealthItem } from '../api/contract/server.ts';
import type { LiveEvent } from '../api/contract/events.ts';
import { isoOf } from '../core/clock.ts';
import type { Clock } from '../core/clock.ts';
import { messageOf } from '../core/errors.ts';
import type { Running } from '../core/running.ts';
import { durationMs } from '../core/units.ts';

const LOOK_EVERY_MS = 2000;
/** Below, settings may not be saved any more: a catalogue takes some MB a camera and month. */
export const DATA_RESERVE_BYTES: number = 64 * 1024 * 1024;
/** With less nothing can be written for long. */
export const DATA_FULL_BYTES: number = 4 * 1024 * 1024;

export type DataWatchDeps = {
  readonly dataDir: string;
  readonly activity: Pick<ActivityLog, 'record'>;
  readonly publish: (event: LiveEvent) => void;
  readonly clock: Clock;
};
export type DataWatch = Running & { readonly items: () => readonly HealthItem[] };
type Problem = Pick<HealthItem, 'code' | 'severity' | 'message'>;

export function startDataWatch({ dataDir, activity, publish, clock }: DataWatchDeps): DataWatch {
  let item: HealthItem | undefined;
  let looking: Promise<void> | undefined;
  const look = async (): Promise<void> => {
    const problem = await problemOf(dataDir);
    if (problem?.code === item?.code) return;
    item = problem === undefined ? undefined : { ...problem, since: isoOf(clock.now()) };
    if (problem !== undefined) activity.record(problem);
    else activity.record({ severity: 'info', code: 'data-usable', message: 'The data directory has room again.' });
    publish({ kind: 'server' });
  };
  const start = (): void => {
    looking ??= look().finally(() => (looking = undefined));
  };
  start();
  const cancel = clock.every(durationMs(LOOK_EVERY_MS), start);
  return {
    items: () => (item === undefined ? [] : [item]),
    stop: async () => {
      cancel();
      await looking;
    },
  };
}

async function problemOf(dataDir: string): Promise<Problem | undefined> {
  try {
    await access(dataDir, constants.W_OK);
    const { bavail, bsize } = await statfs(dataDir);
    return spaceProblem(dataDir, bavail * bsize);
  } catch (error) {
    const message = `The data directory ${dataDir} cannot be written (${messageOf(error)}): settings and events are not kept. Make it writable.`;
    return { code: 'data-unwritable', severity: 'error', message };
  }
}

/** Pure. */
export function spaceProblem(dataDir: string, freeBytes: number): Problem | undefined {
  if (freeBytes >= DATA_RESERVE_BYTES) return undefined;
  const room = `${(freeBytes / 1e6).toFixed(1)} MB are free for the data directory ${dataDir}`;
  if (freeBytes < DATA_FULL_BYTES)
    return {
      code: 'data-full',
      severity: 'error',
      message: `${room}: settings and events are not kept. Free space there.`,
    };
  return {
    code: 'data-low',
    severity: 'warning',
    message: `${room}. Free space there before settings cannot be kept.`,
  };
}
