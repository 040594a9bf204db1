/**
 * Footage of the site that is not home, asked of its failover servers before one of its servers goes (`site.held`).
 * Belongs here: asking, and the words about it. Does not: what lies at a failover server (owed-footage.ts).
 */
import { z } from 'zod';
import { messageOf, UnderstudyError } from '../core/errors.ts';
import type { Settings } from '../settings/settings.ts';
import { membersOf } from '../site/membership.ts';
import type { PeerRecord } from '../site/peer.ts';
import { nameOfServer } from './failover-api.ts';
import type { HeldFootage } from './known-servers.ts';

export type HeldInSiteDeps = {
  readonly settings: Pick<Settings, 'peers' | 'server'>;
  readonly isConnected: (peerId: string) => boolean;
  /** What of its footage lies at this server itself, which may have the role of the host beside another mode. */
  readonly heldOf: (serverId: string) => HeldFootage | undefined;
  readonly request: (peerId: string, method: string, params: unknown) => Promise<unknown>;
};

const heldAnswer = z.looseObject({ held: z.array(z.looseObject({ serverId: z.string(), words: z.string() })) });
type Held = { readonly at: string; readonly of: string; readonly words: string };

/**
 * Footage of it elsewhere, and footage of others there: with its membership would go the way home.
 * `what`: it cannot …
 * @throws failover/covering, site/unreachable
 */
export async function refuseHeld(deps: HeldInSiteDeps, record: PeerRecord, what: string): Promise<void> {
  const { settings, isConnected } = deps;
  const all = membersOf(settings.peers.get().peers);
  const everybody = [settings.server.get().id, ...all.map(({ id }) => id)];
  const questions = all
    .filter(({ id, mode, enabled }) => mode === 'failover' && enabled && isConnected(id))
    .map(async (failover) => await heldAt(deps, failover, failover.id === record.id ? everybody : [record.id]));
  const here = deps.heldOf(record.id);
  const own = here === undefined ? [] : [{ at: 'This server', of: record.name, words: here.words }];
  const held = [...own, ...(await Promise.all(questions)).flat()];
  if (held.length === 0) return;
  const list = held.map(({ at, of, words }) => `${at} has footage of ${of}: ${words}`).join('; ');
  const message = `${record.name} cannot ${what} before that is home: ${list}. Wait for it; or confirm with the name ${record.name}, and it stays where it lies until it is given back or deleted there.`;
  throw new UnderstudyError('conflict', 'failover/covering', message, { context: { held: list } });
}

async function heldAt(
  { settings, request }: HeldInSiteDeps,
  failover: PeerRecord,
  serverIds: readonly string[],
): Promise<readonly Held[]> {
  try {
    const { held } = heldAnswer.parse(await request(failover.id, 'site.held', { serverIds }));
    return held.map(({ serverId, words }) => ({ at: failover.name, of: nameOfServer(settings, serverId), words }));
  } catch (cause) {
    const message = `${failover.name} does not say whether it has footage that is not home: ${messageOf(cause)} Try again when it answers, or confirm with the name of the server.`;
    throw new UnderstudyError('unavailable', 'site/unreachable', message, { cause });
  }
}
