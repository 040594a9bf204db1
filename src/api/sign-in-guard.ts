/**
 * Slows down guessing of passwords, per account and per address. A try counts when it begins, so that many at once gain nothing.
 * Belongs here: counting and waiting times. Does not: passwords (password.ts).
 */
import { isIPv6 } from 'node:net';
import type { Clock } from '../core/clock.ts';

/** Tries without waiting. */
const FREE_TRIES = 8;
/** Then 1 s, 2 s, 4 s, ... up to this: an owner who is attacked can still sign in. */
const LONGEST_WAIT_MS = 15 * 60_000;
/** Without a try for so long, an account or address starts afresh. */
const FORGET_AFTER_MS = 60 * 60_000;
/** Accounts and addresses remembered; the longest unused go first. */
export const MAX_TRACKED = 20_000;
const KEPT_SHARE = 0.9;

type Track = { readonly tries: number; readonly at: number; readonly until: number };

export type SignInGuard = {
  /** Milliseconds to wait before a try is heard; 0 when it was counted and may go ahead. */
  readonly begin: (username: string, address: string) => number;
  /** The password was right: forget the tries. */
  readonly succeeded: (username: string, address: string) => void;
  readonly tracked: () => number;
};

export function createSignInGuard(clock: Pick<Clock, 'monotonic'>): SignInGuard {
  const tracks = new Map<string, Track>();
  const keysOf = (username: string, address: string): readonly string[] => [
    `account ${username.toLowerCase().slice(0, 64)}`,
    `address ${networkOf(address)}`,
  ];
  const current = (key: string, now: number): Track => {
    const track = tracks.get(key);
    return track === undefined || now - track.at > FORGET_AFTER_MS ? { tries: 0, at: now, until: 0 } : track;
  };
  return {
    begin: (username, address) => {
      const now = clock.monotonic();
      const keys = keysOf(username, address);
      const until = Math.max(...keys.map((key) => current(key, now).until));
      if (until > now) return until - now;
      for (const key of keys) remember(tracks, key, tried(current(key, now), now));
      return 0;
    },
    succeeded: (username, address) => {
      for (const key of keysOf(username, address)) tracks.delete(key);
    },
    tracked: () => tracks.size,
  };
}

function tried({ tries }: Track, now: number): Track {
  const over = tries + 1 - FREE_TRIES;
  const wait = over < 0 ? 0 : Math.min(1000 * 2 ** Math.min(over, 30), LONGEST_WAIT_MS);
  return { tries: tries + 1, at: now, until: now + wait };
}

function remember(tracks: Map<string, Track>, key: string, track: Track): void {
  tracks.delete(key); // to the end: the map is in order of use
  tracks.set(key, track);
  if (tracks.size <= MAX_TRACKED) return;
  // Many at once: a map whose first entries are gone is slow to find its next first one (86 µs a try, measured, against 3).
  for (const oldest of tracks.keys()) {
    if (tracks.size <= MAX_TRACKED * KEPT_SHARE) return;
    tracks.delete(oldest);
  }
}

/** A subscriber gets a whole IPv6 /64. */
export function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/, '');
  if (!isIPv6(plain)) return plain;
  const [head = '', tail] = plain.split('::');
  const words = head.split(':');
  const full = tail === undefined ? words : [...words, '0', '0', '0', '0'];
  return full.slice(0, 4).join(':');
}
