/**
 * Which addresses a camera may have, so that a camera URL cannot make this box talk to itself, to the network's own
 * machinery or to a cloud's metadata service (server-side request forgery). Pure: asked with every resolved address, before
 * each connection, so that a name that resolves differently later gains nothing.
 *
 * Belongs here: scheme, address and port as values. Does not: resolving names (recorder, discovery).
 */

import { pushKeyOf } from './push-key.ts';

/** What this box allows and which ports are its own. */
export type CameraAddressPolicy = {
  readonly allowLoopback: boolean;
  /** Addresses of this box; its own ports on them are refused. */
  readonly ownAddresses: readonly string[];
  readonly ownPorts: readonly number[];
};

export type AddressRefusal = {
  readonly code:
    | 'scheme'
    | 'host'
    | 'credentials'
    | 'port'
    | 'loopback'
    | 'link-local'
    | 'multicast'
    | 'unspecified'
    | 'reserved'
    | 'own-port'
    | 'push';
  /** For a person; never holds credentials. */
  readonly message: string;
};

export type CameraUrl = {
  readonly scheme: 'rtsp' | 'rtsps' | 'rtmp';
  /** Without brackets, lower case; IPv4 in any spelling is written as four decimals. */
  readonly host: string;
  readonly port: number;
  /** Whether `host` is an address; a name must be resolved first. */
  readonly literal: boolean;
};

const DEFAULT_PORTS: Readonly<Record<CameraUrl['scheme'], number>> = { rtsp: 554, rtsps: 322, rtmp: 1935 };
const isScheme = (text: string): text is CameraUrl['scheme'] => Object.hasOwn(DEFAULT_PORTS, text);

/** The parts that matter here, or why the URL is refused whatever it resolves to. Credentials must be gone from it already. */
export function parseCameraUrl(url: string): CameraUrl | AddressRefusal {
  const [, givenScheme = '', authority = ''] = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)/i.exec(url) ?? [];
  const scheme = givenScheme.toLowerCase();
  if (!isScheme(scheme)) return NOT_A_CAMERA;
  if (authority.includes('@')) return WITH_CREDENTIALS;
  const [, hostText, portText] = /^(\[[0-9a-f:.]+\]|[^:[\]\s\\%]+)(?::(\d{1,5}))?$/i.exec(authority) ?? [];
  const host = hostText === undefined ? undefined : hostOf(hostText);
  if (host === undefined) return NO_HOST;
  const port = portText === undefined ? DEFAULT_PORTS[scheme] : Number(portText);
  if (port < 1 || port > 65_535) return { code: 'port', message: `A port is 1 to 65535; this one is ${port}.` };
  return { scheme, host, port, literal: bytesOf(host) !== undefined };
}

const NOT_A_CAMERA: AddressRefusal = {
  code: 'scheme',
  message: 'A camera address begins with rtsp://, rtsps:// or rtmp://.',
};
const WITH_CREDENTIALS: AddressRefusal = {
  code: 'credentials',
  message: 'User name and password belong into their own fields, not into the address.',
};
const NOT_A_PUSH: AddressRefusal = {
  code: 'push',
  message:
    'A camera that sends RTMP pushes to this box: write rtmp://push/KEY with a key of 8 to 64 letters, digits, - and _. ' +
    'Nothing is fetched from RTMP servers.',
};
const NO_HOST: AddressRefusal = { code: 'host', message: 'The address names no host that can be understood.' };

/** Let the URL standard read the host: it knows decimal, octal, hexadecimal and short IPv4 addresses. */
function hostOf(text: string): string | undefined {
  const parsed = URL.canParse(`http://${text}/`) ? new URL(`http://${text}/`).hostname : '';
  const host = parsed.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  return host === '' ? undefined : host;
}

export const isRefusal = (value: CameraUrl | AddressRefusal): value is AddressRefusal => 'code' in value;

/** Why `address` (IPv4 or IPv6, as resolved) must not be connected to, or undefined. */
export function refusalOfAddress(
  address: string,
  port: number,
  policy: CameraAddressPolicy,
): AddressRefusal | undefined {
  const bytes = bytesOf(address);
  if (bytes === undefined) return { code: 'host', message: `Expected an IP address, got ${address.slice(0, 64)}.` };
  const kind = kindOf(unmapped(bytes));
  if (kind === 'loopback') {
    if (!policy.allowLoopback)
      return refused('loopback', address, 'is this box itself. An owner can allow that in the settings');
  } else if (kind !== 'ordinary') {
    return refused(kind, address, 'cannot be the address of a camera');
  }
  const own = kind === 'loopback' || policy.ownAddresses.some((mine) => sameAddress(mine, address));
  if (own && policy.ownPorts.includes(port))
    return refused('own-port', `${address} port ${port}`, 'is this server itself');
  return undefined;
}

