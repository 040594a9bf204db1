/**
 * With whom signs of life may be seldom: a host and those of its members that do not watch it. Both sides come to the same answer,
 * from what the host told: whoever is watched beats four times a second, whatever else it is.
 */
import type { Settings } from '../settings/settings.ts';
import { isHost } from '../site/host-role.ts';
import type { PeerRecord } from '../site/peer.ts';
import { protects } from '../site/site-policy.ts';
import { siteInForce } from './site-policies.ts';

export function isCalmWith(
  settings: Pick<Settings, 'server' | 'peers' | 'site' | 'cameras'>,
  { id, mode, watched, watcher, managesUs }: PeerRecord,
): boolean {
  if (watched || watcher) return false;
  const own = settings.server.get();
  if (!isHost(own)) return managesUs;
  if (mode !== 'failover') return mode === 'recording';
  const records = settings.cameras.get().cameras.length > 0;
  return !records || !protects(siteInForce(settings).protection, id, own.id);
}
