/**
 * Who is the host of a site: a record with a term that only rises, which every server of the site keeps in `settings/server.json`
 * (docs/design/host-role.md). Pure.
 *
 * Belongs here: the record, who may take the role, whose word is followed. Does not: what else changes with it (host-records.ts),
 * carrying it out (control/host-role.ts).
 *
 * Invariants: 1. of two records of a site the one with the higher term stands above, of two with the same term the one with the lower
 * id of its host; no server goes back to one that stands lower. 2. A server follows a new host only if the host before named it, by
 * key, as one that may succeed it.
 */
import { z } from 'zod';
import { isServerId } from '../core/ids.ts';
import { isWebAddress, WEB_ADDRESS_WORDS } from '../core/web-address.ts';
import { nameSchema } from './camera.ts';

/** Failover servers first; each of them keeps the documents of the site, each member knows the keys of all of them. */
export const MAX_SUCCESSORS = 16;
/** The epochs that a host issues leave room for so many (coordination/epoch-claim.ts). */
export const MAX_TERM = 65_535;
/** Not heard for so long, a host counts as gone: its role may be taken without confirmation. */
export const HOST_GONE_MS = 30_000;
/** Between those that may take the role by themselves, in their order, so that as a rule one does. */
export const SUCCESSION_STEP_MS = 15_000;

const serverId = z.string().refine(isServerId, 'Expected a UUID in lower case');
const fingerprint = z.string().regex(/^[0-9a-f]{64}$/, 'Expected 64 hexadecimal digits');
const port = z.number().int().min(1).max(65_535);

/** As in a peer record (peer.ts): who may succeed the host, by key, and where it is. */
export const successorSchema = z.strictObject({
  id: serverId,
  name: nameSchema,
  mode: z.enum(['recording', 'failover', 'host']),
  fingerprint,
  httpsFingerprint: fingerprint.optional(),
  host: z.string().min(1).max(253).optional(),
  peerPort: port.optional(),
  httpPort: port.optional(),
  clientAddress: z.string().refine(isWebAddress, WEB_ADDRESS_WORDS).optional(),
});
export type Successor = z.infer<typeof successorSchema>;

const roleFields = {
  /** Of the first host; stays whoever takes the role. */
  siteId: serverId,
  hostId: serverId,
  term: z.number().int().min(1).max(MAX_TERM),
  /** Wall milliseconds of the host. */
  since: z.number(),
  successors: z.array(successorSchema).max(MAX_SUCCESSORS).default([]),
};
/** `site.role`: what a host says of itself. */
export const toldRoleSchema = z.strictObject(roleFields);
export type ToldRole = z.infer<typeof toldRoleSchema>;
export const hostRoleSchema = z.strictObject({
  ...roleFields,
  /** Where the host is, as it was when it took the role; absent when it became host by its mode. */
  host: successorSchema.optional(),
  /** This server took the role, and has it beside its mode. */
  acting: z.boolean().default(false),
  /** Kept first, and carried out again after a restart: the other files do not follow from it yet. */
  pending: z.enum(['take', 'follow']).optional(),
});
export type HostRole = z.infer<typeof hostRoleSchema>;

/** Of the settings of a server. */
export type RoleHolder = {
  readonly id: string;
  readonly mode: 'recording' | 'failover' | 'host';
  readonly hostRole?: HostRole | undefined;
};

/** By mode, or because it took the role and has all that goes with it. */
export const isHost = ({ mode, hostRole }: RoleHolder): boolean =>
  mode === 'host' || (hostRole?.acting === true && hostRole.pending === undefined);

/** A server in mode host has a record of its own; the same value: nothing to write. */
export function withOwnRole<T extends RoleHolder>(server: T, at: number): T {
  const { id, mode, hostRole } = server;
  if (mode !== 'host' || hostRole?.hostId === id) return server;
  const term = hostRole?.siteId === id ? hostRole.term + 1 : 1;
  return { ...server, hostRole: { siteId: id, hostId: id, term, since: at, successors: [], acting: false } };
}

export type Rank = Pick<HostRole, 'term' | 'hostId'>;
/** Which of two records of a site stands. */
export const isAbove = (a: Rank, b: Rank): boolean => (a.term === b.term ? a.hostId < b.hostId : a.term > b.term);

export type RoleCaller = {
  readonly id: string;
  /** SHA-256 of the certificate by which it was let in. */
  readonly fingerprint: string;
  readonly isManager: boolean;
};
export type Verdict =
  /** It is the host from now on; for a host: its own role has ended. */
  | 'follow'
  /** It is the host already; its successors may have changed. */
  | 'same'
  /** Somebody stands above it: it is told who. */
  | 'stale'
  | 'refused';

