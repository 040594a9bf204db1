/**
 * SSDP on one interface by node-ssdp (UPnP Device Architecture 2.0 §1): a listener on port 1900 that announces and answers, and a
 * searcher on a port of its own, which works where another program holds 1900.
 *
 * The library's `sockets` are set before it starts, so that it uses ours. Its own start would leave a timer of 3 s behind, its own stop
 * closes the sockets before the goodbye is out.
 */
import type { EventEmitter } from 'node:events';
import ssdp from 'node-ssdp';
import type { Base, Client, Server, SsdpHeaders } from 'node-ssdp';
import { asciiOf, encodeFacts, parseFacts } from './lan-peer.ts';
import type { PeerFacts } from './lan-peer.ts';
import { ANNOUNCE_PERIOD, IN_LIMIT, REPEAT_AFTER, leaveTime } from './lan-part.ts';
import type { LanPart, PartDeps } from './lan-part.ts';
import { createGuardedSocket } from './lan-socket.ts';
import type { GuardedSocket, GuardedSocketDeps, Question } from './lan-socket.ts';
import { SSDP_TARGET, createRateLimit, isFitAnswer, paddedSearch, ssdpKindOf } from './lan-traffic.ts';
import type { Peer, SsdpKind } from './lan-traffic.ts';
import { isOnLink } from './lan-interfaces.ts';

/** Upper case, as node-ssdp gives headers out. Not of UPnP: `FIELD.DOMAIN` is for owners of a domain. */
const FACTS_HEADER = 'X-UNDERSTUDY';
/** Searches of a whole site that starts at once are answered; a search is repeated twice. */
const ANSWER_LIMIT = { total: 40, ofSource: 4 } as const;
const TIME_TO_LIVE = 2;

export function openSsdpListener(deps: PartDeps): LanPart {
  const { clock, link, facts, group } = deps;
  const answers = createRateLimit(ANSWER_LIMIT);
  const outgoing = (datagram: Uint8Array, to: Peer, question: Question | undefined): Uint8Array | undefined => {
    if (to.address === group.address) return datagram;
    const fit = isFitAnswer({ length: datagram.length, to }, question);
    return fit && answers.passes(to.address, clock.monotonic()) ? datagram : undefined;
  };
  // A listener that announces nothing is no server: it has nothing to answer.
  const library = facts === undefined ? new ssdp.Client(optionsOf(deps)) : serverOf(facts, deps);
  const advertise = (): void => {
    if (library instanceof ssdp.Server) library.advertise();
  };
  let cancelRepeat: () => void = () => undefined;
  const guarded = guardedSocket({ ...deps, port: group.port, wants: ['search', 'notify'] }, outgoing, () => {
    cancelRepeat = clock.after(REPEAT_AFTER, () => attempt(deps, advertise));
    advertise();
  });
  adopt(library, link.address, guarded);
  // The declarations have these events for the server only; a client hears them too.
  const events: EventEmitter = library;
  events.on('advertise-alive', (headers: SsdpHeaders, from: Peer) => heard(deps, headers, headers['NT'], from));
  events.on('advertise-bye', (headers: SsdpHeaders, from: Peer) => {
    const id = factsIn(headers)?.id;
    if (id !== undefined) deps.onLeft(id, from.address);
  });
  begin(library, deps);
  return {
    search: () => undefined,
    stop: async (goodbye) => {
      cancelRepeat();
      if (goodbye && library instanceof ssdp.Server) attempt(deps, () => library.advertise(false));
      await leaveTime(clock, guarded);
      end(library, guarded);
    },
  };
}

export function openSsdpSearcher(deps: PartDeps): LanPart {
  const library = new ssdp.Client(optionsOf(deps));
  let stopped = false;
  // Stopped, the library would open sockets of its own for a search.
  const search = (): void => {
    if (!stopped) attempt(deps, () => void library.search(SSDP_TARGET));
  };
  const outgoing = (datagram: Uint8Array): Uint8Array => paddedSearch(datagram);
  const guarded = guardedSocket({ ...deps, port: 0, wants: ['answer'] }, outgoing, search);
  adopt(library, deps.link.address, guarded);
  library.on('response', (headers, _status, from) => heard(deps, headers, headers.ST, from));
  begin(library, deps);
  return {
    search,
    stop: async () => {
      stopped = true;
      await leaveTime(deps.clock, guarded);
      end(library, guarded);
    },
  };
}

type SocketDeps = PartDeps & { readonly port: number; readonly wants: readonly SsdpKind[] };

function guardedSocket(
  { wants, ...deps }: SocketDeps,
  outgoing: GuardedSocketDeps['outgoing'],
  onReady: () => void,
): GuardedSocket {
  const incoming = createRateLimit(IN_LIMIT);
  return createGuardedSocket({
    ...deps,
    timeToLive: TIME_TO_LIVE,
    admits: (datagram, from) => {
      const kind = ssdpKindOf(datagram);
      if (kind === undefined || !wants.includes(kind) || !isOnLink(from.address, deps.link)) return false;
      return incoming.passes(from.address, deps.clock.monotonic());
    },
    outgoing,
    onReady: () => {
      deps.onReady();
      onReady();
    },
  });
}

function serverOf(facts: PeerFacts, deps: PartDeps): Server {
  const server = new ssdp.Server({
    ...optionsOf(deps),
    udn: `uuid:${facts.id}`,
    location: { protocol: 'https://', port: facts.httpPort, path: '/' },
    suppressRootDeviceAdvertisements: true,
    adInterval: ANNOUNCE_PERIOD,
    // Seconds; what others than us go by (CACHE-CONTROL of answers).
    ttl: 1800,
    ssdpSig: `Linux UPnP/2.0 Understudy/${facts.version}`,
    headers: { [FACTS_HEADER]: asciiOf(encodeFacts(facts).join(';')) },
  });
  server.addUSN(SSDP_TARGET);
  const internals = server as unknown as { _initAdLoop: () => void; readonly _startAdLoop: () => void };
  internals._initAdLoop = () => internals._startAdLoop();
  return server;
}

/** `sourcePort` is not in the declarations; a client that has one listens there. */
function optionsOf({ group }: PartDeps): { ssdpIp: string; ssdpPort: number; sourcePort: number; location: string } {
  return { ssdpIp: group.address, ssdpPort: group.port, sourcePort: group.port, location: 'https://0.0.0.0/' };
}

function adopt(library: Base, address: string, { socket }: GuardedSocket): void {
  Object.assign(library, { sockets: { [address]: socket } });
}

function begin(library: Client | Server, deps: PartDeps): void {
  // Settles when bound, else never: what happens to the socket, its guard tells.
  attempt(deps, () => void Promise.resolve(library.start()).catch(deps.onThrown));
}

function end(library: Client | Server, guarded: GuardedSocket): void {
  guarded.close();
  try {
    library.stop();
  } catch {
    // An assertion of the library if it was never bound.
  }
}

function attempt({ onThrown }: PartDeps, run: () => void): void {
  try {
    run();
  } catch (error) {
    onThrown(error);
  }
}

function heard(deps: PartDeps, headers: SsdpHeaders, target: unknown, from: Peer): void {
  const facts = target === SSDP_TARGET ? factsIn(headers) : undefined;
  if (facts !== undefined) deps.onHeard(facts, from.address, 'ssdp');
}

function factsIn(headers: SsdpHeaders): PeerFacts | undefined {
  const text = headers[FACTS_HEADER];
  return typeof text === 'string' ? parseFacts(text.split(';')) : undefined;
}
