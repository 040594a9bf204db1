/** Retention put together: the owner's rules over what lies on the volumes, but for what is owed to other servers. */
import type { ActivityLog } from '../api/activity.ts';
import type { LiveEvent } from '../api/contract/events.ts';
import type { Catalogue } from '../archive/catalogue-types.ts';
import { createRetention } from '../archive/retention-run.ts';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { CoverService } from '../cover/cover-service.ts';
import type { Settings } from '../settings/settings.ts';
import { startHousekeeping } from './housekeeping.ts';
import type { Housekeeping } from './housekeeping.ts';
import type { LiveState } from './live-state.ts';
import { createRetentionRoom } from './retention-room.ts';

export type RetentionSideDeps = {
  readonly settings: Pick<Settings, 'volumes' | 'cameras'>;
  readonly catalogue: Catalogue;
  readonly activity: Pick<ActivityLog, 'record'>;
  readonly publish: (event: LiveEvent) => void;
  readonly covered: Pick<CoverService, 'owed'>;
  readonly clock: Clock;
  readonly log: Log;
};

export const startRetention = (deps: RetentionSideDeps, state: LiveState): Housekeeping =>
  startHousekeeping({
    ...deps,
    retain: createRetention({ ...deps, mustStay: deps.covered.owed }),
    volumes: createRetentionRoom({ ...deps, state }),
    rules: () => new Map(deps.settings.cameras.get().cameras.map(({ id, retention }) => [id, retention])),
    onHeld: (id) => {
      const path = deps.settings.volumes.get().volumes.find((volume) => volume.id === id)?.path ?? id;
      const message = `${path} has no room left, and what lies there is owed to other servers: it is not deleted before it is home. Give it back, or add a volume.`;
      deps.activity.record({ severity: 'error', code: 'covered-footage-full', message });
    },
    onRemoved: () => {
      for (const { id } of deps.settings.volumes.get().volumes) deps.publish({ kind: 'volume', volumeId: id });
    },
  });
