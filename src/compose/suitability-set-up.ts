/** What members of a host say of their hardware with each hello, put together. */
import { createUnsuitedServers } from '../control/unsuited-servers.ts';
import type { UnsuitedServers } from '../control/unsuited-servers.ts';
import type { FailoverParts } from './failover-box.ts';
import type { Peers } from './peer-set-up.ts';

export function composeSuitability(
  parts: Pick<FailoverParts, 'settings' | 'activity' | 'clock'>,
  { network }: Pick<Peers, 'network'>,
): Pick<UnsuitedServers, 'healthItems'> {
  const unsuited = createUnsuitedServers(parts);
  // Who was heard before this listens.
  for (const { peerId, hello } of network.status()) if (hello !== undefined) unsuited.see(peerId, hello);
  network.listen((event) => {
    if (event.kind === 'hello') unsuited.see(event.peerId, event.hello);
  });
  return unsuited;
}
