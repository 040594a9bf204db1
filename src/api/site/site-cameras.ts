/**
 * The list of all cameras of a site, answered from what is known: each server is asked now and then while somebody looks, sooner when it
 * said that something changed, and never waited for longer than a moment.
 */
import { mapAtOnce } from '../../core/at-once.ts';
import type { Clock } from '../../core/clock.ts';
import { camera } from '../contract/cameras.ts';
import type { Camera } from '../contract/cameras.ts';
import { pageOf } from '../contract/common.ts';
import type { SiteCamera } from '../contract/site-footage.ts';
import { ANSWER_WITHIN_MS } from './asking.ts';
import type { Asking, Question } from './asking.ts';
import { mergeCameras } from './merge-cameras.ts';
import type { SiteServers } from './site-servers.ts';

/** For answers that would be newer than what is known. */
const PATIENCE_MS = 100;
/** Between two questions to one server, while lists are wanted; longer when there are many: so many a second in all. */
const ASK_AGAIN_MS = 1000;
const MAX_ASKED_A_SECOND = 20;
const MAX_ASKED_AT_ONCE = 16;
const OWNERS_FOR_MS = 5000;
/** When one is not among them. */
const OWNERS_AGAIN_MS = 200;
/** `/cameras` gives so many in one page; a box has fewer. */
const PAGE = 1000;

const cameras: Question<{ items: Camera[]; next?: string | undefined }> = {
  path: `/cameras?limit=${PAGE}`,
  schema: pageOf(camera),
  nothing: { items: [] },
  // Addresses of cameras are shown to those who set cameras up: told whole, hidden where the list is read.
  role: 'admin',
};

export type SiteCameras = {
  /** As an administrator sees them. */
  readonly list: () => Promise<readonly SiteCamera[]>;
  /** What is known, without asking. */
  readonly known: () => readonly SiteCamera[];
  /** The server that owns it, as it was known a moment ago. */
  readonly ownerOf: (cameraId: string) => string | undefined;
  /** Something about the cameras of this server changed. */
  readonly stale: (serverId: string) => void;
};
export type SiteCamerasDeps = {
  readonly servers: SiteServers;
  readonly asking: Asking;
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
};

export function createSiteCameras({ servers, asking, clock }: SiteCamerasDeps): SiteCameras {
  const asked = new Map<string, Asked>();
  let owners: ReadonlyMap<string, string> = new Map();
  const known = (): readonly SiteCamera[] => {
    const merged = mergeCameras({
      servers: servers.all(),
      covers: servers.covers(),
      ownerBefore: (cameraId) => owners.get(cameraId),
      linkOf: servers.linkOf,
      now: clock.now(),
      toldBy: (serverId) => {
        const told = asking.last(serverId, cameras);
        return told && { cameras: told.value.items, at: told.at };
      },
    });
    owners = new Map(merged.map(({ id, server }) => [id, server.id]));
    return merged;
  };
  const ask = async (ids: readonly string[], patienceMs: number): Promise<void> => {
    const until = clock.monotonic() + patienceMs;
    await mapAtOnce(ids, MAX_ASKED_AT_ONCE, async (id) => {
      asked.set(id, { at: clock.monotonic(), changes: servers.changesAt(id) });
      await asking.ask(id, cameras, Math.max(0, until - clock.monotonic()));
    });
  };
  return {
    known,
    ownerOf: createOwners(known, clock),
    stale: (serverId) => void asked.delete(serverId),
    list: async () => {
      const ids = servers.all().flatMap(({ id, isReachable }) => (isReachable ? [id] : []));
      forgetOthers(asked, ids);
      const pause = Math.max(ASK_AGAIN_MS, (ids.length / MAX_ASKED_A_SECOND) * 1000);
      const now = clock.monotonic();
      const ages = new Map(ids.map((id) => [id, ageOf(asked.get(id), servers.changesAt(id), now)]));
      const ageIs = (id: string): number => (id === servers.ownId() ? Infinity : (ages.get(id) ?? Infinity));
      const due = ids.filter((id) => ageIs(id) >= pause).toSorted((a, b) => ageIs(b) - ageIs(a));
      const isNew = (id: string): boolean => asking.last(id, cameras) === undefined;
      await Promise.all([
        ask(due.filter((id) => !isNew(id)).slice(0, MAX_ASKED_A_SECOND), PATIENCE_MS),
        // One that hangs since this box was started delays the list once.
        ask(due.filter(isNew), ANSWER_WITHIN_MS),
      ]);
      return known();
    },
  };
}

/** Owners seldom change, and who watches asks for them several times a second. */
function createOwners(known: SiteCameras['known'], clock: Pick<Clock, 'monotonic'>): SiteCameras['ownerOf'] {
  let owners: ReadonlyMap<string, string> = new Map();
  let madeAt = -Infinity;
  return (cameraId) => {
    const age = clock.monotonic() - madeAt;
    if (age > OWNERS_FOR_MS || (age > OWNERS_AGAIN_MS && !owners.has(cameraId))) {
      owners = new Map(known().map(({ id, server }) => [id, server.id]));
      madeAt = clock.monotonic();
    }
    return owners.get(cameraId);
  };
}

type Asked = { readonly at: number; readonly changes: number };
/** Of what was changed since through this server, without bound. */
const ageOf = (asked: Asked | undefined, changes: number, now: number): number =>
  asked?.changes === changes ? now - asked.at : Infinity;

function forgetOthers(asked: Map<string, Asked>, ids: readonly string[]): void {
  const isThere = new Set(ids);
  for (const id of asked.keys()) if (!isThere.has(id)) asked.delete(id);
}
