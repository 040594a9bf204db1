/**
 * The policy of the site where it counts: over the failover settings of a member, and as the host changes it.
 *
 * Belongs here: whose word is in force, and the settings under it. Does not: the rules (site/site-policy.ts), telling the members.
 */
import { UnderstudyError } from '../core/errors.ts';
import type { Settings } from '../settings/settings.ts';
import type { FailoverSettings } from '../site/failover-settings.ts';
import { isHost } from '../site/host-role.ts';
import { managerOf } from '../site/membership.ts';
import type { PeerRecord } from '../site/peer.ts';
import { againstPolicy, siteFileSchema, underPolicy } from '../site/site-policy.ts';
import type { SiteFile } from '../site/site-policy.ts';

type Known = Pick<Settings, 'server' | 'peers' | 'site'>;
const NOTHING: SiteFile = siteFileSchema.parse({});

export const hostOf = ({ peers }: Pick<Settings, 'peers'>): PeerRecord | undefined => managerOf(peers.get().peers);

/** What this host decides, or the host of this server; nothing when the one who said it is neither. */
export function siteInForce(settings: Known): SiteFile {
  const site = settings.site.get();
  const server = settings.server.get();
  const host = isHost(server) ? server.id : hostOf(settings)?.id;
  return site.hostId !== undefined && site.hostId === host ? site : NOTHING;
}

/** The same settings, but what the site decides stands over the failover settings of this server. Updates change its own ones. */
export function underSite(settings: Settings): Settings {
  const { failover, site, peers, server } = settings;
  let last: { readonly own: FailoverSettings; readonly site: SiteFile; readonly under: FailoverSettings } | undefined;
  const get = (): FailoverSettings => {
    const [own, inForce] = [failover.get(), siteInForce(settings)];
    if (last?.own !== own || last.site !== inForce)
      last = { own, site: inForce, under: underPolicy(own, inForce.policy) };
    return last.under;
  };
  return {
    ...settings,
    failover: {
      get,
      update: async (change) => {
        await failover.update(change);
        return get();
      },
      onChange: (listener) => {
        let told = get();
        const review = (): void => {
          const now = get();
          if (now === told) return;
          told = now;
          listener(now);
        };
        const cancels = [
          failover.onChange(review),
          site.onChange(review),
          peers.onChange(review),
          server.onChange(review),
        ];
        return () => {
          for (const cancel of cancels) cancel();
        };
      },
    },
  };
}

/** @throws failover/site-policy when the site decides otherwise */
export function refuseAgainstSite(
  settings: Known,
  change: Readonly<Partial<Record<keyof FailoverSettings, unknown>>>,
): void {
  const names = againstPolicy(change, siteInForce(settings).policy);
  if (names.length === 0) return;
  const server = settings.server.get();
  const host = isHost(server) ? server.name : hostOf(settings)?.name;
  const message = `${names.join(', ')}: the host ${host ?? ''} decides this for the whole site; change it there, or leave it to each server there.`;
  throw new UnderstudyError('conflict', 'failover/site-policy', message);
}
