/**
 * Understudy servers on the LAN: finds the others, and tells them of this one, by SSDP and mDNS on every IPv4 interface.
 * A hint, never an authority: it changes no settings, and identity is the pinned key of the peer channel.
 *
 * Belongs here: interfaces that come and go, and who hears of what. Does not: the protocols (lan-link.ts), who is there (lan-peer-table.ts).
 */
import { seconds as secondsOf } from '../core/clock.ts';
import type { Cancel, Clock } from '../core/clock.ts';
import { UnderstudyError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Running } from '../core/running.ts';
import { durationMs } from '../core/units.ts';
import { lanInterfaces } from './lan-interfaces.ts';
import type { LanInterface } from './lan-interfaces.ts';
import { openLink } from './lan-link.ts';
import type { LanLink, LanRemark } from './lan-link.ts';
import { MDNS_GROUP, SSDP_GROUP } from './lan-part.ts';
import type { DiscoveredPeer, PeerChange, PeerFacts } from './lan-peer.ts';
import { EMPTY_TABLE, expire, leave, peersOf, sight } from './lan-peer-table.ts';
import type { TableStep } from './lan-peer-table.ts';
import type { Group } from './lan-socket.ts';
import { createRateLimit } from './lan-traffic.ts';

const LOOK_PERIOD = durationMs(1000);
/** Of one search: UDP loses. */
const SEARCH_TIMES = [0, 250, 1000].map(durationMs);
const MAX_SEARCH_SECONDS = 30;
/** Strangers can come and go as often as they like. */
const LOG_LIMIT = { total: 10, ofSource: 10 } as const;

export type LanDiscoveryDeps = {
  readonly clock: Clock;
  readonly log: Log;
  /** What to tell the others from the beginning, as by `advertise`. */
  readonly facts?: PeerFacts | undefined;
  /** For tests: those of the system, and the groups of the standards, unless given. */
  readonly interfaces?: (() => readonly LanInterface[]) | undefined;
  readonly groups?: { readonly ssdp: Group; readonly mdns: Group } | undefined;
};

export type LanDiscovery = Running & {
  /** Whoever was heard of in the last 17.5 s, this server left out; by name. */
  readonly peers: () => readonly DiscoveredPeer[];
  /** Asks all, waits for answers, tells who is there. @throws `discovery/seconds` unless `seconds` is from 0.1 to 30. */
  readonly search: (seconds: number) => Promise<readonly DiscoveredPeer[]>;
  /** What to tell the others from now on; `undefined` says goodbye and goes on listening. */
  readonly advertise: (facts: PeerFacts | undefined) => void;
  readonly onChange: (listener: (change: PeerChange) => void) => Cancel;
  /** What does not work at present; discovery goes on without it and tries again. */
  readonly remarks: () => readonly LanRemark[];
};

export function startLanDiscovery(deps: LanDiscoveryDeps): LanDiscovery {
  const { clock, log, interfaces = lanInterfaces, groups = { ssdp: SSDP_GROUP, mdns: MDNS_GROUP } } = deps;
  const stopping = new AbortController();
  const book = createPeerBook(deps);
  let facts = deps.facts;

  const open = (link: LanInterface): LanLink =>
    openLink({
      clock,
      log,
      link,
      facts,
      groups,
      onHeard: (heard, address, via) => {
        if (heard.id !== facts?.id && !stopping.signal.aborted) book.sight({ facts: heard, address, via });
      },
      onLeft: book.leave,
    });
  const links = createLinks({ log, open, interfaces: () => (stopping.signal.aborted ? [] : interfaces()) });
  const search = async (length: number): Promise<readonly DiscoveredPeer[]> => {
    if (!(length >= 0.1 && length <= MAX_SEARCH_SECONDS)) throw wrongSeconds(length);
    await links.settled();
    const asking = SEARCH_TIMES.map(async (delay) => {
      await clock.sleep(delay, stopping.signal);
      links.search();
    });
    await clock.sleep(secondsOf(length), stopping.signal);
    if (length * 1000 > Math.max(...SEARCH_TIMES)) await Promise.all(asking);
    return book.peers();
  };

  void links.refresh('changed', false);
  const cancelLook = clock.every(LOOK_PERIOD, () => {
    book.expire();
    void links.refresh('changed', false);
  });
  return {
    peers: book.peers,
    search,
    advertise: (next) => {
      if (JSON.stringify(next) === JSON.stringify(facts) || stopping.signal.aborted) return;
      const anotherServer = next?.id !== facts?.id || next?.fingerprint !== facts?.fingerprint;
      facts = next;
      void links.refresh('all', anotherServer);
    },
    onChange: book.onChange,
    remarks: links.remarks,
    stop: async () => {
      cancelLook();
      stopping.abort();
      await links.refresh('all', true);
    },
  };
}

