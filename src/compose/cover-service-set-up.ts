/** The cover service of this box, put together, and what it tells of covered cameras. */
import { existsSync } from 'node:fs';
import type { CameraDeps } from '../api/routes/cameras.ts';
import { bookedIfExpected, removeSegment } from '../archive/remove-segments.ts';
import { nameOfServer } from '../control/failover-api.ts';
import { owedFootage } from '../control/owed-footage.ts';
import type { OwedFootage } from '../control/owed-footage.ts';
import type { CoveredStreams } from '../control/recording-side.ts';
import type { CoverBox, CoverService } from '../cover/cover-service.ts';
import { NO_COVERS, coversFileSchema } from '../cover/cover-types.ts';
import type { CoversFile, FirstFrame } from '../cover/cover-types.ts';
import { epochMs } from '../core/units.ts';
import { createCover } from '../cover/cover.ts';
import { mediaOrdersOf, readOrders } from '../recorder/orders-file.ts';
import { openSettingsFile } from '../settings/settings-file.ts';
import type { FailoverParts } from './failover-box.ts';
import type { Side } from './failover-side.ts';
import { join } from 'node:path';
import type { z } from 'zod';

export async function composeCover(parts: FailoverParts, side: Side): Promise<CoverService> {
  const { dataDir, settings, clock, log, catalogue, activity } = parts;
  const path = join(dataDir, 'settings', 'covers.json');
  const budget = new Map<string, number>();
  // Of a new server nothing was recorded before; of an old one nobody knows what it covered.
  const isMissing = !existsSync(path);
  const schema: z.ZodType<CoversFile> = coversFileSchema;
  const { file, recovery } = await openSettingsFile({
    path,
    schema,
    migrations: [],
    initial: NO_COVERS,
    budget,
    clock,
  });
  return createCover({
    clock,
    log,
    file,
    indexLost: isMissing || recovery !== undefined,
    catalogue,
    waitsFor: parts.progress.waitsFor,
    lostFor: parts.progress.lostFor,
    box: () => boxOf(parts),
    settingsOf: (serverId) => side.backups.latest(serverId)?.settings,
    lastOrders:
      readOrders(mediaOrdersOf(dataDir), (why) => log.warn('kept orders cannot be used', { why }))?.streams ?? [],
    removeSegment: async (volumeId, segment) => {
      const volume = settings.volumes.get().volumes.find(({ id }) => id === volumeId);
      if (volume !== undefined)
        await removeSegment({ catalogue, volume }, segment, 'retention', bookedIfExpected(catalogue));
    },
    changed: parts.recording.order,
    remark: ({ severity, code, serverId, cameraId, message }) => {
      activity.record({
        severity,
        code,
        message: `${nameOfServer(settings, serverId)}: ${message}`,
        ...(cameraId === undefined ? {} : { cameraId }),
      });
      // How ready its cameras are stands in its view.
      parts.publish({ kind: 'server' });
    },
    firstFrame: (frame) => {
      const { serverId, cameraId, stream, afterMs } = frame;
      log.info('first covered frame', { serverId, cameraId, stream, afterMs });
      tellProgress(side);
      // Behind the effects of this step: the incident is opened by one of them.
      queueMicrotask(() => noteFirstFrame(parts, side, frame));
    },
  });
}

/** From when on there is footage here: of a hot camera from before the failure. */
function noteFirstFrame({ incidents, clock }: FailoverParts, { watch }: Side, frame: FirstFrame): void {
  const { serverId, cameraId, stream, start } = frame;
  const incident = watch?.stateOf(serverId)?.incident;
  if (incident === undefined) return;
  const change = { kind: 'first-covered', stream: { cameraId, stream }, from: epochMs(start) } as const;
  incidents.apply({ ...change, incident, at: clock.now() });
}

function boxOf({ settings }: FailoverParts): CoverBox {
  const { storeVolumeIds, maxChannels, hotSeconds } = settings.failover.get();
  const { id: serverId, mode } = settings.server.get();
  const { cameras } = settings.cameras.get();
  const own = mode === 'failover' ? [] : cameras.filter(({ enabled }) => enabled);
  const all = settings.volumes.get().volumes.map(({ id }) => id);
  const chosen = storeVolumeIds.filter((id) => all.includes(id));
  return {
    serverId,
    maxChannels,
    hotSeconds,
    volumeIds: chosen.length > 0 ? chosen : all,
    ownCameraIds: new Set(own.map(({ id }) => id)),
    ownFootageIds: new Set(cameras.map(({ id }) => id)),
  };
}

export function coveredCameras(
  { settings }: FailoverParts,
  { cover, backups }: Side,
): ReturnType<CameraDeps['covered']> {
  const now = cover.covered().filter(({ to }) => to === undefined);
  const byServer = Map.groupBy(now, ({ serverId }) => serverId);
  return [...byServer].flatMap(([serverId, streams]) => {
    const ids = new Set(streams.map(({ cameraId }) => cameraId));
    const coveredFor = { serverId, name: nameOfServer(settings, serverId) };
    const cameras = backups.latest(serverId)?.settings.cameras ?? [];
    return cameras.filter(({ id }) => ids.has(id)).map((camera) => ({ camera, coveredFor }));
  });
}

/** What was recorded here in the place of other servers and is not home. */
export const owedHere = (
  { catalogue, settings }: Pick<FailoverParts, 'catalogue' | 'settings'>,
  { cover, backups }: Pick<Side, 'cover' | 'backups'>,
): readonly OwedFootage[] =>
  owedFootage({
    catalogue,
    cover,
    serverOf: (cameraId) =>
      settings.peers
        .get()
        .peers.find(({ id }) => backups.latest(id)?.settings.cameras.some((camera) => camera.id === cameraId))?.id,
  });

export const coveredStreams = (cover: CoverService): CoveredStreams => ({
  orders: cover.orders,
  owed: cover.owed,
  footageOf: cover.footageOf,
  wanted: () =>
    cover
      .covered()
      .filter(({ to }) => to === undefined)
      .map(({ cameraId, stream }) => ({ cameraId, stream, expected: true })),
});

export function tellProgress({ cover, watch }: Side): void {
  if (watch === undefined) return;
  for (const { serverId, streams } of cover.progress(() => 'covering'))
    watch.tell(serverId, { kind: 'cover-progress', streams });
}
