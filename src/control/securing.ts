/**
 * Servers that are to be disabled or detached as soon as footage is home (docs/design/site-membership.md, "Secured first"): the wish is
 * kept, footage is asked for again and again, and the wish is carried out when none is left.
 *
 * Belongs here: the life of that wish. Does not: what lies where (held-in-site.ts), disabling (known-servers.ts), detaching (detaching.ts).
 *
 * Invariants: 1. a wish on disk is carried out however often this server is killed, or is taken back by a person. 2. Nothing ends while
 * footage is known not to be home; until then everything goes on as it was, also covers that begin meanwhile.
 */
import type { ActivityLog } from '../api/activity.ts';
import type { HealthItem } from '../api/contract/server.ts';
import type { Clock } from '../core/clock.ts';
import { isoOf, seconds } from '../core/clock.ts';
import { messageOf, UnderstudyError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Running } from '../core/running.ts';
import { epochMs } from '../core/units.ts';
import type { Settings } from '../settings/settings.ts';
import type { PeerRecord, SecuringWish } from '../site/peer.ts';

export type SecuringDeps = {
  readonly settings: Pick<Settings, 'peers'>;
  /** @throws server/unknown */
  readonly find: (id: string) => PeerRecord;
  /** @throws failover/covering, site/unreachable while footage is not home, or nobody knows */
  readonly refuseHeld: (record: PeerRecord, action: SecuringWish['action']) => Promise<void>;
  /** Does it now. @throws as `refuseHeld` */
  readonly end: (id: string, wish: SecuringWish) => Promise<void>;
  readonly activity: Pick<ActivityLog, 'record'>;
  readonly clock: Pick<Clock, 'now' | 'monotonic' | 'every'>;
  readonly log: Log;
};
export type SecuringRequest = Pick<SecuringWish, 'action' | 'cameras'>;
export type Securing = Running & {
  /** Done at once, or kept as a wish: then why it waits. @throws what neither waiting nor footage has to do with */
  readonly secure: (id: string, request: SecuringRequest, user: string) => Promise<string | undefined>;
  /** True: there was such a wish, which is taken back. */
  readonly cancel: (id: string, action: SecuringWish['action'], user: string) => Promise<boolean>;
  /** Why it waits still. */
  readonly problemOf: (id: string) => string | undefined;
  /** Looks whether footage came home. */
  readonly review: () => void;
};

/** Between two questions for the footage of one server. */
const AGAIN_MS = 15_000;
const LOOK_SECONDS = 5;
const WAITS: ReadonlySet<string> = new Set(['failover/covering', 'site/unreachable']);

type Try = { readonly at: number; readonly problem: string };
/** Changed in place. */
type Desk = {
  readonly deps: SecuringDeps;
  readonly running: Map<string, Promise<string | undefined>>;
  readonly tries: Map<string, Try>;
};

export function startSecuring(deps: SecuringDeps): Securing {
  const desk: Desk = { deps, running: new Map(), tries: new Map() };
  const { settings, clock, activity } = deps;
  const review = (): void => {
    for (const record of settings.peers.get().peers) if (record.securing !== undefined) inBackground(desk, record);
  };
  const cancelLook = clock.every(seconds(LOOK_SECONDS), review);
  return {
    review,
    problemOf: (id) => desk.tries.get(id)?.problem,
    secure: async (id, request, user) => {
      const { name, securing } = deps.find(id);
      await desk.running.get(id)?.catch(() => undefined);
      const wish: SecuringWish = { ...request, since: securing?.since ?? clock.now(), user };
      const problem = await attempt(desk, id, wish, () => true);
      if (problem === undefined) return undefined;
      await keep(deps, id, wish);
      const message = `${wordsOfWaiting(name, wish.action)}: ${problem}`;
      activity.record({ severity: 'info', code: `${wish.action}-pending`, message, user });
      return problem;
    },
    cancel: async (id, action, user) => {
      const { name, securing } = deps.find(id);
      if (securing?.action !== action) return false;
      await keep(deps, id, undefined);
      desk.tries.delete(id);
      const message = `${name} is not ${PARTICIPLE[action]} when its footage is home: that was taken back.`;
      activity.record({ severity: 'info', code: `${action}-cancelled`, message, user });
      return true;
    },
    stop: async () => {
      cancelLook();
      await Promise.allSettled(desk.running.values());
    },
  };
}