/**
 * Both together, for a URL whose host is an address; a name passes, to be asked again once it is resolved.
 * `rtmp://push/KEY` is no connection of ours: the camera connects to this box. We fetch from no other RTMP server.
 */
export function refusalOfUrl(url: string, policy: CameraAddressPolicy): AddressRefusal | undefined {
  const parsed = parseCameraUrl(url);
  if (isRefusal(parsed)) return parsed;
  if (parsed.scheme === 'rtmp') return pushKeyOf(url) === undefined ? NOT_A_PUSH : undefined;
  if (parsed.literal) return refusalOfAddress(parsed.host, parsed.port, policy);
  const name = parsed.host;
  if (!policy.allowLoopback && (name === 'localhost' || name.endsWith('.localhost'))) {
    return refused('loopback', name, 'is this box itself. An owner can allow that in the settings');
  }
  return undefined;
}

function refused(code: AddressRefusal['code'], address: string, why: string): AddressRefusal {
  return { code, message: `${address} ${why}.` };
}

type Kind = 'ordinary' | 'loopback' | 'link-local' | 'multicast' | 'unspecified' | 'reserved';
function kindOf(bytes: readonly number[]): Kind {
  return bytes.length === 4 ? kindOfV4(bytes) : kindOfV6(bytes);
}

/** RFC 6890. */
function kindOfV4([a = 0, b = 0]: readonly number[]): Kind {
  if (a === 0) return 'unspecified';
  if (a === 127) return 'loopback';
  if (a === 169 && b === 254) return 'link-local';
  if (a >= 224 && a < 240) return 'multicast';
  return a >= 240 ? 'reserved' : 'ordinary';
}

/** RFC 4291; `fd00:ec2::254` is the metadata service of a cloud and lies among ordinary private addresses. */
function kindOfV6(bytes: readonly number[]): Kind {
  const [a = 0, b = 0] = bytes;
  const head = bytes.slice(0, 15).every((byte) => byte === 0);
  if (head) return bytes[15] === 1 ? 'loopback' : bytes[15] === 0 ? 'unspecified' : 'reserved';
  if (a === 0xfe && b >= 0x80) return b < 0xc0 ? 'link-local' : 'reserved';
  if (a === 0xff) return 'multicast';
  if (hex(bytes) === 'fd000ec2000000000000000000000254') return 'reserved';
  return 'ordinary';
}

const hex = (bytes: readonly number[]): string => bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('');

/** IPv4 inside IPv6: mapped (`::ffff:0:0/96`), compatible (`::/96`), NAT64 (`64:ff9b::/96`) and 6to4 (`2002::/16`). */
function unmapped(bytes: readonly number[]): readonly number[] {
  if (bytes.length === 4) return bytes;
  const prefix = hex(bytes.slice(0, 12));
  if (prefix === '00000000000000000000ffff' || prefix === '0064ff9b0000000000000000') return bytes.slice(12);
  if (prefix === '0'.repeat(24) && hex(bytes.slice(12)) > '0000ffff') return bytes.slice(12);
  return prefix.startsWith('2002') ? bytes.slice(2, 6) : bytes;
}

const sameAddress = (one: string, other: string): boolean => {
  const [a, b] = [bytesOf(one), bytesOf(other)];
  return a !== undefined && b !== undefined && hex(unmapped(a)) === hex(unmapped(b));
};

/** 4 or 16 bytes, or undefined when `text` is no address in canonical or usual spelling. */
function bytesOf(text: string): readonly number[] | undefined {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) {
    const parts = text.split('.').map(Number);
    return parts.every((part) => part < 256) ? parts : undefined;
  }
  const address = text.replace(/%.*$/, '');
  if (!address.includes(':') || !URL.canParse(`http://[${address}]/`)) return undefined;
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [head = '', tail] = canonical.split('::');
  const words = (part: string): readonly number[] =>
    part === '' ? [] : part.split(':').map((word) => Number.parseInt(word, 16));
  const [before, after] = [words(head), words(tail ?? '')];
  const zeros = Array.from({ length: tail === undefined ? 0 : 8 - before.length - after.length }, () => 0);
  return [...before, ...zeros, ...after].flatMap((word) => [word >> 8, word & 0xff]);
}
