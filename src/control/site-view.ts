/** What a server says of the site it belongs to, and in which site others are. */
import type { ServerSite } from '../api/contract/server.ts';
import type { Settings } from '../settings/settings.ts';
import { browserAddressOf, isHost } from '../site/host-role.ts';
import { managerOf, membershipOf, membersOf } from '../site/membership.ts';
import type { Membership, SiteOfServer } from '../site/membership.ts';

type Own = Pick<Settings, 'server' | 'peers'>;

type Link = { readonly connected: boolean; readonly address: string | undefined };

/** `statusOf`: how it is with the channel to a peer. */
export function siteViewOf({ server, peers }: Own, statusOf: (peerId: string) => Link | undefined): ServerSite {
  const all = peers.get().peers;
  if (isHost(server.get())) return { kind: 'host', locked: false, members: membersOf(all).length };
  const host = managerOf(all);
  if (host === undefined) return { kind: 'undefined', locked: false };
  const { id, name, httpPort } = host;
  const link = statusOf(id);
  const address = browserAddressOf(host) ?? link?.address;
  const place = {
    ...(address === undefined ? {} : { address }),
    ...(httpPort === undefined ? {} : { httpPort }),
    connected: link?.connected ?? false,
  };
  return { kind: 'member', host: { id, name, ...place }, locked: host.locked === true };
}

/** Of this server: that of its host, its own if it is one. */
export const ownSiteId = ({ server, peers }: Own): string | undefined =>
  isHost(server.get()) ? server.get().id : managerOf(peers.get().peers)?.id;

type Found = {
  readonly id: string;
  readonly name: string;
  readonly mode: SiteOfServer['mode'];
  readonly hostId?: string | undefined;
};
export type FoundSite = {
  readonly membership: Membership;
  readonly host?: { readonly id: string; readonly name?: string };
};

/** In which site a server that was found is, as it says itself; its host by name if that is known here, or was found too. */
export function siteOfFound(settings: Own, { id, mode, hostId }: Found, found: readonly Found[]): FoundSite {
  const membership = membershipOf({ id, mode, hostId }, ownSiteId(settings));
  if (hostId === undefined) return { membership };
  const own = settings.server.get();
  const name =
    hostId === own.id ? own.name : [...settings.peers.get().peers, ...found].find((one) => one.id === hostId)?.name;
  return { membership, host: { id: hostId, ...(name === undefined ? {} : { name }) } };
}
