/**
 * The other servers this one knows and trusts: authorizing with an administrator's account of theirs, pairing codes, being
 * introduced, forgetting. Discovery gives hints, never trust: credentials go only to a confirmed fingerprint.
 *
 * Belongs here: when the records change. Does not: writing them (server-records.ts), being introduced (introduced.ts), the conversation
 * by HTTPS (authorization.ts), the channel (peer), what a trusted server may do.
 */
import type { z } from 'zod';
import type { ActivityLog } from '../api/activity.ts';
import type { authorizeServerRequest } from '../api/contract/failover.ts';
import type { Clock } from '../core/clock.ts';
import { messageOf, UnderstudyError } from '../core/errors.ts';
import { durationMs } from '../core/units.ts';
import { isHost } from '../site/host-role.ts';
import { managerOf } from '../site/membership.ts';
import type { PeerIdentity, PeerRecord } from '../site/peer.ts';
import { unsuitedServer } from '../site/suitability.ts';
import type { Suitability } from '../site/suitability.ts';
import {
  authorizeAt,
  recordOf,
  refuseItself,
  refuseLocked,
  refuseModes,
  refuseOlder,
  refuseSecondManager,
  refuseUnprotectable,
} from './authorization.ts';
import type { AuthorizationDeps, Joining, RemoteApi } from './authorization.ts';
import { introduced } from './introduced.ts';
import type { Introduction } from './introduced.ts';
import { refuseManagement } from './management.ts';
import { createServerRecords, rebased } from './server-records.ts';
import type { ServerRecords } from './server-records.ts';

export type KnownServersDeps = AuthorizationDeps & {
  readonly network: {
    readonly refresh: () => void;
    readonly revoke: (peerId: string) => void;
    readonly isConnected: (peerId: string) => boolean;
    /** `peer.forget`: the other side shall forget this one. */
    readonly sayForget: (peerId: string) => Promise<void>;
  };
  /** Of this server. */
  readonly suitability: Suitability;
  /** A protected server was authorized: its first backup, which is required, and whether it can be protected at all. */
  readonly firstBackup: (serverId: string) => Promise<void>;
  /** @throws failover/covering when footage would be lost by it */
  readonly beforeForgetting: (serverId: string) => void;
  readonly onForgotten: (serverId: string) => Promise<void>;
  /** What of its footage lies here and is not home, such as `3 files (12.4 MB)`. */
  readonly heldOf: (serverId: string) => HeldFootage | undefined;
  readonly activity: Pick<ActivityLog, 'record'>;
  readonly clock: Clock;
};
export type HeldFootage = {
  readonly words: string;
  /** It is on its way, or was: stopping that is how somebody gives it up. */
  readonly canStop: boolean;
};
export type KnownServers = {
  readonly add: (request: Joining, user: string, more?: AddMore) => Promise<PeerRecord>;
  /** It is being added now. */
  readonly isJoining: (id: string) => boolean;
  /** If it fails, what was trusted before stays. */
  readonly authorize: (
    id: string,
    request: z.output<typeof authorizeServerRequest>,
    user: string,
  ) => Promise<PeerRecord>;
  readonly deauthorize: (id: string, user: string, remove: boolean) => Promise<void>;
  readonly setEnabled: (id: string, enabled: boolean, user: string) => Promise<PeerRecord>;
  readonly introduce: (request: Introduction, user: string) => Promise<PeerIdentity>;
  /** From a pairing that both sides proved. Of one that dialled in the record is stored at once, the rest follows. */
  readonly paired: (peer: PairedServer) => Promise<PeerRecord>;
  /** The other side deauthorized this one. If footage of it lies here its record and its backups stay until that is settled. */
  readonly forgottenBy: (id: string) => Promise<void>;
  /** Footage was given back or given up: those that deauthorized this server, and have nothing here any more, are forgotten now. */
  readonly review: () => Promise<void>;
  /** It left the site of this host. As if it had deauthorized this server: if footage of it lies here that stays, known by its name. */
  readonly left: (id: string) => Promise<void>;
  /** Forgets it and all that was kept for it, and tells nobody. */
  readonly remove: (id: string) => Promise<void>;
  /** @throws server/unknown */
  readonly find: (id: string) => PeerRecord;
};
export type AddMore = {
  /** What belongs to adding it, once it is connected; if it fails nothing stays on either side. */
  readonly complete?: (record: PeerRecord) => Promise<void>;
  /** Its API, where somebody signed in already. */
  readonly api?: RemoteApi;
};
export type PairedServer = {
  readonly identity: PeerIdentity;
  /** Where it was dialled; undefined: it dialled us. */
  readonly host: string | undefined;
  /** Of its release, as it says. */
  readonly version?: string;
  /** As it says. */
  readonly suitability?: Suitability;
};

