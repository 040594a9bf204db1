/**
 * The clock of the system with twenty times the patience: for tests on real disks, processes and devices that are not about a deadline,
 * on a machine that may be busy with something else.
 */
import { systemClock } from '../../src/core/clock.ts';
import type { Clock } from '../../src/core/clock.ts';
import { durationMs } from '../../src/core/units.ts';

const PATIENCE = 20;

export const patientClock: Clock = {
  ...systemClock,
  sleep: async (duration, signal) => await systemClock.sleep(durationMs(duration * PATIENCE), signal),
  after: (duration, run) => systemClock.after(durationMs(duration * PATIENCE), run),
};
