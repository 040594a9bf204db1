/**
 * What is said of an incident first: a few statements, each with the figures it needs. Who shows it puts it into words: English in
 * incident-words.ts, the pages in the language of their user.
 *
 * Belongs here: what is said. Does not: words; the whole account (incident-report.ts).
 */
import { z } from 'zod';
import { MISSING_CAUSES } from '../ledger/causes.ts';
import { COVER_REASONS } from './cover-reasons.ts';
import type { IncidentFacts } from './incident-facts.ts';

/** Cameras that are named; of the others their number is said. */
export const MAX_NAMED = 3;

const time = z.number().describe('wall milliseconds');
const count = z.number().int().min(0);
const lacking = z.object({ name: z.string(), ms: z.number().min(0), cause: z.enum(MISSING_CAUSES).optional() });
export const statementSchema = z.discriminatedUnion('kind', [
  /** The protected server failed at `at`, the last moment it is known to have been well. */
  z.object({ kind: z.literal('failed'), at: time, cause: z.enum(COVER_REASONS) }),
  /** By the failover server, since `from`, which is absent when it recorded nothing. `gapless`: it had each before the last frame there. */
  z.object({ kind: z.literal('covered'), cameras: count, of: count, from: time.optional(), gapless: z.boolean() }),
  /** So many cameras are recorded by the failover server still. */
  z.object({ kind: z.literal('still-covered'), cameras: count }),
  /** The last camera was handed back at `at`. `returned`: how much of the footage is home, 0 to 1; absent: not told yet. */
  z.object({ kind: z.literal('restored'), at: time, returned: z.number().min(0).max(1).optional() }),
  /** So much is home already. */
  z.object({ kind: z.literal('coming-home'), files: count, bytes: count }),
  /** By policy, or by command: it stays where it was recorded, or part of it. */
  z.object({ kind: z.literal('kept'), ms: z.number().min(0) }),
  z.object({ kind: z.literal('missing'), cameras: z.array(lacking).max(MAX_NAMED), more: count, ms: z.number() }),
  z.object({ kind: z.literal('nothing-missing') }),
  /** Before the protected server has given its account: cameras that nobody records now. */
  z.object({ kind: z.literal('not-covered'), cameras: z.array(lacking).max(MAX_NAMED), more: count }),
  z.object({ kind: z.literal('missing-later') }),
  /** It is over, and the protected server did not say what is missing of so many cameras. */
  z.object({ kind: z.literal('not-told'), cameras: count }),
]);
export type Statement = z.infer<typeof statementSchema>;
type Lacking = z.infer<typeof lacking>;
export function sentenceOf(facts: IncidentFacts): readonly Statement[] {
  const { cause, openedAt, lastSign } = facts;
  const at = Math.min(openedAt, lastSign);
  return [{ kind: 'failed', at, cause }, coveredOf(facts, at), ...returnOf(facts), ...lackOf(facts)];
}

/** What a hot camera kept before the failure covers nothing. */
function coveredOf({ streams, totals }: IncidentFacts, failedAt: number): Statement {
  const covered = streams.filter(({ firstCovered }) => firstCovered !== undefined);
  const from = Math.min(
    ...covered.map(({ firstCovered = 0, lastFrame }) => Math.max(firstCovered, lastFrame, failedAt)),
  );
  return {
    kind: 'covered',
    cameras: totals.coveredCameras,
    of: totals.cameras,
    ...(covered.length === 0 ? {} : { from }),
    gapless: covered.length > 0 && covered.every(({ gapMs }) => gapMs === 0),
  };
}

function returnOf({ state, streams, totals }: IncidentFacts): readonly Statement[] {
  const released = streams.flatMap(({ releasedAt }) => releasedAt ?? []);
  const coming: Statement = { kind: 'coming-home', files: totals.files, bytes: totals.bytes };
  if (state === 'covering')
    return [{ kind: 'still-covered', cameras: totals.heldCameras }, ...(totals.files > 0 ? [coming] : [])];
  const at = Math.max(...released);
  const isBack = released.length > 0;
  if (state === 'restoring') return [...(isBack ? [{ kind: 'restored', at } as const] : []), coming];
  if (!isBack) return [];
  const restored: Statement = {
    kind: 'restored',
    at,
    ...(totals.returnedPart === undefined ? {} : { returned: totals.returnedPart }),
  };
  return totals.keptMs > 0 ? [restored, { kind: 'kept', ms: totals.keptMs }] : [restored];
}

function lackOf(facts: IncidentFacts): readonly Statement[] {
  const { state, streams } = facts;
  const missing = byCamera(facts, ({ missing: lost }) => lost);
  const untold = new Set(streams.flatMap(({ cameraId, toldAt }) => (toldAt === undefined ? [cameraId] : []))).size;
  const told: readonly Statement[] =
    missing.length === 0
      ? []
      : [{ kind: 'missing', ...named(missing), ms: missing.reduce((sum, { ms }) => sum + ms, 0) }];
  if (state === 'closed') {
    if (untold > 0) return [...told, { kind: 'not-told', cameras: untold }];
    return missing.length > 0 ? told : [{ kind: 'nothing-missing' }];
  }
  // What is missing up to now: an earlier hole is told with all others.
  const nobody = byCamera(facts, ({ coverage }) => {
    const last = coverage.at(-1);
    return last?.state === 'missing' ? [{ cause: last.cause, ms: last.end - last.start }] : [];
  });
  const left: readonly Statement[] =
    state === 'covering' && nobody.length > 0 ? [{ kind: 'not-covered', ...named(nobody) }] : [];
  return untold === 0 ? [...told] : [...told, ...left, { kind: 'missing-later' }];
}

type Lost = { readonly cause: Lacking['cause']; readonly ms: number };
/** Of the streams of a camera that which lacks most; the worst first. */
function byCamera(
  { streams }: Pick<IncidentFacts, 'streams'>,
  lostOf: (stream: IncidentFacts['streams'][number]) => readonly Lost[],
): readonly Lacking[] {
  const worst = new Map<string, Lacking>();
  for (const stream of streams) {
    const lost = lostOf(stream);
    const ms = lost.reduce((sum, entry) => sum + entry.ms, 0);
    if (ms <= (worst.get(stream.cameraId)?.ms ?? 0)) continue;
    const main = lost.toSorted((a, b) => b.ms - a.ms)[0]?.cause;
    worst.set(stream.cameraId, { name: stream.name, ms, ...(main === undefined ? {} : { cause: main }) });
  }
  return [...worst.values()].sort((a, b) => b.ms - a.ms);
}
const named = (all: readonly Lacking[]): { cameras: Lacking[]; more: number } => ({
  cameras: all.slice(0, MAX_NAMED),
  more: Math.max(0, all.length - MAX_NAMED),
});
