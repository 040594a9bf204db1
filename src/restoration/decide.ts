/**
 * Decides on the sources of one stream: reads own groups, asks the other server for its, finds the seams, plans the files.
 * Belongs here: gathering what seams need. Does not: the decision itself (ledger/seams.ts), sending.
 */
import type { KeyGroup, Segment, SegmentRow, SequenceRange, StreamKey } from '../archive/catalogue-types.ts';
import type { GroupReader } from '../archive/footage-groups.ts';
import { UnderstudyError } from '../core/errors.ts';
import { durationMs } from '../core/units.ts';
import { MATCH_WINDOW_MS, offsetOf, planSeams } from '../ledger/seams.ts';
import type { Verdict } from '../ledger/seams.ts';
import type { FootageGroup, GroupsResult } from '../wire/footage-protocol.ts';
import { readGroupsResult } from '../wire/parse-footage.ts';
import { planReturns, wholeSource } from './plan-returns.ts';
import type { Planned } from './plan-returns.ts';
import { prove } from './prove.ts';
import type { Proved, ProveDeps } from './prove.ts';
import type { RestorationDeps } from './restoration-types.ts';
import type { StoredSource } from './transfer-store.ts';

export type DecideDeps = Pick<RestorationDeps, 'ownServerId' | 'request' | 'catalogue'> &
  ProveDeps & { readonly groups: GroupReader };
export type Undecided = {
  readonly source: StoredSource;
  readonly row: SegmentRow;
  /** Sequences of groups that are in a file already. */
  readonly planned: readonly SequenceRange[];
};

/** Around what is decided on: a group and what clocks are off. */
const MARGIN_MS: number = 2 * MATCH_WINDOW_MS + 20_000;
/** What the other server recorded is in its answer at the latest after so long. */
const SETTLE_MS = 15_000;
const ASK_TIMEOUT = durationMs(30_000);
/** Answers to one question, of some hundred groups each. */
const MAX_ANSWERS = 1000;
/** Each finds damage that was not known before, and books it. */
const MAX_COMPARISONS = 16;

/** Durable only once it is stored. `clockOffsetMs`: as the peer channel knows it. @throws what requests throw */
export async function decide(
  deps: DecideDeps,
  serverId: string,
  undecided: readonly Undecided[],
  clockOffsetMs: number,
): Promise<readonly Planned[]> {
  /** Of this server, damaged here: what the other one has stands, and the segment stays. */
  const damaged = new Set<number>();
  for (let comparisons = 0; comparisons < MAX_COMPARISONS; comparisons += 1) {
    const planned = await compareAndPlan(deps, serverId, undecided, { clockOffsetMs, damaged });
    if (!('kind' in planned)) return planned;
    for (const { firstSequence } of planned.mine) damaged.add(firstSequence);
  }
  throw new UnderstudyError(
    'unavailable',
    'restoration/unproved',
    'Footage of this time turns out to be damaged again and again: check the disks of both servers.',
  );
}

type Altered = Extract<Proved, { kind: 'altered' }>;
type Comparing = { readonly clockOffsetMs: number; readonly damaged: ReadonlySet<number> };

