/**
 * When sockets are read. Every wake of the process costs more than the bytes it brings, so a camera's socket is read once
 * every 200 ms: everything that has come, in one call, into one buffer that all cameras share. A wake serves five cameras:
 * all in one turn would hold the event loop for 28 ms (128 cameras), fewer would be wakes for nothing.
 *
 * Belongs here: the rhythm. Does not: sockets (rtsp-socket.ts). Never longer than 200 ms: after a second the
 * TCP window closes and the camera drops pictures.
 */
import type { Cancel, Clock } from '../core/clock.ts';
import type { Running } from '../core/running.ts';
import { durationMs } from '../core/units.ts';

const PERIOD = 200;
/** So many wakes are a second. */
const PERIODS_A_SECOND: number = 1000 / PERIOD;
const CAMERAS_A_WAKE = 5;
/** A wake every 5 ms. */
const MAX_SLOTS = 40;

export type ReadSlots = Running & {
  /** `wake` is called about every 200 ms until the result is called. */
  readonly join: (wake: () => void) => Cancel;
  /** `run` is called about once a second, in a wake that takes place anyway, until the result is called. */
  readonly everySecond: (run: () => void) => Cancel;
};

export function startReadSlots(clock: Pick<Clock, 'every'>): ReadSlots {
  let slots = 1;
  let turn = 0;
  let ended = false;
  const wakes = createRota();
  const ticks = createRota();
  const beat = (): void => {
    turn += 1;
    wakes.call(turn % slots, slots);
    ticks.call(turn % (slots * PERIODS_A_SECOND), slots * PERIODS_A_SECOND);
  };
  let cancel = clock.every(durationMs(PERIOD), beat);
  const adjust = (): void => {
    const wanted = Math.min(MAX_SLOTS, Math.max(1, Math.ceil(wakes.size() / CAMERAS_A_WAKE)));
    // Half empty is no reason to change: cameras come and go.
    if (ended || wanted === slots || (wanted < slots && wanted * 2 > slots)) return;
    slots = wanted;
    cancel();
    cancel = clock.every(durationMs(Math.floor(PERIOD / slots)), beat);
  };
  return {
    join: (wake) => {
      const leave = wakes.join(wake);
      adjust();
      return () => {
        leave();
        adjust();
      };
    },
    everySecond: ticks.join,
    stop: async () => {
      ended = true;
      cancel();
      await Promise.resolve();
    },
  };
}

type Rota = {
  readonly join: (run: () => void) => Cancel;
  /** Every `of`th member, from member `first` on. */
  readonly call: (first: number, of: number) => void;
  readonly size: () => number;
};

function createRota(): Rota {
  let members: readonly (() => void)[] = [];
  return {
    join: (run) => {
      // A function of its own, so that the same `run` may join twice.
      const member = (): void => run();
      members = [...members, member];
      return () => {
        members = members.filter((entry) => entry !== member);
      };
    },
    call: (first, of) => {
      // Whoever leaves while the turn goes on changes the list of the next turn.
      const all = members;
      for (let at = first; at < all.length; at += of) all[at]?.();
    },
    size: () => members.length,
  };
}
