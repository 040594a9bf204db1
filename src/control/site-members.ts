/**
 * The host tells its servers of each other (`site.set`), whenever something in that changes and whenever one connects; a
 * server takes it from its host only.
 */
import type { ActivityLog } from '../api/activity.ts';
import type { Clock } from '../core/clock.ts';
import { messageOf, UnderstudyError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Settings } from '../settings/settings.ts';
import { selfAsPeer } from '../site/host-records.ts';
import { isHost } from '../site/host-role.ts';
import { isLeaving, recordsAfter, siteFor, siteSchema } from '../site/introductions.ts';
import type { Site } from '../site/introductions.ts';
import { managerOf } from '../site/membership.ts';
import type { PeerIdentity, PeerRecord } from '../site/peer.ts';
import { siteFileSchema } from '../site/site-policy.ts';
import type { SiteFile } from '../site/site-policy.ts';
import { recordsOwn } from './host-role.ts';
import { FOOTAGE_HELD, wordsOfHeld } from './known-servers.ts';
import type { HeldFootage } from './known-servers.ts';
import type { Licences } from './licences.ts';

export type SiteMembersDeps = {
  readonly settings: Pick<Settings, 'server' | 'peers' | 'cameras' | 'site'>;
  readonly connected: () => readonly string[];
  readonly request: (peerId: string, method: string, params: unknown) => Promise<unknown>;
  readonly licences: Pick<Licences, 'forMember' | 'take'>;
  /** What of its footage lies here and is not home. */
  readonly heldOf: (serverId: string) => HeldFootage | undefined;
  /** A member follows this host (host-role.ts); else it would refuse what it is told. */
  readonly mayTell: (peerId: string) => boolean;
  /** This server, as the others shall know it: a host that protects servers, or is protected, is introduced like any other. */
  readonly describe: () => PeerIdentity;
  /** It is protected here no more: what was kept for it goes. */
  readonly onForgotten: (serverId: string) => Promise<void>;
  /** The peer records changed. */
  readonly refresh: () => void;
  readonly activity: Pick<ActivityLog, 'record'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
};
export type SiteMembers = {
  /** Somebody connected, or the records changed: tells whoever does not know yet. */
  readonly review: () => void;
  /** All that are connected were told what is so now, or did not answer. */
  readonly told: () => Promise<void>;
  /** It connected anew: what it was told before may be lost. */
  readonly forget: (peerId: string) => void;
  /** `site.set` from a peer. @throws peer/not-yours */
  readonly take: (peerId: string, params: unknown) => Promise<void>;
  /** A peer tells another mode or name than its record has. */
  readonly learn: (
    peerId: string,
    told: { readonly name: string; readonly mode: 'recording' | 'failover' | 'host' },
  ) => void;
  /** A peer says where browsers reach it; undefined: where it is seen. */
  readonly locate: (peerId: string, clientAddress: string | undefined) => void;
};

export function createSiteMembers(deps: SiteMembersDeps): SiteMembers {
  const { settings, log } = deps;
  /** What each member was told last, as JSON. */
  const told = new Map<string, string>();
  const underway = new Set<Promise<void>>();
  const review = (): void => {
    if (!isHost(settings.server.get())) return;
    // One that is being added may be taken back: nobody hears of it before.
    const all = settings.peers.get().peers.filter(({ joining }) => joining === undefined);
    const { id, mode } = settings.server.get();
    const withSelf = mode === 'host' ? all : [...all, selfAsPeer(deps.describe())];
    const host = { id, records: recordsOwn(settings), ...siteOf(settings) };
    const connected = new Set(deps.connected());
    for (const member of all) {
      if (!connected.has(member.id) || member.managesUs || isLeaving(member)) continue;
      if (!deps.mayTell(member.id)) continue;
      const licences = deps.licences.forMember(member.id);
      const site: Site = { ...siteFor(member, withSelf, host), ...(licences === undefined ? {} : { licences }) };
      const text = JSON.stringify(site);
      if (told.get(member.id) === text) continue;
      told.set(member.id, text);
      const telling = deps.request(member.id, 'site.set', site).then(
        () => undefined,
        (error: unknown) => {
          told.delete(member.id);
          log.warn('a server of the site was not told of the others', { member: member.id, reason: messageOf(error) });
        },
      );
      underway.add(telling);
      void telling.finally(() => underway.delete(telling));
    }
  };
  return {
    review,
    told: async () => {
      review();
      await Promise.all(underway);
    },
    forget: (peerId) => told.delete(peerId),
    take: async (peerId, params) => await take(deps, peerId, params),
    learn: (peerId, { name, mode: said }) => {
      const record = settings.peers.get().peers.find(({ id }) => id === peerId);
      // A host that is back, and was succeeded meanwhile, does not know it yet.
      const mode = said === 'host' && isHost(settings.server.get()) ? (record?.mode ?? said) : said;
      if (record === undefined || (record.name === name && record.mode === mode)) return;
      const changed = settings.peers.update((file) => ({
        peers: file.peers.map((peer) => (peer.id === peerId ? { ...peer, name, mode } : peer)),
      }));
      const learned = (): void => {
        if (isHost(settings.server.get())) tellMode(deps, { name, before: record.mode, mode });
        review();
      };
      changed.then(learned, (error: unknown) =>
        log.warn('a peer record was not changed', { reason: messageOf(error) }),
      );
    },
    locate: (peerId, clientAddress) => locate(deps, { peerId, clientAddress }, review),
  };
}

