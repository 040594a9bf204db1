/**
 * Another server introduces itself here (`POST /peers`).
 *
 * Belongs here: who may, and what it is to this server then. Does not: what it does on its side (authorization.ts), what becomes of one
 * that is not heard (joining.ts).
 */
import type { z } from 'zod';
import type { ActivityLog } from '../api/activity.ts';
import type { introducePeerRequest } from '../api/contract/failover.ts';
import { UnderstudyError } from '../core/errors.ts';
import { isHost } from '../site/host-role.ts';
import type { PeerIdentity, PeerRecord } from '../site/peer.ts';
import { lockOf, placed, refuseItself, refuseLocked, refuseSecondManager } from './authorization.ts';
import type { AuthorizationDeps } from './authorization.ts';
import { refuseManagement } from './management.ts';
import { refuseReplaced } from './replaced-side.ts';
import type { ServerRecords } from './server-records.ts';

export type Introduction = z.output<typeof introducePeerRequest>;
export type IntroducedDeps = Pick<AuthorizationDeps, 'settings' | 'describe' | 'clock'> & {
  readonly activity: Pick<ActivityLog, 'record'>;
};

/** The other side has signed in here as an administrator, as the owner if it manages this server: that is its authority. */
export async function introduced(
  deps: IntroducedDeps,
  { write }: Pick<ServerRecords, 'write'>,
  { peer, role }: Introduction,
  user: string,
): Promise<PeerIdentity> {
  if (role === 'manages') {
    refuseManagement(deps);
    refuseAsHost(deps);
  }
  refuseItself(deps, peer.id);
  refuseReplaced(deps);
  refuseLocked(deps, peer);
  await write(peer.id, (before, all) => {
    // Not before its turn: two hosts may come at once.
    if (role === 'manages') refuseSecondManager(all, peer.id);
    // Kept for the time being (joining.ts), each time it introduces itself anew.
    const isUnheard = before === undefined || before.provisional === true;
    const addedAt = isUnheard ? deps.clock.now() : before.addedAt;
    return { ...placed(peer), ...standingOf(role, before), ...(isUnheard ? { provisional: true } : {}), addedAt };
  });
  const message = `${peer.name} ${role === 'manages' ? 'manages' : 'protects'} this server from now on.`;
  deps.activity.record({ severity: 'warning', code: 'server-introduced', message, user });
  return deps.describe();
}

/** A site has one host, and this one may be it by its role, whatever its mode. @throws server/foreign */
function refuseAsHost({ settings }: Pick<IntroducedDeps, 'settings'>): void {
  if (!isHost(settings.server.get())) return;
  const message = 'This server is the host of a site: another server of that site takes the role first.';
  throw new UnderstudyError('conflict', 'server/foreign', message);
}

type Standing = Pick<PeerRecord, 'watched' | 'watcher' | 'managesUs' | 'introduced' | 'enabled' | 'locked'>;
/** What it was before it still is. */
function standingOf(role: Introduction['role'], before: PeerRecord | undefined): Standing {
  const { watched = false, watcher = false, managesUs = false, locked = false } = before ?? {};
  return {
    watched,
    watcher: watcher || role === 'protects',
    managesUs: managesUs || role === 'manages',
    introduced: false,
    enabled: true,
    ...lockOf(locked),
  };
}
