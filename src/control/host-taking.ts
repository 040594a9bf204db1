/**
 * When this server takes the role of the host: by hand, if nobody hears the host any more or its name was typed; by itself, if that is
 * set and most of the site says that it hears nothing of the host either.
 *
 * Belongs here: hearing the host, asking the others, that decision. Does not: what follows from it (host-role.ts).
 */
import { z } from 'zod';
import type { ActivityLog } from '../api/activity.ts';
import type { Clock } from '../core/clock.ts';
import { messageOf, UnderstudyError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Settings } from '../settings/settings.ts';
import { HOST_GONE_MS, isHost, obstacleOf, SUCCESSION_STEP_MS } from '../site/host-role.ts';
import type { Obstacle } from '../site/host-role.ts';
import { managerOf } from '../site/membership.ts';
import type { PeerRecord } from '../site/peer.ts';
import type { HostRoleService } from './host-role.ts';
import { isOf } from './site-copy.ts';
import type { SiteCopies, SiteCopy } from './site-copy.ts';

export type HostTakingDeps = {
  readonly settings: Pick<Settings, 'server' | 'peers' | 'failover'>;
  /** Of the peer certificate of this server. */
  readonly fingerprint: string;
  readonly connected: () => readonly string[];
  readonly request: (peerId: string, method: string, params: unknown, timeoutMs: number) => Promise<unknown>;
  readonly role: Pick<HostRoleService, 'take'>;
  readonly copies: Pick<SiteCopies, 'latest'>;
  readonly activity: Pick<ActivityLog, 'record'>;
  readonly clock: Pick<Clock, 'monotonic' | 'sleep'>;
  readonly log: Log;
};
export type HostTaking = {
  /** A sign of life of a peer. */
  readonly heard: (peerId: string) => void;
  /** `site.host-heard`: for how long this server has heard nothing of its host. */
  readonly answer: () => HostHeard;
  /** @throws site/is-host, site/no-host, site/not-successor, site/no-copy, site/host-heard */
  readonly take: (confirm: string | undefined, user: string) => Promise<void>;
  /** Why it could not be taken now, for people. */
  readonly obstacle: () => string | undefined;
  /** For how long it waits before it takes the role by itself; undefined: it never does. */
  readonly automaticAfterMs: () => number | undefined;
  /** Now and then: takes it by itself, if that is set. */
  readonly tick: () => void;
};
const hostHeardSchema = z.looseObject({ hostId: z.string().optional(), silentMs: z.number().min(0) });
/** Full ones only: who is told of as many as a host may be silent finds it gone here as well. */
export const wholeSeconds = (ms: number): number => Math.floor(ms / 1000);
export type HostHeard = { readonly hostId?: string | undefined; readonly silentMs: number };

const ASK_WITHIN_MS = 3000;
/** By itself it is tried again after so long. */
const TRY_AGAIN_MS = 10_000;

export function createHostTaking(deps: HostTakingDeps): HostTaking {
  const { settings, clock, log } = deps;
  /** Of the host, whoever it was: nothing was heard before this process began. */
  let heardAt = clock.monotonic();
  let triedAt = -Infinity;
  const host = (): PeerRecord | undefined => managerOf(settings.peers.get().peers);
  const silentMs = (): number => clock.monotonic() - heardAt;
  const check = (): SiteCopy => checkNow(deps, host());
  const takeNow = async (user: string | undefined, why: string): Promise<void> => {
    const before = host()?.name ?? 'the host';
    await deps.role.take(() => void check());
    const term = settings.server.get().hostRole?.term ?? 0;
    const message = `This server took the role of the host from ${before} (${why}, term ${term}).`;
    const by = user === undefined ? {} : { user };
    deps.activity.record({ severity: 'warning', code: 'host-taken', message, ...by });
  };
  const automatic = async (): Promise<void> => {
    const { members, heardBy, asked } = await askOthers(deps, check(), host()?.id);
    if (heardBy.length > 0 || asked * 2 < members) return;
    if (silentMs() < HOST_GONE_MS) return;
    await takeNow(undefined, 'by itself');
  };
  return {
    heard: (peerId) => {
      if (peerId === host()?.id) heardAt = clock.monotonic();
    },
    answer: () => {
      const server = settings.server.get();
      if (isHost(server)) return { hostId: server.id, silentMs: 0 };
      return { hostId: host()?.id, silentMs: silentMs() };
    },
    take: async (confirm, user) => {
      const copy = check();
      const { id, name, locked } = host() ?? { id: undefined, name: '', locked: false };
      const isLocked = locked === true;
      // A lock that its owner could take off by himself were none.
      if (confirm !== name || isLocked)
        await refuseWhileHeard(deps, copy, { id, name, isLocked, silentMs: silentMs() });
      await takeNow(user, 'by hand');
    },
    obstacle: () => {
      try {
        check();
        return undefined;
      } catch (error) {
        return messageOf(error);
      }
    },
    automaticAfterMs: () => automaticAfterMs(deps),
    tick: () => {
      const waitMs = automaticAfterMs(deps);
      if (waitMs === undefined || silentMs() < waitMs || clock.monotonic() - triedAt < TRY_AGAIN_MS) return;
      triedAt = clock.monotonic();
      automatic().catch((error: unknown) =>
        log.warn('the role of the host was not taken', { reason: messageOf(error) }),
      );
    },
  };
}