const CONNECT_WITHIN_MS = 10_000;
const POLL_MS = 50;

export function createKnownServers(deps: KnownServersDeps): KnownServers {
  const { settings } = deps;
  const records = createServerRecords(deps);
  const { find } = records;
  const record = (code: string, message: string, user?: string): void =>
    deps.activity.record({ severity: 'info', code, message, ...(user === undefined ? {} : { user }) });
  const join = async (request: Joining, user: string, { before, api, ...more }: Join): Promise<PeerRecord> => {
    const made = await authorizeAt(api === undefined ? deps : { ...deps, remoteApi: () => api }, request, before);
    await admit(deps, records, made, { ...more, before: before ?? records.known(made.id) });
    const message = `${made.name} was authorized: this server ${made.watched ? 'protects' : 'manages'} it.`;
    record('server-authorized', message, user);
    return find(made.id);
  };
  return {
    find,
    remove: records.drop,
    isJoining: (id) => records.underway.has(id),
    add: async (request, user, more) => await join(request, user, { ...more }),
    authorize: async (id, request, user) => {
      const before = find(id);
      return await join({ ...request, ...addressOf(before) }, user, { before });
    },
    ...createEnding(deps, records),
    setEnabled: async (id, enabled, user) => {
      const { name } = find(id);
      if (!enabled) deps.beforeForgetting(id);
      await records.write(id, (now) => now && { ...now, enabled });
      record('server-changed', `${name} was ${enabled ? 'enabled' : 'disabled'}.`, user);
      return find(id);
    },
    introduce: async (introduction, user) => await introduced(deps, records, introduction, user),
    paired: async ({ identity, host, version, suitability }) => {
      refuseItself(deps, identity.id);
      refuseModes(deps, identity);
      refuseLocked(deps, identity);
      if (identity.mode === 'host') refuseManagement(deps);
      refuseOlder(deps, { ...identity, version });
      const own = settings.server.get();
      // Whoever records joins who stands in, or manages those who do; both sides look, so that a code of either is refused.
      if (own.mode === 'recording') refuseUnprotectable(unsuitedServer({ ...own, suitability: deps.suitability }));
      else if (suitability !== undefined) refuseUnprotectable(unsuitedServer({ ...identity, suitability }));
      const before = records.known(identity.id);
      // Who dials in now is still found where it was before.
      const made = recordOf(deps, identity, { host: host ?? before?.host, before });
      const admitted = async (stored?: Stored): Promise<void> => {
        await admit(deps, records, made, { before, stored });
        record('server-authorized', `${made.name} was paired by a code.`);
      };
      if (host !== undefined) {
        await admitted();
        return find(made.id);
      }
      // It waits for the answer to its code and dials only then.
      admitted(await store(records, made, before)).catch((error: unknown) => {
        const message = `${made.name} was paired by a code and is forgotten again: ${messageOf(error)}`;
        deps.activity.record({ severity: 'warning', code: 'server-removed', message });
      });
      return made;
    },
  };
}

type Join = AddMore & { readonly before?: PeerRecord };

const beingAdded = ({ name }: PeerRecord): UnderstudyError =>
  new UnderstudyError('conflict', 'server/known', `${name} is being added by somebody else at this moment.`);

