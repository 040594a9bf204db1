/**
 * Understudy servers on the LAN: finds the others, and tells them of this one, by SSDP and mDNS on every IPv4 interface.
 * A hint, never an authority: it changes no settings, and identity is the pinned key of the peer channel.
 */
import type { Cancel, Clock } from '../core/clock.ts';
import { UnderstudyError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Running } from '../core/running.ts';
import type { DiscoveredPeer, LanProtocol, PeerFacts } from './lan-peer.ts';

export type LanDiscoveryDeps = {
  readonly clock: Clock;
  readonly log: Log;
};

/** A protocol that does not work on an interface at present; it is tried again all the time. */
export type LanRemark = {
  readonly protocol: LanProtocol;
  readonly address: string;
  /** The system's name of the error, such as `EADDRINUSE`. */
  readonly code: string;
  /** For a person. */
  readonly message: string;
};

export type PeerChange = { readonly kind: 'found' | 'changed' | 'gone'; readonly peer: DiscoveredPeer };

export type LanDiscovery = Running & {
  /** Whoever was heard of in the last 17 s, this server left out; by name. */
  readonly peers: () => readonly DiscoveredPeer[];
  /** Asks all, waits for answers, tells who is there. `seconds`: 0.1 to 30. */
  readonly search: (seconds: number) => Promise<readonly DiscoveredPeer[]>;
  /** What to tell the others from now on; `undefined` says goodbye and goes on listening. */
  readonly advertise: (facts: PeerFacts | undefined) => void;
  readonly onChange: (listener: (change: PeerChange) => void) => Cancel;
  readonly remarks: () => readonly LanRemark[];
};

export function startLanDiscovery(deps: LanDiscoveryDeps): LanDiscovery {
  throw new UnderstudyError('unavailable', 'discovery/not-yet', `discovery is being built (${typeof deps})`);
}
