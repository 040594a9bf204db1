/**
 * Which licences count on this server now, and the seats that follow: its own ones, or those that its host told it.
 *
 * Belongs here: whose word counts, judging signatures once. Does not: arithmetic (site/licence-seats.ts), adding and removing
 * (licences.ts).
 */
import type { Clock } from '../core/clock.ts';
import { messageOf } from '../core/errors.ts';
import type { Settings } from '../settings/settings.ts';
import { isHost } from '../site/host-role.ts';
import { licenceTime, seenAt } from '../site/licence-clock.ts';
import type { LicenceClock } from '../site/licence-clock.ts';
import type { LicenceRecord, SiteLicences } from '../site/licence-records.ts';
import { cameraSeats, coverSeats, stateOfLicence } from '../site/licence-seats.ts';
import type { GivenLicence, LicenceState } from '../site/licence-seats.ts';
import { readLicence } from '../site/licence.ts';
import type { LicenceTerms } from '../site/licence.ts';
import type { Issuer } from '../site/signed-text.ts';
import { managerOf } from '../site/membership.ts';
import type { PeerRecord } from '../site/peer.ts';

export type BookDeps = {
  readonly settings: Pick<Settings, 'licences' | 'server' | 'peers' | 'cameras'>;
  readonly issuers: () => readonly Issuer[];
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
};
/** One licence that is kept here, as it is judged now. */
export type JudgedLicence = {
  readonly record: Omit<LicenceRecord, 'addedAt'> & { readonly addedAt?: number | undefined };
  readonly fromHost: boolean;
  readonly terms: LicenceTerms | undefined;
  readonly keyId: string | undefined;
  /** `untrusted`: it neither gives nor takes seats. */
  readonly state: LicenceState | 'untrusted';
  readonly problem: string | undefined;
};
export type LicenceBook = {
  /** Those that count, or would if they were trusted. */
  readonly judged: () => readonly JudgedLicence[];
  /** All failover servers of the site, the first to join first. */
  readonly failoverServers: () => readonly string[];
  /** Cameras that this failover server may cover at a time, by the licences; `Infinity`: not limited. */
  readonly coverSeatsOf: (serverId: string) => number;
  /** Cameras that may be recorded, by server: of all on a host, of this one elsewhere. */
  readonly cameraSeats: () => ReadonlyMap<string, number>;
  /** What this host tells a member; nothing on other servers. */
  readonly forMember: (memberId: string) => SiteLicences | undefined;
  /** Who manages this server: then only the host's licences count. */
  readonly manager: () => PeerRecord | undefined;
  /** Which time counts, wall milliseconds. */
  readonly now: () => number;
  /** What the clock has shown goes on being remembered. */
  readonly look: () => LicenceClock;
  /** The issuers changed: everything is judged anew. */
  readonly forget: () => void;
};

export const recordedBy = ({ cameras }: Pick<Settings, 'cameras'>): number =>
  cameras.get().cameras.filter(({ enabled, record }) => enabled && record).length;

export function createLicenceBook({ settings, issuers, clock }: BookDeps): LicenceBook {
  const read = createReader(issuers);
  let watched: LicenceClock = { latest: settings.licences.get().latest };
  const look = (): LicenceClock => (watched = seenAt(watched, clock.now(), clock.monotonic()));
  const now = (): number => licenceTime(look(), clock.now());
  const manager = (): PeerRecord | undefined => managerOf(settings.peers.get().peers);
  const told = (): (SiteLicences & { readonly hostId: string }) | undefined => {
    const said = settings.licences.get().told;
    return said !== undefined && manager()?.id === said.hostId ? said : undefined;
  };
  const judged = (): readonly JudgedLicence[] => {
    const said = told();
    const at = now();
    return (said?.licences ?? settings.licences.get().licences).map((record) =>
      judgedOf(record, { fromHost: said !== undefined, at, read }),
    );
  };
  const given = (): readonly GivenLicence[] =>
    judged().flatMap(({ terms, record: { serverId }, state }) =>
      terms === undefined || state === 'untrusted' ? [] : [{ terms, serverId }],
    );
  const failoverServers = (): readonly string[] => told()?.failoverServers ?? joinedFailoverServers(settings);
  const seats = remembered(
    () => [
      settings.licences.get(),
      settings.peers.get(),
      settings.server.get(),
      settings.cameras.get(),
      statesOf(judged()),
    ],
    (): AllSeats => ({
      covers: coverSeats(given(), failoverServers(), now()),
      strangers: coverSeatsOfStranger(given()),
      cameras: cameraSeatsIn(settings, told(), given(), now()),
      failoverServers: failoverServers(),
    }),
  );
  return {
    judged,
    failoverServers: () => seats().failoverServers,
    coverSeatsOf: (serverId) => seats().covers.get(serverId) ?? seats().strangers,
    cameraSeats: () => seats().cameras,
    forMember: (memberId) => {
      if (!isHost(settings.server.get())) return undefined;
      const ofMember = seats().cameras.get(memberId) ?? Infinity;
      return {
        // What does not count here counts nowhere: members take this server's word for issuers that they do not know.
        licences: judged().flatMap(({ state, record: { text, serverId } }) =>
          state === 'untrusted' ? [] : [{ text, ...(serverId === undefined ? {} : { serverId }) }],
        ),
        failoverServers: [...seats().failoverServers],
        ...(ofMember === Infinity ? {} : { cameraSeats: ofMember }),
      };
    },
    manager,
    now,
    look,
    forget: read.forget,
  };
}

