/**
 * Being managed, as the managed server sees it: whether it lets a host manage it at all (CMS on or off, product A2), and what its host
 * calls it (`site.rename`).
 *
 * Belongs here: what a host may do to this server's name and when nobody may. Does not: whom it trusts (known-servers.ts), what the
 * host tells of others (site-members.ts).
 */
import { z } from 'zod';
import type { ActivityLog } from '../api/activity.ts';
import { UnderstudyError } from '../core/errors.ts';
import type { Settings } from '../settings/settings.ts';
import { nameSchema } from '../site/camera.ts';
import { managerOf } from '../site/membership.ts';

export type ManagementDeps = {
  readonly settings: Pick<Settings, 'server' | 'peers'>;
  readonly activity: Pick<ActivityLog, 'record'>;
};

/** `site.rename`, from the host to a server it manages. */
export const renameParams = z.strictObject({ name: nameSchema });

/** @throws peer/not-yours unless the host says so, peer/params for what is no name */
export async function takeName({ settings, activity }: ManagementDeps, peerId: string, params: unknown): Promise<void> {
  const host = managerOf(settings.peers.get().peers);
  if (host === undefined || host.id !== peerId)
    throw new UnderstudyError('forbidden', 'peer/not-yours', 'Only the host of this server names it.');
  const parsed = renameParams.safeParse(params);
  if (!parsed.success) {
    const message = `site.rename expects a name: ${parsed.error.issues[0]?.message ?? 'malformed'}`;
    throw new UnderstudyError('protocol', 'peer/params', message);
  }
  const { name } = parsed.data;
  if (settings.server.get().name === name) return;
  await settings.server.update((before) => ({ ...before, name }));
  const message = `${host.name}, which manages this server, calls it ${name} from now on.`;
  activity.record({ severity: 'info', code: 'server-renamed', message });
}

type Own = Pick<Settings, 'server'>;
export const isManageable = ({ server }: Own): boolean => server.get().managed !== 'off';

/**
 * Asked by a server that would manage this one.
 * @throws server/cms-off
 */
export function refuseManagement({ settings }: { readonly settings: Own }): void {
  if (isManageable(settings)) return;
  const { name } = settings.server.get();
  const message = `${name} lets no host manage it: its owner enables that first, under Settings or with the account of the owner from the host.`;
  throw new UnderstudyError('conflict', 'server/cms-off', message);
}

/**
 * Leaving it off is no way out of a site.
 * @throws server/managed
 */
export function refuseSwitchingOff({ settings }: Pick<ManagementDeps, 'settings'>): void {
  const host = managerOf(settings.peers.get().peers);
  if (host === undefined) return;
  const message = `${host.name} manages this server: it must be detached there first.`;
  throw new UnderstudyError('conflict', 'server/managed', message);
}
