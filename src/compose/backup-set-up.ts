/** Settings backups of protected servers, put together; a new one changes who is watched for what, and what is kept ready. */
import { startBackups } from '../control/backups.ts';
import type { Backups } from '../control/backups.ts';
import { nameOfServer } from '../control/failover-api.ts';
import { expectedStreams } from '../control/protected-side.ts';
import { createStandbyReview } from '../control/standby-review.ts';
import type { StandbyCamera } from '../cover/cover-types.ts';
import { createBackupStore } from '../settings/backup-store.ts';
import { isAway } from '../failover/trouble.ts';
import type { SettingsBackup } from '../site/settings-backup.ts';
import { isProtected } from './failover-box.ts';
import type { FailoverParts } from './failover-box.ts';
import type { Side } from './failover-side.ts';
import { othersOf } from './hearing.ts';
import type { Peers } from './peer-set-up.ts';
import { join } from 'node:path';

/** Beside the backup directory, which may be on another disk, or be emptied by somebody. */
const RESERVE = 'backups-reserve';
const RESERVE_COUNT = 2;

export function composeBackups(parts: FailoverParts, peers: Peers, side: Side): Backups {
  const { settings, dataDir, keys } = parts;
  return startBackups({
    ...parts,
    store: createBackupStore(
      () => settings.failover.get().backupDirectory ?? join(dataDir, 'backups'),
      keys.secretsKey,
    ),
    reserve: createBackupStore(() => join(dataDir, RESERVE), keys.secretsKey, RESERVE_COUNT),
    connected: () => peers.connected().filter((id) => isProtected(parts, id)),
    request: async (serverId) => (await peers.network.request(serverId, 'backup.get', {}, { via: 'bulk' })).result,
    nameOf: (serverId) => nameOfServer(settings, serverId),
    dailyAt: () => (settings.failover.get().dailyBackup ? settings.failover.get().dailyBackupAt : undefined),
    onBackup: (backup) => useBackup({ parts, peers, side }, backup),
  });
}

type Using = { readonly parts: FailoverParts; readonly peers: Pick<Peers, 'members'>; readonly side: Side };
/** A new backup: other cameras may have to be covered, or kept ready. */
function useBackup({ parts, peers, side }: Using, { serverId, settings }: SettingsBackup): void {
  // While everything is still being put together the newest backup is read when it is needed.
  if (side.watch === undefined || side.cover === undefined) return;
  // Else another name or mode would be heard of at the next connection only.
  peers.members.learn(serverId, settings.server);
  side.covering.hear({ kind: 'known-epoch', epoch: settings.server.epoch });
  side.watch.tell(serverId, { kind: 'roster', streams: expectedStreams(settings.cameras) });
  side.cover.refresh();
  keepReady(parts, side);
  // It may name another share.
  side.restoration.nudge(serverId);
}

/** When other failover servers came or went, and when one of them covers what this one would cover next. */
export function composeStandbyReview(parts: FailoverParts, peers: Peers, side: Side): () => void {
  const review = (): void => keepReady(parts, side);
  const others = (): ReturnType<typeof othersOf> => othersOf(parts, peers);
  const settled = createStandbyReview({ others, review, clock: parts.clock });
  const isServerAway = (serverId: string): boolean => {
    const state = side.watch.stateOf(serverId);
    return state !== undefined && isAway(state);
  };
  return () => {
    // At once: each second without a ring is one in which the next failure costs footage, and a server that is back wants its sessions.
    if (side.covering.reviewNext(isServerAway)) review();
    side.cover.elsewhere(side.covering.nextElsewhere());
    settled();
  };
}

/** What this server would cover, by the plan for each protected server, is kept as ready as its camera asks. */
export function keepReady(parts: FailoverParts, { cover, covering, backups }: Side): void {
  const next = covering.next();
  for (const { id, watched } of parts.settings.peers.get().peers) {
    if (!watched) continue;
    if (!isProtected(parts, id)) {
      // Disabled, or this is no failover server any more: nothing is held or recorded for it.
      cover.standby(id, []);
      continue;
    }
    const share = covering.shareOf(id);
    const cameras = (backups.latest(id)?.settings.cameras ?? []).filter(
      (camera) => share.has(camera.id) || next.has(camera.id),
    );
    cover.standby(
      id,
      cameras.map(({ id: cameraId, standbyLevel: level }): StandbyCamera => ({ cameraId, level })),
    );
  }
}
