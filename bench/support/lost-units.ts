/**
 * Which access units of one source a recording lacks that another recording of the same source has. Pure.
 *
 * Every client of a source gets identical access units, so they are told by their hashes and by the round of the looped clip that they
 * belong to, counted along each recording itself. Times of two recordings are not compared, but for which round each began in: on a
 * loaded machine two sessions place one picture seconds apart, and a source that stands still is placed by each as it saw it.
 */
import type { Recording, Unit } from './recorded-units.ts';

/** Access units missing between two that were recorded one after the other. Wall microseconds by that recording's own clock. */
export type Hole = { readonly fromUs: number; readonly toUs: number; readonly units: number };

/** Place of a unit in the whole of its source: `round` of the clip and place in it. */
type Placed = { readonly key: string; readonly at: number; readonly unit: Unit };

export type Losses = {
  /** Of each recording, in the order given. */
  readonly holes: readonly (readonly Hole[])[];
  /** Access units of the clip that no recording of their source has: the source left them out, or all lost them. */
  readonly inNone: number;
};

/** `mounts`: recording i is of source i % mounts; all sources loop the same clip. */
export function lossesOf(recordings: readonly Recording[], mounts: number): Losses {
  const clip = clipOf(recordings);
  const holes: (readonly Hole[])[] = recordings.map(() => []);
  let inNone = 0;
  for (let mount = 0; mount < mounts; mount += 1) {
    const members = recordings.map((_, index) => index).filter((index) => index % mounts === mount);
    const placed = alignRounds(
      members.map((index) => placeUnits(recordings[index]?.units ?? [], clip)),
      clip.length,
    );
    const source = new Map(placed.flat().map(({ key, at }) => [key, at]));
    const places = [...source.values()].sort((one, other) => one - other);
    members.forEach((index, member) => (holes[index] = holesIn(placed[member] ?? [], places)));
    inNone += skippedIn(places);
  }
  return { holes, inNone };
}

type Clip = { readonly positions: ReadonlyMap<string, number>; readonly length: number };

/** The clip by what most often follows what; units that only one look of a source had (cut short on their way) stand in no clip. */
function clipOf(recordings: readonly Recording[]): Clip {
  const followers = new Map<string, Map<string, number>>();
  for (const { units } of recordings) {
    units.slice(1).forEach(({ hash }, index) => {
      const before = units[index]?.hash ?? '';
      const counts = followers.get(before) ?? new Map<string, number>();
      followers.set(before, counts.set(hash, (counts.get(hash) ?? 0) + 1));
    });
  }
  const next = new Map([...followers].map(([hash, counts]) => [hash, mostOf(counts)]));
  return longestOf(
    [...new Set(recordings.flatMap(({ units }) => units.slice(0, 1).map(({ hash }) => hash)))].map((first) =>
      chainFrom(first, next),
    ),
  );
}

function chainFrom(first: string, next: ReadonlyMap<string, string>): Clip {
  const positions = new Map<string, number>();
  for (let at: string | undefined = first; at !== undefined && !positions.has(at); at = next.get(at))
    positions.set(at, positions.size);
  return { positions, length: positions.size };
}

/** Rounds are counted from 0 in each recording: a place before the one last seen begins the next. */
function placeUnits(units: readonly Unit[], { positions, length }: Clip): readonly Placed[] {
  let round = 0;
  let last = -1;
  let strangers = 0;
  return units.map((unit) => {
    const position = positions.get(unit.hash);
    if (position === undefined) {
      strangers += 1;
      return { key: `${round}:${unit.hash}`, at: round * length + last + strangers / 1000, unit };
    }
    if (position <= last) round += 1;
    last = position;
    strangers = 0;
    return { key: `${round}:${unit.hash}`, at: round * length + position, unit };
  });
}

/** A recording that began later counts its rounds from a later one: the nearest in time. */
function alignRounds(all: readonly (readonly Placed[])[], length: number): readonly (readonly Placed[])[] {
  const [reference = []] = [...all].sort((one, other) => other.length - one.length);
  const times = new Map(reference.map(({ key, unit }) => [key, unit.atUs]));
  const rounds = Math.ceil((reference.at(-1)?.at ?? 0) / Math.max(1, length)) + 1;
  return all.map((placed) => {
    let best = { shift: 0, distance: Infinity };
    for (let shift = -rounds; shift <= rounds; shift += 1) {
      const distances = placed.flatMap(({ key, unit }) => {
        const known = times.get(shiftedKey(key, shift));
        return known === undefined ? [] : [Math.abs(known - unit.atUs)];
      });
      const distance = distances.sort((one, other) => one - other)[distances.length >> 1] ?? Infinity;
      if (distance < best.distance) best = { shift, distance };
    }
    return placed.map(({ key, at, unit }) => ({
      key: shiftedKey(key, best.shift),
      at: at + best.shift * length,
      unit,
    }));
  });
}

function shiftedKey(key: string, shift: number): string {
  const colon = key.indexOf(':');
  return `${Number(key.slice(0, colon)) + shift}${key.slice(colon)}`;
}

/** `places`: of every unit that any recording of the source has, in order. */
function holesIn(placed: readonly Placed[], places: readonly number[]): readonly Hole[] {
  const indexOf = new Map(places.map((at, index) => [at, index]));
  return placed.slice(1).flatMap(({ at, unit }, index) => {
    const before = placed[index];
    if (before === undefined) return [];
    const units = (indexOf.get(at) ?? 0) - (indexOf.get(before.at) ?? 0) - 1;
    return units > 0 ? [{ fromUs: before.unit.atUs, toUs: unit.atUs, units }] : [];
  });
}

/** Strangers stand between whole places. */
function skippedIn(places: readonly number[]): number {
  const whole = places.filter((at) => Number.isInteger(at));
  return whole.slice(1).reduce((sum, at, index) => sum + at - (whole[index] ?? at) - 1, 0);
}

const mostOf = (counts: ReadonlyMap<string, number>): string =>
  [...counts].reduce((most, entry) => (entry[1] > most[1] ? entry : most), ['', 0] as [string, number])[0];
const NO_CLIP: Clip = { positions: new Map(), length: 0 };
const longestOf = (clips: readonly Clip[]): Clip =>
  clips.reduce((longest, clip) => (clip.length > longest.length ? clip : longest), NO_CLIP);
