/**
 * The only part of RTMP that the LAN reaches: accepts connections from private addresses, looks at the first byte, and passes the rest
 * to the server on loopback. Bounded in connections and in the time a client may take to begin.
 */
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { BlockList, isIPv4 } from 'node:net';
import type { Clock } from '../core/clock.ts';
import type { Running } from '../core/running.ts';
import { durationMs } from '../core/units.ts';
import type { DurationMs } from '../core/units.ts';

/** One box has 128 cameras; twice that leaves room for reconnects that overlap. */
export const MAX_CONNECTIONS = 256;
/** C0 and C1 arrive at once from any camera; what has not begun by then is no camera. */
const HANDSHAKE_TIMEOUT = durationMs(5000);
/** A camera that lost its power leaves its push standing, and would be refused as a second one when it is back. */
const IDLE_TIMEOUT = durationMs(10_000);
/** RTMP 1.0 §5.2.2: the version in C0. */
const RTMP_VERSION = 3;

export type FrontOptions = {
  readonly address: string;
  readonly port: number;
  readonly upstreamPort: number;
  readonly clock: Clock;
  /** For tests. */
  readonly idleTimeout?: DurationMs;
};
export type Front = Running & { readonly port: number };

/** Rejects with the system's error when the port is taken. */
export async function startFront(options: FrontOptions): Promise<Front> {
  const { address, port, upstreamPort, clock, idleTimeout = IDLE_TIMEOUT } = options;
  const local = privateAddresses();
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const from = (client.remoteAddress ?? '').replace(/^::ffff:/, '');
    if (!local.check(from, isIPv4(from) ? 'ipv4' : 'ipv6')) {
      client.destroy();
      return;
    }
    sockets.add(client);
    client.once('close', () => sockets.delete(client));
    client.on('error', () => client.destroy());
    client.setTimeout(idleTimeout, () => client.destroy());
    const cancel = clock.after(HANDSHAKE_TIMEOUT, () => client.destroy());
    client.once('close', cancel);
    client.once('data', (first: Buffer) => {
      cancel();
      if (first[0] === RTMP_VERSION) passOn(client, first, upstreamPort);
      else client.destroy();
    });
  });
  server.maxConnections = MAX_CONNECTIONS;
  const listening = Promise.withResolvers<void>();
  server.once('error', listening.reject);
  // Without a host Node takes IPv4 alone where there is no IPv6.
  server.listen({ port, ...(address === '::' ? {} : { host: address }) }, listening.resolve);
  await listening.promise;
  server.on('error', () => undefined);
  return {
    port: (server.address() as AddressInfo).port,
    stop: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function passOn(client: Socket, first: Buffer, port: number): void {
  const upstream = connect({ host: '127.0.0.1', port, noDelay: true });
  const endBoth = (): void => {
    client.destroy();
    upstream.destroy();
  };
  upstream.on('error', endBoth);
  upstream.once('close', endBoth);
  client.once('close', endBoth);
  upstream.write(first);
  client.pipe(upstream);
  upstream.pipe(client);
}

/** Loopback, RFC 1918, link-local and unique local addresses: where cameras are. */
function privateAddresses(): BlockList {
  const list = new BlockList();
  for (const [network, prefix] of [
    ['127.0.0.0', 8],
    ['10.0.0.0', 8],
    ['172.16.0.0', 12],
    ['192.168.0.0', 16],
    ['169.254.0.0', 16],
  ] as const) {
    list.addSubnet(network, prefix, 'ipv4');
  }
  list.addAddress('::1', 'ipv6');
  list.addSubnet('fe80::', 10, 'ipv6');
  list.addSubnet('fc00::', 7, 'ipv6');
  return list;
}
