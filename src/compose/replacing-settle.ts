/**
 * The last step of a replacement: what the original was here ends. Belongs here: that, and its record becoming a tombstone. Does not:
 * what must be over before (replacing-other.ts), the steps before (replacing-set-up.ts).
 */
import type { BackupStore } from '../settings/backup-store.ts';
import type { PeerRecord } from '../site/peer.ts';
import type { Replacement, ReplacedBy } from '../site/replacement.ts';
import type { FailoverParts } from './failover-box.ts';
import type { Side } from './failover-side.ts';
import { endOfHandOver } from './replacing-other.ts';
import type { Peers } from './peer-set-up.ts';

type SettlePlace = {
  readonly parts: FailoverParts;
  readonly peers: Peers;
  readonly side: Side;
  readonly pinned: Pick<BackupStore, 'forget'>;
};

export const replacedByOf = ({ by, name, startedAt }: Replacement): ReplacedBy => ({ id: by, name, at: startedAt });

/** Nothing of the original is watched, covered or owed any more. */
export async function settle(place: SettlePlace, replacement: Replacement): Promise<void> {
  const { parts, side, pinned } = place;
  const { serverId, kind } = replacement;
  // Not watched any more: what follows was not finished the last time.
  const isWatched = parts.settings.peers.get().peers.some(({ id, watched }) => id === serverId && watched);
  if (kind === 'other' && isWatched) await endOfHandOver(place, replacement);
  await markRecord(parts, replacement, { watched: false, watcher: false });
  if (kind === 'acting') await ownWhatIsHere(place, serverId);
  await side.backups.forget(serverId);
  await pinned.forget(serverId);
  parts.publish({ kind: 'server' });
}

/** What was recorded for it is footage of this server now. */
async function ownWhatIsHere({ parts, side }: SettlePlace, serverId: string): Promise<void> {
  const covers = side.cover.covered().filter((one) => one.serverId === serverId);
  side.covering.release(
    serverId,
    covers.filter(({ to }) => to === undefined).map(({ cameraId, stream }) => ({ cameraId, stream })),
  );
  side.cover.drop(serverId);
  await side.cover.settled(covers.map(({ id }) => id));
  await side.restoration.keepAll(serverId);
  for (const { id, serverId: of, closedAt } of parts.incidents.list())
    if (of === serverId && closedAt === undefined)
      parts.incidents.apply({ kind: 'closed', incident: id, at: parts.clock.now() });
}

/** A tombstone from then on. */
export async function markRecord(
  { settings }: FailoverParts,
  replacement: Replacement,
  change: Partial<Pick<PeerRecord, 'watched' | 'watcher'>>,
): Promise<void> {
  const replacedBy = replacedByOf(replacement);
  await settings.peers.update(({ peers }) => ({
    peers: peers.map((peer) => (peer.id === replacement.serverId ? { ...peer, ...change, replacedBy } : peer)),
  }));
}
