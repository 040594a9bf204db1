/** What is done every minute: old footage goes by the owner's rules, the log stays bounded. */
import type { Catalogue } from '../archive/catalogue-types.ts';
import type { RetentionOutcome, RetentionRules, RetentionVolume } from '../archive/retention-run.ts';
import type { Clock } from '../core/clock.ts';
import { messageOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Running } from '../core/running.ts';
import { durationMs } from '../core/units.ts';
import { LOG_DAYS, MAX_LOG_ROWS } from './activity-log.ts';

/** 128 cameras at 4 Mbit/s fill 4 GB a minute; the reserve of a volume is at least of that order. */
const ROUND_MS = 20_000;
/** Files that a full disk broke are told as closed a moment later. */
const SETTLE_MS = 1000;
const DAY_MS = 86_400_000;

export type HousekeepingDeps = {
  readonly catalogue: Pick<Catalogue, 'log'>;
  readonly retain: (volumes: readonly RetentionVolume[], rules: RetentionRules) => Promise<RetentionOutcome>;
  /** Those that are usable or full now. */
  readonly volumes: () => Promise<readonly RetentionVolume[]>;
  readonly rules: () => RetentionRules;
  readonly onRemoved: (outcome: RetentionOutcome) => void;
  /** Once for as long as it lasts: the volume has no room and nothing on it may go. */
  readonly onHeld: (volumeId: string) => void;
  readonly clock: Clock;
  readonly log: Log;
};

export type Housekeeping = Running & {
  /** A volume is full: the next round begins at once. */
  readonly hurry: () => void;
};

export function startHousekeeping(deps: HousekeepingDeps): Housekeeping {
  const stopping = new AbortController();
  let pause = new AbortController();
  let heldBefore: ReadonlySet<string> = new Set();
  const tellHeld = ({ held }: RetentionOutcome): void => {
    const now = new Set(held.map(({ volumeId }) => volumeId));
    for (const id of now) if (!heldBefore.has(id)) deps.onHeld(id);
    heldBefore = now;
  };
  const round = async (): Promise<void> => {
    const outcome = await deps.retain(await deps.volumes(), deps.rules());
    const files = Object.values(outcome.deleted).reduce((sum, count) => sum + count, 0);
    if (files > 0) deps.log.info('footage removed', { files, bytes: outcome.bytes, deleted: outcome.deleted });
    for (const { path, message } of outcome.failed)
      deps.log.warn('footage could not be removed', { path, reason: message });
    if (files > 0) deps.onRemoved(outcome);
    tellHeld(outcome);
    deps.catalogue.log.trim(MAX_LOG_ROWS, deps.clock.now() - LOG_DAYS * DAY_MS);
  };
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const { signal } = pause;
      await deps.clock.sleep(durationMs(ROUND_MS), AbortSignal.any([stopping.signal, signal]));
      // A volume that stays full, because there is nothing to remove, must not make this a busy loop.
      if (signal.aborted) await deps.clock.sleep(durationMs(SETTLE_MS), stopping.signal);
      pause = new AbortController();
      if (stopping.signal.aborted) return;
      await round().catch((error: unknown) => deps.log.error('housekeeping failed', { reason: messageOf(error) }));
    }
  };
  const ended = run();
  return {
    hurry: () => pause.abort(),
    stop: async () => {
      stopping.abort();
      await ended;
    },
  };
}
