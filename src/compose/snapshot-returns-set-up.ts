/** Snapshots that other servers took in the place of this one, put together: taken in when they come home, asked for where they stay. */
import { loadSigningKey } from '../archive/signing-key.ts';
import type { InboxVolume } from '../archive/incoming-file.ts';
import { checkWatcher } from '../control/protected-side.ts';
import { createSnapshotInbox, createSnapshotsElsewhere } from '../restoration/snapshots-home.ts';
import type { SnapshotsElsewhere } from '../restoration/snapshots-home.ts';
import type { FailoverParts } from './failover-box.ts';
import type { Peers } from './peer-set-up.ts';

export async function composeSnapshotReturns(parts: FailoverParts, { network }: Peers): Promise<SnapshotsElsewhere> {
  const { settings, clock, log, keys, recording } = parts;
  const volumes = (): readonly InboxVolume[] => settings.volumes.get().volumes;
  const inbox = createSnapshotInbox({
    serverId: settings.server.get().id,
    key: await loadSigningKey(keys.exportSigningKeyPath),
    clock,
    log,
    volumes,
    volumesFor: () => volumes().filter(({ id }) => recording.state()?.volumeOf(id)?.state.kind === 'usable'),
    isOwnCamera: (cameraId) => settings.cameras.get().cameras.some(({ id }) => id === cameraId),
  });
  network.handle('snapshot.put', async (peer, params, attachment) => {
    checkWatcher(settings, peer.id);
    return await inbox(peer, params, attachment);
  });
  return createSnapshotsElsewhere({
    log,
    request: network.request,
    keepers: () =>
      settings.peers
        .get()
        .peers.filter(({ watcher, enabled }) => watcher && enabled)
        .map(({ id, name }) => {
          const status = network.statusOf(id);
          return { id, name, connected: status?.connected ?? false, toOurs: status?.clockOffsetMs ?? 0 };
        }),
  });
}
