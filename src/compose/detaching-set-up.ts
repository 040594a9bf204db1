/** Leaving the site, put together: what the host asks and what a member answers over the peer channel; and what waits for footage first. */
import { startDetaching } from '../control/detaching.ts';
import type { Detaching } from '../control/detaching.ts';
import { leaveSite } from '../control/leaving.ts';
import { startSecuring } from '../control/securing.ts';
import type { Securing } from '../control/securing.ts';
import { UnderstudyError } from '../core/errors.ts';
import { durationMs } from '../core/units.ts';
import type { PeerEvent } from '../peer/network-types.ts';
import { withAllEnded } from '../site/account.ts';
import type { PeerRecord } from '../site/peer.ts';
import type { FailoverParts } from './failover-box.ts';
import type { Side } from './failover-side.ts';
import { forgetServer } from './known-set-up.ts';
import type { Peers } from './peer-set-up.ts';

/** A server that does not answer is told when it connects again. */
const TELL_OTHERS_MS = 3000;

export function composeDetaching(parts: FailoverParts, peers: Peers, side: Side): Detaching {
  const { settings, clock } = parts;
  const { network, members, late } = peers;
  const isConnected = (id: string): boolean => network.statusOf(id)?.connected ?? false;
  const detaching = startDetaching({
    ...parts,
    known: side.known,
    isConnected,
    heldOf: (id) => late.heldOf(id),
    refuses: (id) => network.statusOf(id)?.refused !== undefined,
    request: async (peerId, method, params, timeoutMs) =>
      (
        await network.request(
          peerId,
          method,
          params,
          timeoutMs === undefined ? {} : { timeoutMs: durationMs(timeoutMs) },
        )
      ).result,
    tellOthers: async () => {
      const given = new AbortController();
      await Promise.race([members.told(), clock.sleep(durationMs(TELL_OTHERS_MS), given.signal)]);
      given.abort();
    },
    endSessions: async () => {
      await settings.sessions.update((file) => withAllEnded(file, 'site-empty', clock.now()));
    },
  });
  network.handle('site.detach', async (peer, params) => {
    await leaveSite(
      {
        ...parts,
        heldOf: (id) => late.heldOf(id),
        isConnected,
        sayForget: async (id) => {
          await network.request(id, 'peer.forget', {});
        },
        refresh: network.refresh,
        onForgotten: async (id) => await forgetServer(side, id),
      },
      peer.id,
      params,
    );
    return { result: {} };
  });
  network.listen((event) => hearOf(detaching, event));
  return detaching;
}

/** Disabling and detaching, when footage is home. */
export function composeSecuring(parts: FailoverParts, peers: Peers, side: Side): Securing {
  const { known, detaching } = side;
  return startSecuring({
    ...parts,
    find: known.find,
    refuseHeld: async (record, action) => {
      if (detaching.isMember(record.id)) {
        refuseUnheard(peers, record);
        await detaching.refuseHeld(record, action === 'disable' ? 'be disabled' : 'be detached');
      } else refuseHeldHere(peers, record);
    },
    end: async (id, { action, cameras, user }) => {
      if (action === 'detach') await detaching.detach(id, { cameras }, user);
      else await known.setEnabled(id, false, user);
    },
  });
}

/** What lies at a failover server that is away is known when it returns. */
function refuseUnheard({ network }: Peers, { id, name, mode, enabled }: PeerRecord): void {
  if (mode !== 'failover' || !enabled || network.statusOf(id)?.connected === true) return;
  const message = `${name} is away: whether footage of others lies there is known when it returns.`;
  throw new UnderstudyError('unavailable', 'site/unreachable', message);
}

/** This server protects it without a host. */
function refuseHeldHere({ late }: Peers, { id, name }: PeerRecord): void {
  const here = late.heldOf(id);
  if (here === undefined) return;
  const held = `This server has footage of ${name}: ${here.words}`;
  throw new UnderstudyError('conflict', 'failover/covering', held, { context: { held } });
}

/** Who is told to leave refuses this host from then on: that is an answer too, for the key was checked before. */
function hearOf(detaching: Detaching, event: PeerEvent): void {
  if (event.kind === 'hello') detaching.review(event.peerId);
  if (event.kind === 'goodbye' && event.goodbye.reason === 'deauthorized') detaching.refusedBy(event.peerId);
  if (event.kind !== 'refused' || event.peerId === undefined) return;
  if (event.cause === 'refused-by-peer' || event.cause === 'deauthorized-by-peer') detaching.refusedBy(event.peerId);
}
