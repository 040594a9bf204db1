/** A disk of this server that keeps covered footage waiting: who says it to whom. */
import { createDiskTrouble } from '../control/disk-trouble.ts';
import type { DiskTrouble } from '../control/disk-trouble.ts';
import { nameOfServer } from '../control/failover-api.ts';
import type { FailoverParts } from './failover-box.ts';
import type { Side } from './failover-side.ts';

export const composeDiskTrouble = (
  { settings, progress, activity, incidents, clock }: FailoverParts,
  { cover, watch }: Side,
): DiskTrouble =>
  createDiskTrouble({
    covered: () => cover.covered().filter(({ to }) => to === undefined),
    waitsFor: progress.waitsFor,
    pathOf: (volumeId) => settings.volumes.get().volumes.find(({ id }) => id === volumeId)?.path ?? volumeId,
    nameOf: (serverId) => nameOfServer(settings, serverId),
    record: activity.record,
    remark: (serverId, message) => {
      const incident = watch.stateOf(serverId)?.incident;
      if (incident !== undefined) incidents.apply({ kind: 'remark', incident, at: clock.now(), message });
    },
    clock,
  });