/** A server hears from another one that it is the host. `managerId`: by whom this server is managed. */
export function verdictOn(own: RoleHolder, managerId: string | undefined, told: ToldRole, caller: RoleCaller): Verdict {
  if (told.hostId !== caller.id || told.hostId === own.id) return 'refused';
  const known = own.hostRole;
  if (known?.siteId !== told.siteId || !counts(own, known, managerId)) return caller.isManager ? 'follow' : 'refused';
  if (isAbove(known, told)) return 'stale';
  if (!isAbove(told, known)) return caller.isManager ? 'same' : 'refused';
  return caller.isManager || isSuccessor(known, caller) ? 'follow' : 'refused';
}

/** What is kept of a site that this server has left counts for nothing. */
const counts = (own: RoleHolder, known: HostRole, managerId: string | undefined): boolean =>
  managerId === known.hostId || (known.hostId === own.id && (known.acting || isHost(own)));

export const isSuccessor = (
  { successors }: Pick<HostRole, 'successors'>,
  { id, fingerprint: key }: Successor | RoleCaller,
): boolean => successors.some((one) => one.id === id && one.fingerprint === key);

/** This server follows; a host by mode records from now on. `host`: the caller, as it is known. */
export function following<T extends RoleHolder>(server: T, told: ToldRole, host: Successor): T {
  const hostRole: HostRole = { ...told, host, acting: false, pending: 'follow' };
  return { ...server, mode: server.mode === 'host' ? 'recording' : server.mode, hostRole };
}

/** Of a server that was the host of its site and is not any more: who is it now, `host` as browsers reach it. `manager`: by whom it is managed. */
export function succeededBy({ id, hostRole }: RoleHolder, manager: Place | undefined): Place | undefined {
  if (manager === undefined || hostRole?.siteId !== id || hostRole.hostId !== manager.id) return undefined;
  const { name, httpPort = hostRole.host?.httpPort } = manager;
  const host = browserAddressOf(manager) ?? browserAddressOf(hostRole.host ?? {});
  return { id: manager.id, name, host, httpPort };
}
/** What people are told to open: as the server says itself, else where it is known to be. */
export const browserAddressOf = ({ clientAddress, host }: Pick<Place, 'clientAddress' | 'host'>): string | undefined =>
  clientAddress ?? host;

type Place = {
  readonly id: string;
  readonly name: string;
  readonly clientAddress?: string | undefined;
  readonly host?: string | undefined;
  readonly httpPort?: number | undefined;
};

/** The next term, in the name of this server. It is not the host before `settled`. */
export function taking<T extends RoleHolder & { readonly hostRole: HostRole }>(server: T, at: number): T {
  const { siteId, term, successors } = server.hostRole;
  const others = successors.filter(({ id }) => id !== server.id);
  const hostRole: HostRole = {
    siteId,
    hostId: server.id,
    term: term + 1,
    since: at,
    successors: others,
    acting: true,
    pending: 'take',
  };
  return { ...server, hostRole };
}

/** All other files follow from the record now. */
export function settled<T extends RoleHolder>(server: T): T {
  if (server.hostRole?.pending === undefined) return server;
  const { pending: _pending, ...hostRole } = server.hostRole;
  return { ...server, hostRole };
}

/** Why this server cannot take the role, for people; `undefined`: it can. */
export function obstacleOf(
  own: RoleHolder,
  managerId: string | undefined,
  ownFingerprint: string,
): Obstacle | undefined {
  const { hostRole } = own;
  if (isHost(own)) return 'site/is-host';
  if (managerId === undefined) return 'site/no-host';
  if (hostRole === undefined || hostRole.hostId !== managerId) return 'site/not-successor';
  if (!hostRole.successors.some(({ id, fingerprint: key }) => id === own.id && key === ownFingerprint))
    return 'site/not-successor';
  return hostRole.term >= MAX_TERM ? 'site/terms-used-up' : undefined;
}
export type Obstacle = 'site/is-host' | 'site/no-host' | 'site/not-successor' | 'site/terms-used-up';

/** Who may succeed, of the members of a host: failover servers first, each kind in the order of ids. */
export function successorsOf(members: readonly (Successor & { readonly enabled: boolean })[]): readonly Successor[] {
  const rankOf = ({ mode }: Successor): number => (mode === 'failover' ? 0 : 1);
  return members
    .filter(({ enabled }) => enabled)
    .toSorted((a, b) => rankOf(a) - rankOf(b) || (a.id < b.id ? -1 : 1))
    .slice(0, MAX_SUCCESSORS)
    .map(identityIn);
}

const PICKED = [
  'id',
  'name',
  'mode',
  'fingerprint',
  'httpsFingerprint',
  'host',
  'peerPort',
  'httpPort',
  'clientAddress',
] as const;
/** Only what a record of a server says of who and where it is. */
export const identityIn = (record: Successor): Successor =>
  Object.fromEntries(
    PICKED.flatMap((name) => (record[name] === undefined ? [] : [[name, record[name]]])),
  ) as unknown as Successor;
