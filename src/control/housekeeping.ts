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
const DAY_MS = 86_400_000;

export type HousekeepingDeps = {
  readonly catalogue: Pick<Catalogue, 'log'>;
  readonly retain: (volumes: readonly RetentionVolume[], rules: RetentionRules) => Promise<RetentionOutcome>;
  /** Those that are usable or full now. */
  readonly volumes: () => Promise<readonly RetentionVolume[]>;
  readonly rules: () => RetentionRules;
  readonly onRemoved: (outcome: RetentionOutcome) => void;
  readonly clock: Clock;
  readonly log: Log;
};

export function startHousekeeping(deps: HousekeepingDeps): Running {
  const stopping = new AbortController();
  const round = async (): Promise<void> => {
    const outcome = await deps.retain(await deps.volumes(), deps.rules());
    const files = Object.values(outcome.deleted).reduce((sum, count) => sum + count, 0);
    if (files > 0) deps.log.info('footage removed', { files, bytes: outcome.bytes, deleted: outcome.deleted });
    for (const { path, message } of outcome.failed)
      deps.log.warn('footage could not be removed', { path, reason: message });
    if (files > 0) deps.onRemoved(outcome);
    deps.catalogue.log.trim(MAX_LOG_ROWS, deps.clock.now() - LOG_DAYS * DAY_MS);
  };
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await deps.clock.sleep(durationMs(ROUND_MS), stopping.signal);
      if (stopping.signal.aborted) return;
      await round().catch((error: unknown) => deps.log.error('housekeeping failed', { reason: messageOf(error) }));
    }
  };
  const ended = run();
  return {
    stop: async () => {
      stopping.abort();
      await ended;
    },
  };
}
