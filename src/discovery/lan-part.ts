/** What the three parts of a link have in common: SSDP listener and searcher (lan-ssdp.ts), mDNS (lan-mdns.ts). */
import { withDeadline } from '../core/clock.ts';
import type { Clock } from '../core/clock.ts';
import { durationMs } from '../core/units.ts';
import type { DurationMs } from '../core/units.ts';
import type { LanInterface } from './lan-interfaces.ts';
import type { LanProtocol, PeerFacts } from './lan-peer.ts';
import type { GuardedSocket, Group } from './lan-socket.ts';

/** UPnP DA 2.0 §1.1.2 and RFC 6762 §3. */
export const SSDP_GROUP: Group = { address: '239.255.255.250', port: 1900 };
export const MDNS_GROUP: Group = { address: '224.0.0.251', port: 5353 };

/** A third of the time after which others forget this server, and some. */
export const ANNOUNCE_PERIOD: DurationMs = durationMs(5000);
/** RFC 6762 §8.3: the first announcement is repeated after a second. */
export const REPEAT_AFTER: DurationMs = durationMs(1000);
/** Datagrams about us that are looked at on a link, each protocol: ten servers send four in a second at most. */
export const IN_LIMIT = { total: 200, ofSource: 40 } as const;
/** The network may be gone when a goodbye is due. */
const GOODBYE_TIMEOUT = durationMs(250);

export type PartDeps = {
  readonly clock: Clock;
  readonly link: LanInterface;
  /** What to announce; `undefined` listens only. */
  readonly facts: PeerFacts | undefined;
  readonly group: Group;
  readonly onHeard: (facts: PeerFacts, address: string, via: LanProtocol) => void;
  readonly onLeft: (id: string, address: string) => void;
  /** See `GuardedSocketDeps`. */
  readonly onReady: () => void;
  readonly onBroken: (error: Error) => void;
  readonly onSent: (error: Error | undefined) => void;
  readonly onThrown: (error: unknown) => void;
};

export type LanPart = {
  readonly search: () => void;
  /** Says goodbye first if `goodbye` and something was announced. Never rejects. */
  readonly stop: (goodbye: boolean) => Promise<void>;
};

/** Lets what was handed over leave the box before its socket is closed. */
export const leaveTime = (clock: Clock, { flushed }: Pick<GuardedSocket, 'flushed'>): Promise<void> =>
  inTime(clock, flushed());

/** Waits for a part of a goodbye, but not for long; a rejection counts as done. */
export async function inTime(clock: Clock, work: Promise<void>): Promise<void> {
  await withDeadline(clock, GOODBYE_TIMEOUT, work).catch(() => undefined);
}
