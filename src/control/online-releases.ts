/**
 * Releases that can be fetched from the place that the owner named: which there are, and fetching one (docs/design/updates.md).
 * Belongs here: when it is looked, one fetch at a time. Does not: HTTP (updates/release-download.ts), whether a release is one
 * (release-store.ts): what is fetched comes in as if somebody had sent it.
 */
import type { ActivityLog } from '../api/activity.ts';
import type { Updates, UploadResult } from '../api/contract/updates.ts';
import type { Cancel, Clock } from '../core/clock.ts';
import { isoOf } from '../core/clock.ts';
import { messageOf, UnderstudyError } from '../core/errors.ts';
import { durationMs } from '../core/units.ts';
import type { EpochMs } from '../core/units.ts';
import { MAX_PART_BYTES } from '../site/release-limits.ts';
import { shownAddress } from '../site/release-source.ts';
import { besideOurs } from '../site/version.ts';
import { fetchParts, fetchReleaseList } from '../updates/release-download.ts';
import { readReleaseList } from '../updates/release-list.ts';
import type { ListedRelease } from '../updates/release-list.ts';
import type { ReleasePart, ReleaseStore } from './release-store.ts';

export type OnlineReleasesDeps = {
  /** What runs. */
  readonly version: string;
  /** The address of the list; undefined: nothing is fetched. */
  readonly source: () => string | undefined;
  readonly isKept: (version: string) => boolean;
  /** @throws what is wrong with the part, or with the release once all of it is there */
  readonly take: (part: ReleasePart, user: string) => Promise<UploadResult>;
  readonly drop: ReleaseStore['drop'];
  readonly changed: () => void;
  readonly activity: Pick<ActivityLog, 'record'>;
  readonly clock: Clock;
};
export type OnlineReleases = {
  /** Undefined: there is no place to fetch from. */
  readonly view: () => Updates['online'];
  /** @throws updates/no-source, updates/source */
  readonly look: () => Promise<void>;
  /** Begins to fetch what was seen in the list. @throws updates/no-source, updates/unknown, updates/busy */
  readonly fetch: (version: string, user: string) => void;
  readonly breakOff: (user: string) => void;
  readonly stop: Cancel;
};

const FIRST_LOOK_MS = 60_000;
const LOOK_EVERY_MS = 86_400_000;

type Seen = { readonly source: string; readonly at: EpochMs; readonly releases: readonly ListedRelease[] };
type Fetching = { readonly found: ListedRelease; readonly abort: AbortController; received: number };
type Online = {
  readonly deps: OnlineReleasesDeps;
  readonly stopping: AbortController;
  /** The newest that was told of by itself. */
  told: string | undefined;
  seen: Seen | undefined;
  fetching: Fetching | undefined;
  /** Why the last look or fetch failed, and from where. */
  problem: { readonly source: string; readonly words: string } | undefined;
};

export function createOnlineReleases(deps: OnlineReleasesDeps): OnlineReleases {
  const it: Online = {
    deps,
    stopping: new AbortController(),
    told: undefined,
    seen: undefined,
    fetching: undefined,
    problem: undefined,
  };
  const byItself = (): void => void lookByItself(it);
  const cancels = [
    deps.clock.after(durationMs(FIRST_LOOK_MS), byItself),
    deps.clock.every(durationMs(LOOK_EVERY_MS), byItself),
  ];
  return {
    view: () => viewOf(it),
    look: async () => await look(it),
    fetch: (version, user) => begin(it, version, user),
    breakOff: (user) => breakOff(it, user),
    stop: () => {
      for (const cancel of cancels) cancel();
      it.stopping.abort();
    },
  };
}

async function look(online: Online): Promise<void> {
  const { deps, stopping } = online;
  const source = sourceOf(online);
  try {
    const text = await fetchReleaseList(source, { clock: deps.clock, signal: stopping.signal });
    const seen = { source, at: deps.clock.now(), releases: readReleaseList(text, source) };
    if (deps.source() === source) Object.assign(online, { seen, problem: undefined });
  } catch (error) {
    if (deps.source() === source) online.problem = { source, words: messageOf(error) };
    throw error;
  } finally {
    deps.changed();
  }
}

