/**
 * Drives the replacement of protected servers, step by step, each kept on disk before the next begins; goes on after a restart, and
 * tells the original when it returns (docs/design/replacement.md).
 *
 * Belongs here: order, keeping, trying again, words. Does not: which step follows (site/replacement.ts), carrying one out
 * (compose/replacing-set-up.ts).
 */
import type { ActivityLog } from '../api/activity.ts';
import type { Clock } from '../core/clock.ts';
import { messageOf, UnderstudyError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Running } from '../core/running.ts';
import { durationMs } from '../core/units.ts';
import type { SettingsFile } from '../settings/settings-file.ts';
import { afterStep, isGivenUp, isOngoing, nextStep, ownerOf, underway, withReplacement } from '../site/replacement.ts';
import type { Replacement, ReplacementsFile, ReplacementStep } from '../site/replacement.ts';

/** What failed is tried again, and an original that is there is told. */
const LOOK_MS = 1000;

export type ReplacingDeps = {
  readonly file: Pick<SettingsFile<ReplacementsFile>, 'get' | 'update'>;
  /** Each can be carried out again; one that rejects is, later. */
  readonly steps: Readonly<Record<ReplacementStep, (replacement: Replacement) => Promise<void>>>;
  readonly isThere: (serverId: string) => boolean;
  /** Resolves when the original has said that it records nothing any more. */
  readonly tell: (replacement: Replacement) => Promise<void>;
  /** Resolves when the host knows, or there is none. */
  readonly report: (replacement: Replacement) => Promise<void>;
  /** Nothing came of it. */
  readonly givenUp: (replacement: Replacement) => Promise<void>;
  readonly activity: Pick<ActivityLog, 'record'>;
  readonly clock: Clock;
  readonly log: Log;
};
export type Replacing = Running & {
  /**
   * Durable when it resolves, and as far on as it goes at once. `keep`: what must be kept beside the journal; it is called when no
   * other one is in the way, and what it throws ends it. @throws replace/again
   */
  readonly begin: (replacement: Replacement, keep: () => Promise<void>) => Promise<Replacement>;
  readonly list: () => readonly Replacement[];
  /** Something changed that it may have waited for. */
  readonly look: () => void;
};

export function startReplacing(deps: ReplacingDeps): Replacing {
  const { file, clock, log } = deps;
  let turn: Promise<void> = Promise.resolve();
  let stopped = false;
  const find = (id: string): Replacement | undefined => file.get().replacements.find((one) => one.id === id);
  /** One after the other. */
  const inTurn = async (work: () => Promise<void>): Promise<void> => {
    const next = afterwards(turn, async () => {
      if (!stopped) await work();
    });
    turn = next.catch((error: unknown) => log.error('a replacement could not be kept', { reason: messageOf(error) }));
    await next;
  };
  const isOpen = ({ state, told, reported }: Replacement): boolean => state !== 'done' || !told || !reported;
  const lookAt = async (): Promise<void> => {
    for (const { id, ...rest } of file.get().replacements) if (isOpen({ id, ...rest })) await drive(deps, id);
  };
  let busy = false;
  const look = (): void => {
    if (busy || stopped || !file.get().replacements.some(isOpen)) return;
    busy = true;
    inTurn(lookAt)
      .catch(() => undefined)
      .finally(() => (busy = false));
  };
  const cancel = clock.every(durationMs(LOOK_MS), look);
  return {
    look,
    list: () => file.get().replacements,
    begin: async (replacement, keep) => {
      await inTurn(async () => {
        // Two may have been asked for at once: whoever is later in the turn sees the other one here.
        refuseAgain(file.get().replacements, replacement);
        await keep();
        await file.update((before) => withReplacement(before, replacement));
        await drive(deps, replacement.id);
      });
      return find(replacement.id) ?? replacement;
    },
    stop: async () => {
      stopped = true;
      cancel();
      await turn;
    },
  };
}

/** Each server is in one replacement at a time, on either side of it. @throws replace/again */
export function refuseAgain(all: readonly Replacement[], asked: Pick<Replacement, 'serverId' | 'by'>): void {
  const other = underway(all, asked);
  if (other === undefined) return;
  const message = `${other.name} is being replaced by ${other.byName} already (${other.state}).`;
  throw new UnderstudyError('conflict', 'replace/again', message);
}

