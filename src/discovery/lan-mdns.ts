/**
 * mDNS on one interface by bonjour-service (RFC 6762, RFC 6763): `<id>._understudy._tcp.local` with the facts in its TXT record.
 *
 * Used of the library: publishing, answering, encoding and decoding. Not its browser: it keeps no track of who is alive, and holds
 * whatever strangers announce. No probing: ids are unique, and a probe that is lost makes the library send a goodbye for the other.
 */
import { Bonjour } from 'bonjour-service';
import type { Service } from 'bonjour-service';
import { isOnLink } from './lan-interfaces.ts';
import { encodeFacts, parseFacts } from './lan-peer.ts';
import type { PeerFacts } from './lan-peer.ts';
import { ANNOUNCE_PERIOD, IN_LIMIT, REPEAT_AFTER, inTime, leaveTime } from './lan-part.ts';
import type { LanPart, PartDeps } from './lan-part.ts';
import { createGuardedSocket } from './lan-socket.ts';
import type { GuardedSocket } from './lan-socket.ts';
import { MAX_DATAGRAM_BYTES, MDNS_SERVICE, MDNS_TYPE, createRateLimit, mdnsKindOf } from './lan-traffic.ts';

/** RFC 6762 §11. */
const TIME_TO_LIVE = 255;
/** RFC 6762 §6: a record is multicast once a second at most. Some questions of others ask about the service, its text and its address. */
const QUERY_LIMIT = { total: 4, ofSource: 2 } as const;
const OUT_LIMIT = { total: 8, ofSource: 8 } as const;

/** Of multicast-dns, which the declarations of bonjour-service call `any`. */
type Mdns = {
  readonly on: (event: string, listener: (...values: never[]) => void) => void;
  readonly query: (name: string, type: string) => void;
  readonly respond: (records: readonly object[]) => void;
};
type Message = { readonly answers?: readonly Resource[]; readonly additionals?: readonly Resource[] };
type Resource = { readonly type?: unknown; readonly name?: unknown; readonly ttl?: unknown; readonly data?: unknown };

export function openMdns(deps: PartDeps): LanPart {
  const { clock, facts } = deps;
  let leaving = false;
  const guarded = guardedSocket(deps, () => leaving);
  const options = { socket: guarded.socket, port: deps.group.port, ip: deps.group.address };
  const library = new Bonjour({ ...options, interface: deps.link.address } as object, deps.onThrown);
  const { mdns } = (library as unknown as { readonly server: { readonly mdns: Mdns } }).server;
  // Without a listener an event of this name is thrown; the guard has told already.
  mdns.on('error', () => undefined);
  mdns.on('response', (message: Message, from: { readonly address: string }) => hear(deps, message, from.address));
  const search = (): void => attempt(deps, () => mdns.query(MDNS_SERVICE, 'PTR'));
  search();
  const cancels: (() => void)[] = [];
  if (facts !== undefined) {
    const service = published(library, facts);
    const announce = (): void => attempt(deps, () => mdns.respond(recordsOf(service)));
    cancels.push(clock.after(REPEAT_AFTER, announce), clock.every(ANNOUNCE_PERIOD, announce));
  }
  return {
    search,
    stop: async (goodbye) => {
      for (const cancel of cancels) cancel();
      leaving = true;
      if (goodbye && facts !== undefined) await inTime(clock, unpublished(library));
      await leaveTime(clock, guarded);
      attempt(deps, () => library.destroy());
      guarded.close();
    },
  };
}

function guardedSocket(deps: PartDeps, isLeaving: () => boolean): GuardedSocket {
  const { clock, link, group, facts } = deps;
  const incoming = createRateLimit(IN_LIMIT);
  const queries = createRateLimit(QUERY_LIMIT);
  const out = createRateLimit(OUT_LIMIT);
  return createGuardedSocket({
    ...deps,
    port: group.port,
    timeToLive: TIME_TO_LIVE,
    admits: (datagram, from) => {
      const kind = mdnsKindOf(datagram);
      // RFC 6762 §6.7, §11: from other ports come legacy queries, whose answers would go to whoever is named as the source, and forgeries.
      if (kind === undefined || from.port !== group.port || !isOnLink(from.address, link)) return false;
      if (kind === 'response') return incoming.passes(from.address, clock.monotonic());
      return facts !== undefined && !isLeaving() && queries.passes(from.address, clock.monotonic());
    },
    outgoing: (datagram, to) => {
      if (to.address !== group.address || datagram.length > MAX_DATAGRAM_BYTES) return undefined;
      return isLeaving() || out.passes('', clock.monotonic()) ? datagram : undefined;
    },
  });
}

function published(library: Bonjour, facts: PeerFacts): Service {
  return library.publish({
    name: facts.id,
    type: MDNS_TYPE,
    port: facts.httpPort,
    host: `${facts.id}.local`,
    probe: false,
    disableIPv6: true,
    txt: Object.fromEntries(encodeFacts(facts).map((pair) => pair.split('=', 2))) as Record<string, string>,
  });
}

/** The library announces at once, after 3 s, 9 s and ever more rarely; others must hear that this server is alive. */
const recordsOf = (service: Service): readonly object[] => service.records();

/** The library hands its goodbye over in a later turn, and not at all once it is destroyed. */
const unpublished = (library: Bonjour): Promise<void> => new Promise((done) => library.unpublishAll(() => done()));

/** A server's own announcements and answers hold all of its records. */
function hear(deps: PartDeps, { answers = [], additionals = [] }: Message, address: string): void {
  const records = [...answers, ...additionals];
  for (const { type, name, ttl, data } of records) {
    if (type !== 'PTR' || !isName(name, MDNS_SERVICE) || typeof data !== 'string') continue;
    const [id = ''] = data.split('.', 1);
    if (!isName(data, `${id}.${MDNS_SERVICE}`)) continue;
    const facts = parseFacts(textsOf(records, data));
    if (ttl === 0) deps.onLeft(id.toLowerCase(), address);
    else if (facts?.id === id.toLowerCase()) deps.onHeard(facts, address, 'mdns');
  }
}

function textsOf(records: readonly Resource[], instance: string): readonly string[] {
  const record = records.find(({ type, name }) => type === 'TXT' && isName(name, instance));
  const texts: readonly unknown[] = Array.isArray(record?.data) ? record.data : [];
  return texts.map((text) => (Buffer.isBuffer(text) ? text.toString('utf8') : ''));
}

const isName = (name: unknown, wanted: string): boolean =>
  typeof name === 'string' && name.toLowerCase() === wanted.toLowerCase();

function attempt({ onThrown }: PartDeps, run: () => void): void {
  try {
    run();
  } catch (error) {
    onThrown(error);
  }
}