type AllSeats = {
  readonly covers: ReadonlyMap<string, number>;
  readonly strangers: number;
  readonly cameras: ReadonlyMap<string, number>;
  readonly failoverServers: readonly string[];
};
function cameraSeatsIn(
  settings: BookDeps['settings'],
  told: SiteLicences | undefined,
  given: readonly GivenLicence[],
  at: number,
): ReadonlyMap<string, number> {
  const own = { id: settings.server.get().id, recorded: recordedBy(settings) };
  if (told !== undefined) return new Map([[own.id, told.cameraSeats ?? Infinity]]);
  const { recorded } = settings.licences.get();
  const members = recordersOf(settings).map(({ id }) => ({ id, recorded: recorded[id] ?? 0 }));
  return cameraSeats(given, [own, ...members], at);
}

const statesOf = (judged: readonly JudgedLicence[]): string => judged.map(({ state }) => state).join(' ');
/** A host of 200 servers asks for each of them. Settings are replaced whole: the same values lead to the same. */
function remembered<T>(inputsNow: () => readonly unknown[], compute: () => T): () => T {
  let last: { readonly inputs: readonly unknown[]; readonly value: T } | undefined;
  return () => {
    const inputs = inputsNow();
    const before = last;
    if (before !== undefined && inputs.every((input, index) => input === before.inputs[index])) return before.value;
    const value = compute();
    last = { inputs, value };
    return value;
  };
}

/** A failover server that is not among those of the site: limited as soon as covers are. */
const coverSeatsOfStranger = (licences: readonly GivenLicence[]): number =>
  licences.some(({ terms: { seats } }) => (seats.coveredCameras ?? seats.failoverServers) !== undefined) ? 0 : Infinity;

/** On a host its failover servers; one that stands alone is the only one. */
function joinedFailoverServers({ server, peers }: Pick<Settings, 'server' | 'peers'>): readonly string[] {
  const { id: ownId, mode } = server.get();
  if (!isHost(server.get())) return [ownId];
  // A failover server that took the role of the host goes on covering.
  const own = mode === 'failover' ? [ownId] : [];
  const members = peers
    .get()
    .peers.filter(({ mode: its, enabled, managesUs }) => its === 'failover' && enabled && !managesUs)
    .filter(({ joining, detachPending }) => joining === undefined && detachPending === undefined)
    .toSorted((a, b) => a.addedAt - b.addedAt || (a.id < b.id ? -1 : 1))
    .map(({ id }) => id);
  return [...own, ...members];
}

/** On a host the members that record. */
function recordersOf({ server, peers }: Pick<Settings, 'server' | 'peers'>): readonly PeerRecord[] {
  if (!isHost(server.get())) return [];
  return peers.get().peers.filter(({ mode, managesUs }) => mode === 'recording' && !managesUs);
}

type Reading =
  | { readonly kind: 'read'; readonly terms: LicenceTerms; readonly keyId: string; readonly isTrusted: boolean }
  | { readonly kind: 'refused'; readonly problem: string };
type Reader = { readonly of: (text: string) => Reading; readonly forget: () => void };
/** A signature is judged once, not four times a second. */
function createReader(issuers: () => readonly Issuer[]): Reader {
  const known = new Map<string, Reading>();
  return {
    of: (text) => {
      const before = known.get(text);
      if (before !== undefined) return before;
      const reading = readingOf(text, issuers());
      if (known.size >= MAX_KNOWN) known.clear();
      known.set(text, reading);
      return reading;
    },
    forget: () => known.clear(),
  };
}
/** More than two lists of licences have. */
const MAX_KNOWN = 256;

function readingOf(text: string, issuers: readonly Issuer[]): Reading {
  try {
    const { terms, keyId, trust } = readLicence(text, issuers);
    return { kind: 'read', terms, keyId, isTrusted: trust === 'trusted' };
  } catch (error) {
    return { kind: 'refused', problem: messageOf(error) };
  }
}

type Judging = { readonly fromHost: boolean; readonly at: number; readonly read: Reader };
/** A host has judged what it tells: its word counts for an issuer that is not known here, but for no wrong signature. */
function judgedOf(record: JudgedLicence['record'], { fromHost, at, read }: Judging): JudgedLicence {
  const reading = read.of(record.text);
  const [terms, keyId] = reading.kind === 'read' ? [reading.terms, reading.keyId] : [undefined, undefined];
  const judged = { record, fromHost, terms, keyId };
  if (terms === undefined)
    return { ...judged, state: 'untrusted', problem: reading.kind === 'refused' ? reading.problem : undefined };
  if (reading.kind === 'read' && (reading.isTrusted || fromHost || record.vouched === true))
    return { ...judged, state: stateOfLicence(terms, at), problem: undefined };
  return { ...judged, state: 'untrusted', problem: `Its issuer (key ${keyId ?? ''}) is not trusted here any more.` };
}