async function afterwards(before: Promise<void>, work: () => Promise<void>): Promise<void> {
  await before;
  await work();
}

async function drive(deps: ReplacingDeps, id: string): Promise<void> {
  const { file, steps, clock } = deps;
  for (;;) {
    const now = file.get().replacements.find((one) => one.id === id);
    if (now === undefined) return;
    if (isGivenUp(now, clock.now())) return await giveUp(deps, now);
    const step = nextStep(now);
    if (step === undefined) break;
    try {
      await steps[step](now);
    } catch (error) {
      await noteProblem(deps, now, messageOf(error));
      // The hand-over takes hours, and a fenced original is not to record beside the successor meanwhile.
      if (ownerOf(now) !== now.serverId) await tellOriginal(deps, id);
      return;
    }
    await file.update((before) => changed(before, id, (one) => afterStep(one, step, clock.now())));
    const words = WORDS[step];
    if (words !== undefined)
      deps.activity.record({ severity: 'warning', code: `replacement-${step}`, message: words(now), user: now.user });
  }
  await reportDone(deps, id);
  await tellOriginal(deps, id);
}

async function reportDone({ file, report, log }: ReplacingDeps, id: string): Promise<void> {
  const now = file.get().replacements.find((one) => one.id === id);
  if (now === undefined || now.reported) return;
  try {
    await report(now);
  } catch (error) {
    log.debug('the host does not know of a replacement yet', { id, reason: messageOf(error) });
    return;
  }
  await file.update((before) => changed(before, id, (one) => ({ ...one, reported: true })));
}

async function tellOriginal({ file, isThere, tell, activity, log }: ReplacingDeps, id: string): Promise<void> {
  const now = file.get().replacements.find((one) => one.id === id);
  if (now === undefined || now.told || !isThere(now.serverId)) return;
  try {
    await tell(now);
  } catch (error) {
    log.warn('a replaced server could not be told', { serverId: now.serverId, reason: messageOf(error) });
    return;
  }
  await file.update((before) => changed(before, id, (one) => ({ ...one, told: true })));
  const message = `The original of ${now.name} was reached: it records nothing in that name any more.`;
  activity.record({ severity: 'info', code: 'replacement-told', message });
}

async function noteProblem({ file, log }: ReplacingDeps, { id, problem }: Replacement, why: string): Promise<void> {
  if (problem === why) return;
  log.warn('a replacement does not go on', { id, reason: why });
  await file.update((before) => changed(before, id, (one) => ({ ...one, problem: why.slice(0, 1000) })));
}

async function giveUp({ file, givenUp, activity }: ReplacingDeps, replacement: Replacement): Promise<void> {
  const { id, serverId, name, byName, problem } = replacement;
  // What is kept is kept by the original: another one of it may still need it.
  const isShared = file.get().replacements.some((one) => one.id !== id && one.serverId === serverId && isOngoing(one));
  if (!isShared) await givenUp(replacement);
  await file.update(({ replacements }) => ({ replacements: replacements.filter((one) => one.id !== id) }));
  const message = `${name} was not replaced by ${byName}, and nothing was changed: ${problem ?? 'it was interrupted'}.`;
  activity.record({ severity: 'warning', code: 'replacement-given-up', message });
}

const changed = (
  { replacements }: ReplacementsFile,
  id: string,
  change: (replacement: Replacement) => Replacement,
): ReplacementsFile => ({ replacements: replacements.map((one) => (one.id === id ? change(one) : one)) });

const WORDS: Readonly<Record<ReplacementStep, ((replacement: Replacement) => string) | undefined>> = {
  fence: ({ name, byName }) => `${byName} takes the place of ${name} for good.`,
  adopt: undefined,
  settle: ({ name, byName, kind }) =>
    `${byName} has the cameras, accounts and name of ${name} now; footage that was recorded for it here ${kind === 'acting' ? 'stays, as its own' : 'is there'}.`,
};
