/** Discovery on loopback, on ports of its own, so that tests neither hear nor disturb a network. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { ExecutionContext } from 'ava';
import { systemClock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import type { Log } from '../../src/core/log.ts';
import { startLanDiscovery } from '../../src/discovery/lan-discovery.ts';
import type { LanDiscovery, LanDiscoveryDeps } from '../../src/discovery/lan-discovery.ts';
import type { LanInterface } from '../../src/discovery/lan-interfaces.ts';
import type { PeerFacts } from '../../src/discovery/lan-peer.ts';

export const LOOPBACK: LanInterface = { name: 'lo', address: '127.0.0.1', netmask: '255.0.0.0', key: 'lo 1' };

export type Loopback = {
  readonly groups: NonNullable<LanDiscoveryDeps['groups']>;
  readonly start: (facts?: PeerFacts, more?: { interfaces?: () => readonly LanInterface[]; log?: Log }) => LanDiscovery;
};

export async function loopbackLan(t: ExecutionContext): Promise<Loopback> {
  const groups = {
    ssdp: { address: '239.255.255.250', port: await freePort() },
    mdns: { address: '224.0.0.251', port: await freePort() },
  };
  return {
    groups,
    start: (facts, { interfaces = () => [LOOPBACK], log = silentLog } = {}) => {
      const discovery = startLanDiscovery({ clock: systemClock, log, facts, interfaces, groups });
      t.teardown(discovery.stop);
      return discovery;
    },
  };
}

async function freePort(): Promise<number> {
  const socket = createSocket('udp4').bind(0);
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}
