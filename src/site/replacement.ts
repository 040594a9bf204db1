/**
 * Replacing a protected server by another one (docs/design/replacement.md): the steps, what is kept of them, and who owns the
 * identity of the original (its cameras, name and accounts) at each. Pure.
 *
 * The failover server that acts for the original drives it, and keeps it on its disk before each step. Every step can be carried
 * out again. Belongs here: the order of steps and what each leads to. Does not: carrying them out (control/replacing.ts), which
 * settings the successor gets (adoption.ts).
 *
 * Invariants: 1. exactly one server owns the identity: the original until `fenced` is durable, the successor from then on.
 * 2. No step goes back; before `fenced` it may be given up without a trace, behind it it can only be finished.
 */
import { z } from 'zod';
import { isServerId } from '../core/ids.ts';
import { nameSchema } from './camera.ts';

export const MAX_REPLACEMENTS = 64;
/** Not fenced by then: it is given up, and whoever wants it asks again. */
export const PLANNED_FOR_MS = 120_000;

const serverId = z.string().refine(isServerId, 'Expected a UUID in lower case');

/** Who is in the place of a server now: kept by whoever knows the original, and by the original itself. */
export const replacedBySchema = z.strictObject({
  id: serverId,
  name: nameSchema,
  /** Wall milliseconds of whoever decided it. */
  at: z.number(),
});
export type ReplacedBy = z.infer<typeof replacedBySchema>;

export const REPLACEMENT_STATES = ['planned', 'fenced', 'adopted', 'done'] as const;
export const replacementSchema = z.strictObject({
  id: z.string().max(64),
  /** The original, and its name, which the successor takes. */
  serverId,
  name: nameSchema,
  /** The successor; `acting`: the failover server that acts for the original, else another recording server. */
  by: serverId,
  byName: nameSchema,
  kind: z.enum(['acting', 'other']),
  /** Of the settings that the successor gets (adoption.ts). */
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  /** The successor's own epoch from then on: above every one in which the cameras were covered. */
  epoch: z.number().int().min(1),
  state: z.enum(REPLACEMENT_STATES),
  startedAt: z.number(),
  finishedAt: z.number().optional(),
  /** The original was told, and said so. */
  told: z.boolean().default(false),
  /** Its host knows, if there is one: the original is on no list any more. */
  reported: z.boolean().default(false),
  /** Why it does not go on, for people. */
  problem: z.string().max(1000).optional(),
  user: z.string().max(200),
});
export type Replacement = z.infer<typeof replacementSchema>;
export const replacementsFileSchema = z.strictObject({
  replacements: z.array(replacementSchema).max(MAX_REPLACEMENTS),
});
export type ReplacementsFile = z.infer<typeof replacementsFileSchema>;

/** `fence` changes nothing but the state: that being durable is the moment at which the identity changes hands. */
export type ReplacementStep = 'fence' | 'adopt' | 'settle';
const STEPS = { planned: 'fence', fenced: 'adopt', adopted: 'settle', done: undefined } as const;
const AFTER = { fence: 'fenced', adopt: 'adopted', settle: 'done' } as const;

/** What is to be done next; `undefined`: nothing but telling the original, if it was not told. */
export const nextStep = ({ state }: Pick<Replacement, 'state'>): ReplacementStep | undefined => STEPS[state];

/** The step is done: what is kept now. A step that is not the next one changes nothing: it was repeated. */
export function afterStep(replacement: Replacement, step: ReplacementStep, at: number): Replacement {
  if (nextStep(replacement) !== step) return replacement;
  const { problem: _problem, ...rest } = replacement;
  return { ...rest, state: AFTER[step], ...(step === 'settle' ? { finishedAt: at } : {}) };
}

/** Nothing was changed by it yet, and it did not come to pass for too long. */
export const isGivenUp = ({ state, startedAt }: Replacement, at: number): boolean =>
  state === 'planned' && (at - startedAt > PLANNED_FOR_MS || at < startedAt);

/** Whose the cameras are, by what is kept of the replacement. */
export const ownerOf = ({ state, serverId: original, by }: Pick<Replacement, 'state' | 'serverId' | 'by'>): string =>
  state === 'planned' ? original : by;

/** The newest of a server that was not given up. */
export const replacementOf = ({ replacements }: ReplacementsFile, original: string): Replacement | undefined =>
  replacements.findLast((one) => one.serverId === original);

export const isOngoing = ({ state }: Pick<Replacement, 'state'>): boolean => state !== 'done';

/** One that is not done and has a server in it that this one is about, as original or as successor. */
export const underway = (
  all: readonly Replacement[],
  { serverId: original, by }: Pick<Replacement, 'serverId' | 'by'>,
): Replacement | undefined =>
  all.find((one) => isOngoing(one) && [one.serverId, one.by].some((id) => id === original || id === by));

/** With this one instead of the one of its id; the oldest finished ones make room. */
export function withReplacement({ replacements }: ReplacementsFile, next: Replacement): ReplacementsFile {
  const others = replacements.filter(({ id }) => id !== next.id);
  const surplus = others.length + 1 - MAX_REPLACEMENTS;
  const old = others.filter(({ state, told }) => state === 'done' && told).slice(0, Math.max(0, surplus));
  return { replacements: [...others.filter((one) => !old.includes(one)), next] };
}
