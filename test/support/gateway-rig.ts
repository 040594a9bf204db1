/** A host and one member with their APIs, real TLS between them, what is behind the routes made up: for tests of the site gateway. */
import type { ClientRequest } from 'node:http';
import { request } from 'node:https';
import type { ExecutionContext } from 'ava';
import { createMemberServer } from '../../src/api/member-server.ts';
import type { MemberServerDeps } from '../../src/api/member-server.ts';
import type { GatewayRequest } from '../../src/control/gateway-types.ts';
import { createSiteGateway } from '../../src/control/site-gateway.ts';
import type { OwnedSiteGateway } from '../../src/control/site-gateway.ts';
import { managerOf } from '../../src/site/membership.ts';
import type { PeerRecord } from '../../src/site/peer.ts';
import { startApi } from './api-server.ts';
import type { Api } from './api-server.ts';
import { createIdentity, recordOf, startBox } from './peer-rig.ts';
import type { Box, BoxOptions } from './peer-rig.ts';
import { waitFor } from './wait-for.ts';

type ApiOptions = NonNullable<Parameters<typeof startApi>[1]>;
export type GatewayRig = {
  readonly host: Api;
  readonly member: Api;
  readonly hostBox: Box;
  readonly memberBox: Box;
  readonly gateway: OwnedSiteGateway;
  readonly memberId: string;
  readonly hostId: string;
  /** The path at the host that is carried to the member. */
  readonly at: (path: string) => string;
};
export const HOST_NAME = 'Front desk';
export const MEMBER_NAME = 'NAS-2';

/** `memberDialsIn`: the host does not know an address of it. `app`: instead of the API of the member. */
export async function startGatewayRig(
  t: ExecutionContext,
  options: {
    readonly member?: ApiOptions;
    readonly memberDialsIn?: boolean;
    readonly locked?: boolean;
    readonly app?: Partial<MemberServerDeps['app']>;
  } = {},
): Promise<GatewayRig> {
  const { memberDialsIn = false, locked = false } = options;
  const late: { gateway?: OwnedSiteGateway } = {};
  const gatewayNow = (): OwnedSiteGateway => {
    if (late.gateway === undefined) throw new Error('not yet');
    return late.gateway;
  };
  const member = await startApi(t, options.member);
  const host = await startApi(t, {
    gateway: {
      request: async (...asked) => await gatewayNow().request(...asked),
      socket: async (...asked) => await gatewayNow().socket(...asked),
    },
  });
  await host.settings.server.update((server) => ({ ...server, mode: 'host', name: HOST_NAME }));
  const [hostIdentity, memberIdentity] = [await createIdentity(idOf(host)), await createIdentity(idOf(member))];
  const memberServer = createMemberServer({
    app: { ...member.app, ...options.app },
    manager: () => managerOf(member.settings.peers.get().peers),
  });
  member.settings.peers.onChange(memberServer.review);
  const memberBox = await startBox(t, memberIdentity, { ...peersOf(member), serving: memberServer });
  const hostBox = await startBox(t, hostIdentity, peersOf(host));
  const plain: Partial<PeerRecord> = { watched: false };
  const ofMember = recordOf(memberIdentity, memberDialsIn ? undefined : memberBox.network.port, plain);
  await host.settings.peers.update(() => ({ peers: [{ ...ofMember, name: MEMBER_NAME }] }));
  const ofHost = recordOf(hostIdentity, hostBox.network.port, { ...plain, managesUs: true, mode: 'host', locked });
  await member.settings.peers.update(() => ({ peers: [{ ...ofHost, name: HOST_NAME }] }));
  const gateway = createSiteGateway({
    settings: host.settings,
    connect: async (id, signal) => await hostBox.network.openHttp(id, signal),
    isConnected: (id) => hostBox.network.statusOf(id)?.connected ?? false,
    lastContactAt: () => Date.UTC(2026, 0, 2, 3, 4, 5),
  });
  late.gateway = gateway;
  host.settings.peers.onChange(gateway.review);
  host.settings.server.onChange(gateway.review);
  hostBox.network.listen((event) => {
    if (event.kind === 'down') gateway.lost(event.peerId);
  });
  t.teardown(gateway.stop);
  for (const { settings, network } of [
    { settings: host.settings, network: hostBox.network },
    { settings: member.settings, network: memberBox.network },
  ]) {
    settings.peers.onChange(network.refresh);
    network.refresh();
  }
  const memberId = idOf(member);
  await waitFor('the two to meet', () => hostBox.network.statusOf(memberId)?.connected);
  await waitFor('the two to meet', () => memberBox.network.statusOf(idOf(host))?.connected);
  return {
    host,
    member,
    hostBox,
    memberBox,
    gateway,
    memberId,
    hostId: idOf(host),
    at: (path) => `/api/v1/servers/${memberId}/api${path}`,
  };
}

const idOf = ({ settings }: Api): string => settings.server.get().id;
const peersOf = ({ settings }: Api): BoxOptions => ({ peers: () => settings.peers.get().peers });

const OLGA = { id: 'user-1', name: 'olga', role: 'owner', cameraIds: undefined } as const;
/** A request as site views make it. */
export const ask = (path: string, more: Partial<GatewayRequest> = {}): GatewayRequest => ({
  method: 'GET',
  path,
  caller: OLGA,
  signal: new AbortController().signal,
  ...more,
});
export const askAs = (id: string, path: string, more: Partial<GatewayRequest> = {}): GatewayRequest =>
  ask(path, { caller: { ...OLGA, id }, ...more });

/** A request of a browser, which a test may leave. */
export function openAt({ host, at }: GatewayRig, path: string, cookie: string): ClientRequest {
  const { port, tls } = host;
  const options = { host: '127.0.0.1', port, path: at(path), headers: { cookie }, ca: tls.certificate, agent: false };
  const asked = request({ ...options, checkServerIdentity: () => undefined });
  asked.on('error', () => undefined);
  asked.end();
  return asked;
}