async function compareAndPlan(
  deps: DecideDeps,
  serverId: string,
  undecided: readonly Undecided[],
  { clockOffsetMs, damaged }: Comparing,
): Promise<readonly Planned[] | Altered> {
  const [first] = undecided;
  if (first === undefined) return [];
  const start = Math.min(...undecided.map(({ row }) => row.start)) - MARGIN_MS;
  const end = Math.max(...undecided.map(({ row }) => row.end)) + MARGIN_MS;
  const key: StreamKey = { cameraId: first.row.cameraId, stream: first.row.stream };
  const theirs = await askGroups(deps, serverId, key, { start: start + clockOffsetMs, end: end + clockOffsetMs });
  const isNear = ({ row }: Undecided): boolean =>
    theirs.groups.some(
      (group) => group.end - clockOffsetMs > row.start - MARGIN_MS && group.start - clockOffsetMs < row.end + MARGIN_MS,
    );
  const near = undecided.filter(isNear);
  const all = await ownGroups(deps, key, near);
  const [left = [], mine = []] = [true, false].map((is) => all.filter((one) => damaged.has(one.firstSequence) === is));
  const offset = offsetOf(mine, theirs.groups, clockOffsetMs);
  const settledUntil = Math.max(theirs.durableUntil ?? 0, theirs.now - SETTLE_MS);
  const seams = planSeams({ mine, theirs: theirs.groups, clockOffsetMs: offset, settledUntil });
  const proved = await prove(deps, { serverId, key }, seams);
  if (proved.kind === 'altered') return proved;
  const { verdicts } = proved;
  return undecided.map((each): Planned => {
    const keys = keysOf(deps, each.row);
    const own = near.includes(each)
      ? verdicts.filter(({ group }) => isIn(each.row, group))
      : wholeSource(each.row, keys).map((verdict) => waitFor(verdict, settledUntil - offset));
    // What was known there before is sent after all when that is replaced now.
    const isNew = ({ kind, group }: Verdict): boolean =>
      !covers(each.source.decided, group.firstSequence) ||
      (kind === 'return' && !covers(each.planned, group.firstSequence));
    const stay = left.filter((group) => isIn(each.row, group));
    const verdictsOf = own.filter(isNew);
    return planReturns({
      ...each,
      keys,
      verdicts: verdictsOf,
      left: stay,
      by: deps.ownServerId,
      clockOffsetMs: offset,
    });
  });
}

const covers = (ranges: readonly SequenceRange[], sequence: number): boolean =>
  ranges.some(([first, last]) => sequence >= first && sequence <= last);
const isIn = ({ firstSequence, lastSequence }: SegmentRow, group: FootageGroup): boolean =>
  group.firstSequence >= firstSequence && group.firstSequence <= lastSequence;
const waitFor = (verdict: Verdict, until: number): Verdict =>
  verdict.group.end > until ? { kind: 'wait', group: verdict.group } : verdict;

function keysOf({ catalogue }: DecideDeps, row: SegmentRow): readonly KeyGroup[] {
  const segment: Segment | undefined = catalogue.segments.get(row.volumeId, row.path);
  return segment?.keys ?? [];
}

/** In order of sequence. */
async function ownGroups(
  { groups, ownServerId }: DecideDeps,
  key: StreamKey,
  near: readonly Undecided[],
): Promise<readonly FootageGroup[]> {
  const found = new Map<number, FootageGroup>();
  for (const { row } of near) {
    let { start } = row;
    for (;;) {
      const answer = await groups.read(key, { start, end: row.end });
      const own = answer.groups.filter((group) => group.recordedBy === ownServerId && isIn(row, group));
      for (const group of own) found.set(group.firstSequence, group);
      const next = answer.groups.at(-1)?.end ?? row.end;
      if (!answer.more || next <= start) break;
      start = next;
    }
  }
  return [...found.values()].sort((left, right) => left.firstSequence - right.firstSequence);
}

type Range = { readonly start: number; readonly end: number };

async function askGroups(deps: DecideDeps, serverId: string, key: StreamKey, range: Range): Promise<GroupsResult> {
  const groups = new Map<string, FootageGroup>();
  let answer: GroupsResult | undefined;
  let start = Math.max(0, range.start);
  for (let answers = 0; answers < MAX_ANSWERS; answers += 1) {
    const params = { ...key, start, end: Math.max(start, range.end) };
    const options = { via: 'bulk', timeoutMs: ASK_TIMEOUT, signal: deps.signal } as const;
    const { result } = await deps.request(serverId, 'footage.groups', params, options);
    const page = readGroupsResult(result, 'groups');
    // What the first answer says of the end counts: groups that became durable since are in the later ones.
    answer ??= page;
    for (const group of page.groups) groups.set(`${group.recordedBy}/${group.firstSequence}`, group);
    const next = page.groups.at(-1)?.end ?? range.end;
    if (!page.more || next <= start) break;
    start = next;
  }
  const { now = 0, durableUntil } = answer ?? {};
  return {
    groups: [...groups.values()].sort((left, right) => left.start - right.start),
    more: false,
    now,
    durableUntil,
  };
}
