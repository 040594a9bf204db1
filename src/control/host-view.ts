/** What people and programs are told of the host of the site, and what of it needs the owner's attention. */
import type { HealthItem } from '../api/contract/server.ts';
import type { SiteHostView } from '../api/contract/site-host.ts';
import { isoOf } from '../core/clock.ts';
import { epochMs } from '../core/units.ts';
import type { Settings } from '../settings/settings.ts';
import { browserAddressOf, HOST_GONE_MS, isHost } from '../site/host-role.ts';
import type { Successor } from '../site/host-role.ts';
import { managerOf } from '../site/membership.ts';
import type { HostRoleService } from './host-role.ts';
import { wholeSeconds } from './host-taking.ts';
import type { HostTaking } from './host-taking.ts';
import type { SiteCopies } from './site-copy.ts';

export type HostViewDeps = {
  readonly settings: Pick<Settings, 'server' | 'peers'>;
  /** This server, as others shall know it. */
  readonly describe: () => Successor;
  readonly isConnected: (peerId: string) => boolean;
  /** Where a connected peer was found, for one without an address. */
  readonly addressOf: (peerId: string) => string | undefined;
  readonly role: Pick<HostRoleService, 'disputes' | 'successors'>;
  readonly copies: Pick<SiteCopies, 'latest' | 'hasNewest'>;
  readonly taking: Pick<HostTaking, 'answer' | 'obstacle' | 'automaticAfterMs'>;
  readonly now: () => number;
};

export function hostView(deps: HostViewDeps): SiteHostView {
  const { settings, copies, taking } = deps;
  const server = settings.server.get();
  const { hostRole } = server;
  const host = hostNow(deps);
  const isKnown = hostRole !== undefined && hostRole.hostId === host?.id;
  const reason = taking.obstacle();
  const copy = copies.latest();
  const automatic = taking.automaticAfterMs();
  const isOwn = isHost(server);
  return {
    ...(host === undefined ? {} : { host: placeOf(deps, host) }),
    ...(isKnown ? { term: hostRole.term, since: isoOf(epochMs(hostRole.since)) } : {}),
    isHost: isOwn,
    successors: (isKnown ? successorsNow(deps) : []).map((one) => ({
      ...placeOf(deps, one),
      mode: one.mode,
      ...(isOwn ? { hasCopy: copies.hasNewest(one.id) } : {}),
    })),
    here: {
      canTake: reason === undefined,
      ...(reason === undefined ? {} : { reason }),
      ...(copy === undefined || isOwn ? {} : { copyAt: isoOf(epochMs(copy.takenAt)) }),
      ...(host === undefined || isOwn ? {} : { silentSeconds: wholeSeconds(taking.answer().silentMs) }),
      ...(automatic === undefined ? {} : { automaticAfterSeconds: automatic / 1000 }),
    },
  };
}

/** This server, or whoever manages it; what the record of the role says of its place counts where the peer record says nothing. */
function hostNow({ settings, describe }: HostViewDeps): Successor | undefined {
  const server = settings.server.get();
  if (isHost(server)) return describe();
  const manager = managerOf(settings.peers.get().peers);
  if (manager === undefined) return undefined;
  return server.hostRole?.hostId === manager.id ? { ...server.hostRole.host, ...manager } : manager;
}

/** At the host: those that it names now. */
function successorsNow({ settings, role }: HostViewDeps): readonly Successor[] {
  const server = settings.server.get();
  return isHost(server) ? role.successors() : (server.hostRole?.successors ?? []);
}

function placeOf(
  deps: HostViewDeps,
  { id, name, httpPort, httpsFingerprint, ...place }: Successor,
): NonNullable<SiteHostView['host']> {
  const address = browserAddressOf(place) ?? deps.addressOf(id);
  return {
    id,
    name,
    ...(address === undefined ? {} : { address }),
    ...(httpPort === undefined ? {} : { httpPort }),
    ...(httpsFingerprint === undefined ? {} : { httpsFingerprint }),
    connected: id === deps.settings.server.get().id || deps.isConnected(id),
  };
}

export function hostHealth(deps: HostViewDeps): readonly HealthItem[] {
  const { settings, role, taking } = deps;
  const server = settings.server.get();
  const { hostRole } = server;
  if (hostRole?.pending === 'take') {
    const message = 'This server is about to take the role of the host, and has no copy of the site to go on with.';
    return [{ code: 'host-role-incomplete', severity: 'error', message, since: isoOf(epochMs(hostRole.since)) }];
  }
  const items: HealthItem[] = [];
  const host = managerOf(settings.peers.get().peers);
  if (hostRole !== undefined && host !== undefined && hostRole.hostId === host.id) {
    const { silentMs } = taking.answer();
    const since = isoOf(epochMs(deps.now() - silentMs));
    const remedy = taking.obstacle() === undefined ? ' This server can take its role: understudy site take-host.' : '';
    const gone = `The host, ${host.name}, was not heard for ${Math.round(silentMs / 60_000)} minutes. Recording and covering go on without it.${remedy}`;
    if (silentMs >= HOST_GONE_MS * 2) items.push({ code: 'host-gone', severity: 'warning', message: gone, since });
    const yielded = `${host.name} is the host of this site; this server was it before, and records now.`;
    if (hostRole.siteId === server.id)
      items.push({ code: 'host-yielded', severity: 'info', message: yielded, since: isoOf(epochMs(hostRole.since)) });
  }
  const names = [...role.disputes().keys()].map(
    (id) => settings.peers.get().peers.find((peer) => peer.id === id)?.name ?? id,
  );
  if (names.length > 0) {
    const message = `${names.slice(0, 3).join(', ')} does not follow this host, or follows another one: compare understudy site host on both.`;
    items.push({ code: 'host-disputed', severity: 'warning', message, since: isoOf(epochMs(deps.now())) });
  }
  return items;
}
