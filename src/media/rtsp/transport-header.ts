/**
 * The `Transport` header (RFC 2326 §12.39): what we ask for in SETUP, and what the camera made of it.
 * Tolerated: any case, spaces, several alternatives (the first that we can use counts), missing `server_port`, single ports,
 * an answer without `interleaved` (then what was asked for holds).
 */
export type TransportChoice =
  | { readonly kind: 'tcp'; readonly rtpChannel: number; readonly rtcpChannel: number }
  | { readonly kind: 'udp'; readonly rtpPort: number; readonly rtcpPort: number };

export type TransportAnswer = {
  readonly kind: 'tcp' | 'udp';
  readonly channels: PortPair | undefined;
  readonly clientPorts: PortPair | undefined;
  readonly serverPorts: PortPair | undefined;
  /** Where RTP will come from, if the camera says so. */
  readonly source: string | undefined;
  readonly destination: string | undefined;
  readonly ssrc: number | undefined;
  readonly multicast: boolean;
};
export type PortPair = { readonly rtp: number; readonly rtcp: number };

export const encodeTransport = (choice: TransportChoice): string =>
  choice.kind === 'tcp'
    ? `RTP/AVP/TCP;unicast;interleaved=${choice.rtpChannel}-${choice.rtcpChannel}`
    : `RTP/AVP;unicast;client_port=${choice.rtpPort}-${choice.rtcpPort}`;

/** For servers. */
export function encodeTransportAnswer(answer: TransportAnswer): string {
  const parts = [answer.kind === 'tcp' ? 'RTP/AVP/TCP' : 'RTP/AVP', answer.multicast ? 'multicast' : 'unicast'];
  const pair = (name: string, { rtp, rtcp }: PortPair): number => parts.push(`${name}=${rtp}-${rtcp}`);
  if (answer.destination !== undefined) parts.push(`destination=${answer.destination}`);
  if (answer.source !== undefined) parts.push(`source=${answer.source}`);
  if (answer.channels) pair('interleaved', answer.channels);
  if (answer.clientPorts) pair('client_port', answer.clientPorts);
  if (answer.serverPorts) pair('server_port', answer.serverPorts);
  if (answer.ssrc !== undefined) parts.push(`ssrc=${answer.ssrc.toString(16).toUpperCase().padStart(8, '0')}`);
  return parts.join(';');
}

/** The alternatives of a header, best first as the sender ordered them; those of other profiles (SAVP, RAW) are left out. */
export function parseTransport(text: string): readonly TransportAnswer[] {
  return text
    .split(',')
    .slice(0, 8)
    .map(parseAlternative)
    .filter((answer) => answer !== undefined);
}

function parseAlternative(text: string): TransportAnswer | undefined {
  const [profile = '', ...rest] = text.split(';').map((part) => part.trim());
  const match = /^RTP\/AVP(?:\/(TCP|UDP))?$/i.exec(profile);
  if (!match) return undefined;
  const fields = new Map(
    rest.map((part) => {
      const [name = '', ...value] = part.split('=');
      return [name.trim().toLowerCase(), value.join('=').trim().replaceAll('"', '')] as const;
    }),
  );
  const ssrc = fields.get('ssrc');
  return {
    kind: match[1]?.toUpperCase() === 'TCP' || fields.has('interleaved') ? 'tcp' : 'udp',
    channels: pairOf(fields.get('interleaved'), 255),
    clientPorts: pairOf(fields.get('client_port'), 65_535),
    serverPorts: pairOf(fields.get('server_port'), 65_535),
    source: addressOf(fields.get('source')),
    destination: addressOf(fields.get('destination')),
    ssrc: ssrc !== undefined && /^[0-9a-f]{1,8}$/i.test(ssrc) ? Number.parseInt(ssrc, 16) : undefined,
    multicast: fields.has('multicast'),
  };
}

function pairOf(text: string | undefined, max: number): PortPair | undefined {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text ?? '');
  if (!match) return undefined;
  const rtp = Number(match[1]);
  const rtcp = match[2] === undefined ? rtp + 1 : Number(match[2]);
  return rtp > max || rtcp > max ? undefined : { rtp, rtcp };
}

const addressOf = (text: string | undefined): string | undefined =>
  text !== undefined && /^[\w.:%-]{1,255}$/.test(text) ? text : undefined;
