/**
 * What licences lead to: how many cameras each failover server may cover, and how many cameras may be recorded (product C1, C2). Pure.
 *
 * Seats limit only what begins: what is recorded or covered goes on, whatever a licence says (docs/design/licences.md).
 * Belongs here: adding up, splitting, expiry. Does not: which camera gets a seat (failover/plan.ts), the file (licence.ts).
 */
import { instantOf } from './licence.ts';
import type { LicenceTerms, SeatKind } from './licence.ts';

/** A licence that is believed, and whose it is. */
export type GivenLicence = {
  readonly terms: LicenceTerms;
  /** Its seats are for this server only; undefined: for the site. */
  readonly serverId?: string | undefined;
};
export type LicenceState = 'in-force' | 'not-yet' | 'expired';

/** `at`: wall milliseconds, by licence-clock.ts. */
export function stateOfLicence({ validFrom, expiresAt }: LicenceTerms, at: number): LicenceState {
  if (expiresAt !== undefined && at >= instantOf(expiresAt)) return 'expired';
  return validFrom !== undefined && at < instantOf(validFrom) ? 'not-yet' : 'in-force';
}

/** `total` in even parts; what is left over goes one each to the first by id. 90 over three is 30 each. */
export function splitEvenly(total: number, ids: readonly string[]): ReadonlyMap<string, number> {
  const ordered = [...new Set(ids)].toSorted();
  const each = Math.floor(total / Math.max(1, ordered.length));
  const left = total - each * ordered.length;
  return new Map(ordered.map((id, index) => [id, each + (index < left ? 1 : 0)]));
}

/**
 * Cameras that each failover server may cover at a time; `Infinity` where nothing limits. `servers`: all failover servers of the
 * site, the first to join first: if there are seats for fewer servers, these are the ones.
 */
export function coverSeats(
  licences: readonly GivenLicence[],
  servers: readonly string[],
  at: number,
): ReadonlyMap<string, number> {
  const places = seatsFor(licences, 'failoverServers', at).site;
  const licensed = servers.slice(0, places);
  const { site, own } = seatsFor(licences, 'coveredCameras', at);
  const shares = site === Infinity ? undefined : splitEvenly(site, licensed);
  const seatsOf = (id: string): number => {
    if (!licensed.includes(id)) return 0;
    return shares === undefined ? Infinity : (shares.get(id) ?? 0) + (own.get(id) ?? 0);
  };
  return new Map(servers.map((id) => [id, seatsOf(id)]));
}

type KindSeats = {
  /** `Infinity`: no licence speaks of this kind. */
  readonly site: number;
  readonly own: ReadonlyMap<string, number>;
};
/** One that has expired, or does not count yet, still says that this kind is limited; its seats do not count. */
function seatsFor(licences: readonly GivenLicence[], kind: SeatKind, at: number): KindSeats {
  const speaking = licences.filter(({ terms }) => terms.seats[kind] !== undefined);
  const own = new Map<string, number>();
  let site = 0;
  for (const { terms, serverId } of speaking) {
    if (stateOfLicence(terms, at) !== 'in-force') continue;
    const count = terms.seats[kind] ?? 0;
    if (serverId === undefined) site += count;
    else own.set(serverId, (own.get(serverId) ?? 0) + count);
  }
  return { site: speaking.length === 0 ? Infinity : site, own };
}

/** A server that records cameras of its own. */
export type Recorder = { readonly id: string; readonly recorded: number };
/**
 * Cameras that each server may record: what it records now stays, and what is free of the site's seats is split evenly, so that no two
 * servers ever take the same seat without asking each other. `Infinity`: nothing limits.
 */
export function cameraSeats(
  licences: readonly GivenLicence[],
  recorders: readonly Recorder[],
  at: number,
): ReadonlyMap<string, number> {
  const { site, own } = seatsFor(licences, 'recordedCameras', at);
  if (site === Infinity) return new Map(recorders.map(({ id }) => [id, Infinity]));
  const ownOf = (id: string): number => own.get(id) ?? 0;
  const fromSite = ({ id, recorded }: Recorder): number => Math.max(0, recorded - ownOf(id));
  const used = recorders.reduce((sum, recorder) => sum + fromSite(recorder), 0);
  const ids = recorders.map(({ id }) => id);
  const free = splitEvenly(Math.max(0, site - used), ids);
  // Over-used, after an expiry: everything stays as it is, and nobody gets another one.
  return new Map(recorders.map((one) => [one.id, ownOf(one.id) + fromSite(one) + (free.get(one.id) ?? 0)]));
}

/**
 * The licences of a server that takes the place of another one, by that one's settings: the other's instead of its own ones.
 * `original` undefined: it had none, so nothing is overwritten. Again is nothing new.
 */
export function adoptedLicences<Given extends { readonly serverId?: string | undefined }>(
  own: readonly Given[],
  original: readonly Given[] | undefined,
  { from, to }: { readonly from: string; readonly to: string },
): readonly (Given & { readonly vouched?: boolean | undefined })[] {
  if (original === undefined) return own;
  const moved = movedLicences(
    original.filter(({ serverId }) => serverId !== to),
    { from, to },
  );
  return moved.licences.map((one) => ({ ...one, vouched: true }));
}

/** Product C5: the replacement gets the licences of the replaced server; those that it had are gone. */
export function movedLicences<Given extends { readonly serverId?: string | undefined }>(
  licences: readonly Given[],
  { from, to }: { readonly from: string; readonly to: string },
): { readonly licences: readonly Given[]; readonly overwritten: readonly Given[] } {
  if (from === to) return { licences, overwritten: [] };
  const isOverwritten = ({ serverId }: Given): boolean => serverId === to;
  return {
    licences: licences
      .filter((one) => !isOverwritten(one))
      .map((one) => (one.serverId === from ? { ...one, serverId: to } : one)),
    overwritten: licences.filter(isOverwritten),
  };
}
