/**
 * Which datagrams the libraries get to see, and which of theirs may leave. Pure but for the counters of a rate limit.
 *
 * What the libraries do with datagrams of strangers, read in node-ssdp 4.0.1 and bonjour-service 1.4.4 with multicast-dns 7.2.5:
 * - node-ssdp answers every M-SEARCH, whatever its size and source: 13 times its size was reflected at a spoofed source.
 * - node-ssdp throws on a search from port 0, and its expression for headers takes quadratic time on a header with a line feed in it.
 * - dns-packet makes four arrays of the lengths that a header claims: 2 MB for 12 bytes.
 * - bonjour-service answers each question by a multicast of its own, however often it is asked.
 * Hence: nothing gets in that does not speak of us, and no answer leaves that is larger than its question.
 */
import type { MonotonicMs } from '../core/units.ts';

/** UPnP Device Architecture 2.0 §1.1.4: `urn:` domain `:service:` type `:` version. */
export const SSDP_TARGET = 'urn:understudy-nvr:service:failover:1';
/** RFC 6335 §5.1: at most 15 characters. */
export const MDNS_TYPE = 'understudy';
export const MDNS_SERVICE: string = `_${MDNS_TYPE}._tcp.local`;

/** One Ethernet frame; nothing of ours is longer. */
export const MAX_DATAGRAM_BYTES = 1472;
/** Our searches are filled up to this, so that the longest answer is no longer than its question. */
export const SEARCH_BYTES = 1300;
/** Entries of all sections of a DNS message. */
export const MAX_DNS_RECORDS = 64;
const DNS_HEADER_BYTES = 12;

export type Peer = { readonly address: string; readonly port: number };
export type SsdpKind = 'search' | 'notify' | 'answer';
export type MdnsKind = 'query' | 'response';

/** What an SSDP datagram is, or `undefined` if it is not for us. It is printable ASCII in whole lines, so each header is one line. */
export function ssdpKindOf(datagram: Uint8Array): SsdpKind | undefined {
  if (datagram.length > MAX_DATAGRAM_BYTES) return undefined;
  const text = Buffer.from(datagram.buffer, datagram.byteOffset, datagram.length).toString('latin1');
  if (!/^(?:[\x20-\x7e\t]*\r\n)+$/.test(text)) return undefined;
  if (text.startsWith('M-SEARCH * HTTP/1.1\r\n'))
    return text.includes(SSDP_TARGET) || text.includes('ssdp:all') ? 'search' : undefined;
  if (!text.includes(SSDP_TARGET)) return undefined;
  if (text.startsWith('NOTIFY * HTTP/1.1\r\n')) return 'notify';
  return text.startsWith('HTTP/1.1 200 ') ? 'answer' : undefined;
}

const LABELS = `\u000b_${MDNS_TYPE}\u0004_tcp`;
/** RFC 6763 §9: which services are there. */
const META_LABELS = '\u0009_services\u0007_dns-sd\u0004_udp';

/** What a DNS message is, or `undefined` if it is not for us. Names are looked for as bytes: the first of a name stands uncompressed. */
export function mdnsKindOf(datagram: Uint8Array): MdnsKind | undefined {
  if (datagram.length > MAX_DATAGRAM_BYTES || datagram.length < DNS_HEADER_BYTES) return undefined;
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.length);
  const records = [4, 6, 8, 10].reduce((sum, at) => sum + view.getUint16(at), 0);
  const flags = view.getUint16(2);
  // RFC 6762 §18.3, §18.11: messages with another opcode or an error are ignored.
  if (records > MAX_DNS_RECORDS || (flags & 0x780f) !== 0) return undefined;
  const text = Buffer.from(datagram.buffer, datagram.byteOffset, datagram.length).toString('latin1').toLowerCase();
  const isQuery = (flags & 0x8000) === 0;
  if (!text.includes(LABELS) && !(isQuery && text.includes(META_LABELS))) return undefined;
  return isQuery ? 'query' : 'response';
}

/**
 * A search of node-ssdp, filled up with a header that says nothing to `SEARCH_BYTES`; anything else as it is. Servers answer only
 * with what is no longer than the question, so that a question with a spoofed source gains nothing.
 */
export function paddedSearch(datagram: Uint8Array): Uint8Array {
  const text = Buffer.from(datagram.buffer, datagram.byteOffset, datagram.length).toString('latin1');
  const room = SEARCH_BYTES - datagram.length - 'X-PAD: \r\n'.length;
  if (!text.startsWith('M-SEARCH ') || !text.endsWith('\r\n\r\n') || room < 0) return datagram;
  return Buffer.from(`${text.slice(0, -2)}X-PAD: ${'-'.repeat(room)}\r\n\r\n`, 'latin1');
}

/** An answer leaves only to whoever is being answered, and is no longer than what it answers. */
export function isFitAnswer(
  answer: { readonly length: number; readonly to: Peer },
  question: { readonly length: number; readonly from: Peer } | undefined,
): boolean {
  if (question === undefined) return false;
  const { from } = question;
  return answer.length <= question.length && answer.to.address === from.address && answer.to.port === from.port;
}

export type RateLimit = {
  /** Whether one more of `source` may pass at `at`; counted only if so. */
  readonly passes: (source: string, at: MonotonicMs) => boolean;
};

/** At most `total` a second, of which one source has at most `ofSource`. Counts in whole seconds; holds at most `total` sources. */
export function createRateLimit({ total, ofSource }: { readonly total: number; readonly ofSource: number }): RateLimit {
  let second = -1;
  let passed = 0;
  const bySource = new Map<string, number>();
  return {
    passes: (source, at) => {
      if (Math.floor(at / 1000) !== second) {
        second = Math.floor(at / 1000);
        passed = 0;
        bySource.clear();
      }
      const count = bySource.get(source) ?? 0;
      if (passed >= total || count >= ofSource) return false;
      passed += 1;
      bySource.set(source, count + 1);
      return true;
    },
  };
}
