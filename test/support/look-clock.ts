/** A clock for looks at the LAN: a look ends when what the test waits for was sent, however slow the machine is. */
import { systemClock } from '../../src/core/clock.ts';
import type { Clock } from '../../src/core/clock.ts';
import type { DurationMs } from '../../src/core/units.ts';
import { waitFor } from './wait-for.ts';

/** What was sent lies at the socket by then; it is read in the next turns of the event loop. */
const READ_MS = 50;

/** Whoever sleeps for `look` sleeps until `isSent`, and until it was read. */
export const lastingUntil = (look: DurationMs, isSent: () => boolean): Clock => ({
  ...systemClock,
  sleep: async (duration, signal) => {
    if (duration !== look) return await systemClock.sleep(duration, signal);
    await waitFor('what the look is to find', isSent, 60_000);
    await new Promise((resolve) => setTimeout(resolve, READ_MS));
    return undefined;
  },
});
