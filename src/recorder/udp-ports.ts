/**
 * Pairs of UDP ports for RTP and RTCP: an even one and the next odd one (RFC 3550 §11).
 * Belongs here: finding and closing them. Does not: what arrives (rtsp-connection.ts).
 */
import { createSocket } from 'node:dgram';
import type { RemoteInfo, Socket } from 'node:dgram';
import { once } from 'node:events';

/** A random port has a free neighbour nearly always; ten failures mean there is none. */
const MAX_ATTEMPTS = 10;
/** 1 s of a 16 Mbit/s camera while this process is held up; the kernel may give less. */
const RECEIVE_BUFFER: number = 2 * 1024 * 1024;

export type UdpPair = {
  readonly rtpPort: number;
  readonly rtcpPort: number;
  readonly sendRtcp: (packet: Uint8Array, port: number, address: string) => void;
  readonly sendRtp: (packet: Uint8Array, port: number, address: string) => void;
  readonly close: () => void;
};
export type UdpHandler = {
  readonly rtp: (packet: Buffer, from: RemoteInfo) => void;
  readonly rtcp: (packet: Buffer, from: RemoteInfo) => void;
};

/** `undefined` if no pair is free. */
export async function openUdpPair(family: 4 | 6, handler: UdpHandler): Promise<UdpPair | undefined> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    const first = await bind(family, 0);
    if (first === undefined) return undefined;
    const port = first.address().port;
    const second = await bind(family, port % 2 === 0 ? port + 1 : port - 1);
    if (second !== undefined) return pairOf(port % 2 === 0 ? [first, second] : [second, first], handler);
    first.close();
  }
  return undefined;
}

async function bind(family: 4 | 6, port: number): Promise<Socket | undefined> {
  const socket = createSocket({ type: family === 4 ? 'udp4' : 'udp6', recvBufferSize: RECEIVE_BUFFER });
  try {
    socket.bind(port);
    await once(socket, 'listening');
    return socket;
  } catch {
    socket.close();
    return undefined;
  }
}

function pairOf([rtp, rtcp]: readonly [Socket, Socket], handler: UdpHandler): UdpPair {
  let open = true;
  const send = (socket: Socket, packet: Uint8Array, port: number, address: string): void => {
    // A report that does not get through is followed by the next one.
    if (open) socket.send(packet, port, address, () => undefined);
  };
  rtp.on('message', handler.rtp);
  rtcp.on('message', handler.rtcp);
  for (const socket of [rtp, rtcp]) socket.on('error', () => undefined);
  return {
    rtpPort: rtp.address().port,
    rtcpPort: rtcp.address().port,
    sendRtcp: (packet, port, address) => send(rtcp, packet, port, address),
    sendRtp: (packet, port, address) => send(rtp, packet, port, address),
    close: () => {
      if (!open) return;
      open = false;
      rtp.close();
      rtcp.close();
    },
  };
}
