/**
 * The role of the host as it lives on this server: told to members, heard from others, taken, and carried out in all files
 * (docs/design/host-role.md). The record in `settings/server.json` is written first and says what is still to be done; each step can
 * be done again, so that a kill at any of them leaves one clear state.
 *
 * Belongs here: those steps and their order. Does not: the rules (site/host-role.ts), when the role may be taken (host-taking.ts), the
 * documents (site-copy.ts).
 */
import type { ActivityLog } from '../api/activity.ts';
import type { Clock } from '../core/clock.ts';
import { UnderstudyError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Settings } from '../settings/settings.ts';
import { ownRelations, recordsOfNewHost, recordsUnder } from '../site/host-records.ts';
import {
  following,
  identityIn,
  isHost,
  settled,
  successorsOf,
  taking,
  toldRoleSchema,
  verdictOn,
  withOwnRole,
} from '../site/host-role.ts';
import type { HostRole, RoleCaller, Successor, ToldRole, Verdict } from '../site/host-role.ts';
import { MAX_LICENCES } from '../site/licence.ts';
import { managerOf } from '../site/membership.ts';
import type { PeerRecord } from '../site/peer.ts';
import { accountsAfterHost, accountsOfNewHost } from '../site/site-accounts.ts';
import type { SiteAccounts } from '../site/site-accounts.ts';
import { siteFileSchema } from '../site/site-policy.ts';
import { createTelling, isMember } from './host-telling.ts';
import type { RoleAnswer } from './host-telling.ts';
import { changeAccounts } from './moved-accounts.ts';
import type { SiteCopies } from './site-copy.ts';

export type HostRoleDeps = {
  readonly settings: Pick<Settings, 'server' | 'peers' | 'cameras' | 'site' | 'licences' | 'users' | 'sessions'>;
  readonly connected: () => readonly string[];
  readonly request: (peerId: string, method: string, params: unknown) => Promise<unknown>;
  readonly copies: Pick<SiteCopies, 'latest'>;
  /** The peer records or the role changed. */
  readonly refresh: () => void;
  /** A member knows now that this server is its host: the rest may be said. */
  readonly onTold: (peerId: string) => void;
  readonly activity: Pick<ActivityLog, 'record'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
};
export type HostRoleService = {
  /** Finishes what a restart interrupted. Before anything is said to others. */
  readonly settle: () => Promise<void>;
  /** Somebody connected, or something changed. */
  readonly review: () => Promise<void>;
  readonly forget: (peerId: string) => void;
  /** Whether a member knows that this server is its host. */
  readonly isTold: (peerId: string) => boolean;
  /** `site.role`. @throws peer/params */
  readonly hear: (caller: Heard, params: unknown) => Promise<RoleAnswer>;
  /** This server is the host when it resolves. `check` throws if it may not be, at the very moment. */
  readonly take: (check: () => void) => Promise<void>;
  /** Whom this host names as those that may succeed it. */
  readonly successors: () => readonly Successor[];
  /** Others that said no, or that they follow somebody else. */
  readonly disputes: () => ReadonlyMap<string, RoleAnswer>;
};
export type Heard = { readonly id: string; readonly record: PeerRecord };

export function createHostRole(deps: HostRoleDeps): HostRoleService {
  const { settings } = deps;
  const disputes = new Map<string, RoleAnswer>();
  const telling = createTelling(deps, disputes);
  let last: Promise<unknown> = Promise.resolve();
  /** One change of the role at a time, with all that follows from it. */
  const inTurn = async <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work, work);
    last = turn.catch(() => undefined);
    return await turn;
  };
  const settle = async (): Promise<void> => {
    await settings.server.update((server) => withOwnRole(server, deps.clock.now()));
    await finish(deps);
  };
  return {
    settle: async () => await inTurn(settle),
    review: async () => {
      await inTurn(async () => {
        await settle();
        await relate(deps);
      });
      telling.review();
    },
    forget: telling.forget,
    isTold: telling.isTold,
    hear: async (caller, params) => {
      const answer = await inTurn(async () => await heard(deps, caller, toldIn(params)));
      if (answer.verdict === 'follow') telling.forgetAll();
      return answer;
    },
    take: async (check) => {
      await inTurn(async () => {
        await settings.server.update((server) => {
          check();
          if (server.hostRole === undefined) throw new TypeError('no role is known');
          return taking({ ...server, hostRole: server.hostRole }, deps.clock.now());
        });
        await finish(deps);
      });
      telling.forgetAll();
      deps.refresh();
    },
    successors: () => settings.server.get().hostRole?.successors ?? [],
    disputes: () => disputes,
  };
}