/** The copy to go on with. @throws why this server cannot take the role */
function checkNow({ settings, copies, fingerprint }: HostTakingDeps, host: PeerRecord | undefined): SiteCopy {
  const server = settings.server.get();
  const found = obstacleOf(server, host?.id, fingerprint);
  if (found !== undefined) throw refusalOf(found, host?.name);
  const copy = copies.latest();
  if (copy === undefined || server.hostRole === undefined || !isOf(copy, server.hostRole)) throw noCopy(host?.name);
  return copy;
}

/** Undefined: never. The first of the successors waits as long as is set, each next one a step longer. */
function automaticAfterMs({ settings }: HostTakingDeps): number | undefined {
  const { takeHostAfterSeconds } = settings.failover.get();
  const { id, mode, hostRole } = settings.server.get();
  if (takeHostAfterSeconds === 0 || mode !== 'failover' || hostRole === undefined || hostRole.acting) return undefined;
  const rank = hostRole.successors.findIndex((one) => one.id === id);
  return rank === -1 ? undefined : takeHostAfterSeconds * 1000 + rank * SUCCESSION_STEP_MS;
}

type Heard = {
  readonly id: string | undefined;
  readonly name: string;
  readonly isLocked: boolean;
  readonly silentMs: number;
};
/** @throws site/host-heard */
async function refuseWhileHeard(
  deps: HostTakingDeps,
  copy: SiteCopy,
  { id, name, isLocked, silentMs }: Heard,
): Promise<void> {
  const remedy = isLocked
    ? `It locks this server: unlock it there first.`
    : `If it shall not be the host any more, confirm with its name, ${name}.`;
  if (silentMs < HOST_GONE_MS) {
    const message = `${name} was heard ${wholeSeconds(silentMs)} s ago; after ${HOST_GONE_MS / 1000} s without a sign of it it counts as gone. ${remedy}`;
    throw new UnderstudyError('conflict', 'site/host-heard', message);
  }
  const { heardBy } = await askOthers(deps, copy, id);
  if (heardBy.length === 0) return;
  const message = `${heardBy.slice(0, 3).join(', ')} still hears ${name}. ${remedy}`;
  throw new UnderstudyError('conflict', 'site/host-heard', message);
}

type Asked = { readonly members: number; readonly asked: number; readonly heardBy: readonly string[] };
/** All other servers of the site that are connected here. */
async function askOthers(deps: HostTakingDeps, copy: SiteCopy, hostId: string | undefined): Promise<Asked> {
  const ownId = deps.settings.server.get().id;
  const members = copy.documents.peers.filter(({ id, managesUs, enabled }) => id !== ownId && !managesUs && enabled);
  const connected = new Set(deps.connected());
  const answers = await Promise.all(
    members
      .filter(({ id }) => connected.has(id))
      .map(async ({ id, name }) => {
        try {
          const answer = hostHeardSchema.parse(await deps.request(id, 'site.host-heard', {}, ASK_WITHIN_MS));
          return { name, hears: answer.hostId === hostId && answer.silentMs < HOST_GONE_MS };
        } catch {
          return undefined;
        }
      }),
  );
  const given = answers.filter((answer) => answer !== undefined);
  return {
    members: members.length,
    asked: given.length,
    heardBy: given.filter(({ hears }) => hears).map(({ name }) => name),
  };
}

const noCopy = (name = 'the host'): UnderstudyError =>
  new UnderstudyError(
    'conflict',
    'site/no-copy',
    `This server has no copy of the servers and settings of the site as ${name} had them last. Take the role on a server that has one (GET /site/host).`,
  );

function refusalOf(found: Obstacle, host = 'the host'): UnderstudyError {
  const words = {
    'site/is-host': 'This server is the host already.',
    'site/no-host': 'This server belongs to no site: nobody manages it.',
    'site/not-successor': `${host} has not named this server as one that may succeed it: the other servers would not follow.`,
    'site/terms-used-up': 'The role has changed hands more often than it can be counted.',
  } as const;
  return new UnderstudyError('conflict', found, words[found]);
}

/**
 * A member does not become host by its mode: its host would go on managing it, and the others would go on following that one.
 * @throws server/managed
 */
export function refuseHostMode({ peers }: Pick<Settings, 'peers'>, mode: PeerRecord['mode']): void {
  const host = mode === 'host' ? managerOf(peers.get().peers) : undefined;
  if (host === undefined) return;
  const message = `${host.name} is the host of this server. To make this server the host of the same site: understudy site take-host. For a site of its own it must be detached there first.`;
  throw new UnderstudyError('conflict', 'server/managed', message);
}
