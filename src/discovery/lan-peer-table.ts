/**
 * Who is there: servers heard of on the LAN, from where and how lately. Pure; time comes in.
 *
 * A server is its id with its fingerprint: somebody who says to be a known server with another key stands as a second entry beside it,
 * and cannot change what is known of the first. Addresses are those that packets came from.
 *
 * Invariants: 1. No entry without a sighting younger than `EXPIRY`, once `expire` was called. 2. A goodbye counts only from an address of the
 * server, and holds for `GOODBYE_HOLDS`. 3. A full table takes nobody new, and loses nobody.
 */
import type { DurationMs, EpochMs, MonotonicMs } from '../core/units.ts';
import { durationMs } from '../core/units.ts';
import { LAN_PROTOCOLS, encodeFacts } from './lan-peer.ts';
import type { DiscoveredPeer, LanProtocol, PeerChange, PeerFacts } from './lan-peer.ts';

/** Servers announce themselves every 5 s over each protocol: three announcements lost over both, and some slack. */
export const EXPIRY: DurationMs = durationMs(17_500);
/** A site has some ten servers; beyond this it is a flood. */
export const MAX_PEERS = 256;
/** Servers behind one address: a demonstration runs a whole site on one machine. */
export const MAX_PEERS_OF_ADDRESS = 16;
/** What was sent before a goodbye may be read after it, from another socket. A server announces itself again after a second. */
export const GOODBYE_HOLDS: DurationMs = durationMs(500);
/** Addresses of one server; those that are known stay. */
export const MAX_ADDRESSES = 8;

type Sighting = { readonly address: string; readonly via: LanProtocol; readonly at: MonotonicMs };
type Entry = {
  readonly facts: PeerFacts;
  /** At most one for each address and protocol, the latest first. */
  readonly sightings: readonly Sighting[];
  readonly lastSeenAt: EpochMs;
};

export type PeerTable = {
  readonly entries: ReadonlyMap<string, Entry>;
  /** Which entries said goodbye, and when. */
  readonly left: ReadonlyMap<string, MonotonicMs>;
};
export type TableStep = { readonly table: PeerTable; readonly changes: readonly PeerChange[] };

export const EMPTY_TABLE: PeerTable = { entries: new Map(), left: new Map() };

/** A packet of a server: `at` decides, `wall` is shown. */
export function sight(
  table: PeerTable,
  heard: { readonly facts: PeerFacts; readonly address: string; readonly via: LanProtocol },
  { at, wall }: { readonly at: MonotonicMs; readonly wall: EpochMs },
): TableStep {
  const { facts, address, via } = heard;
  const key = `${facts.id} ${facts.fingerprint}`;
  const known = table.entries.get(key);
  const leftAt = table.left.get(key);
  if (leftAt !== undefined && at - leftAt < GOODBYE_HOLDS) return { table, changes: [] };
  const before = known?.sightings ?? [];
  if (known === undefined ? !hasRoom(table, address) : !hasPlace(before, address)) return { table, changes: [] };
  const others = before.filter((one) => one.address !== address || one.via !== via);
  const entry: Entry = { facts, sightings: [{ address, via, at }, ...others], lastSeenAt: wall };
  const changed: PeerTable = { ...table, entries: new Map(table.entries).set(key, entry) };
  if (known === undefined) return { table: changed, changes: [{ kind: 'found', peer: peerOf(entry) }] };
  return { table: changed, changes: looksSame(known, entry) ? [] : [{ kind: 'changed', peer: peerOf(entry) }] };
}

/**
 * A goodbye of server `id` that came from `address`: it says so on all its links, and addresses that it lost before are silent, so
 * one is enough.
 */
export function leave(table: PeerTable, id: string, address: string, at: MonotonicMs): TableStep {
  const says = ({ facts, sightings }: Entry): boolean =>
    facts.id === id && sightings.some((sighting) => sighting.address === address);
  const leaving = new Map([...table.entries].filter(([, entry]) => says(entry)));
  // Of a stranger nothing is kept.
  if (leaving.size === 0) return { table, changes: [] };
  const left = new Map(table.left);
  for (const key of leaving.keys()) left.set(key, at);
  const step = without(table, (entry) => says(entry));
  return { ...step, table: { ...step.table, left } };
}

/** Takes away what was last heard of longer ago than `EXPIRY`. */
export function expire(table: PeerTable, at: MonotonicMs): TableStep {
  const step = without(table, (_entry, sighting) => at - sighting.at > EXPIRY);
  const left = new Map([...table.left].filter(([, leftAt]) => at - leftAt < GOODBYE_HOLDS));
  return left.size === table.left.size ? step : { ...step, table: { ...step.table, left } };
}

/** By name, then id. */
export function peersOf(table: PeerTable): readonly DiscoveredPeer[] {
  return [...table.entries.values()]
    .map(peerOf)
    .sort((one, other) => one.name.localeCompare(other.name) || one.id.localeCompare(other.id));
}

function hasRoom(table: PeerTable, address: string): boolean {
  if (table.entries.size >= MAX_PEERS) return false;
  const there = [...table.entries.values()].filter(({ sightings }) => sightings.some((one) => one.address === address));
  return there.length < MAX_PEERS_OF_ADDRESS;
}

function hasPlace(sightings: readonly Sighting[], address: string): boolean {
  const addresses = addressesOf(sightings);
  return addresses.includes(address) || addresses.length < MAX_ADDRESSES;
}

function without(table: PeerTable, drops: (entry: Entry, sighting: Sighting) => boolean): TableStep {
  const changes: PeerChange[] = [];
  let changed: Map<string, Entry> | undefined;
  for (const [key, entry] of table.entries) {
    const sightings = entry.sightings.filter((sighting) => !drops(entry, sighting));
    if (sightings.length === entry.sightings.length) continue;
    changed ??= new Map(table.entries);
    const left: Entry = { ...entry, sightings };
    if (sightings.length > 0) changed.set(key, left);
    else changed.delete(key);
    if (sightings.length === 0) changes.push({ kind: 'gone', peer: peerOf(entry) });
    else if (!looksSame(entry, left)) changes.push({ kind: 'changed', peer: peerOf(left) });
  }
  return { table: changed === undefined ? table : { ...table, entries: changed }, changes };
}

function peerOf({ facts, sightings, lastSeenAt }: Entry): DiscoveredPeer {
  return { ...facts, addresses: addressesOf(sightings), via: viaOf(sightings), lastSeenAt };
}

const addressesOf = (sightings: readonly Sighting[]): readonly string[] => [
  ...new Set(sightings.map(({ address }) => address)),
];

function viaOf(sightings: readonly Sighting[]): DiscoveredPeer['via'] {
  const heard = LAN_PROTOCOLS.filter((protocol) => sightings.some(({ via }) => via === protocol));
  return heard.length > 1 ? 'both' : (heard[0] ?? 'ssdp');
}

/** But for the time: the order of addresses changes with every packet of a server that has two. */
function looksSame(one: Entry, other: Entry): boolean {
  const shown = ({ facts, sightings }: Entry): string =>
    JSON.stringify([encodeFacts(facts), addressesOf(sightings).toSorted(), viaOf(sightings)]);
  return shown(one) === shown(other);
}
