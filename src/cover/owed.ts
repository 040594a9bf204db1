/**
 * Which segments on this server's volumes are footage that it owes a protected server: nobody else is known to have it. Ordinary
 * retention, by whatever rule, leaves them alone. Belongs here: that question. Does not: the ring (ring.ts), giving back (restoration).
 */
import type { CoverIndex } from './cover-index.ts';
import { streamKeyOf } from './cover-orders.ts';
import type { CoverBox, OwedSegment } from './cover-service.ts';
import { isNeeded } from './ring.ts';

/** `owners`: protected cameras. Only what this server recorded itself is owed; what stays here by policy is not. */
export function owedBy(
  { covered, keptBefore }: Pick<CoverIndex, 'covered' | 'keptBefore'>,
  { serverId: ownId, ownCameraIds }: Pick<CoverBox, 'serverId' | 'ownCameraIds'>,
  owners: ReadonlyMap<string, string>,
): (segment: OwedSegment) => boolean {
  const owing = covered().filter(({ kept }) => !kept);
  const ranges = new Map(
    [...Map.groupBy(owing, streamKeyOf)].map(([key, covers]) => [
      key,
      covers.map(({ from, to }) => ({ from, to: to ?? Infinity })),
    ]),
  );
  const before = keptBefore() ?? -Infinity;
  return (segment) => {
    if ((segment.serverId ?? ownId) !== ownId || ownCameraIds.has(segment.cameraId)) return false;
    if (segment.start < before && owners.has(segment.cameraId)) return true;
    return isNeeded(segment, ranges.get(streamKeyOf(segment)) ?? []);
  };
}
