/**
 * How long a camera is left alone after a failed attempt: doubling from 0.5 s to 30 s, with jitter so that 128 cameras
 * behind one switch do not come back in one burst. Pure: the random number comes in.
 */
import { durationMs } from '../core/units.ts';
import type { DurationMs } from '../core/units.ts';
import type { MissingCause } from '../ledger/causes.ts';
import type { StreamOrder } from '../wire/media-protocol.ts';

const FIRST_DELAY = 500;
const MAX_DELAY = 30_000;
/** A wrong password stays wrong, and asking often locks accounts out on many makes. */
const FIRST_DELAY_REFUSED = 5_000;
/**
 * No session is left: somebody else has it, perhaps the failover server, and lets it go at any moment (failover/give-way.ts); what passes
 * until the next attempt is lost. So it is asked each second for as long as a server that is back is refused, and a session of a dead one
 * stays; who has it after that keeps it, and the camera is spared.
 */
const MAX_DELAY_NO_ROOM = 1_000;
const MAX_DELAY_NO_ROOM_LATER = 3_000;
/** Two minutes, about. */
const NO_ROOM_SOON = 160;

/** Why the last attempt failed, as far as the next one depends on it. */
export type Trial = 'trouble' | 'refused' | 'no-room';
/** What is only held can wait: its own server needs the session. */
export function trialOf({ hold }: Pick<StreamOrder, 'hold'>, { cause, about }: Failure): Trial {
  if (about === 'room' && !hold) return 'no-room';
  return cause === 'camera-refused' ? 'refused' : 'trouble';
}
type Failure = { readonly cause: MissingCause; readonly about?: 'credentials' | 'room' };

/**
 * The wait before the next attempt. `failures`: attempts in a row that recorded nothing, at least 1. `random`: 0 up to, not
 * with, 1. The result lies between half and the whole of the doubled delay.
 */
export function backoffOf(failures: number, why: Trial, random: number): DurationMs {
  const first = why === 'refused' ? FIRST_DELAY_REFUSED : FIRST_DELAY;
  const full = Math.min(mostOf(failures, why), first * 2 ** Math.min(16, Math.max(0, failures - 1)));
  return durationMs(Math.round(full * (0.5 + random / 2)));
}

function mostOf(failures: number, why: Trial): number {
  if (why !== 'no-room') return MAX_DELAY;
  return failures <= NO_ROOM_SOON ? MAX_DELAY_NO_ROOM : MAX_DELAY_NO_ROOM_LATER;
}
