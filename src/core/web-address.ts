/**
 * Where browsers and servers reach a server, as its owner names it: a host name (RFC 1123 §2.1) or an IP address, without scheme, port
 * and brackets.
 * Belongs here: which text is one. Does not: whether anything answers there.
 */

const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i;
/** RFC 1035 §2.3.4, without the byte of the root. */
const MAX_LENGTH = 253;
export const WEB_ADDRESS_WORDS =
  'Expected a host name or an IP address, such as nas.example.org, without https:// and without a port';

export function isWebAddress(text: string): boolean {
  if (text.length > MAX_LENGTH) return false;
  if (text.includes(':')) return /^[0-9a-f:.]+$/i.test(text) && URL.canParse(`http://[${text}]/`);
  const labels = text.split('.');
  if (!labels.every((label) => LABEL.test(label))) return false;
  // What ends in a number is an IPv4 address to every browser, or nothing (WHATWG URL, "ends in a number").
  return !/^(\d+|0x[0-9a-f]*)$/i.test(labels.at(-1) ?? '') || isIpv4(labels);
}

/** As servers dial it: names with `_` too, which many have on a LAN, and the zone of an address (RFC 4007 §11). */
export const isServerAddress = (address: string): boolean =>
  isWebAddress(address.replaceAll('_', 'x').replace(/(?<=:.*)%[\w.-]{1,32}$/, ''));

const isIpv4 = (parts: readonly string[]): boolean =>
  parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);

/** As browsers write it in `Host`, without brackets. */
export const plainWebAddress = (address: string): string =>
  address.includes(':') ? new URL(`http://[${address}]/`).hostname.slice(1, -1) : address.toLowerCase();
