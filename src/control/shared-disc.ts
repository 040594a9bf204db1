/** Whose footage is whose on a disc that several servers have as a volume. */
import type { SegmentOrigin } from '../archive/rebuild.ts';
import type { Settings } from '../settings/settings.ts';

/**
 * Known servers record on one disc only where it is shared; what is given back there becomes the protected server's. Of servers that
 * are not known the disc was moved here, with its footage.
 */
export function createIsOthers(
  settings: Pick<Settings, 'server' | 'cameras' | 'volumes' | 'peers'>,
): (volumeId: string, origin: SegmentOrigin) => boolean {
  return (volumeId, { cameraId, serverId, returned }) => {
    const own = settings.server.get();
    if (returned !== undefined)
      return own.mode === 'failover' && !settings.cameras.get().cameras.some(({ id }) => id === cameraId);
    if (serverId === own.id) return false;
    const isShared = settings.volumes.get().volumes.some(({ id, shared }) => id === volumeId && shared === true);
    return isShared || settings.peers.get().peers.some(({ id }) => id === serverId);
  };
}
