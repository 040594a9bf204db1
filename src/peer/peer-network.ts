/** The peer channel of one server. */
import type { PeerNetwork, PeerNetworkDeps } from './network-types.ts';

/** Listens and dials. @throws peer/listen */
export async function startPeerNetwork(deps: PeerNetworkDeps): Promise<PeerNetwork> {
  await Promise.resolve();
  throw new TypeError(`not yet: ${deps.port}`);
}
