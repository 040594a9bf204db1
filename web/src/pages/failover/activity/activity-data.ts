/**
 * What the page shows: this box, its site's host, and what each failover server of the site says of itself, asked for in parallel.
 * Belongs here: asking, and joining the answers. Does not: how they look, what is asked for by a button (api/activity.ts).
 */
import {
  activityApi,
  type Drill,
  type FailoverSettings,
  type KnownServer,
  type Plan,
  type Readiness,
  type ReplacementView,
  type RestorationView,
  type SiteHostView,
  type Takeover,
} from '../../../api/activity.ts';
import { ApiError } from '../../../api/client.ts';
import { server } from '../../../app/stores.ts';

export type SpareFacts = {
  readonly takeovers: readonly Takeover[];
  readonly restorations: readonly RestorationView[];
  readonly drills: readonly Drill[];
  readonly replacements: readonly ReplacementView[];
  /** Those that it protects, and how they are. */
  readonly watched: readonly KnownServer[];
  readonly readiness: Readiness;
  readonly plan: Plan;
  readonly settings: FailoverSettings;
};
/** A failover server: what it does, or why it cannot be asked. */
export type Spare = {
  readonly id: string;
  readonly name: string;
  readonly facts: SpareFacts | undefined;
  readonly away: string | undefined;
  /** Nothing was heard of it since. */
  readonly awaySince: string | undefined;
};
export type Activity = {
  readonly ownId: string;
  readonly host: SiteHostView;
  /** Failover servers that can be asked from here. */
  readonly spares: readonly Spare[];
  /** Those that protect this box, where it is no failover server itself. */
  readonly protectors: readonly KnownServer[];
  /** Driven by this box, which may be no failover server any more since it took the place of another one. */
  readonly ownReplacements: readonly ReplacementView[];
};

const DRILLS_SHOWN = 30;
/** One that is connected and silent keeps the others waiting no longer than this. */
const ANSWER_WITHIN_MS = 6000;
/** What changes by the hour is not asked for every two seconds; the plan is only asked for names. */
const SLOW_EVERY_MS = 20_000;
const PLAN_EVERY_MS = 300_000;
type Slow = Pick<SpareFacts, 'readiness' | 'plan' | 'settings' | 'drills'>;
type Kept = { readonly at: number; readonly planAt: number; readonly slow: Slow };

export type Looker = {
  readonly look: () => Promise<Activity>;
  /** Everything is asked for at the next look. */
  readonly forget: () => void;
};
export function createLooker(): Looker {
  const kept = new Map<string, Kept>();
  const slowOf = async (id: string): Promise<Slow> => {
    const known = kept.get(id);
    const at = Date.now();
    if (known !== undefined && at - known.at < SLOW_EVERY_MS) return known.slow;
    const hasPlan = known !== undefined && at - known.planAt < PLAN_EVERY_MS;
    const [readiness, plan, settings, drills] = await Promise.all([
      activityApi.readiness(id),
      hasPlan ? known.slow.plan : activityApi.plan(id),
      activityApi.settings(id),
      activityApi.drills(id, DRILLS_SHOWN),
    ]);
    const slow = { readiness, plan, settings, drills };
    kept.set(id, { at, planAt: hasPlan ? known.planAt : at, slow });
    return slow;
  };
  return {
    forget: () => kept.clear(),
    look: async () => {
      const own = server.peek();
      const [host, known] = await Promise.all([activityApi.siteHost(), activityApi.servers(own?.id ?? '')]);
      const ownSpare = own?.mode === 'failover' ? [{ id: own.id, name: own.name }] : [];
      const members = host.isHost ? known.filter(({ mode }) => mode === 'failover') : [];
      const ownReplacements = own === undefined || ownSpare.length > 0 ? [] : activityApi.replacements(own.id);
      const spares = await Promise.all([
        ...ownSpare.map(async (one) => await askSpare(one, slowOf)),
        ...members.map(async (one) => (one.connected ? await askSpare(one, slowOf) : awayOf(one))),
      ]);
      const protectors = ownSpare.length > 0 ? [] : known.filter(({ watcher }) => watcher);
      return { ownId: own?.id ?? '', host, spares, protectors, ownReplacements: await ownReplacements };
    },
  };
}

type Named = { readonly id: string; readonly name: string };
async function askSpare({ id, name }: Named, slowOf: (id: string) => Promise<Slow>): Promise<Spare> {
  try {
    const facts = await within(askFacts(id, slowOf), ANSWER_WITHIN_MS);
    return { id, name, facts, away: undefined, awaySince: undefined };
  } catch (error) {
    // Of this box itself it is no news about a neighbour but about the page.
    if (id === server.peek()?.id || !(error instanceof Error)) throw error;
    if (error instanceof ApiError && [0, 401, 403].includes(error.problem.status)) throw error;
    return { id, name, facts: undefined, away: error.message, awaySince: undefined };
  }
}

async function askFacts(id: string, slowOf: (id: string) => Promise<Slow>): Promise<SpareFacts> {
  const [takeovers, restorations, newest, replacements, servers, slow] = await Promise.all([
    activityApi.takeovers(id),
    activityApi.restorations(id),
    activityApi.drills(id, 1),
    activityApi.replacements(id),
    activityApi.servers(id),
    slowOf(id),
  ]);
  const watched = servers.filter(({ watched: isWatched }) => isWatched);
  const drills = [...newest, ...slow.drills.filter((drill) => newest.every((one) => one.id !== drill.id))];
  return { takeovers, restorations, replacements, watched, ...slow, drills };
}

const awayOf = ({ id, name, lastContactAt }: KnownServer): Spare => ({
  id,
  name,
  facts: undefined,
  away: '',
  awaySince: lastContactAt,
});

async function within<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('')), ms);
  });
  return await Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** Something of one failover server, with that server. */
export type Of<T> = { readonly spare: Spare; readonly item: T };
export const eachOf = <T>(spares: readonly Spare[], list: (facts: SpareFacts) => readonly T[]): readonly Of<T>[] =>
  spares.flatMap((spare) => (spare.facts === undefined ? [] : list(spare.facts).map((item) => ({ spare, item }))));

/** As its failover server knows it from the settings of the protected one. */
export function cameraName({ facts }: Spare, serverId: string, cameraId: string): string {
  const cameras = facts?.plan.servers.find((one) => one.serverId === serverId)?.cameras;
  return cameras?.find((one) => one.cameraId === cameraId)?.name ?? cameraId;
}

export const serverName = ({ facts }: Spare, serverId: string): string =>
  facts?.watched.find(({ id }) => id === serverId)?.name ??
  facts?.plan.servers.find((one) => one.serverId === serverId)?.name ??
  serverId.slice(0, 8);

/** It is heard, so it can have its cameras back; one that is not known there is left to the API. */
export const isThere = ({ facts }: Spare, serverId: string): boolean =>
  facts?.watched.find(({ id }) => id === serverId)?.connected ?? true;

export type DrillResult = {
  readonly ok: number;
  readonly all: number;
  /** Seconds of the slowest that was recorded. */
  readonly slowest: number | undefined;
};
export function resultOf({ cameras }: Drill): DrillResult {
  const measured = cameras.flatMap(({ firstFrameAfter }) => firstFrameAfter ?? []);
  return {
    ok: measured.length,
    all: cameras.length,
    slowest: measured.length === 0 ? undefined : Math.max(...measured),
  };
}
/** The newest of this server that is over. */
export const lastDrill = (drills: readonly Drill[], serverId: string): Drill | undefined =>
  drills.find((drill) => drill.serverId === serverId && drill.endedAt !== undefined);
