/**
 * Detaching servers from the site, at the host (docs/design/site-membership.md): the wish is kept first, then the member is told, and
 * only what the member confirms ends the record. Whoever is away is told when it returns.
 *
 * Belongs here: the life of that wish, and what must not be lost by it. Does not: what the member does (leaving.ts), records of servers
 * (known-servers.ts).
 *
 * Invariants: 1. a record of a member goes only after the member said that it left, or that it does not know this host, or when a
 * person typed its name. 2. A wish that is on disk is carried out however often this server is killed.
 */
import type { ActivityLog } from '../api/activity.ts';
import type { HealthItem } from '../api/contract/server.ts';
import type { Clock } from '../core/clock.ts';
import { isoOf, seconds } from '../core/clock.ts';
import { messageOf, UnderstudyError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Running } from '../core/running.ts';
import { epochMs } from '../core/units.ts';
import type { Settings } from '../settings/settings.ts';
import { isHost as holdsRole } from '../site/host-role.ts';
import { membersOf } from '../site/membership.ts';
import type { DetachPending, PeerRecord } from '../site/peer.ts';
import type { KnownServers } from './known-servers.ts';
import type { DetachParams } from './leaving.ts';
import { refuseHeld } from './held-in-site.ts';
import type { HeldInSiteDeps } from './held-in-site.ts';

export type DetachingDeps = Omit<HeldInSiteDeps, 'request'> & {
  readonly known: Pick<KnownServers, 'find' | 'left'>;
  /** By the key that was pinned it said, since it was connected last, that it does not know this server. */
  readonly refuses: (peerId: string) => boolean;
  readonly request: (peerId: string, method: string, params: unknown, timeoutMs?: number) => Promise<unknown>;
  /** The others hear first that it leaves: resolves when they were told, or after a while. */
  readonly tellOthers: () => Promise<void>;
  /** The last server left: everybody is signed out. */
  readonly endSessions: () => Promise<void>;
  readonly activity: Pick<ActivityLog, 'record'>;
  readonly clock: Pick<Clock, 'now' | 'monotonic' | 'every'>;
  readonly log: Log;
};
export type DetachRequest = {
  readonly cameras: DetachPending['cameras'];
  /** Its name, typed: it leaves although footage is not home; one that is to leave already and is away is forgotten untold. */
  readonly confirm?: string | undefined;
};
export type DetachOutcome =
  | { readonly state: 'detached' }
  /** It is told when it returns, or asked again. */
  | { readonly state: 'pending'; readonly problem: string | undefined };
export type Detaching = Running & {
  /** @throws server/unknown, server/not-member, failover/covering, site/unreachable, server/not-confirmed */
  readonly detach: (id: string, request: DetachRequest, user: string) => Promise<DetachOutcome>;
  /** The wish is taken back. @throws server/not-pending */
  readonly cancel: (id: string, user: string) => Promise<PeerRecord>;
  /** Somebody connected, or a record changed: those that are to leave and are there are told. */
  readonly review: (peerId?: string) => void;
  /** It says that it does not know this host, by the key that was pinned. */
  readonly refusedBy: (peerId: string) => void;
  /** Why one that is there has not left yet. */
  readonly problemOf: (peerId: string) => string | undefined;
  /** @throws failover/covering, site/unreachable */
  readonly refuseHeld: (record: PeerRecord, what: string) => Promise<void>;
  readonly isMember: (id: string) => boolean;
};

/** It may say goodbye to others first, and remove cameras. */
const LEAVE_WITHIN_MS = 20_000;
/** Between two tries with one that does not leave yet, because footage is not home. */
const AGAIN_MS = 15_000;
const LOOK_SECONDS = 5;

type Try = { readonly at: number; readonly problem: string | undefined };
/** Changed in place. */
type Desk = {
  readonly deps: DetachingDeps;
  readonly running: Map<string, Promise<DetachOutcome>>;
  readonly leaving: Map<string, Promise<void>>;
  readonly tries: Map<string, Try>;
};

