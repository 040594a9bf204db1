/** Adding servers, put together: names and certificates from the network, hints from the LAN, names over the channel. */
import { lookup } from 'node:dns/promises';
import type { ServersAddingDeps } from '../api/routes/servers-adding.ts';
import { createAddingApi } from '../control/adding-api.ts';
import { startJoinings } from '../control/joining.ts';
import type { Joinings } from '../control/joining.ts';
import type { KnownServers } from '../control/known-servers.ts';
import { durationMs } from '../core/units.ts';
import type { FailoverParts } from './failover-box.ts';
import { sayForgetOf } from './known-set-up.ts';
import { fingerprintAt, remoteApi } from './peer-set-up.ts';
import type { Peers } from './peer-set-up.ts';

const HINT_SECONDS = 0.5;
/** One answer over a connection that is up. */
const RENAME_WITHIN = durationMs(5000);

export function composeAdding(parts: FailoverParts, peers: Peers, known: KnownServers): ServersAddingDeps {
  return createAddingApi({
    ...parts,
    known,
    remoteApi,
    lookUp: async (host) => (await lookup(host, { all: true })).map(({ address }) => address),
    fetchFingerprint: fingerprintAt,
    hintOf: async (fingerprint) =>
      ((await peers.discovery?.search(HINT_SECONDS)) ?? []).find((peer) => peer.fingerprint === fingerprint),
    isConnected: (id) => peers.network.statusOf(id)?.connected ?? false,
    sendName: async (id, name) => {
      await peers.network.request(id, 'site.rename', { name }, { timeoutMs: RENAME_WITHIN });
    },
  });
}

export function composeJoinings(parts: FailoverParts, peers: Peers, known: KnownServers): Joinings {
  const { network } = peers;
  return startJoinings({
    ...parts,
    known,
    isConnected: (id) => network.statusOf(id)?.connected ?? false,
    sayForget: sayForgetOf(parts, peers),
    refresh: network.refresh,
  });
}