/** From the record to all other files. */
async function finish(deps: HostRoleDeps): Promise<void> {
  const { settings } = deps;
  const { hostRole, id } = settings.server.get();
  if (hostRole?.pending === 'follow' && hostRole.host !== undefined)
    await finishFollowing(deps, hostRole, hostRole.host);
  if (hostRole?.pending === 'take' && !(await finishTaking(deps, id))) return;
  const after = await settings.server.update(settled);
  if (hostRole?.pending !== undefined && after.hostRole?.pending === undefined) deps.refresh();
}

async function finishFollowing(deps: HostRoleDeps, role: HostRole, host: Successor): Promise<void> {
  const { settings, clock } = deps;
  const managerId = managerOf(settings.peers.get().peers)?.id;
  if (managerId === role.hostId) return;
  // What the host before decided is in force until the new one has spoken.
  const oldId = managerId ?? settings.server.get().id;
  const { hostId } = role;
  await settings.site.update((site) => (site.hostId === oldId ? { ...site, hostId } : site));
  await settings.licences.update((file) =>
    file.told?.hostId === oldId ? { ...file, told: { ...file.told, hostId } } : file,
  );
  // It was the host itself: its accounts are of the site no more. Before the records, which say that it was.
  if (managerId === undefined) await changeAccounts(settings, (file) => accountsAfterHost(file, role.term));
  await settings.peers.update((file) => ({ peers: [...recordsUnder(file.peers, host, clock.now())] }));
}

/** What the host before knew is what this one knows. False: there is no copy, so nobody may be told anything. */
async function finishTaking(deps: HostRoleDeps, ownId: string): Promise<boolean> {
  const { settings, copies, log } = deps;
  const copy = copies.latest();
  if (copy === undefined) {
    log.error('the role of the host was taken, and there is no copy of the site to go on with');
    return false;
  }
  const { peers, site, licences, accounts } = copy.documents;
  await settings.peers.update((file) => ({ peers: [...recordsOfNewHost(file.peers, peers, ownId)] }));
  const { policy, protection } = site.hostId === copy.hostId ? site : siteFileSchema.parse({});
  await settings.site.update(() => siteFileSchema.parse({ ...site, hostId: ownId, policy, protection }));
  await settings.licences.update((file) => {
    const texts = new Set(file.licences.map(({ text }) => text));
    // It told its servers only of those that it trusted: this one takes its word for issuers that it does not know.
    const trusted = new Set(file.told?.licences.map(({ text }) => text));
    const added = licences
      .filter(({ text }) => !texts.has(text))
      .map((one) => (trusted.has(one.text) ? { ...one, vouched: true } : one));
    return added.length === 0 ? file : { ...file, licences: [...file.licences, ...added].slice(0, MAX_LICENCES) };
  });
  await takeAccounts(deps, accounts);
  return true;
}

async function takeAccounts(deps: HostRoleDeps, site: SiteAccounts | undefined): Promise<void> {
  const { settings, activity } = deps;
  const { own: before } = settings.users.get();
  await changeAccounts(settings, (file) => accountsOfNewHost(file, site));
  const { own } = settings.users.get();
  if (own === undefined || before !== undefined) return;
  const message = `The accounts of the site count here from now on, beside ${own.ids.length} owners of this server itself. ${own.users.length} other accounts and ${own.tokens.length} tokens of this server wait until it is host no more.`;
  activity.record({ severity: 'info', code: 'host-accounts', message });
}

