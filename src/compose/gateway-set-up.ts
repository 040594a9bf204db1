/** The site gateway, put together: what this server carries to members as their host, and what it answers its own host. */
import type { MemberServer } from '../api/member-server.ts';
import { createSiteGateway } from '../control/site-gateway.ts';
import type { SiteGateway } from '../control/site-gateway.ts';
import type { Cancel } from '../core/clock.ts';
import type { FailoverParts } from './failover-box.ts';
import type { Peers } from './peer-set-up.ts';

export type GatewaySide = {
  readonly gateway: SiteGateway;
  /** The API is there: what the host of this server asks is answered from now on. */
  readonly answerWith: (server: MemberServer) => void;
};
export type OwnedGatewaySide = GatewaySide & { readonly stop: Cancel };

export function composeGateway(
  { settings }: FailoverParts,
  { network, late }: Peers,
  lastContactAt: (serverId: string) => number | undefined,
): OwnedGatewaySide {
  const gateway = createSiteGateway({
    settings,
    connect: async (serverId, signal) => await network.openHttp(serverId, signal),
    isConnected: (serverId) => network.statusOf(serverId)?.connected ?? false,
    lastContactAt,
  });
  let server: MemberServer | undefined;
  const review = (): void => {
    gateway.review();
    server?.review();
  };
  const cancels = [
    settings.peers.onChange(review),
    settings.server.onChange(review),
    network.listen((event) => {
      if (event.kind === 'down') gateway.lost(event.peerId);
    }),
  ];
  return {
    gateway,
    answerWith: (given) => {
      server = given;
      late.serving = given;
    },
    stop: () => {
      for (const cancel of cancels) cancel();
      gateway.stop();
      server?.stop();
    },
  };
}
