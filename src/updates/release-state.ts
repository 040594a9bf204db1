/**
 * Which release of a server is started: the one that was installed (by hand, or by a package manager), or a later one that lies beside it
 * and has shown that it works. A new one is tried; if it does not show in time that it works, the one before comes back. Pure.
 */
import { z } from 'zod';
import { isOlder } from '../site/version.ts';

/** A new release is started so often; a power cut in the first try shall not count as its fault. */
export const MAX_ATTEMPTS = 2;

const version = z.string().min(1).max(64);
/** Loose: a later release may know more of it, and the launcher is of the package. */
const activeSchema = z.looseObject({
  version,
  /** It has shown that it works. */
  confirmed: z.boolean(),
  /** How often it was started before it did. */
  attempts: z.number().int().min(0),
  /** What ran before. */
  before: version,
  /** Wall milliseconds when it was installed. */
  since: z.number(),
  /** Streams that were recorded then: it shall record as many. */
  recorded: z.number().int().min(0),
});
const outcomeSchema = z.looseObject({
  from: version,
  to: version,
  at: z.number(),
  result: z.enum(['updated', 'rolled-back']),
  reason: z.string().max(500).optional(),
  /** It stands in the activity log. */
  told: z.boolean(),
});
export const releaseStateSchema = z.looseObject({
  format: z.literal(1),
  /** Absent: what was installed. */
  active: activeSchema.optional(),
  last: outcomeSchema.optional(),
});
export type ReleaseState = z.infer<typeof releaseStateSchema>;
export type Outcome = NonNullable<ReleaseState['last']>;
export const NO_RELEASES: ReleaseState = { format: 1 };

export type Choice = {
  /** Undefined: what was installed. */
  readonly version: string | undefined;
  /** Whoever starts it watches whether it works. */
  readonly isTrial: boolean;
  readonly state: ReleaseState;
};
export type Given = {
  /** The version that was installed. */
  readonly packaged: string;
  /** Whether a release lies unpacked. */
  readonly isThere: (version: string) => boolean;
  /** Wall milliseconds. */
  readonly now: number;
};

/** What is started now. */
export function choose(state: ReleaseState, given: Given): Choice {
  const { active } = state;
  if (active === undefined) return { version: undefined, isTrial: false, state };
  // A package that was installed meanwhile is as new, or newer.
  if (!isOlder(given.packaged, active.version)) return { version: undefined, isTrial: false, state: without(state) };
  if (!given.isThere(active.version)) return fallBack(state, given, 'Its files were gone.');
  if (active.confirmed) return { version: active.version, isTrial: false, state };
  if (active.attempts >= MAX_ATTEMPTS) return fallBack(state, given, STOPPED);
  const next = { ...active, attempts: active.attempts + 1 };
  return { version: active.version, isTrial: true, state: { ...state, active: next } };
}
const STOPPED = 'It ended, or was stopped, before it had shown that it works.';

function fallBack(state: ReleaseState, given: Given, reason: string): Choice {
  const after = rolledBack(state, given.now, reason);
  const { active } = after;
  const isUsable = active !== undefined && isOlder(given.packaged, active.version) && given.isThere(active.version);
  return { version: isUsable ? active.version : undefined, isTrial: false, state: isUsable ? after : without(after) };
}

const without = ({ last }: ReleaseState): ReleaseState => ({ format: 1, ...(last === undefined ? {} : { last }) });

/** The one before counts again. */
export function rolledBack(state: ReleaseState, now: number, reason: string): ReleaseState {
  const { active } = state;
  if (active === undefined) return state;
  const { version: to, before: from, since } = active;
  const last: Outcome = { from, to, at: now, result: 'rolled-back', reason, told: false };
  return { format: 1, active: { version: from, confirmed: true, attempts: 0, before: from, since, recorded: 0 }, last };
}

export type Begun = {
  readonly version: string;
  readonly before: string;
  readonly recorded: number;
  readonly now: number;
};
/** It is tried at the next start. */
export const begun = (state: ReleaseState, { version: to, before, recorded, now }: Begun): ReleaseState => ({
  ...without(state),
  active: { version: to, confirmed: false, attempts: 0, before, since: now, recorded },
});

/** It works. */
export function confirmed(state: ReleaseState, now: number): ReleaseState {
  const { active } = state;
  if (active === undefined || active.confirmed) return state;
  const last: Outcome = { from: active.before, to: active.version, at: now, result: 'updated', told: false };
  return { format: 1, active: { ...active, confirmed: true }, last };
}

/** How long as many streams as before must be recorded, by the same recording process, before it counts: a fragment or two are written then. */
export const STEADY_MS = 15_000;
/** How long a new release may need until it records what was recorded before, and when half of that has to do. */
export const TRIAL_MS = 60_000;
/** The same after a power cut, when cameras start too. */
export const LATER_TRIAL_MS = 150_000;
/** What records nothing at all must not go on for so long: media is up within a second, cameras connect within 12. */
export const MEDIA_WITHIN_MS = 20_000;
export const FIRST_WITHIN_MS = 30_000;
export type Sign = {
  readonly elapsedMs: number;
  /** 1: its first start. */
  readonly attempt: number;
  readonly mediaIsUp: boolean;
  /** How long as many streams as before are recorded by the same recording process. */
  readonly steadyMs: number;
  /** Streams that are recorded now. */
  readonly recording: number;
  /** Streams that were recorded before. */
  readonly recorded: number;
};
export type Verdict =
  | { readonly kind: 'wait' }
  | { readonly kind: 'works' }
  | { readonly kind: 'fails'; readonly reason: string };

/** Cameras may fail at the same time by chance: once its time is over half of them are enough. */
export function judge({ elapsedMs, attempt, mediaIsUp, steadyMs, recording, recorded }: Sign): Verdict {
  if (steadyMs >= STEADY_MS) return { kind: 'works' };
  if (!mediaIsUp)
    return elapsedMs < MEDIA_WITHIN_MS
      ? { kind: 'wait' }
      : { kind: 'fails', reason: 'Its recording process did not come up.' };
  const [first, all] = attempt > 1 ? [LATER_TRIAL_MS, LATER_TRIAL_MS] : [FIRST_WITHIN_MS, TRIAL_MS];
  if (elapsedMs < (recording === 0 && recorded > 0 ? first : all)) return { kind: 'wait' };
  if (recording * 2 >= recorded) return { kind: 'works' };
  return { kind: 'fails', reason: `It recorded ${recording} streams; ${recorded} were recorded before.` };
}