export function startDetaching(deps: DetachingDeps): Detaching {
  const desk: Desk = { deps, running: new Map(), leaving: new Map(), tries: new Map() };
  const { settings, known, activity } = deps;
  const refusedBy: Detaching['refusedBy'] = (peerId) => {
    const record = pendingOf(settings).find(({ id }) => id === peerId);
    if (record === undefined) return;
    finish(desk, record).catch((error: unknown) =>
      deps.log.warn('a server that left was not forgotten', { peerId, reason: messageOf(error) }),
    );
  };
  const review: Detaching['review'] = (peerId) => {
    if (peerId !== undefined) desk.tries.delete(peerId);
    for (const record of pendingOf(settings)) {
      if (deps.refuses(record.id)) refusedBy(record.id);
      else if (isDue(desk, record.id)) inBackground(desk, record);
    }
  };
  const cancelLook = deps.clock.every(seconds(LOOK_SECONDS), () => review());
  return {
    isMember: (id) => isHost(settings) && membersOf(settings.peers.get().peers).some((member) => member.id === id),
    review,
    refuseHeld: async (record, what) => await refuseHeld(deps, record, what),
    problemOf: (peerId) => desk.tries.get(peerId)?.problem,
    detach: async (id, request, user) => await detach(desk, memberOf(deps, id), request, user),
    cancel: async (id, user) => {
      const { name, detachPending } = known.find(id);
      if (detachPending === undefined)
        throw new UnderstudyError('conflict', 'server/not-pending', `${name} is not to be detached.`);
      await keepWish(deps, id, undefined);
      desk.tries.delete(id);
      activity.record({ severity: 'info', code: 'detach-cancelled', message: `${name} stays in the site.`, user });
      return known.find(id);
    },
    refusedBy,
    stop: async () => {
      cancelLook();
      await Promise.allSettled(desk.running.values());
    },
  };
}

const isHost = ({ server }: Pick<Settings, 'server'>): boolean => holdsRole(server.get());
const pendingOf = ({ peers }: Pick<Settings, 'peers'>): readonly PeerRecord[] =>
  peers.get().peers.filter(({ detachPending }) => detachPending !== undefined);

/** @throws server/unknown, server/not-member */
function memberOf({ settings, known }: DetachingDeps, id: string): PeerRecord {
  const record = known.find(id);
  if (isHost(settings) && !record.managesUs) return record;
  const message = `${record.name} is not managed by this server: only a host detaches, and only its own servers. Deauthorize it instead.`;
  throw new UnderstudyError('conflict', 'server/not-member', message);
}

async function detach(
  desk: Desk,
  record: PeerRecord,
  { cameras, confirm }: DetachRequest,
  user: string,
): Promise<DetachOutcome> {
  const { deps } = desk;
  const { id, name, detachPending } = record;
  if (confirm !== undefined && confirm !== name) throw notConfirmed(name);
  const force = confirm === name;
  if (force && detachPending !== undefined && !deps.isConnected(id)) return await giveUp(desk, record, user);
  if (!force) await refuseHeld(deps, record, 'be detached');
  const wish: DetachPending = { since: detachPending?.since ?? deps.clock.now(), cameras, force, user };
  await keepWish(deps, id, wish);
  desk.tries.delete(id);
  if (deps.isConnected(id)) return await told(desk, { ...record, detachPending: wish }, detachPending);
  const message = `${name} is away: it is detached when it returns.`;
  deps.activity.record({ severity: 'warning', code: 'detach-pending', message, user });
  return { state: 'pending', problem: undefined };
}

const notConfirmed = (name: string): UnderstudyError =>
  new UnderstudyError('invalid', 'server/not-confirmed', `Expected the name of the server, ${name}, to confirm it.`);

/** What it is asked for the first time and does not want leaves everything as it was. */
async function told(desk: Desk, record: PeerRecord, before: DetachPending | undefined): Promise<DetachOutcome> {
  try {
    return await attempt(desk, record);
  } catch (error) {
    if (before === undefined) await keepWish(desk.deps, record.id, undefined);
    throw error;
  }
}

async function keepWish({ settings }: DetachingDeps, id: string, wish: DetachPending | undefined): Promise<void> {
  await settings.peers.update((file) => ({
    peers: file.peers.map((record) => {
      if (record.id !== id) return record;
      const { detachPending: _before, ...rest } = record;
      // One that is disabled is connected to no more, and could not be told.
      return wish === undefined ? rest : { ...rest, enabled: true, detachPending: wish };
    }),
  }));
}

/** One at a time; whoever comes meanwhile gets the same outcome. @throws what the member refuses with */
async function attempt(desk: Desk, record: PeerRecord): Promise<DetachOutcome> {
  const before = desk.running.get(record.id);
  if (before !== undefined) return await before;
  const now = tell(desk, record).finally(() => desk.running.delete(record.id));
  desk.running.set(record.id, now);
  return await now;
}