/** The host tells everybody what they are to each other, but nobody tells it. And whom it names is on disk before others hear it. */
async function relate({ settings, refresh }: HostRoleDeps): Promise<void> {
  const server = settings.server.get();
  if (!isHost(server)) return;
  const own = { id: server.id, mode: server.mode, records: recordsOwn(settings) };
  const { hostId, protection } = settings.site.get();
  const before = settings.peers.get();
  const after = await settings.peers.update((file) => {
    const peers = ownRelations(file.peers, own, hostId === server.id ? protection : []);
    return peers === file.peers ? file : { peers: [...peers] };
  });
  if (after !== before) refresh();
  // Whom it names to others it must follow itself, and it forgets with a restart whom it has named.
  const successors = [...successorsOf(after.peers.filter(isMember))];
  await settings.server.update((now) => {
    const { hostRole } = now;
    const isKept = hostRole === undefined || JSON.stringify(hostRole.successors) === JSON.stringify(successors);
    return isKept || !isHost(now) ? now : { ...now, hostRole: { ...hostRole, successors } };
  });
}

/** Whether this host has cameras to protect. */
export function recordsOwn({ server, cameras }: Pick<Settings, 'server' | 'cameras'>): boolean {
  const { mode } = server.get();
  return mode === 'recording' || (mode === 'host' && cameras.get().cameras.length > 0);
}

async function heard(deps: HostRoleDeps, { id, record }: Heard, told: ToldRole): Promise<RoleAnswer> {
  const { settings } = deps;
  const manager = managerOf(settings.peers.get().peers);
  const caller: RoleCaller = { id, fingerprint: record.fingerprint, isManager: manager?.id === id };
  const before = settings.server.get();
  let verdict: Verdict = 'refused';
  const after = await settings.server.update((server) => {
    verdict = verdictOn(server, manager?.id, told, caller);
    if (verdict === 'follow') return following(server, told, hostOf(server.hostRole, record));
    if (verdict !== 'same' || server.hostRole === undefined) return server;
    const hostRole: HostRole = { ...server.hostRole, successors: told.successors, since: told.since };
    return JSON.stringify(hostRole) === JSON.stringify(server.hostRole) ? server : { ...server, hostRole };
  });
  if ((verdict as Verdict) === 'follow') {
    await finish(deps);
    if (!caller.isManager) tellFollowing(deps, { before, name: after.hostRole?.host?.name ?? record.name, told });
  }
  const { hostRole } = settings.server.get();
  return { verdict, hostId: hostRole?.hostId, term: hostRole?.term };
}

/** The addresses that the host before told, and what is known here, which was confirmed here. */
function hostOf(role: HostRole | undefined, record: PeerRecord): Successor {
  const told = role?.successors.find(({ id }) => id === record.id);
  return { ...told, ...identityIn(record) };
}

type Followed = { readonly before: Parameters<typeof isHost>[0]; readonly name: string; readonly told: ToldRole };
function tellFollowing({ activity }: HostRoleDeps, { before, name, told }: Followed): void {
  if (isHost(before)) {
    const message = `${name} took the role of the host while this server was away (term ${told.term}): this server is a member of the site now. What was changed here alone since then is not known there.`;
    activity.record({ severity: 'warning', code: 'host-yielded', message });
  } else {
    const message = `${name} is the host of this site now (term ${told.term}).`;
    activity.record({ severity: 'warning', code: 'host-changed', message });
  }
}

/** @throws peer/params */
function toldIn(params: unknown): ToldRole {
  const parsed = toldRoleSchema.safeParse(params);
  if (parsed.success) return parsed.data;
  const message = `site.role expects who is the host of a site: ${parsed.error.issues[0]?.message ?? 'malformed'}`;
  throw new UnderstudyError('protocol', 'peer/params', message);
}
