/**
 * When sockets are read. A camera's socket is read once every 250 ms: everything that has come, into one buffer that all cameras
 * share. The process sleeps in between, and each time it wakes its code and data are no longer in the caches: that costs
 * 0.4 ms, as much as reading two cameras. So one wake serves many cameras (48 cameras: 1.46 ms a camera-second with five cameras
 * a wake, 1.10 with 24), and gives way to whatever else is due after every half millisecond: the event loop is never held for long.
 *
 * Belongs here: the rhythm. Does not: sockets (rtsp-socket.ts). Never much longer: after a second the
 * TCP window closes and the camera drops pictures; and what waits to be read is lost in a power cut, as the fragment in hand is.
 */
import type { Cancel, Clock } from '../core/clock.ts';
import type { Running } from '../core/running.ts';
import { durationMs } from '../core/units.ts';

const PERIOD = 250;
/** So many wakes are a second. */
const PERIODS_A_SECOND: number = 1000 / PERIOD;
/** A wake is then 15 ms of work. */
const CAMERAS_A_WAKE = 64;
/** A wake every 25 ms. */
const MAX_SLOTS = 10;
/** Milliseconds after which a wake gives way; what it does goes on at once behind that. */
const MAX_TURN_MS = 0.5;

export type ReadSlots = Running & {
  /** `wake` is called about every 250 ms until the result is called. */
  readonly join: (wake: () => void) => Cancel;
  /** `run` is called about once a second, in a wake that takes place anyway, until the result is called. */
  readonly everySecond: (run: () => void) => Cancel;
  /** `run` is called at the end of every wake, at least four times a second, until the result is called. */
  readonly afterWake: (run: () => void) => Cancel;
};

export type ReadSlotsDeps = {
  readonly clock: Pick<Clock, 'every' | 'monotonic'>;
  /** Runs something once everything else that is due has had its turn. */
  readonly soon?: (run: () => void) => void;
};

export function startReadSlots({ clock, soon = (run) => void setImmediate(run) }: ReadSlotsDeps): ReadSlots {
  let slots = 1;
  let turn = 0;
  let ended = false;
  const wakes = createRota();
  const ticks = createRota();
  const ends = createRota();
  /** What is left of the wake in hand. */
  let work: readonly Member[] = [];
  let next = 0;
  const goOn = (): void => {
    const until = clock.monotonic() + MAX_TURN_MS;
    while (next < work.length) {
      const member = work[next++];
      if (member?.left === false) member.run();
      if (next < work.length && clock.monotonic() >= until) return soon(goOn);
    }
    work = [];
  };
  const beat = (): void => {
    // With more to do than time for it the wake before goes on: it reads what this one would have.
    if (work.length > 0) return;
    turn += 1;
    next = 0;
    work = [
      ...wakes.every(turn % slots, slots),
      ...ticks.every(turn % (slots * PERIODS_A_SECOND), slots * PERIODS_A_SECOND),
      ...ends.every(0, 1),
    ];
    goOn();
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
    afterWake: ends.join,
    stop: async () => {
      ended = true;
      work = [];
      cancel();
      await Promise.resolve();
    },
  };
}

type Member = { readonly run: () => void; left: boolean };
type Rota = {
  readonly join: (run: () => void) => Cancel;
  /** Every `of`th member, from member `first` on. */
  readonly every: (first: number, of: number) => readonly Member[];
  readonly size: () => number;
};

function createRota(): Rota {
  let members: readonly Member[] = [];
  return {
    join: (run) => {
      const member: Member = { run, left: false };
      members = [...members, member];
      return () => {
        member.left = true;
        members = members.filter((entry) => entry !== member);
      };
    },
    every: (first, of) => (of === 1 ? members : members.filter((_, at) => at % of === first)),
    size: () => members.length,
  };
}
