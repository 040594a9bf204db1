/**
 * Leaving a site, at the member: `site.detach` from its host (docs/design/site-membership.md). Can be carried out again at any point;
 * the record of the host goes last, so that a host that was not answered may ask again.
 *
 * Belongs here: what the member does about it. Does not: when it is asked (detaching.ts), what the host introduces (site-members.ts).
 */
import { z } from 'zod';
import type { ActivityLog } from '../api/activity.ts';
import type { Clock } from '../core/clock.ts';
import { messageOf, UnderstudyError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { durationMs } from '../core/units.ts';
import type { Settings } from '../settings/settings.ts';
import { cameraSecretName } from '../site/camera-credentials.ts';
import { managerOf, recordsAfterLeaving } from '../site/membership.ts';
import { CAMERA_CHOICES } from '../site/peer.ts';
import type { PeerRecord } from '../site/peer.ts';
import type { HeldFootage } from './known-servers.ts';

/** `force`: it leaves although footage lies here that is not home. */
export const detachParams = z.strictObject({ cameras: z.enum(CAMERA_CHOICES), force: z.boolean() });
export type DetachParams = z.infer<typeof detachParams>;

export type LeavingDeps = {
  readonly settings: Pick<Settings, 'peers' | 'cameras' | 'secrets'>;
  /** What of its footage lies here and is not home. */
  readonly heldOf: (serverId: string) => HeldFootage | undefined;
  readonly isConnected: (peerId: string) => boolean;
  /** `peer.forget`: the other side shall forget this one. */
  readonly sayForget: (peerId: string) => Promise<void>;
  /** The peer records changed: connections of those that are gone end. */
  readonly refresh: () => void;
  /** It is protected here no more: what was kept for it goes. */
  readonly onForgotten: (serverId: string) => Promise<void>;
  readonly activity: Pick<ActivityLog, 'record'>;
  readonly clock: Pick<Clock, 'now' | 'after' | 'sleep'>;
  readonly log: Log;
};

/** The answer is on its way for so long; the connection ends with the record. */
const ANSWER_MS = 200;
/** Whoever does not answer by then learns it from the refusal of its next connection. */
const GOODBYES_MS = 2000;

/** @throws peer/not-yours, peer/params, failover/covering */
export async function leaveSite(deps: LeavingDeps, peerId: string, params: unknown): Promise<void> {
  const { settings, clock, heldOf } = deps;
  const before = settings.peers.get().peers;
  const host = managerOf(before);
  if (host === undefined || host.id !== peerId)
    throw new UnderstudyError('forbidden', 'peer/not-yours', 'Only the host of this server detaches it.');
  const parsed = detachParams.safeParse(params);
  if (!parsed.success)
    throw new UnderstudyError('protocol', 'peer/params', 'site.detach expects what becomes of the cameras.');
  const { cameras, force } = parsed.data;
  if (!force) refuseWhileHeld(deps, before);
  await sayGoodbyes(deps, before);
  const count = cameras === 'remove' ? await removeCameras(settings) : settings.cameras.get().cameras.length;
  const { peers } = await settings.peers.update((file) => ({
    peers: [...recordsAfterLeaving(file.peers, clock.now(), (id) => heldOf(id) !== undefined)],
  }));
  deps.activity.record({ severity: 'warning', code: 'site-left', message: wordsOfLeaving(host, cameras, count) });
  clock.after(durationMs(ANSWER_MS), () => void tidy(deps, before, peers));
}

/** A server without a host gives nothing home to those whom the host introduced. */
function refuseWhileHeld({ heldOf }: LeavingDeps, peers: readonly PeerRecord[]): void {
  const held = peers.flatMap(({ id, name, forgottenAt }) => {
    const footage = forgottenAt === undefined ? heldOf(id) : undefined;
    return footage === undefined ? [] : [`of ${name}: ${footage.words}`];
  });
  if (held.length === 0) return;
  const message = `It still has footage ${held.join('; ')}.`;
  throw new UnderstudyError('conflict', 'failover/covering', message);
}

/** Those whom the host introduced must not take the end of this server's connections for a failure. */
async function sayGoodbyes(
  { isConnected, sayForget, clock }: LeavingDeps,
  peers: readonly PeerRecord[],
): Promise<void> {
  const said = peers
    .filter(({ id, introduced }) => introduced && isConnected(id))
    .map(async ({ id }) => await sayForget(id).catch(() => undefined));
  if (said.length === 0) return;
  const late = new AbortController();
  await Promise.race([Promise.all(said), clock.sleep(durationMs(GOODBYES_MS), late.signal)]);
  late.abort();
}

/** Their footage stays, for it is deleted on purpose only. Passwords last: they are of no use without the cameras. */
async function removeCameras({ cameras, secrets }: LeavingDeps['settings']): Promise<number> {
  const ids = cameras.get().cameras.map(({ id }) => id);
  await cameras.update((file) => (file.cameras.length === 0 ? file : { cameras: [] }));
  if (ids.length > 0) await secrets.set(new Map(ids.map((id) => [cameraSecretName(id), undefined])));
  return ids.length;
}

function wordsOfLeaving({ name }: PeerRecord, cameras: DetachParams['cameras'], count: number): string {
  if (count === 0) return `${name} detached this server from its site.`;
  const noun = count === 1 ? 'camera' : 'cameras';
  return cameras === 'keep'
    ? `${name} detached this server from its site: it goes on recording its ${count} ${noun}, protected only by servers that were authorized here.`
    : `${name} detached this server from its site and removed its ${count} ${noun}; their footage stays here.`;
}

async function tidy(
  { refresh, onForgotten, log }: LeavingDeps,
  before: readonly PeerRecord[],
  now: readonly PeerRecord[],
): Promise<void> {
  refresh();
  const left = new Set(now.map(({ id }) => id));
  for (const { id, watched } of before) {
    if (!watched || left.has(id)) continue;
    await onForgotten(id).catch((error: unknown) =>
      log.warn('what was kept for another server was not removed', { serverId: id, reason: messageOf(error) }),
    );
  }
}
