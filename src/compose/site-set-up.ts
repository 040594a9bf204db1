/** The site, put together: what its host decides and asks, and what its members answer. */
import type { SiteDeps } from '../api/routes/site.ts';
import { createRemoteSettings, createSettingsAnswers } from '../control/remote-settings.ts';
import { createSiteApi, heldOfThese } from '../control/site-api.ts';
import { UnderstudyError } from '../core/errors.ts';
import type { PeerCaller, PeerNetwork } from '../peer/network-types.ts';
import type { FailoverParts } from './failover-box.ts';
import type { Peers } from './peer-set-up.ts';

export function composeSite(parts: FailoverParts, peers: Peers): SiteDeps {
  const { network, late } = peers;
  answerHost(network, 'site.held', async (_host, params) => await Promise.resolve(heldOfThese(params, late.heldOf)));
  const answers = createSettingsAnswers(parts);
  answerHost(network, 'failover.settings', async () => await Promise.resolve(answers.read()));
  answerHost(network, 'failover.change', async ({ record }, params) => await answers.change(record.name, params));
  const request = async (peerId: string, method: string, params: unknown): Promise<unknown> =>
    (await network.request(peerId, method, params)).result;
  return {
    ...createSiteApi({ ...parts, request }),
    remote: createRemoteSettings({ ...parts, request }),
  };
}

type Answer = (host: PeerCaller, params: unknown) => Promise<unknown>;
/** Only the host may ask and tell these things; anybody else gets peer/not-yours. */
function answerHost({ handle }: Pick<PeerNetwork, 'handle'>, method: string, answer: Answer): void {
  handle(method, async (peer, params) => {
    if (!peer.record.managesUs)
      throw new UnderstudyError('forbidden', 'peer/not-yours', 'Only the host of this server may do this.');
    return { result: await answer(peer, params) };
  });
}
