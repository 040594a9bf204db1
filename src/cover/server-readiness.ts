/**
 * When the checks of protected servers are taken, and when a change of one is worth a word: once when it has been unfit for a while,
 * once when it has been fit again for as long. Pure: results and times in, changes out.
 *
 * Belongs here: schedule, age and what was told. Does not: the judgement (server-checks.ts), the words (control/readiness-words.ts),
 * cameras that are kept ready (readiness.ts).
 *
 * Invariants: changes of one check alternate, unfit first. Wall time only stamps; monotonic time decides. Nothing survives a restart:
 * what is unfit then is told once more, as with clocks and probes.
 */
import type { EpochMs, MonotonicMs } from '../core/units.ts';
import { SERVER_CHECKS } from './server-checks.ts';
import type { ServerCheck } from './server-checks.ts';

export const CHECK_EVERY_MS = 60_000;
/** While something is not known yet, or looks otherwise than what was told. */
export const CHECK_AGAIN_MS = 5000;
/** A start, a first backup and a volume that is mounted again take less; what comes and goes is one trouble. */
export const SETTLED_MS = 30_000;

export type CheckResult = ServerCheck & { readonly serverId: string };
export type CheckedResult = CheckResult & { readonly checkedAt: EpochMs };
/** `since`: when it was seen first. */
export type Unfit = CheckResult & { readonly since: EpochMs };
type Known = {
  readonly result: CheckedResult;
  /** Since when it has been as it is now, fit or not. */
  readonly since: MonotonicMs;
  readonly sinceWall: EpochMs;
  /** It was told that it is unfit; wall time since when it was. */
  readonly toldUnfit: EpochMs | undefined;
};
export type ServerReadiness = {
  readonly takenAt: MonotonicMs | undefined;
  readonly serverIds: readonly string[];
  /** By server and check; one that is not known for now stays as it was, with its age. */
  readonly known: ReadonlyMap<string, Known>;
};
export const NEVER_CHECKED: ServerReadiness = { takenAt: undefined, serverIds: [], known: new Map() };

export function areChecksDue(state: ServerReadiness, serverIds: readonly string[], at: MonotonicMs): boolean {
  if (state.takenAt === undefined || !isSame(serverIds, state.serverIds)) return true;
  return at - state.takenAt >= (isCalm(state) ? CHECK_EVERY_MS : CHECK_AGAIN_MS);
}
const isSame = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((id, index) => id === other[index]);

function isCalm({ serverIds, known }: ServerReadiness): boolean {
  if (known.size < serverIds.length * SERVER_CHECKS.length) return false;
  return [...known.values()].every(({ result, toldUnfit }) => result.ok === (toldUnfit === undefined));
}

export type Taken = {
  readonly at: MonotonicMs;
  readonly now: EpochMs;
  /** Protected servers: others are forgotten without a word. */
  readonly serverIds: readonly string[];
  /** Of these servers; what is not known now is missing. */
  readonly results: readonly CheckResult[];
};
export function stepServerReadiness(
  before: ServerReadiness,
  { at, now, serverIds, results }: Taken,
): { readonly state: ServerReadiness; readonly changes: readonly CheckResult[] } {
  const isKept = ([, { result }]: readonly [string, Known]): boolean => serverIds.includes(result.serverId);
  const known = new Map([...before.known].filter(isKept));
  const changes: CheckResult[] = [];
  for (const result of results) {
    const key = keyOf(result);
    const seen = seenAgain(known.get(key), { ...result, checkedAt: now }, at);
    const isChange = result.ok === (seen.toldUnfit !== undefined) && at - seen.since >= SETTLED_MS;
    if (isChange) changes.push(result);
    known.set(key, isChange ? { ...seen, toldUnfit: result.ok ? undefined : seen.sinceWall } : seen);
  }
  return { state: { takenAt: at, serverIds, known }, changes };
}
const keyOf = ({ serverId, check }: Pick<CheckResult, 'serverId' | 'check'>): string => `${serverId}/${check}`;

function seenAgain(before: Known | undefined, result: CheckedResult, at: MonotonicMs): Known {
  if (before?.result.ok === result.ok) return { ...before, result };
  return { result, since: at, sinceWall: result.checkedAt, toldUnfit: before?.toldUnfit };
}

/** By server, in the order of the checks. */
export const checkedResults = ({ known, serverIds }: ServerReadiness): readonly CheckedResult[] =>
  serverIds.flatMap((serverId) =>
    SERVER_CHECKS.flatMap((check) => known.get(keyOf({ serverId, check }))?.result ?? []),
  );

export const wasUnfit = ({ known }: ServerReadiness, of: Pick<CheckResult, 'serverId' | 'check'>): boolean =>
  known.get(keyOf(of))?.result.ok === false;

/** What was told and not taken back. */
export const unfitChecks = ({ known }: ServerReadiness): readonly Unfit[] =>
  [...known.values()].flatMap(({ result: { checkedAt: _age, ...result }, toldUnfit }) =>
    toldUnfit === undefined ? [] : [{ ...result, since: toldUnfit }],
  );
