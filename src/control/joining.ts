/**
 * What is left of adding a server that was cut off, on either side: the one that was adding takes it back as soon as the other one is
 * there; the one that was added forgets whoever introduced itself and was never heard over the channel. Of a pairing by a code the other
 * one may have been told that it is paired: then it stays.
 *
 * Belongs here: those two looks. Does not: adding (known-servers.ts).
 *
 * Invariant: a server that adding succeeded for is touched by neither: its record is not `joining`, and not `provisional` once heard.
 */
import type { ActivityLog } from '../api/activity.ts';
import type { Clock } from '../core/clock.ts';
import { seconds } from '../core/clock.ts';
import { messageOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Running } from '../core/running.ts';
import type { Settings } from '../settings/settings.ts';
import type { PeerRecord } from '../site/peer.ts';
import type { KnownServers } from './known-servers.ts';

export type JoiningDeps = {
  readonly settings: Pick<Settings, 'peers'>;
  readonly known: Pick<KnownServers, 'isJoining' | 'remove'>;
  readonly isConnected: (peerId: string) => boolean;
  /** The other side shall forget this one. */
  readonly sayForget: (peerId: string) => Promise<void>;
  readonly refresh: () => void;
  readonly activity: Pick<ActivityLog, 'record'>;
  readonly clock: Pick<Clock, 'monotonic' | 'every'>;
  readonly log: Log;
};

const LOOK_SECONDS = 2;
/** Whoever adds gives up after 10 s without a connection. */
export const PROVISIONAL_MS = 60_000;

export type Joinings = Running & { readonly look: () => Promise<void> };

export function startJoinings(deps: JoiningDeps): Joinings {
  /** Since when each introduction is waited for in this process: wall clocks step. */
  const since = new Map<string, number>();
  let looking: Promise<void> | undefined;
  const look = async (): Promise<void> => {
    for (const { id } of deps.settings.peers.get().peers) {
      // As it is now: each look at another one takes its time.
      const record = deps.settings.peers.get().peers.find((peer) => peer.id === id);
      if (record === undefined) continue;
      if (record.provisional === true) await hear(deps, since, record);
      if (record.joining !== undefined && !deps.known.isJoining(id)) await endJoining(deps, since, record);
    }
    const waitedFor = new Set(deps.settings.peers.get().peers.map(introductionOf));
    for (const introduction of since.keys()) if (!waitedFor.has(introduction)) since.delete(introduction);
  };
  const lookOnce = async (): Promise<void> => {
    looking ??= look().finally(() => (looking = undefined));
    await looking;
  };
  const cancel = deps.clock.every(seconds(LOOK_SECONDS), () => {
    lookOnce().catch((error: unknown) => deps.log.warn('a cut off joining stays', { reason: messageOf(error) }));
  });
  return {
    look: lookOnce,
    stop: async () => {
      cancel();
      await looking?.catch(() => undefined);
    },
  };
}

/** The same server that introduces itself again has its whole time again. */
const introductionOf = ({ id, addedAt }: PeerRecord): string => `${id} ${addedAt}`;

type Since = Map<string, number>;
/** Whether it was waited for the whole time, without a connection. */
function isGivenUp({ clock }: JoiningDeps, since: Since, record: PeerRecord): boolean {
  const introduction = introductionOf(record);
  const first = since.get(introduction) ?? clock.monotonic();
  since.set(introduction, first);
  return clock.monotonic() - first >= PROVISIONAL_MS;
}

async function hear(deps: JoiningDeps, since: Since, record: PeerRecord): Promise<void> {
  const { settings, activity, known, refresh } = deps;
  const { id, name } = record;
  if (deps.isConnected(id)) {
    await settings.peers.update((file) => ({
      peers: file.peers.map((peer) => {
        const { provisional: _provisional, ...heard } = peer;
        return peer.id === id ? heard : peer;
      }),
    }));
    return refresh();
  }
  if (!isGivenUp(deps, since, record)) return;
  await known.remove(id);
  const message = `${name} introduced itself and was not heard again: nothing of it is kept. Add this server there once more.`;
  activity.record({ severity: 'warning', code: 'server-removed', message });
}

/**
 * One without an address was paired by a code that this server showed. Either it was told so, and comes; all that a host has to do for
 * such a server was done then. Or it was not, knows nothing of this server, and never comes.
 */
async function endJoining(deps: JoiningDeps, since: Since, record: PeerRecord): Promise<void> {
  const { known, isConnected, activity } = deps;
  const { id, name, host, watched } = record;
  const dialsIn = host === undefined;
  if (isConnected(id)) return await (dialsIn && !watched ? finish(deps, record) : takeBack(deps, record));
  if (!dialsIn || !isGivenUp(deps, since, record)) return;
  await known.remove(id);
  const message = `Pairing ${name} by a code was cut off, and it was not heard again: nothing of it is kept. Pair the two once more.`;
  activity.record({ severity: 'warning', code: 'server-removed', message });
}

async function finish({ settings, activity, refresh }: JoiningDeps, { id, name }: PeerRecord): Promise<void> {
  await settings.peers.update((file) => ({
    peers: file.peers.map((peer) => {
      const { joining: _joining, ...added } = peer;
      return peer.id === id ? added : peer;
    }),
  }));
  refresh();
  activity.record({ severity: 'info', code: 'server-authorized', message: `${name} was paired by a code.` });
}

async function takeBack({ known, sayForget, activity, log }: JoiningDeps, { id, name }: PeerRecord): Promise<void> {
  try {
    await sayForget(id);
  } catch (error) {
    return log.warn('a server whose adding was cut off was not told', { serverId: id, reason: messageOf(error) });
  }
  // Somebody adds it again at this moment.
  if (known.isJoining(id)) return;
  await known.remove(id);
  const message = `Adding ${name} was cut off: nothing of it is left on either side. Add it once more.`;
  activity.record({ severity: 'warning', code: 'server-removed', message });
}
