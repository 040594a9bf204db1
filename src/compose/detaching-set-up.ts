/** Leaving the site, put together: what the host asks and what a member answers over the peer channel. */
import { startDetaching } from '../control/detaching.ts';
import type { Detaching } from '../control/detaching.ts';
import { leaveSite } from '../control/leaving.ts';
import { durationMs } from '../core/units.ts';
import type { PeerEvent } from '../peer/network-types.ts';
import { withAllEnded } from '../site/account.ts';
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

/** Who is told to leave refuses this host from then on: that is an answer too, for the key was checked before. */
function hearOf(detaching: Detaching, event: PeerEvent): void {
  if (event.kind === 'hello') detaching.review(event.peerId);
  if (event.kind === 'goodbye' && event.goodbye.reason === 'deauthorized') detaching.refusedBy(event.peerId);
  if (event.kind !== 'refused' || event.peerId === undefined) return;
  if (event.cause === 'refused-by-peer' || event.cause === 'deauthorized-by-peer') detaching.refusedBy(event.peerId);
}
