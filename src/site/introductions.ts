/**
 * Who has to know whom in a site: the host introduces its servers to each other, so that keys are pinned everywhere although
 * an administrator confirmed each only once, at the host. Pure.
 *
 * Belongs here: which records follow from which. Does not: sending and storing them (control/site-members.ts).
 */
import { z } from 'zod';
import { identityIn } from './host-role.ts';
import { siteLicencesSchema } from './licence-records.ts';
import { isServerId } from '../core/ids.ts';
import { MAX_PEERS, peerRecordSchema } from './peer.ts';
import type { PeerIdentity, PeerRecord } from './peer.ts';
import { protectionSchema, protects, sitePolicySchema } from './site-policy.ts';
import type { Protection, SitePolicy } from './site-policy.ts';

/** One server as another one shall know it. */
const introductionSchema = peerRecordSchema
  .pick({
    id: true,
    name: true,
    mode: true,
    fingerprint: true,
    httpsFingerprint: true,
    host: true,
    peerPort: true,
    httpPort: true,
    clientAddress: true,
    watched: true,
    watcher: true,
  })
  .strict()
  .extend({
    /** In whose place it is: what is held of these goes to it. */
    replaces: z.array(z.string().refine(isServerId)).max(MAX_PEERS).optional(),
  });
export type Introduction = z.infer<typeof introductionSchema>;
/** `site.set`: everybody whom the asked server is to know beside the host itself, and what the two are to each other. */
export const siteSchema = z.strictObject({
  hostId: z.string(),
  hostWatched: z.boolean(),
  members: z.array(introductionSchema).max(MAX_PEERS),
  /** Security lock: the asked server refuses changes that are made there. */
  locked: z.boolean().default(false),
  /** What the host decides for all its servers. */
  policy: sitePolicySchema.prefault({}),
  /** Who protects whom, for failover servers: each plans with what the others protect. */
  protection: protectionSchema.default([]),
  /** Absent: the host says nothing of licences, and those told before stand. */
  licences: siteLicencesSchema.optional(),
});
export type Site = z.infer<typeof siteSchema>;

/**
 * Every failover server protects every recording server, and knows the other failover servers; recording servers know only
 * those that protect them. `hostRecords`: the host has cameras of its own, which are protected too.
 */
export function siteFor(member: PeerRecord, all: readonly PeerRecord[], host: SiteHost): Site {
  const { policy = sitePolicySchema.parse({}), protection = [] } = host;
  const others = all.filter(
    (other) =>
      other.id !== member.id &&
      other.enabled &&
      !isLeaving(other) &&
      other.replacedBy === undefined &&
      other.forgottenAt === undefined,
  );
  // Hardly ever any: looked for once, not for each of the others.
  const replaced = all.filter(({ replacedBy }) => replacedBy !== undefined);
  const introduced = (other: PeerRecord): readonly Introduction[] => {
    const introduction = introductionOf(member, other, protection);
    if (introduction === undefined) return [];
    const replaces = replaced.flatMap(({ id, replacedBy }) => (replacedBy?.id === other.id ? [id] : []));
    return [replaces.length > 0 && member.mode === 'failover' ? { ...introduction, replaces } : introduction];
  };
  const isThere = member.enabled && member.replacedBy === undefined;
  const members = isThere ? others.flatMap(introduced) : [];
  const isSpare = member.mode === 'failover';
  return {
    hostId: host.id,
    hostWatched: isSpare && host.records && protects(protection, member.id, host.id),
    members,
    locked: member.locked === true,
    policy,
    protection: isSpare ? protection : [],
  };
}
/**
 * Of one that is to leave nobody is told any more, so that nobody covers it. A failover server stays until it has left: it may still
 * have footage to give home.
 */
export const isLeaving = ({ mode, detachPending }: PeerRecord): boolean =>
  detachPending !== undefined && mode !== 'failover';

/**
 * A failover server covers it now. A host that is one itself tells itself nothing: one that is to leave stays watched in its record, by
 * which footage of it that lies here is known and goes home, until it has left.
 */
export const isGuarded = (record: PeerRecord): boolean =>
  record.watched && record.enabled && record.forgottenAt === undefined && !isLeaving(record);

export type SiteHost = {
  readonly id: string;
  readonly records: boolean;
  readonly policy?: SitePolicy;
  readonly protection?: Protection;
};

/** Of two that are nothing to each other neither is introduced. */
function introductionOf(member: PeerRecord, other: PeerRecord, protection: Protection): Introduction | undefined {
  if (member.mode !== 'failover' && other.mode !== 'failover') return undefined;
  const watched = member.mode === 'failover' && other.mode === 'recording' && protects(protection, member.id, other.id);
  const watcher = member.mode === 'recording' && other.mode === 'failover' && protects(protection, other.id, member.id);
  if (!watched && !watcher && [member.mode, other.mode].includes('recording')) return undefined;
  return { ...pickedFrom(other), watched, watcher };
}

/** Without a parser: a host of 200 servers does this thousands of times when all of them connect. */
const pickedFrom: (record: PeerRecord) => PeerIdentity = identityIn;

/**
 * The records of a member after its host has spoken: its own ones stay, introduced ones are those given now. `isHeld`: footage of that
 * server lies here; its record stays by name until that is settled, without trust.
 */
export function recordsAfter(
  before: readonly PeerRecord[],
  site: Site,
  at: number,
  isHeld: (serverId: string) => boolean = () => false,
): readonly PeerRecord[] {
  const given = new Map(site.members.map((member) => [member.id, member]));
  const kept = before
    .flatMap((record) => {
      if (record.replacedBy !== undefined) return [record];
      const successor = site.members.find(({ replaces }) => replaces?.includes(record.id) === true);
      if (successor !== undefined && record.watched)
        return [{ ...record, replacedBy: { id: successor.id, name: successor.name, at } }];
      if (!record.introduced || given.has(record.id)) return [merged(record, given.get(record.id))];
      return record.watched && isHeld(record.id) ? [{ ...record, forgottenAt: record.forgottenAt ?? at }] : [];
    })
    .map((record) => withHost(record, site));
  const known = new Set(kept.map(({ id }) => id));
  const added = site.members
    .filter(({ id }) => !known.has(id))
    .map(({ replaces: _replaces, ...member }): PeerRecord => ({
      ...member,
      managesUs: false,
      introduced: true,
      enabled: true,
      addedAt: at,
    }));
  return [...kept, ...added];
}

/** A key that an administrator confirmed here is not replaced by the host's word. */
function merged(record: PeerRecord, given: Introduction | undefined): PeerRecord {
  if (given === undefined) return record;
  const { replaces: _replaces, ...told } = given;
  const { watched, watcher } = told;
  const { forgottenAt: _forgottenAt, ...trusted } = record;
  return record.introduced ? { ...trusted, ...told } : { ...record, watched, watcher };
}

/** What the host said of itself. */
function withHost(record: PeerRecord, { hostId, hostWatched, locked }: Site): PeerRecord {
  if (record.id !== hostId || !record.managesUs) return record;
  const { locked: _before, ...rest } = record;
  return { ...rest, watched: hostWatched, ...(locked ? { locked } : {}) };
}