/** Refused on purpose, and nothing was changed there. */
const REFUSALS: ReadonlySet<string> = new Set(['failover/covering', 'peer/not-yours', 'peer/params']);

async function tell(desk: Desk, record: PeerRecord): Promise<DetachOutcome> {
  const { deps, tries } = desk;
  const { id, detachPending } = record;
  if (detachPending === undefined) return { state: 'pending', problem: undefined };
  const { cameras, force } = detachPending;
  const params: DetachParams = { cameras, force };
  try {
    await deps.tellOthers();
    await deps.request(id, 'site.detach', params, LEAVE_WITHIN_MS);
  } catch (error) {
    // Its connection may have ended before its answer was read: then it said so in another way.
    if (deps.settings.peers.get().peers.every((one) => one.id !== id)) return { state: 'detached' };
    const problem = messageOf(error);
    tries.set(id, { at: deps.clock.monotonic(), problem });
    if (error instanceof UnderstudyError && REFUSALS.has(error.code)) throw wordsFor(record, error);
    return { state: 'pending', problem };
  }
  await finish(desk, record);
  return { state: 'detached' };
}

const wordsFor = ({ name }: PeerRecord, error: UnderstudyError): UnderstudyError =>
  new UnderstudyError('conflict', error.code, `${name} does not leave the site now. ${error.message}`, {
    cause: error,
  });

function isDue({ deps, running, tries }: Desk, id: string): boolean {
  if (running.has(id) || !deps.isConnected(id)) return false;
  const last = tries.get(id);
  return last === undefined || deps.clock.monotonic() - last.at >= AGAIN_MS;
}

function inBackground(desk: Desk, record: PeerRecord): void {
  attempt(desk, record).catch((error: unknown) =>
    desk.deps.log.info('a server does not leave the site yet', { serverId: record.id, reason: messageOf(error) }),
  );
}

/** It left, which may be heard in two ways at once. */
async function finish(desk: Desk, record: PeerRecord, words = 'was detached from this site.'): Promise<void> {
  const { id } = record;
  const before = desk.leaving.get(id);
  if (before !== undefined) return await before;
  const now = forget(desk, record, words).finally(() => desk.leaving.delete(id));
  desk.leaving.set(id, now);
  await now;
}

/** Everybody is signed out before the last record goes, so that no kill between the two is forgotten. */
async function forget({ deps, tries }: Desk, { id, name, detachPending }: PeerRecord, words: string): Promise<void> {
  const { settings, known, endSessions, activity } = deps;
  const left = membersOf(settings.peers.get().peers);
  if (left.every((member) => member.id !== id)) return;
  if (left.length === 1) await endSessions();
  await known.left(id);
  tries.delete(id);
  const user = detachPending?.user;
  const message = `${name} ${words}`;
  activity.record({ severity: 'warning', code: 'server-detached', message, ...(user === undefined ? {} : { user }) });
  if (left.length > 1) return;
  const empty = `${name} was the last server of this site: everybody was signed out.`;
  activity.record({ severity: 'warning', code: 'site-empty', message: empty });
}

/** It will never come back, somebody says: it keeps believing that this host manages it. */
async function giveUp(desk: Desk, record: PeerRecord, user: string): Promise<DetachOutcome> {
  const words =
    'was removed from this site without being told, for it is away. Deauthorize this host there, should it come back.';
  const { cameras = 'keep', since = 0 } = record.detachPending ?? {};
  await finish(desk, { ...record, detachPending: { since, cameras, force: true, user } }, words);
  return { state: 'detached' };
}

/** What of it the owner should know. */
export function detachHealth(peers: readonly PeerRecord[], problemOf: Detaching['problemOf']): readonly HealthItem[] {
  return peers.flatMap(({ id, name, detachPending }) => {
    if (detachPending === undefined) return [];
    const problem = problemOf(id);
    const why = problem === undefined ? 'when it returns' : `later: ${problem}`;
    const message = `${name} is to leave the site, and is detached ${why}`;
    const since = isoOf(epochMs(detachPending.since));
    return [{ code: 'detach-pending', severity: 'warning' as const, message: sentence(message), since }];
  });
}
const sentence = (words: string): string => (words.endsWith('.') ? words : `${words}.`);
