/** The servers whose cameras this one shows, and who covers what, from records and signs of life. */
import type { SiteCover, SiteServer, SiteServers } from '../api/site/site-servers.ts';
import { nameOfServer } from '../control/failover-api.ts';
import type { SiteGateway } from '../control/site-gateway.ts';
import { isHost } from '../site/host-role.ts';
import { membersOf } from '../site/membership.ts';
import type { CoverProgress } from '../wire/peer-protocol.ts';
import type { FailoverParts } from './failover-box.ts';
import type { Peers } from './peer-set-up.ts';

export function composeSiteServers(
  { settings }: Pick<FailoverParts, 'settings'>,
  { network, heardOf, late }: Pick<Peers, 'network' | 'heardOf' | 'late'>,
  gateway: SiteGateway,
  lastContactAt: (serverId: string) => number | undefined,
): SiteServers {
  const ownId = (): string => settings.server.get().id;
  const host = (): boolean => isHost(settings.server.get());
  const own = (): SiteServer => {
    const { id, name, mode } = settings.server.get();
    return { id, name, isFailover: mode === 'failover', isReachable: true, awaySince: undefined };
  };
  const coversOf = (serverId: string, progress: readonly CoverProgress[]): readonly SiteCover[] => {
    if (progress.length === 0) return [];
    const by = { id: serverId, name: nameOfServer(settings, serverId) };
    return progress.flatMap(({ streams }) => coversIn(by, streams));
  };
  return {
    ownId,
    isHost: host,
    gateway,
    changesAt: gateway.changesAt,
    all: () => [
      own(),
      ...(host() ? membersOf(settings.peers.get().peers) : []).map(({ id, name, mode }) => ({
        id,
        name,
        isFailover: mode === 'failover',
        isReachable: gateway.isReachable(id),
        awaySince: gateway.awaySince(id),
      })),
    ],
    covers: () => [
      ...coversOf(ownId(), late.covering().progress),
      // Who is no failover server covers nobody, whatever it says: live pictures would be its own.
      ...settings.peers
        .get()
        .peers.flatMap(({ id, mode }) =>
          mode === 'failover' ? coversOf(id, heardOf(id)?.keepAlive.covering ?? []) : [],
        ),
    ],
    linkOf: (serverId) => {
      const isReachable = network.statusOf(serverId)?.connected ?? false;
      return { isReachable, awaySince: isReachable ? undefined : lastContactAt(serverId) };
    },
  };
}

/** One of each camera: its main stream tells. */
function coversIn(by: SiteCover['by'], streams: CoverProgress['streams']): readonly SiteCover[] {
  const byCamera = Map.groupBy(streams, ({ cameraId }) => cameraId);
  return [...byCamera].map(([cameraId, both]) => {
    const main = both.find(({ stream }) => stream === 'main') ?? both[0];
    return { by, cameraId, isRecording: main?.state === 'recording' };
  });
}
