/**
 * From what was decided about groups to files that are sent: runs of groups of one source, each file at most a minute or 64 MB, with what
 * it replaces. Pure, and the same for the same input.
 */
import { createHash } from 'node:crypto';
import type { KeyGroup, SegmentRow, SequenceRange } from '../archive/catalogue-types.ts';
import type { Verdict } from '../ledger/seams.ts';
import type { ReturnNote } from '../media/mp4/segment-header.ts';
import type { FootageGroup } from '../wire/footage-protocol.ts';
import type { StoredFile, StoredSource } from './transfer-store.ts';

export const MAX_FILE_MS = 60_000;
export const MAX_FILE_BYTES: number = 64 * 1024 * 1024;
/** Groups of the receiver that one file may replace; the header of a segment has room for twice as many. */
const MAX_REPLACED = 48;

export type PlanInput = {
  readonly source: StoredSource;
  readonly row: SegmentRow;
  readonly keys: readonly KeyGroup[];
  /** Of groups of this source, in order of sequence. */
  readonly verdicts: readonly Verdict[];
  /** Damaged here where the other server has something too: neither sent nor deleted. */
  readonly left: readonly FootageGroup[];
  /** Who gives back. */
  readonly by: string;
  readonly clockOffsetMs: number;
};
export type Planned = { readonly source: StoredSource; readonly files: readonly StoredFile[] };

type Returned = Extract<Verdict, { kind: 'return' }>;

export function planReturns(input: PlanInput): Planned {
  const { source, keys, verdicts } = input;
  const settled = verdicts.filter(({ kind }) => kind !== 'wait');
  const left = joinRanges([...(source.left ?? []), ...input.left.map(rangeOf)]);
  const decided = joinRanges([...source.decided, ...settled.map(({ group }) => rangeOf(group)), ...left]);
  const known = settled.filter(({ kind }) => kind === 'known').reduce((sum, { group }) => sum + secondsOf(group), 0);
  const files: StoredFile[] = [];
  let open: Returned[] = [];
  const close = (): void => {
    if (open.length > 0) files.push(fileOf(input, open));
    open = [];
  };
  for (const verdict of verdicts) {
    if (verdict.kind !== 'return') continue;
    if (!fits(keys, [...open, verdict])) close();
    open.push(verdict);
  }
  close();
  const isDecided = keys.every(({ sequence }) =>
    decided.some(([first, last]) => sequence >= first && sequence <= last),
  );
  return {
    source: {
      ...source,
      decided,
      ...(left.length === 0 ? {} : { left }),
      knownSeconds: source.knownSeconds + known,
      state: isDecided ? 'decided' : 'undecided',
    },
    files,
  };
}

/** What a whole source is on its way to a file without anything to compare with. */
export const wholeSource = (row: SegmentRow, keys: readonly KeyGroup[]): readonly Verdict[] =>
  keys.map((key, index) => ({
    kind: 'return',
    why: 'only-here',
    supersedes: [],
    group: {
      recordedBy: row.serverId,
      start: key.start,
      end: key.end,
      firstSequence: key.sequence,
      lastSequence: (keys[index + 1]?.sequence ?? row.lastSequence + 1) - 1,
      key: '',
      accessUnits: 0,
      digest: '',
      continuous: false,
      growing: false,
      fragments: [],
    },
  }));

function fits(keys: readonly KeyGroup[], verdicts: readonly Returned[]): boolean {
  const groups = verdicts.map(({ group }) => group);
  const first = groups[0]?.start ?? 0;
  const last = groups.at(-1)?.end ?? 0;
  const replaced = verdicts.reduce((sum, { supersedes }) => sum + supersedes.length, 0);
  if (groups.length <= 1) return true;
  return last - first <= MAX_FILE_MS && bytesOf(keys, groups) <= MAX_FILE_BYTES && replaced <= MAX_REPLACED;
}

function fileOf(input: PlanInput, verdicts: readonly Returned[]): StoredFile {
  const { source, row, keys, by, clockOffsetMs } = input;
  const groups = verdicts.map(({ group }) => group);
  const runs = joinRanges(groups.map(rangeOf));
  const supersedes = supersededBy(verdicts.flatMap((verdict) => verdict.supersedes));
  const name = JSON.stringify([by, row.volumeId, row.path, runs, clockOffsetMs, supersedes]);
  const id = `ret-${createHash('sha256').update(name).digest('hex').slice(0, 32)}`;
  return {
    id,
    restoration: source.restoration,
    volumeId: row.volumeId,
    path: row.path,
    start: groups[0]?.start ?? 0,
    runs,
    note: { id, by, clockOffsetMs, supersedes },
    bytes: bytesOf(keys, groups),
    seconds: groups.reduce((sum, group) => sum + secondsOf(group), 0),
    state: 'planned',
    receipt: undefined,
  };
}

export function supersededBy(groups: readonly FootageGroup[]): ReturnNote['supersedes'] {
  return [...Map.groupBy(groups, ({ recordedBy }) => recordedBy)].map(([server, own]) => ({
    server,
    groups: joinRanges(own.map(rangeOf)),
  }));
}

const rangeOf = ({ firstSequence, lastSequence }: FootageGroup): SequenceRange => [firstSequence, lastSequence];
const secondsOf = ({ start, end }: FootageGroup): number => (end - start) / 1000;

function bytesOf(keys: readonly KeyGroup[], groups: readonly FootageGroup[]): number {
  const sequences = new Set(groups.map(({ firstSequence }) => firstSequence));
  return keys.filter(({ sequence }) => sequences.has(sequence)).reduce((sum, { length }) => sum + length, 0);
}

/** Sorted; neighbours become one. */
export function joinRanges(ranges: readonly SequenceRange[]): readonly SequenceRange[] {
  const joined: SequenceRange[] = [];
  for (const [first, last] of ranges.toSorted(([left], [right]) => left - right)) {
    const before = joined.at(-1);
    if (before !== undefined && first <= before[1] + 1)
      joined[joined.length - 1] = [before[0], Math.max(before[1], last)];
    else joined.push([first, last]);
  }
  return joined;
}
