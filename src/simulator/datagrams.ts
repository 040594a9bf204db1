/** A pair of UDP sockets of a simulated camera: RTP on an even port, RTCP on the next (RFC 3550 §11). */
import { createSocket } from 'node:dgram';
import type { Socket as DatagramSocket } from 'node:dgram';
import { once } from 'node:events';
import { UnderstudyError } from '../core/errors.ts';
import type { Datagrams } from './track-sender.ts';

/** Tries to find an even port with a free neighbour. */
const PORT_TRIES = 50;

export type OpenDatagrams = { readonly datagrams: Datagrams; readonly close: () => void };

export async function openDatagrams(host: string): Promise<OpenDatagrams> {
  for (let tries = 0; tries < PORT_TRIES; tries += 1) {
    const rtp = await bind(host, 0);
    const port = rtp?.address().port ?? 1;
    const rtcp = port % 2 === 0 ? await bind(host, port + 1) : undefined;
    if (rtp !== undefined && rtcp !== undefined) return pairOf(rtp, rtcp);
    rtp?.close();
  }
  throw new UnderstudyError('limit', 'simulator/ports', 'expected two neighbouring free UDP ports, found none');
}

async function bind(host: string, port: number): Promise<DatagramSocket | undefined> {
  const socket = createSocket({ type: host.includes(':') ? 'udp6' : 'udp4', sendBufferSize: 1024 * 1024 });
  try {
    socket.bind(port, host);
    await once(socket, 'listening');
    socket.on('error', () => undefined);
    return socket;
  } catch {
    socket.close();
    return undefined;
  }
}

function pairOf(rtp: DatagramSocket, rtcp: DatagramSocket): OpenDatagrams {
  const ears = new Map<string, (bytes: Uint8Array) => void>();
  const keyOf = (host: string, port: number): string => `${host}:${port}`;
  for (const socket of [rtp, rtcp])
    socket.on('message', (bytes, from) => ears.get(keyOf(from.address, from.port))?.(bytes));
  const datagrams: Datagrams = {
    ports: { rtp: rtp.address().port, rtcp: rtcp.address().port },
    send: (from, bytes, port, host) => (from === 'rtp' ? rtp : rtcp).send(bytes, port, host, () => undefined),
    hear: (host, ports, heard) => {
      const keys = [keyOf(host, ports.rtp), keyOf(host, ports.rtcp)];
      for (const key of keys) ears.set(key, heard);
      return () => keys.forEach((key) => ears.delete(key));
    },
  };
  return {
    datagrams,
    close: () => {
      rtp.close();
      rtcp.close();
    },
  };
}