/** Once a day; what is newer is told once. */
async function lookByItself(online: Online): Promise<void> {
  const { deps } = online;
  if (deps.source() === undefined) return;
  // It is said where people look for updates: a server without a way to the internet is no alarm.
  await look(online).catch(() => undefined);
  const newest = viewOf(online)?.releases.find(({ beside, kept }) => beside === 'newer' && !kept);
  if (newest === undefined || newest.version === online.told) return;
  online.told = newest.version;
  const message = `Release ${newest.version} can be fetched: it is offered under Updates.`;
  deps.activity.record({ severity: 'info', code: 'release-found', message });
}

/** @throws updates/no-source, updates/unknown, updates/busy */
function begin(online: Online, version: string, user: string): void {
  const { deps, seen, fetching } = online;
  const source = sourceOf(online);
  if (fetching !== undefined) {
    const message = `Release ${fetching.found.version} is being fetched: wait until that has ended.`;
    throw new UnderstudyError('conflict', 'updates/busy', message);
  }
  const found = seen?.source === source ? seen.releases.find((one) => one.version === version) : undefined;
  if (found === undefined) {
    const message = `Release ${version} is not in the list of ${shownAddress(source)}, as it was seen last: look there again.`;
    throw new UnderstudyError('not-found', 'updates/unknown', message);
  }
  online.problem = undefined;
  online.fetching = { found, abort: new AbortController(), received: 0 };
  deps.changed();
  void fetchWhole(online, online.fetching, { source, user });
}

async function fetchWhole(online: Online, fetching: Fetching, who: { source: string; user: string }): Promise<void> {
  const { deps, stopping } = online;
  const { found, abort } = fetching;
  const signal = AbortSignal.any([abort.signal, stopping.signal]);
  const order = { address: found.file, bytes: found.bytes, partBytes: MAX_PART_BYTES };
  try {
    for await (const part of fetchParts(order, { clock: deps.clock, signal })) {
      const result = await deps.take({ bytes: found.bytes, at: fetching.received, part }, who.user);
      fetching.received = result.received;
    }
  } catch (error) {
    if (!signal.aborted) fails(online, found, { ...who, words: messageOf(error) });
    await deps.drop({ bytes: found.bytes, received: fetching.received }, who.user);
  } finally {
    online.fetching = undefined;
    deps.changed();
  }
}

type Failing = { readonly source: string; readonly user: string; readonly words: string };
function fails(online: Online, { version }: ListedRelease, { source, user, words }: Failing): void {
  online.problem = { source, words };
  const message = `Release ${version} was not fetched: ${words}`;
  online.deps.activity.record({ severity: 'warning', code: 'release-not-fetched', message, user });
}

function breakOff({ deps, fetching }: Online, user: string): void {
  if (fetching === undefined || fetching.abort.signal.aborted) return;
  fetching.abort.abort();
  const message = `Fetching release ${fetching.found.version} was ended.`;
  deps.activity.record({ severity: 'info', code: 'release-not-fetched', message, user });
}

/** @throws updates/no-source */
function sourceOf({ deps }: Online): string {
  const source = deps.source();
  if (source !== undefined) return source;
  const message = 'This server has no place to fetch releases from: name the address of a release list first.';
  throw new UnderstudyError('conflict', 'updates/no-source', message);
}

function viewOf({ deps, seen, fetching, problem }: Online): Updates['online'] {
  const source = deps.source();
  if (source === undefined) return undefined;
  const known = seen?.source === source ? seen : undefined;
  return {
    source,
    ...(known === undefined ? {} : { lookedAt: isoOf(known.at) }),
    releases: (known?.releases ?? []).map(({ version, bytes, builtAt }) => ({
      version,
      bytes,
      builtAt,
      beside: besideOurs(version, deps.version),
      kept: deps.isKept(version),
    })),
    ...(fetching === undefined
      ? {}
      : { fetching: { version: fetching.found.version, received: fetching.received, bytes: fetching.found.bytes } }),
    ...(problem?.source === source ? { problem: problem.words } : {}),
  };
}