function addressOf({ name, host, httpPort }: PeerRecord): { readonly host: string; readonly httpPort: number } {
  if (host !== undefined && httpPort !== undefined) return { host, httpPort };
  throw new UnderstudyError('conflict', 'server/dials-in', `${name} dials in: pair it with a new code.`);
}

function createEnding(
  { network, settings, activity, beforeForgetting, heldOf, clock }: KnownServersDeps,
  { find, known, write, drop }: ServerRecords,
): Pick<KnownServers, 'deauthorize' | 'forgottenBy' | 'left' | 'review'> {
  const forgotten = async (id: string, words: string, user: string | undefined): Promise<void> => {
    const message = `${find(id).name} ${words}`;
    await drop(id);
    activity.record({ severity: 'warning', code: 'server-removed', message, ...(user === undefined ? {} : { user }) });
  };
  const keptHeld = async ({ id, name, watched }: PeerRecord): Promise<boolean> => {
    const held = heldOf(id);
    // With another role this server protects nobody, and may have footage still that is to go home.
    if (held === undefined || !(watched || held.canStop)) return false;
    await write(id, (now) => now && withoutTrust(now, clock.now()));
    activity.record({ severity: 'error', code: FOOTAGE_HELD, message: wordsOfHeld(name, held) });
    return true;
  };
  return {
    deauthorize: async (id, user) => {
      const { name } = find(id);
      beforeForgetting(id);
      const held = heldOf(id);
      if (held?.canStop === true) throw stillOwed(name, held);
      await network.sayForget(id).catch(() => undefined);
      await forgotten(id, 'was deauthorized.', user);
    },
    forgottenBy: async (id) => {
      const record = known(id);
      if (record === undefined || isTombstoneInUse(settings, record)) return;
      if (!(await keptHeld(record))) await forgotten(id, 'deauthorized this server.', undefined);
    },
    left: async (id) => {
      if (!(await keptHeld(find(id)))) await drop(id);
    },
    review: async () => {
      for (const { id, forgottenAt } of settings.peers.get().peers)
        if (forgottenAt !== undefined && heldOf(id) === undefined && known(id)?.forgottenAt !== undefined)
          await forgotten(id, 'is forgotten: nothing of its footage is left here.', undefined);
    },
  };
}

function withoutTrust(record: PeerRecord, at: number): PeerRecord {
  const { detachPending: _wish, locked: _locked, ...known } = record;
  return { ...known, watcher: false, managesUs: false, forgottenAt: record.forgottenAt ?? at };
}

/**
 * It was set up anew while its successor still gets cameras and footage here, as which it is heard by this record; or this is the host,
 * that tells the others by it.
 */
const isTombstoneInUse = ({ server }: KnownServersDeps['settings'], { replacedBy, watched }: PeerRecord): boolean =>
  replacedBy !== undefined && (watched || isHost(server.get()));

export const FOOTAGE_HELD = 'footage-held';
export const wordsOfHeld = (name: string, { words }: HeldFootage): string =>
  `${name}, or its host, deauthorized this server, or it was detached here; its footage still lies here: ${words}. Authorize ${name} again and it goes home; or delete it here with understudy restoration stop.`;
const stillOwed = (name: string, { words }: HeldFootage): UnderstudyError =>
  new UnderstudyError(
    'conflict',
    'failover/covering',
    `Footage of ${name} lies here and is not home: ${words}. Let it go home first, or stop its restoration, which deletes it (understudy restoration stop).`,
  );

/**
 * Connected and, if protected, backed up; else nothing of it stays on either side. What was trusted before is trusted still: a
 * second authorization that fails must not cost backups, covers and the trust of the first.
 */
async function admit(
  deps: KnownServersDeps,
  records: ServerRecords,
  record: PeerRecord,
  more: Admitting,
): Promise<void> {
  const { underway } = records;
  if (underway.has(record.id)) throw beingAdded(record);
  underway.add(record.id);
  await admitOnce(deps, records, record, more).finally(() => underway.delete(record.id));
}

