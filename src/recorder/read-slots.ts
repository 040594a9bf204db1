/**
 * When sockets are read. Every wake of the process costs more than the bytes it brings, so a camera's socket is read once
 * every 200 ms: everything that has come, in one call, into one buffer that all cameras share. The cameras are spread over
 * ten slots, because all in one turn would hold the event loop for 28 ms (128 cameras).
 *
 * Belongs here: the rhythm. Does not: sockets (rtsp-connection.ts). Never longer than 200 ms: after a second the
 * TCP window closes and the camera drops pictures.
 */
import type { Clock } from '../core/clock.ts';
import type { Running } from '../core/running.ts';
import { durationMs } from '../core/units.ts';

const PERIOD = 200;
const SLOTS = 10;

export type ReadSlots = Running & {
  /** `wake` is called every 200 ms, in the slot with the fewest others, until the result is called. */
  readonly join: (wake: () => void) => () => void;
};

export function startReadSlots(clock: Pick<Clock, 'every'>): ReadSlots {
  const slots = Array.from({ length: SLOTS }, () => new Set<() => void>());
  let turn = 0;
  const cancel = clock.every(durationMs(PERIOD / SLOTS), () => {
    turn = (turn + 1) % SLOTS;
    for (const wake of slots[turn] ?? []) wake();
  });
  return {
    join: (wake) => {
      const emptiest = slots.reduce((best, slot) => (slot.size < best.size ? slot : best));
      // A function of its own, so that the same `wake` may join twice.
      const member = (): void => wake();
      emptiest.add(member);
      return () => void emptiest.delete(member);
    },
    stop: async () => {
      cancel();
      await Promise.resolve();
    },
  };
}
