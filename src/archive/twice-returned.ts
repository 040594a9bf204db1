/**
 * Two servers covered one camera for a while and give it back: each decided what goes home by what was here then, neither by what the
 * other was about to send. So what both gave is found once more here, when a file comes in, and shown once.
 *
 * Belongs here: what of a file that is being inserted, or of one that another server gave before, is left out. Does not: what the giver
 * decided about footage of this server (restoration/decide.ts), the rule itself (ledger/seams.ts).
 */
import { MATCH_WINDOW_MS, offsetOf, planSeams } from '../ledger/seams.ts';
import type { Verdict } from '../ledger/seams.ts';
import { MAX_SUPERSEDED } from '../media/mp4/segment-header.ts';
import type { ReturnNote } from '../media/mp4/segment-header.ts';
import type { FootageGroup } from '../wire/footage-protocol.ts';
import type { SegmentRow, SegmentTable, SequenceRange, StreamKey } from './catalogue-types.ts';
import type { GroupReader } from './footage-groups.ts';
import type { GroupProver } from './prove-groups.ts';

/** A returned file in its place. `start`, `end`: wall milliseconds of this server. */
export type Inserted = StreamKey & {
  readonly id: string;
  readonly recordedBy: string;
  readonly start: number;
  readonly end: number;
};

/** Did another server than this one and the giver record near it? Nearly always not, and nothing has to be read. */
export function hasOthersNear(
  { findRows }: Pick<SegmentTable, 'findRows'>,
  file: Inserted,
  ownServerId: string,
): boolean {
  return findRows(file, around(file)).some(
    ({ serverId, returned }) => returned !== undefined && serverId !== file.recordedBy && serverId !== ownServerId,
  );
}

type Given = { readonly row: SegmentRow; readonly note: ReturnNote; readonly ownServerId: string };
export type TwinDeps = { readonly groups: GroupReader; readonly prover: GroupProver };

/** Each comparison finds damage that was not known before. */
const MAX_COMPARISONS = 8;

/** The note with what is to be left out besides; `file` and the others have their rows. The same for the same rows. */
export async function withoutTwins(deps: TwinDeps, file: Inserted, given: Given): Promise<ReturnNote> {
  const { note } = given;
  const verdicts = await compared(deps, file, given);
  const left = verdicts.flatMap((verdict) =>
    verdict.kind === 'known' ? [verdict.group] : verdict.kind === 'return' ? verdict.supersedes : [],
  );
  const supersedes = merged(note.supersedes, left);
  // More than a note holds: shown twice rather than not at all.
  const fits = supersedes.length <= MAX_SUPERSEDED && supersedes.every((one) => one.groups.length <= MAX_SUPERSEDED);
  return left.length > 0 && fits ? { ...note, supersedes } : note;
}

/** What was given before is read before it stands for what comes now; none if it proves to be damaged again and again. */
async function compared(
  { groups, prover }: TwinDeps,
  file: Inserted,
  { row, ownServerId }: Given,
): Promise<readonly Verdict[]> {
  for (let comparisons = 0; comparisons < MAX_COMPARISONS; comparisons += 1) {
    const all = await readAll(groups, file);
    const mine = all.filter((group) => group.recordedBy === file.recordedBy && isIn(row, group));
    const theirs = all.filter(({ recordedBy }) => recordedBy !== file.recordedBy && recordedBy !== ownServerId);
    const clockOffsetMs = offsetOf(mine, theirs, 0);
    const verdicts = planSeams({ mine, theirs, clockOffsetMs, settledUntil: Infinity });
    const standing = new Set(verdicts.flatMap((verdict) => (verdict.kind === 'known' ? verdict.by : [])));
    if (await areWhole(prover, file, [...standing])) return verdicts;
  }
  return [];
}

async function areWhole(prover: GroupProver, file: Inserted, groups: readonly FootageGroup[]): Promise<boolean> {
  for (let done = 0; done < groups.length;) {
    const proofs = await prover.prove(file, groups.slice(done));
    if (proofs.some((proof) => proof !== 'whole')) return false;
    done += proofs.length;
  }
  return true;
}

const around = ({ start, end }: Inserted): { readonly start: number; readonly end: number } => ({
  start: start - 2 * MATCH_WINDOW_MS,
  end: end + 2 * MATCH_WINDOW_MS,
});

const isIn = ({ firstSequence, lastSequence }: SegmentRow, group: FootageGroup): boolean =>
  group.firstSequence >= firstSequence && group.firstSequence <= lastSequence;

/** In order of start. */
async function readAll(groups: GroupReader, file: Inserted): Promise<readonly FootageGroup[]> {
  const found: FootageGroup[] = [];
  const { start: from, end } = around(file);
  let start = from;
  for (;;) {
    const page = await groups.read(file, { start, end });
    found.push(...page.groups);
    const next = page.groups.at(-1)?.end ?? end;
    if (!page.more || next <= start) return found;
    start = next;
  }
}

function merged(before: ReturnNote['supersedes'], left: readonly FootageGroup[]): ReturnNote['supersedes'] {
  const ranges = new Map(before.map(({ server, groups }) => [server, [...groups]] as const));
  for (const { recordedBy, firstSequence, lastSequence } of left)
    ranges.set(recordedBy, [...(ranges.get(recordedBy) ?? []), [firstSequence, lastSequence]]);
  return [...ranges].map(([server, groups]) => ({ server, groups: joined(groups) }));
}

/** Sorted; neighbours become one. */
function joined(ranges: readonly SequenceRange[]): readonly SequenceRange[] {
  const result: SequenceRange[] = [];
  for (const [first, last] of ranges.toSorted(([left], [right]) => left - right)) {
    const before = result.at(-1);
    if (before !== undefined && first <= before[1] + 1)
      result[result.length - 1] = [before[0], Math.max(before[1], last)];
    else result.push([first, last]);
  }
  return result;
}
