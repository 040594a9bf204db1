/**
 * The peer records of a server when the role of the host goes to another one: at the new host, at everybody who follows it, and what
 * a host is to its own members. Pure; each can be done again without harm.
 *
 * Belongs here: that. Does not: who becomes host (host-role.ts), what the host then says of its servers (introductions.ts).
 */
import { identityIn } from './host-role.ts';
import type { RoleHolder, Successor } from './host-role.ts';
import { peerRecordSchema } from './peer.ts';
import type { PeerIdentity, PeerRecord } from './peer.ts';
import { protects } from './site-policy.ts';
import type { Protection } from './site-policy.ts';

/** At the new host. What was protected here is protected still; a key that is pinned here stays. */
export function recordsOfNewHost(
  own: readonly PeerRecord[],
  copied: readonly PeerRecord[],
  ownId: string,
): readonly PeerRecord[] {
  // What lies at the host before of one that left is known there.
  const members = copied.filter(
    ({ id, managesUs, forgottenAt }) => id !== ownId && !managesUs && forgottenAt === undefined,
  );
  const theirs = new Map(members.map((member) => [member.id, member]));
  const known = own.map((record) => {
    const member = theirs.get(record.id);
    const mode = record.mode === 'host' ? 'recording' : record.mode;
    // The old host is one of the site from now on.
    if (member === undefined) return record.managesUs ? { ...unlocked(record), mode, ...ITS_OWN } : record;
    const { watched, watcher, fingerprint, receiptKey = member.receiptKey } = record;
    const pinned = { fingerprint, ...(receiptKey === undefined ? {} : { receiptKey }) };
    return { ...record, ...member, ...pinned, watched, watcher, ...ITS_OWN };
  });
  const ids = new Set(own.map(({ id }) => id));
  const added = members.filter(({ id }) => !ids.has(id));
  return [...known, ...added.map((member) => ({ ...member, watched: false, watcher: false, ...ITS_OWN }))];
}
const ITS_OWN = { managesUs: false, introduced: false } as const;

/** At a server that follows. What the others are to it the new host says next; until then everything goes on as it was. */
export function recordsUnder(before: readonly PeerRecord[], host: Successor, at: number): readonly PeerRecord[] {
  const manager = before.find(({ managesUs }) => managesUs);
  const wasHost = manager === undefined;
  const others = before
    .filter(({ id }) => id !== host.id)
    .map((record) => {
      if (record.managesUs) return { ...unlocked(record), managesUs: false, introduced: true };
      return wasHost ? { ...unlocked(record), introduced: true } : record;
    });
  const known = before.find(({ id }) => id === host.id);
  const locked = manager?.locked === true ? { locked: true } : {};
  const record = known === undefined ? newRecord(host, at) : unlocked(known);
  return [...others, { ...record, ...locked, managesUs: true, introduced: false, enabled: true }];
}

const newRecord = (host: Successor, at: number): PeerRecord =>
  peerRecordSchema.parse({ ...identityIn(host), addedAt: at });

function unlocked(record: PeerRecord): PeerRecord {
  const { locked: _locked, detachPending: _detachPending, securing: _securing, ...rest } = record;
  return rest;
}

/**
 * What a host and its members are to each other as protected and failover servers: it tells everybody but itself. The same array:
 * nothing changes. `records`: the host has cameras of its own.
 */
export function ownRelations(
  all: readonly PeerRecord[],
  own: { readonly id: string; readonly mode: PeerRecord['mode']; readonly records: boolean },
  protection: Protection,
): readonly PeerRecord[] {
  const isSpare = own.mode === 'failover';
  const next = all.map((record) => {
    // What it was to a replaced one ends when its cameras are handed over.
    if (record.managesUs || record.forgottenAt !== undefined || record.replacedBy !== undefined) return record;
    const watched = isSpare && record.mode !== 'failover' && protects(protection, own.id, record.id);
    const watcher = !isSpare && own.records && record.mode === 'failover' && protects(protection, record.id, own.id);
    return record.watched === watched && record.watcher === watcher ? record : { ...record, watched, watcher };
  });
  return next.every((record, index) => record === all[index]) ? all : next;
}

/**
 * Servers that may become host and that this one need not know otherwise: it lets them in by their keys, and does not dial them. They
 * are trusted with nothing but to say that they are the host.
 */
export function successorRecords(
  { hostRole, id: ownId }: RoleHolder,
  known: readonly PeerRecord[],
): readonly PeerRecord[] {
  if (hostRole === undefined) return [];
  const { pending, host } = hostRole;
  // Between the record of the role and those of the servers its connection, on which it has just said so, must not be cut.
  const coming = pending === 'follow' && host !== undefined ? [host] : [];
  const isSettled = known.some(({ id, managesUs }) => managesUs && id === hostRole.hostId);
  if (!isSettled && coming.length === 0) return [];
  const ids = new Set([ownId, ...known.map(({ id }) => id)]);
  return [...coming, ...hostRole.successors.filter(({ id }) => id !== hostRole.hostId)]
    .filter(({ id }) => !ids.has(id))
    .map(({ host: _host, ...successor }) =>
      peerRecordSchema.parse({ ...successor, introduced: true, addedAt: hostRole.since }),
    );
}

/** The host among its own members, for introductions. */
export const selfAsPeer = (identity: PeerIdentity): PeerRecord => ({
  ...identity,
  watched: false,
  watcher: false,
  managesUs: false,
  introduced: false,
  enabled: true,
  addedAt: 0,
});