type PeerBook = Pick<LanDiscovery, 'peers' | 'onChange'> & {
  readonly sight: (heard: Parameters<typeof sight>[1]) => void;
  readonly leave: (id: string, address: string) => void;
  readonly expire: () => void;
};

/** The table, and those who want to hear of its changes. */
function createPeerBook({ clock, log }: Pick<LanDiscoveryDeps, 'clock' | 'log'>): PeerBook {
  const listeners = new Set<(change: PeerChange) => void>();
  const logged = createRateLimit(LOG_LIMIT);
  let table = EMPTY_TABLE;
  const take = ({ table: next, changes }: TableStep): void => {
    table = next;
    for (const change of changes) {
      const { id, name, mode, addresses } = change.peer;
      if (logged.passes('', clock.monotonic()))
        log.info('server on the LAN', { change: change.kind, id, name, mode, addresses });
      for (const listener of listeners) listener(change);
    }
  };
  return {
    peers: () => peersOf(table),
    sight: (heard) => take(sight(table, heard, { at: clock.monotonic(), wall: clock.now() })),
    leave: (id, address) => take(leave(table, id, address, clock.monotonic())),
    expire: () => take(expire(table, clock.monotonic())),
    onChange: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

type LinksDeps = {
  readonly log: Log;
  readonly interfaces: () => readonly LanInterface[];
  readonly open: (link: LanInterface) => LanLink;
};
type Links = Pick<LanLink, 'search' | 'remarks'> & {
  /** Closes what is no longer there and opens what is new; with `all` everything is opened anew. Never rejects. */
  readonly refresh: (which: 'changed' | 'all', goodbye: boolean) => Promise<void>;
  readonly settled: () => Promise<void>;
};

/** Opened and closed one refresh after the other, so that a goodbye is not sent behind what comes after it. */
function createLinks({ log, interfaces, open }: LinksDeps): Links {
  const links = new Map<string, LanLink>();
  let order: Promise<void> = Promise.resolve();
  const refresh = async (which: 'changed' | 'all', goodbye: boolean): Promise<void> => {
    const wanted = new Map(interfaces().map((link) => [link.key, link] as const));
    const leaving = [...links].filter(([key]) => which === 'all' || !wanted.has(key));
    await Promise.all(leaving.map(([, link]) => link.stop(goodbye)));
    for (const [key] of leaving) links.delete(key);
    const missing = [...wanted].filter(([key]) => !links.has(key));
    for (const [key, link] of missing) links.set(key, open(link));
    if (missing.length + leaving.length > 0)
      log.info('discovery listens', { addresses: [...wanted.values()].map(({ address }) => address) });
  };
  return {
    refresh: async (which, goodbye) => {
      order = order
        .then(() => refresh(which, goodbye))
        .catch((error: unknown) => log.error('discovery cannot follow the interfaces', { error }));
      await order;
    },
    settled: () => order,
    search: () => {
      for (const link of links.values()) link.search();
    },
    remarks: () => [...links.values()].flatMap((link) => link.remarks()),
  };
}

function wrongSeconds(length: number): UnderstudyError {
  return new UnderstudyError(
    'invalid',
    'discovery/seconds',
    `A search takes 0.1 to ${MAX_SEARCH_SECONDS} s, not ${length}.`,
  );
}