type Place = { readonly peerId: string; readonly clientAddress: string | undefined };
function locate({ settings, log }: SiteMembersDeps, { peerId, clientAddress }: Place, review: () => void): void {
  const known = settings.peers.get().peers.find(({ id }) => id === peerId);
  if (known === undefined || known.clientAddress === clientAddress) return;
  const changed = settings.peers.update((file) => ({
    peers: file.peers.map((peer) => (peer.id === peerId ? located(peer, clientAddress) : peer)),
  }));
  changed.then(review, (error: unknown) => log.warn('a peer record was not changed', { reason: messageOf(error) }));
}

function located({ clientAddress: _before, ...record }: PeerRecord, clientAddress: string | undefined): PeerRecord {
  return clientAddress === undefined ? record : { ...record, clientAddress };
}

type ModeChange = { readonly name: string; readonly before: PeerRecord['mode']; readonly mode: PeerRecord['mode'] };
/** An administrator of it may set that without asking here (docs/design/site-membership.md). */
function tellMode({ activity }: SiteMembersDeps, { name, before, mode }: ModeChange): void {
  if (before === mode) return;
  if (mode === 'failover') activity.record({ severity: 'warning', code: 'server-mode', message: wordsOfSpare(name) });
  const message = `${name} says that it is no failover server any more: it covers nobody from now on.`;
  if (before === 'failover') activity.record({ severity: 'warning', code: 'server-no-spare', message });
}

const wordsOfSpare = (name: string): string =>
  `${name} says that it is a failover server now: servers of the site that it protects give it their settings, with passwords. If nobody set that, detach it.`;

/** @throws peer/not-yours, peer/params */
async function take(deps: SiteMembersDeps, peerId: string, params: unknown): Promise<void> {
  const { settings } = deps;
  const host = settings.peers.get().peers.find(({ id }) => id === peerId);
  if (host?.managesUs !== true)
    throw new UnderstudyError('forbidden', 'peer/not-yours', 'Only the host of this server introduces others.');
  const site = siteIn(params, settings.server.get().id);
  const isHeld = (id: string): boolean => deps.heldOf(id) !== undefined;
  const before = settings.peers.get().peers;
  // It may have detached this server meanwhile.
  const { peers } = await settings.peers.update((file) =>
    managerOf(file.peers)?.id === host.id
      ? { peers: [...recordsAfter(file.peers, site, deps.clock.now(), isHeld)] }
      : file,
  );
  await keepSite(settings, host.id, site);
  await deps.licences.take(host.id, site.licences);
  tellHeld(deps, before, peers);
  forgetThese(deps, before, peers);
  const message = `${host.name} introduced ${site.members.length} servers of the site.`;
  deps.activity.record({ severity: 'info', code: 'site-told', message });
  deps.refresh();
}

/** What this host decides; what another one said before counts no more. */
function siteOf({ server, site }: Pick<Settings, 'server' | 'site'>): Pick<SiteFile, 'policy' | 'protection'> {
  const { hostId, policy, protection } = site.get();
  return hostId === server.get().id ? { policy, protection } : siteFileSchema.parse({});
}

/** What the host decides for the whole site is in force here from now on, and after a restart. */
async function keepSite({ site }: Pick<Settings, 'site'>, hostId: string, { policy, protection }: Site): Promise<void> {
  const told: SiteFile = { hostId, policy, protection };
  await site.update((before) => (JSON.stringify(before) === JSON.stringify(told) ? before : told));
}

/** Servers that the host names no longer, and of which nothing lies here: their settings are nobody's business here any more. */
function forgetThese(
  { onForgotten, log }: SiteMembersDeps,
  before: readonly PeerRecord[],
  now: readonly PeerRecord[],
): void {
  const left = new Set(now.map(({ id }) => id));
  for (const { id, watched } of before)
    if (watched && !left.has(id))
      onForgotten(id).catch((error: unknown) =>
        log.warn('what was kept for another server was not removed', { serverId: id, reason: messageOf(error) }),
      );
}

/** Servers that the host names no longer, and of which footage lies here. */
function tellHeld(
  { activity, heldOf }: SiteMembersDeps,
  before: readonly PeerRecord[],
  now: readonly PeerRecord[],
): void {
  const wasHeld = new Set(before.flatMap(({ id, forgottenAt }) => (forgottenAt === undefined ? [] : [id])));
  for (const { id, name, forgottenAt } of now) {
    const held = forgottenAt === undefined || wasHeld.has(id) ? undefined : heldOf(id);
    if (held !== undefined)
      activity.record({ severity: 'error', code: FOOTAGE_HELD, message: wordsOfHeld(name, held) });
  }
}

/** What the host says, without this server itself. @throws peer/params */
function siteIn(params: unknown, ownId: string): Site {
  const parsed = siteSchema.safeParse(params);
  if (parsed.success) return { ...parsed.data, members: parsed.data.members.filter(({ id }) => id !== ownId) };
  const message = `site.set expects the servers of a site: ${parsed.error.issues[0]?.message ?? 'malformed'}`;
  throw new UnderstudyError('protocol', 'peer/params', message);
}
