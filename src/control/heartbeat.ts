/**
 * Signs of life in the catalogue, once a second, so that after a power cut the ledger knows when the service went down; and
 * steps of the clock, seen as wall time that moved otherwise than monotonic time.
 */
import type { Catalogue, StreamKey } from '../archive/catalogue-types.ts';
import type { Clock } from '../core/clock.ts';
import { messageOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Running } from '../core/running.ts';
import { durationMs } from '../core/units.ts';
import type { MediaHello } from '../wire/media-protocol.ts';

export const BEAT_MS = 1000;
/** Slewing by NTP stays far below; what is above did not happen here. */
export const STEP_MS = 750;

export type HeartbeatDeps = {
  readonly catalogue: Pick<Catalogue, 'services' | 'gaps' | 'expectations' | 'transaction'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Names this process. */
  readonly instance: string;
  readonly hello: () => MediaHello | undefined;
  readonly onStep: (ms: number) => void;
};

export function startHeartbeat({ catalogue, clock, log, instance, hello, onStep }: HeartbeatDeps): Running {
  const startedAt = clock.now();
  let offset = startedAt - clock.monotonic();
  let failing = false;

  const beat = (): void => {
    const at = clock.now();
    const step = at - clock.monotonic() - offset;
    offset += step;
    catalogue.transaction(() => {
      if (step > STEP_MS) bookStep(at - step, at);
      catalogue.services.beat('control', instance, Math.min(startedAt, at), at);
      const media = hello();
      if (media !== undefined) catalogue.services.beat('media', media.instance, Math.min(media.startedAt, at), at);
    });
    if (Math.abs(step) > STEP_MS) onStep(step);
  };
  const bookStep = (start: number, end: number): void => {
    const detail = `The clock was set forward by ${((end - start) / 1000).toFixed(1)} s.`;
    for (const { cameraId, stream, expected } of catalogue.expectations.streams())
      if (expected)
        catalogue.gaps.add({ cameraId, stream, start, end, cause: 'clock-stepped', accessUnits: undefined, detail });
  };
  const run = (): void => {
    try {
      beat();
      failing = false;
    } catch (error) {
      // Once, not each second: a full disk lasts.
      if (!failing) log.error('heartbeat could not be stored', { reason: messageOf(error) });
      failing = true;
    }
  };

  run();
  const cancel = clock.every(durationMs(BEAT_MS), run);
  return {
    stop: async () => {
      cancel();
      run();
    },
  };
}

export type Wanted = StreamKey & { readonly expected: boolean };
/** Books from when on which streams are to be recorded; what is no longer wanted ends. */
export function bookExpectations(
  { expectations, transaction }: Pick<Catalogue, 'expectations' | 'transaction'>,
  wanted: readonly Wanted[],
  at: number,
): void {
  const expected = new Set(wanted.filter((one) => one.expected).map(({ cameraId, stream }) => `${cameraId}/${stream}`));
  transaction(() => {
    for (const key of expectations.streams())
      if (key.expected && !expected.has(`${key.cameraId}/${key.stream}`)) expectations.set(key, false, at);
    for (const key of wanted) if (key.expected) expectations.set(key, true, at);
  }, 'durable');
}
