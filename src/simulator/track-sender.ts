/** How packets of one track reach one client: interleaved on its RTSP connection, or as datagrams. */
import type { PortPair } from '../media/rtsp/transport-header.ts';
import { INTERLEAVED_HEADER, writeInterleavedHeader } from '../media/rtsp/interleaved.ts';

/** The camera's pair of UDP sockets. */
export type Datagrams = {
  readonly ports: PortPair;
  readonly send: (from: 'rtp' | 'rtcp', bytes: Uint8Array, port: number, host: string) => void;
  /** Calls `heard` for every datagram of this peer until cancelled. */
  readonly hear: (host: string, ports: PortPair, heard: (bytes: Uint8Array) => void) => () => void;
};

export type TrackRoute =
  | { readonly kind: 'tcp'; readonly channels: PortPair; readonly write: (bytes: Uint8Array) => void }
  | {
      readonly kind: 'udp';
      readonly ports: PortPair;
      readonly host: string;
      readonly datagrams: Datagrams;
      readonly heard: (bytes: Uint8Array) => void;
    };

export type TrackSender = {
  readonly rtp: (packets: readonly Uint8Array[]) => void;
  readonly rtcp: (packet: Uint8Array) => void;
  readonly close: () => void;
};

export function createTrackSender(route: TrackRoute): TrackSender {
  if (route.kind === 'tcp') {
    const { channels, write } = route;
    return {
      rtp: (packets) => write(interleaved(packets, channels.rtp)),
      rtcp: (packet) => write(interleaved([packet], channels.rtcp)),
      close: () => undefined,
    };
  }
  const { ports, host, datagrams, heard } = route;
  const deaf = datagrams.hear(host, ports, heard);
  return {
    rtp: (packets) => {
      for (const packet of packets) datagrams.send('rtp', packet, ports.rtp, host);
    },
    rtcp: (packet) => datagrams.send('rtcp', packet, ports.rtcp, host),
    close: deaf,
  };
}

/** Packets of the burst that was framed last, by channel: clients of one camera mostly choose the same one. */
const framed = new WeakMap<readonly Uint8Array[], Map<number, Uint8Array>>();

/** One write a burst instead of one a packet; framed once for all clients with this channel. */
function interleaved(packets: readonly Uint8Array[], channel: number): Uint8Array {
  const known = framed.get(packets)?.get(channel);
  if (known !== undefined) return known;
  const bytes = new Uint8Array(packets.reduce((sum, packet) => sum + INTERLEAVED_HEADER + packet.length, 0));
  let at = 0;
  for (const packet of packets) {
    writeInterleavedHeader(bytes, at, channel, packet.length);
    bytes.set(packet, at + INTERLEAVED_HEADER);
    at += INTERLEAVED_HEADER + packet.length;
  }
  const byChannel = framed.get(packets) ?? new Map<number, Uint8Array>();
  byChannel.set(channel, bytes);
  framed.set(packets, byChannel);
  return bytes;
}
