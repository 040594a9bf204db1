/**
 * Strangers at the peer port, in the activity log: a guess at a pairing code is an alarm each, anything else is told so seldom that
 * nobody can fill the log. Belongs here: what is written of them, and how often. Does not: refusing them (peer/peer-network.ts).
 */
import type { ActivityLog } from '../api/activity.ts';
import type { Clock } from '../core/clock.ts';
import type { PeerEvent, RefusedCause } from '../peer/network-types.ts';

/** Of one address and cause an entry at most so often. */
export const QUIET_MS = 3_600_000;
/** Addresses of a cause in that time; one that comes when there are as many is not told. */
export const MAX_STRANGERS_TOLD = 24;
/** A server that is being added may dial before it is known: only who comes back later is told. */
export const COMES_BACK_MS = 30_000;

export type StrangerNewsDeps = {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly activity: Pick<ActivityLog, 'record'>;
};
type Refused = { readonly cause: RefusedCause; readonly address: string; readonly message: string };
/** `first`: monotonic, ms. */
type Track = { readonly first: number; readonly isTold: boolean };

export function createStrangerNews({ clock, activity }: StrangerNewsDeps): (event: PeerEvent) => void {
  const tracks = new Map<string, Track>();
  const isNews = ({ cause, address }: Refused): boolean => {
    if (cause === 'pairing-code') return true;
    const now = clock.monotonic();
    for (const [key, { first }] of tracks) if (now - first >= QUIET_MS) tracks.delete(key);
    const key = `${cause} ${address}`;
    const track = tracks.get(key);
    const others = [...tracks.keys()].filter((other) => other.startsWith(`${cause} `)).length;
    if (track === undefined && others >= MAX_STRANGERS_TOLD) return false;
    const { first, isTold } = track ?? { first: now, isTold: false };
    const isDue = !isTold && (cause === 'pairing' || now - first >= COMES_BACK_MS);
    tracks.set(key, { first, isTold: isTold || isDue });
    return isDue;
  };
  return (event) => {
    if (event.kind !== 'refused' || event.peerId !== undefined || event.address === undefined) return;
    const { cause, address, message } = event;
    if (!isNews({ cause, address, message })) return;
    if (cause === 'stranger')
      activity.record({ severity: 'info', code: 'stranger-refused', message: strangerWords(address) });
    else activity.record({ severity: 'warning', code: 'pairing-refused', message: pairingWords(address, message) });
  };
}

const strangerWords = (address: string): string =>
  `A server that this one does not know dials in from ${address} and is refused: add it here if it belongs to you. What comes from there is not told again for an hour.`;
const pairingWords = (address: string, why: string): string =>
  `Somebody at ${address} tried to pair with a code and was refused. The answer was: ${why}`;
