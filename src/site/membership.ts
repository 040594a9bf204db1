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

/** Whom a host manages: all it knows, but for another host that manages it. */
export const membersOf = (peers: readonly PeerRecord[]): readonly PeerRecord[] =>
  peers.filter(({ managesUs, introduced, forgottenAt }) => !managesUs && !introduced && forgottenAt === undefined);

/** A site has the id of its host. */
export const siteIdOf = ({ id, mode, hostId }: SiteOfServer): string | undefined => (mode === 'host' ? id : hostId);

/** Of another server, as one of the site `ownSiteId` sees it. */
export function membershipOf(other: SiteOfServer, ownSiteId: string | undefined): Membership {
  const siteId = siteIdOf(other);
  if (siteId === undefined) return 'undefined';
  return siteId === ownSiteId ? 'joined' : 'foreign';
}

/** The host that locks this server. */
export function lockedBy(peers: readonly PeerRecord[]): PeerRecord | undefined {
  const manager = managerOf(peers);
  return manager?.locked === true ? manager : undefined;
}

/**
 * Whether release `a` is older than `b` (semver.org §11, build metadata left out). What is no version is not older: a server must not
 * be kept out for a word that nobody foresaw.
 */
export function isOlder(a: string, b: string): boolean {
  const [left, right] = [partsOf(a), partsOf(b)];
  if (left === undefined || right === undefined) return false;
  for (const [index, number] of left.numbers.entries()) {
    const other = right.numbers[index] ?? 0;
    if (number !== other) return number < other;
  }
  return isEarlier(left.pre, right.pre);
}

type Parts = { readonly numbers: readonly number[]; readonly pre: readonly string[] };
const VERSION = /^v?(\d{1,9})\.(\d{1,9})\.(\d{1,9})(?:-([0-9A-Za-z.-]{1,64}))?(?:\+.*)?$/;
function partsOf(version: string): Parts | undefined {
  const match = VERSION.exec(version);
  if (match === null) return undefined;
  const [, major, minor, patch, pre] = match;
  return { numbers: [major, minor, patch].map(Number), pre: pre?.split('.') ?? [] };
}

/** Of two with the same numbers: one with a pre-release comes before one without. */
function isEarlier(left: readonly string[], right: readonly string[]): boolean {
  if (left.length === 0 || right.length === 0) return left.length > right.length;
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const order = orderOf(left[index], right[index]);
    if (order !== 0) return order < 0;
  }
  return false;
}

/** The one that ends first is earlier; numbers come before words, and by size. */
function orderOf(left: string | undefined, right: string | undefined): number {
  if (left === undefined || right === undefined) return left === right ? 0 : left === undefined ? -1 : 1;
  const [a, b] = [left, right].map((text) => (/^\d+$/.test(text) ? Number(text) : undefined));
  if (a !== undefined && b !== undefined) return a - b;
  if (a !== undefined || b !== undefined) return a !== undefined ? -1 : 1;
  return left === right ? 0 : left < right ? -1 : 1;
}