type Admitting = Pick<AddMore, 'complete'> & {
  /** From which the record was made. */
  readonly before: PeerRecord | undefined;
  /** Its record is there already. */
  readonly stored?: Stored | undefined;
};
type Stored = {
  /** What was there and is trusted still; undefined: it is new. */
  readonly stood: PeerRecord | undefined;
  readonly written: PeerRecord;
};

/** That it is to leave is taken back by a person who says so (detaching.ts), and not by the way. */
const withWish = (record: PeerRecord, { detachPending }: PeerRecord): PeerRecord =>
  detachPending === undefined ? record : { ...record, detachPending };

async function store({ write }: ServerRecords, record: PeerRecord, before: PeerRecord | undefined): Promise<Stored> {
  let stored: Stored = { stood: undefined, written: record };
  await write(record.id, (now, all) => {
    if (record.managesUs) refuseSecondManager(all, record.id);
    // Joining: left over from a server that was killed while it added this one, nobody was told that it is added.
    const isKnown = before !== undefined && before.joining === undefined && now !== undefined;
    const written = isKnown
      ? rebased(withWish(record, before), { base: before, now })
      : { ...record, joining: { name: record.name } };
    stored = { stood: isKnown ? now : undefined, written };
    return written;
  });
  return stored;
}

async function admitOnce(
  deps: KnownServersDeps,
  records: ServerRecords,
  record: PeerRecord,
  { before, complete, stored }: Admitting,
): Promise<void> {
  const { stood, written } = stored ?? (await store(records, record, before));
  let isReached = false;
  try {
    await connected(deps, record);
    isReached = true;
    await complete?.(record);
    if (record.watched) await deps.firstBackup(record.id);
    if (stood === undefined) await added(records, record);
  } catch (error) {
    // Removed, or authorized anew, while it was waited for: that is what counts.
    if (records.known(record.id)?.fingerprint !== record.fingerprint) throw error;
    if (stood === undefined) await takeBack(deps, records, { record, isReached });
    else await records.write(record.id, (now, all) => now && takenBack(stood, { base: written, now, all }));
    throw error;
  }
}

type Since = { readonly base: PeerRecord; readonly now: PeerRecord; readonly all: readonly PeerRecord[] };
/** As it was, with what others changed since; but by which key it signs receipts nobody has vouched for. */
function takenBack(stood: PeerRecord, since: Since): PeerRecord {
  const { receiptKey = since.now.receiptKey } = stood;
  const before = { ...rebased(stood, since), ...(receiptKey === undefined ? {} : { receiptKey }) };
  // Another host has come meanwhile.
  const manager = managerOf(since.all.filter(({ id }) => id !== stood.id));
  return manager === undefined ? before : { ...before, managesUs: false };
}

async function added({ write }: ServerRecords, { id }: PeerRecord): Promise<void> {
  await write(id, (now) => {
    const { joining: _joining, ...record } = now ?? {};
    return 'id' in record ? record : undefined;
  });
}

type Reached = { readonly record: PeerRecord; readonly isReached: boolean };
/** One that was never reached forgets by itself; one that was, and is gone now, is told when it returns (joining.ts). */
async function takeBack(
  { network }: KnownServersDeps,
  { drop }: ServerRecords,
  { record, isReached }: Reached,
): Promise<void> {
  const isTold = await network.sayForget(record.id).then(
    () => true,
    () => false,
  );
  if (isTold || !isReached) await drop(record.id);
}

async function connected({ network, clock }: KnownServersDeps, { id, name }: PeerRecord): Promise<void> {
  const until = clock.monotonic() + CONNECT_WITHIN_MS;
  while (!network.isConnected(id)) {
    if (clock.monotonic() > until) {
      const message = `${name} accepted this server, but no connection to its peer port came about: is it open in the firewall?`;
      throw new UnderstudyError('unavailable', 'server/peer-port', message);
    }
    await clock.sleep(durationMs(POLL_MS));
  }
}
