/**
 * One camera as two servers recorded it, in the terms that seams are decided in: a row of access units, of which each server has what it
 * was there for and what the network brought.
 */
import type { FootageGroup, GroupFragment } from '../../src/wire/footage-protocol.ts';
import type { Random } from './seeded-random.ts';

export const UNIT_MS = 40;

export type Source = {
  readonly unitsPerGroup: number;
  /** Content comes again after so many groups; 0: never. */
  readonly repeatGroups: number;
};
export type Recorder = {
  readonly serverId: string;
  readonly source: Source;
  /** Numbers of access units, half open, while it was recording. */
  readonly sessions: readonly (readonly [number, number])[];
  /** Of an access unit on the network. */
  readonly loss: number;
  /** Its wall clock minus the true one. */
  readonly clockMs: number;
  /** Every fragment's stamp is off by at most this. */
  readonly jitterMs: number;
  readonly random: Random;
};
/** A group and the numbers of the access units in it. */
export type KnownGroup = { readonly group: FootageGroup; readonly units: readonly number[] };

const leafOf = ({ unitsPerGroup, repeatGroups }: Source, unit: number): string => {
  const period = repeatGroups === 0 ? Infinity : repeatGroups * unitsPerGroup;
  return Buffer.from((unit % period).toString(16).padStart(12, '0'), 'hex').toString('base64');
};

export function record(recorder: Recorder): readonly KnownGroup[] {
  const { source, sessions, loss, random } = recorder;
  const groups: KnownGroup[] = [];
  let sequence = 1;
  for (const [from, to] of sessions) {
    const first = Math.ceil(from / source.unitsPerGroup) * source.unitsPerGroup;
    let fragments: number[][] = [];
    let isLost = false;
    let isBroken = false;
    const close = (followed: boolean): void => {
      if (fragments.length === 0) return;
      groups.push(groupOf(recorder, fragments, sequence, followed && !isBroken));
      sequence += fragments.length;
      fragments = [];
      isBroken = false;
    };
    for (let unit = first; unit < to; unit += 1) {
      if (random.chance(loss)) {
        isLost = true;
        continue;
      }
      const key = unit % source.unitsPerGroup === 0;
      if (key) close(!isLost);
      if (fragments.length === 0 && !key) continue;
      if (isLost && !key) isBroken = true;
      const last = fragments.at(-1);
      if (last === undefined || isLost || last.length >= 12) fragments.push([unit]);
      else last.push(unit);
      isLost = false;
    }
    close(false);
  }
  return groups;
}

function groupOf(
  { serverId, source, clockMs, jitterMs, random }: Recorder,
  fragments: readonly (readonly number[])[],
  sequence: number,
  continuous: boolean,
): KnownGroup {
  const units = fragments.flat();
  const stamped = fragments.map((fragment): GroupFragment => {
    const start = (fragment[0] ?? 0) * UNIT_MS + clockMs + random.int(-jitterMs, jitterMs);
    const leaves = fragment.map((unit) => leafOf(source, unit)).join('');
    return { start, end: start + fragment.length * UNIT_MS, leaves };
  });
  const leaves = stamped.map((fragment) => fragment.leaves).join('');
  return {
    units,
    group: {
      recordedBy: serverId,
      start: stamped[0]?.start ?? 0,
      end: Math.max(...stamped.map(({ end }) => end)),
      firstSequence: sequence,
      lastSequence: sequence + fragments.length - 1,
      key: leafOf(source, units[0] ?? 0),
      accessUnits: units.length,
      digest: leaves,
      continuous,
      growing: false,
      fragments: stamped,
    },
  };
}
