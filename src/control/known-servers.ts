/**
 * The other servers this one knows and trusts: authorizing with an administrator's account of theirs, pairing codes, being
 * introduced, forgetting. Discovery gives hints, never trust: credentials go only to a confirmed fingerprint.
 *
 * Belongs here: when the records change. Does not: writing them (server-records.ts), letting one in (admitting.ts), being introduced
 * (introduced.ts), the conversation by HTTPS (authorization.ts), the channel (peer), what a trusted server may do.
 */
import type { z } from 'zod';
import type { ActivityLog } from '../api/activity.ts';
import type { authorizeServerRequest } from '../api/contract/failover.ts';
import { messageOf, UnderstudyError } from '../core/errors.ts';
import { isHost } from '../site/host-role.ts';
import type { PeerIdentity, PeerRecord } from '../site/peer.ts';
import { unsuitedServer } from '../site/suitability.ts';
import type { Suitability } from '../site/suitability.ts';
import { admit, store } from './admitting.ts';
import type { AddMore, AdmittingDeps, Stored } from './admitting.ts';
import {
  authorizeAt,
  recordOf,
  refuseItself,
  refuseLocked,
  refuseModes,
  refuseOlder,
  refuseUnprotectable,
} from './authorization.ts';
import type { AuthorizationDeps, Joining } from './authorization.ts';
import { introduced } from './introduced.ts';
import type { Introduction } from './introduced.ts';
import { refuseManagement } from './management.ts';
import { createServerRecords } from './server-records.ts';
import type { ServerRecords } from './server-records.ts';

export type KnownServersDeps = AuthorizationDeps &
  AdmittingDeps & {
    readonly network: {
      readonly refresh: () => void;
      readonly revoke: (peerId: string) => void;
    };
    /** Of this server. */
    readonly suitability: Suitability;
    /** @throws failover/covering when footage would be lost by it */
    readonly beforeForgetting: (serverId: string) => void;
    readonly onForgotten: (serverId: string) => Promise<void>;
    /** What of its footage lies here and is not home, such as `3 files (12.4 MB)`. */
    readonly heldOf: (serverId: string) => HeldFootage | undefined;
    readonly activity: Pick<ActivityLog, 'record'>;
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
export type PairedServer = {
  readonly identity: PeerIdentity;
  /** Where it was dialled; undefined: it dialled us. */
  readonly host: string | undefined;
  /** Of its release, as it says. */
  readonly version?: string;
  /** As it says. */
  readonly suitability?: Suitability;
};

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
