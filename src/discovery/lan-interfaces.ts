/** IPv4 interfaces of this box that can reach a LAN, and what is on their link. */
import { readFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { networkInterfaces } from 'node:os';

export type LanInterface = {
  readonly name: string;
  readonly address: string;
  readonly netmask: string;
  /** Changes when anything changes that makes open sockets deaf: address, hardware address, or a new interface of the old name. */
  readonly key: string;
};

/** Two sockets an interface and protocol; a box has two ports, the rest are bridges of containers. */
export const MAX_INTERFACES = 16;

/** Interfaces that are up and have a carrier, in the system's order. */
export function lanInterfaces(): readonly LanInterface[] {
  return Object.entries(networkInterfaces())
    .flatMap(([name, entries]) => (entries ?? []).map((entry) => ({ name, ...entry })))
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .slice(0, MAX_INTERFACES)
    .map(({ name, address, netmask, mac }) => ({
      name,
      address,
      netmask,
      key: `${name} ${address}/${netmask} ${mac} ${indexOf(name)}`,
    }));
}

/** Linux numbers interfaces and never uses a number again: tells a recreated interface from its forerunner. */
function indexOf(name: string): string {
  try {
    return readFileSync(`/sys/class/net/${name}/ifindex`, 'ascii').trim();
  } catch {
    return '';
  }
}

/** Whether `address` is a neighbour on this interface (RFC 6762 §11: everything else is ignored). */
export function isOnLink(address: string, link: Pick<LanInterface, 'address' | 'netmask'>): boolean {
  if (!isIPv4(address)) return false;
  const mask = numberOf(link.netmask);
  return (numberOf(address) & mask) === (numberOf(link.address) & mask);
}

const numberOf = (address: string): number =>
  address.split('.').reduce((number, part) => ((number << 8) | Number(part)) >>> 0, 0);
