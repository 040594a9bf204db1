/**
 * What this server does when it is put in the place of another one (`site.adopt`): its cameras, name and accounts become those of the
 * original. Once: asked again after it was carried out nothing is written (docs/design/replacement.md).
 *
 * Belongs here: who may ask, what is refused, words. Does not: which settings (site/adoption.ts), the order of writing (adopting.ts).
 */
import { managerOf } from '../site/membership.ts';
import { z } from 'zod';
import type { ActivityLog } from '../api/activity.ts';
import { UnderstudyError } from '../core/errors.ts';
import type { Settings } from '../settings/settings.ts';
import { adoptionHash } from '../site/adoption.ts';
import { settingsBackupSchema } from '../site/settings-backup.ts';
import { adopt, identityOf, ownIdentityView } from './adopting.ts';

export const adoptionSchema = z.strictObject({
  /** Of the replacement. */
  id: z.string().max(64),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  epoch: z.number().int().min(1),
  backup: settingsBackupSchema,
});
export type Adoption = z.infer<typeof adoptionSchema>;

export type AdoptingSideDeps = {
  readonly settings: Pick<Settings, 'server' | 'cameras' | 'users' | 'secrets' | 'licences' | 'peers'>;
  /** Passwords changed, of which no settings file tells. */
  readonly order: () => void;
  /** The host said that this failover server may do just that; the parameters were not looked at yet. */
  readonly isPermitted: (peerId: string, params: unknown) => boolean;
  readonly activity: Pick<ActivityLog, 'record'>;
};

/** `site.adopt`: what this server is by its hash now. @throws peer/not-yours, peer/params, replace/successor, replace/differs */
export function createAdoptingSide({ settings, order, isPermitted, activity }: AdoptingSideDeps): {
  readonly take: (peerId: string, params: unknown) => Promise<{ readonly hash: string }>;
} {
  return {
    take: async (peerId, params) => {
      const by = checkMayAdopt(settings, peerId, isPermitted(peerId, params));
      const { id, backup, epoch, hash } = adoptionIn(params);
      // Whoever asked may not have kept the answer; days later this server may have been changed by its owner.
      if (settings.server.get().adoption === id) return { hash };
      refuseUnfit(settings, backup.serverId);
      if (adoptionHash(backup.settings) !== hash) throw malformed('its hash is another one');
      const before = ownIdentityView(settings);
      const isNews = adoptionHash(identityOf(settings)) !== hash;
      if (isNews || settings.server.get().epoch < epoch) await adopt(settings, backup.settings, { epoch, hash });
      await settings.server.update((server) => ({ ...server, adoption: id }));
      order();
      if (isNews) {
        const lost = before.cameras.map(({ name }) => name).join(', ') || 'none';
        const message = `${by} put this server, ${before.name}, in the place of ${backup.name}: it has the cameras, accounts and name of that one now. Its cameras before: ${lost}; their footage stays.`;
        activity.record({ severity: 'warning', code: 'adopted', message });
      }
      return { hash };
    },
  };
}

/**
 * Whoever protects this server by the word of an administrator of it, as long as it has no host; else one that the host names for it.
 * Introduced ones are trusted with footage and settings, not with changing them.
 */
function checkMayAdopt({ peers }: Pick<Settings, 'peers'>, peerId: string, isPermitted: boolean): string {
  const all = peers.get().peers;
  const peer = all.find(({ id }) => id === peerId);
  const manager = managerOf(all);
  const isTrusted = isPermitted || (peer?.introduced === false && manager === undefined);
  if (peer !== undefined && (peer.id === manager?.id || (peer.watcher && isTrusted))) return peer.name;
  throw new UnderstudyError(
    'forbidden',
    'peer/not-yours',
    'Only a failover server that the host of this server names, or without a host one that its administrator authorized, puts it in the place of another one.',
  );
}

function refuseUnfit({ server }: Pick<Settings, 'server'>, originalId: string): void {
  const { id, name, mode, replacedBy } = server.get();
  if (mode === 'recording' && replacedBy === undefined && id !== originalId) return;
  const why =
    id === originalId ? 'is that server itself' : mode === 'recording' ? 'was replaced itself' : `is in mode ${mode}`;
  throw new UnderstudyError(
    'conflict',
    'replace/successor',
    `${name} ${why}: it cannot take the place of another one.`,
  );
}

/** @throws peer/params */
function adoptionIn(params: unknown): Adoption {
  const parsed = adoptionSchema.safeParse(params);
  if (parsed.success) return parsed.data;
  throw malformed(parsed.error.issues[0]?.message ?? 'malformed');
}
const malformed = (why: string): UnderstudyError =>
  new UnderstudyError('protocol', 'peer/params', `site.adopt expects the settings of the original: ${why}.`);