const PARTICIPLE = { disable: 'disabled', detach: 'detached' } as const;
const REMEDY = {
  disable: 'Enable it to take that back; disable it with its name typed to have it now.',
  detach: 'Keep it in the site to take that back; detach it with its name typed to have it now.',
} as const;
export const wordsOfWaiting = (name: string, action: SecuringWish['action']): string =>
  `${name} is ${PARTICIPLE[action]} when its footage is home`;

/** Whom the owner waits for, and for what: nothing else tells it once the answer to the request is gone. */
export function securingHealth(peers: readonly PeerRecord[], problemOf: Securing['problemOf']): readonly HealthItem[] {
  return peers.flatMap(({ id, name, securing }) => {
    if (securing === undefined) return [];
    const why = problemOf(id);
    const now = why === undefined ? '' : ` ${sentence(why)}`;
    const message = `${wordsOfWaiting(name, securing.action)}.${now} ${REMEDY[securing.action]}`;
    const since = isoOf(epochMs(securing.since));
    return [{ code: 'footage-awaited', severity: 'info' as const, message, since }];
  });
}
const sentence = (words: string): string => (words.endsWith('.') ? words : `${words}.`);

/** It is done already, or has become another matter: such a wish goes. */
const isSettled = ({ securing, enabled, detachPending, forgottenAt, replacedBy }: PeerRecord): boolean =>
  [detachPending, forgottenAt, replacedBy].some((one) => one !== undefined) ||
  (securing?.action === 'disable' && !enabled);

function inBackground(desk: Desk, record: PeerRecord): void {
  const { deps, running, tries } = desk;
  const { id, securing } = record;
  const last = tries.get(id);
  const isDue = last === undefined || deps.clock.monotonic() - last.at >= AGAIN_MS;
  if (securing === undefined || running.has(id) || !(isDue || isSettled(record))) return;
  const isWanted = (): boolean => wishOf(deps, id)?.since === securing.since;
  const now = isSettled(record) ? keep(deps, id, undefined) : attempt(desk, id, securing, isWanted);
  now.catch((error: unknown) => {
    tries.set(id, { at: deps.clock.monotonic(), problem: messageOf(error) });
    deps.log.warn('a server that is to end is not ended yet', { serverId: id, reason: messageOf(error) });
  });
}

const wishOf = ({ settings }: SecuringDeps, id: string): SecuringWish | undefined =>
  settings.peers.get().peers.find((record) => record.id === id)?.securing;

/** One at a time for each server. Why it waits still; undefined: it is done, or nobody wants it any more. */
async function attempt(
  desk: Desk,
  id: string,
  wish: SecuringWish,
  isWanted: () => boolean,
): Promise<string | undefined> {
  const now = once(desk.deps, { id, wish, isWanted }).finally(() => desk.running.delete(id));
  desk.running.set(id, now);
  const problem = await now;
  if (problem === undefined || !isWanted()) desk.tries.delete(id);
  else desk.tries.set(id, { at: desk.deps.clock.monotonic(), problem });
  return problem;
}

type Once = { readonly id: string; readonly wish: SecuringWish; readonly isWanted: () => boolean };
async function once(deps: SecuringDeps, { id, wish, isWanted }: Once): Promise<string | undefined> {
  try {
    await deps.refuseHeld(deps.find(id), wish.action);
    // While others were asked somebody may have taken it back.
    if (!isWanted()) return undefined;
    await deps.end(id, wish);
    await keep(deps, id, undefined);
    return undefined;
  } catch (error) {
    if (!(error instanceof UnderstudyError) || !WAITS.has(error.code)) throw error;
    const { held } = error.context;
    return typeof held === 'string' ? held : messageOf(error);
  }
}

async function keep({ settings }: SecuringDeps, id: string, wish: SecuringWish | undefined): Promise<void> {
  await settings.peers.update((file) => {
    const isThere = file.peers.some((record) => record.id === id && (wish ?? record.securing) !== undefined);
    if (!isThere) return file;
    return {
      peers: file.peers.map((record) => {
        if (record.id !== id) return record;
        const { securing: _before, ...rest } = record;
        return wish === undefined ? rest : { ...rest, securing: wish };
      }),
    };
  });
}
