/** How long a peer that could not be reached is left alone. Pure: the random number comes in. */
import { durationMs } from '../core/units.ts';
import type { DurationMs } from '../core/units.ts';

const FIRST_DELAY = 100;
/** A protected server that is back should be seen at once: its footage and its settings wait. */
const MAX_DELAY_WATCHED = 1000;
const MAX_DELAY = 30_000;
/** It said no (not authorized): its host may be about to tell it that this one is welcome. */
const FIRST_DELAY_REFUSED = 1000;
/** It goes on saying no (another version): asking more often changes nothing until somebody there does something. */
const MAX_DELAY_REFUSED_WATCHED = 5000;
const MAX_DELAY_REFUSED = 30_000;

export type Attempts = {
  /** In a row without a connection, at least 1. */
  readonly failures: number;
  readonly watched: boolean;
  readonly refused: boolean;
};

/** Between half and the whole of the doubled delay. `random`: 0 up to, not with, 1. */
export function dialDelayOf({ failures, watched, refused }: Attempts, random: number): DurationMs {
  const most = refused
    ? watched
      ? MAX_DELAY_REFUSED_WATCHED
      : MAX_DELAY_REFUSED
    : watched
      ? MAX_DELAY_WATCHED
      : MAX_DELAY;
  const first = refused ? FIRST_DELAY_REFUSED : FIRST_DELAY;
  const full = Math.min(most, first * 2 ** Math.min(16, Math.max(0, failures - 1)));
  return durationMs(Math.round(full * (0.5 + random / 2)));
}
