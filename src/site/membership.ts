/**
 * Which site a server belongs to, and whether it may join one. Pure.
 *
 * Belongs here: rules over records and over what servers tell of themselves. Does not: joining (control/authorization.ts), leaving
 * (control/detaching.ts, control/leaving.ts), who has to know whom (introductions.ts).
 */
import type { PeerRecord } from './peer.ts';
import type { ServerSettings } from './server-settings.ts';

/** Undefined: nobody manages it. Joined: our host does. Foreign: another host does, or it is one. */
export const MEMBERSHIPS = ['undefined', 'joined', 'foreign'] as const;
export type Membership = (typeof MEMBERSHIPS)[number];

/** What a server tells of itself that says which site it is of. */
export type SiteOfServer = {
  readonly id: string;
  readonly mode: ServerSettings['mode'];
  /** Who manages it, if anybody. */
  readonly hostId: string | undefined;
};

/** The host of this server. A record whose trust is gone manages nobody. */
export const managerOf = (peers: readonly PeerRecord[]): PeerRecord | undefined =>
  peers.find(({ managesUs, forgottenAt }) => managesUs && forgottenAt === undefined);

/** Whom a host manages: all it knows, but for a host that manages it, and those in whose place another one is. */
export const membersOf = (peers: readonly PeerRecord[]): readonly PeerRecord[] =>
  peers.filter(
    ({ managesUs, introduced, forgottenAt, replacedBy }) =>
      !managesUs && !introduced && forgottenAt === undefined && replacedBy === undefined,
  );

/** A site has the id of its host. */
export const siteIdOf = ({ id, mode, hostId }: SiteOfServer): string | undefined => (mode === 'host' ? id : hostId);

/** Of another server, as one of the site `ownSiteId` sees it. */
export function membershipOf(other: SiteOfServer, ownSiteId: string | undefined): Membership {
  const siteId = siteIdOf(other);
  if (siteId === undefined) return 'undefined';
  return siteId === ownSiteId ? 'joined' : 'foreign';
}

/** `site` in `GET /server`, as far as it is asked for. */
export type SiteTold = {
  readonly kind?: string | undefined;
  readonly host?: { readonly id: string; readonly name: string } | undefined;
};
/** Why it is not of the site `siteId`, for people; undefined: it is, or of none. By its role a server may be a host whatever its mode. */
export function foreignSiteOf(
  { id, name, site }: { readonly id: string; readonly name: string; readonly site?: SiteTold | undefined },
  siteId: string | undefined,
): string | undefined {
  if (site?.kind === 'host' && id !== siteId)
    return `${name} is the host of a site: it can be added after another server of that site takes the role.`;
  if (site?.host === undefined || site.host.id === siteId) return undefined;
  return `${name} belongs to the site of ${site.host.name}: it must be detached there first.`;
}

/** The host that locks this server. */
export function lockedBy(peers: readonly PeerRecord[]): PeerRecord | undefined {
  const manager = managerOf(peers);
  return manager?.locked === true ? manager : undefined;
}

/**
 * The records of a member after its host let it go: those of the host and of whom it introduced go, those of servers authorized here
 * stay. `isHeld`: footage of that server lies here; its record stays by name until that is settled, without trust.
 */
export function recordsAfterLeaving(
  before: readonly PeerRecord[],
  at: number,
  isHeld: (serverId: string) => boolean,
): readonly PeerRecord[] {
  return before.flatMap((record) => {
    if (!record.managesUs && !record.introduced) return [record];
    if (!record.watched || !isHeld(record.id)) return [];
    const { locked: _locked, ...known } = record;
    return [{ ...known, managesUs: false, watcher: false, forgottenAt: record.forgottenAt ?? at }];
  });
}
