/** The site, put together: what its host decides, and what its members answer their host. */
import type { SiteDeps } from '../api/routes/site.ts';
import { createSiteApi, heldOfThese } from '../control/site-api.ts';
import { UnderstudyError } from '../core/errors.ts';
import type { PeerCaller } from '../peer/network-types.ts';
import type { FailoverParts } from './failover-box.ts';
import type { Peers } from './peer-set-up.ts';

export function composeSite({ settings, activity }: FailoverParts, { network, late }: Peers): SiteDeps {
  network.handle('site.held', async (peer, params) => {
    refuseStrangers(peer);
    return await Promise.resolve({ result: heldOfThese(params, late.heldOf) });
  });
  return createSiteApi({
    settings,
    activity,
    request: async (peerId, method, params) => (await network.request(peerId, method, params)).result,
  });
}

/** Only the host may ask and tell these things. @throws peer/not-yours */
function refuseStrangers({ record }: PeerCaller): void {
  if (record.managesUs) return;
  throw new UnderstudyError('forbidden', 'peer/not-yours', 'Only the host of this server may do this.');
}
