/** The other servers this one knows, put together: what must hold before one is protected, and before one is forgotten. */
import { refuseUnprotectable } from '../control/authorization.ts';
import { nameOfServer } from '../control/failover-api.ts';
import { createKnownServers } from '../control/known-servers.ts';
import type { HeldFootage, KnownServers } from '../control/known-servers.ts';
import { sizeOfOwed } from '../control/owed-footage.ts';
import { UnderstudyError } from '../core/errors.ts';
import type { RestorationProgress } from '../restoration/restoration-types.ts';
import { isHost } from '../site/host-role.ts';
import type { SettingsBackup } from '../site/settings-backup.ts';
import { unsuitedBy } from '../site/suitability.ts';
import { owedHere } from './cover-service-set-up.ts';
import type { FailoverParts } from './failover-box.ts';
import type { Side } from './failover-side.ts';
import { remoteApi } from './peer-set-up.ts';
import type { Peers } from './peer-set-up.ts';

export function composeKnown(parts: FailoverParts, peers: Peers, side: Side): KnownServers {
  const { network, late } = peers;
  late.heldOf = (serverId) => heldHere(parts, side, serverId);
  late.forgotten = async (serverId) => await forgetServer(side, serverId);
  return createKnownServers({
    ...parts,
    suitability: parts.document.document().suitability,
    remoteApi,
    describe: peers.describe,
    network: {
      refresh: network.refresh,
      revoke: network.revoke,
      isConnected: (id) => network.statusOf(id)?.connected ?? false,
      sayForget: sayForgetOf(parts, peers),
    },
    firstBackup: async (serverId) => {
      refuseAsTold(parts, peers, serverId);
      const backup = await side.backups.take(serverId, 'authorization');
      refuseUnprotectable(unsuitedBy(backup.name, backup.suitability));
      refuseCollisions(parts, side, backup);
    },
    beforeForgetting: (serverId) => {
      const state = side.watch.stateOf(serverId);
      if (state === undefined || Object.keys(state.wanted).length + state.restoring.length === 0) return;
      const message = `${nameOfServer(parts.settings, serverId)} is covered, or its footage is on its way home: restore it first, or stop its restoration.`;
      throw new UnderstudyError('conflict', 'failover/covering', message);
    },
    heldOf: (serverId) => heldHere(parts, side, serverId),
    onForgotten: async (serverId) => await forgetServer(side, serverId),
  });
}

/** It is protected here no more: what was kept for it goes. */
export async function forgetServer(
  side: Pick<Side, 'cover' | 'restoration' | 'backups'>,
  serverId: string,
): Promise<void> {
  side.cover.drop(serverId);
  await endEmpty(side, serverId);
  await side.backups.forget(serverId);
}

/** What this server recorded for another one, records now, or is about to give back. */
export function heldHere(
  parts: FailoverParts,
  side: Pick<Side, 'cover' | 'backups' | 'watch' | 'restoration'>,
  serverId: string,
): HeldFootage | undefined {
  const owed = owedHere(parts, side).filter((one) => one.serverId === serverId);
  const returns = returnsOf(side, serverId).filter(({ remaining }) => remaining.files > 0);
  const state = side.watch.stateOf(serverId);
  const isCovered = Object.keys(state?.wanted ?? {}).length > 0;
  if (owed.length + returns.length === 0 && !isCovered) return undefined;
  const files = owed.length > 0 ? sizeOfOwed(owed) : 'nothing durable yet';
  return { words: isCovered ? `${files}, and it is covered now` : files, canStop: returns.length > 0 };
}

/** Not ended, or ended with something left here. */
const returnsOf = ({ restoration }: Pick<Side, 'restoration'>, serverId: string): readonly RestorationProgress[] =>
  restoration
    .list()
    .filter(
      ({ order, state, finishedAt }) =>
        order.serverId === serverId && (finishedAt === undefined || state === 'incomplete'),
    );

/** With the trust goes the way home: what has nothing to give back would wait for ever. */
async function endEmpty(side: Pick<Side, 'restoration'>, serverId: string): Promise<void> {
  for (const { id, remaining } of returnsOf(side, serverId))
    if (remaining.files === 0) await side.restoration.cancel(id, remaining);
}

/** Product F1. */
function refuseAsTold(parts: FailoverParts, { network }: Peers, serverId: string): void {
  const facts = network.statusOf(serverId)?.hello?.suitability;
  if (facts !== undefined) refuseUnprotectable(unsuitedBy(nameOfServer(parts.settings, serverId), facts));
}

/** Covered cameras keep their ids, so these are unique over all protected servers. */
function refuseCollisions({ settings }: FailoverParts, { backups }: Side, backup: SettingsBackup): void {
  const ids = new Set(backup.settings.cameras.map(({ id }) => id));
  for (const { id, watched } of settings.peers.get().peers) {
    if (!watched || id === backup.serverId) continue;
    const same = (backups.latest(id)?.settings.cameras ?? []).find((camera) => ids.has(camera.id));
    if (same === undefined) continue;
    const message = `${backup.name} and ${nameOfServer(settings, id)} both have a camera with the id ${same.id}; delete it on one of them and add it anew.`;
    throw new UnderstudyError('conflict', 'server/camera-id', message);
  }
}

/** A server that this host added leaves the whole site with it, not this host alone. */
export const sayForgetOf =
  ({ settings }: Pick<FailoverParts, 'settings'>, { network }: Pick<Peers, 'network'>) =>
  async (id: string): Promise<void> => {
    const record = settings.peers.get().peers.find((peer) => peer.id === id);
    const isMember = isHost(settings.server.get()) && record?.managesUs === false && !record.introduced;
    if (!isMember) return void (await network.request(id, 'peer.forget', {}));
    // Its name was given with its place in the site.
    if (record.joining !== undefined) await network.request(id, 'site.rename', { name: record.joining.name });
    await network.request(id, 'site.detach', { cameras: 'keep', force: true });
  };
