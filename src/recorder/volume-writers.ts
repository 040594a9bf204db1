/**
 * The writer threads of the media process, one a volume, and what each volume is like now.
 * Belongs here: starting and ending them by order, telling a change of state once. Does not: what is written (write-queue.ts).
 */
import { startVolumeWriter } from '../archive/writer.ts';
import type { VolumeWriter } from '../archive/writer.ts';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { Running } from '../core/running.ts';
import type { MediaEvent, VolumeOrder, VolumeState } from '../wire/media-protocol.ts';

export type VolumeWritersDeps = {
  readonly clock: Clock;
  readonly log: Log;
  readonly emit: (event: MediaEvent) => void;
  readonly onResult: (
    volumeId: string,
    result: Parameters<Parameters<typeof startVolumeWriter>[0]['onResult']>[0],
  ) => void;
};
export type VolumeWriters = Running & {
  readonly apply: (wanted: readonly VolumeOrder[]) => void;
  readonly writerOf: (volumeId: string) => VolumeWriter | undefined;
  readonly present: () => readonly MediaEvent[];
};

/** Another cause, or another disk in the place of ours: its words are news too. */
const problemOf = (state: VolumeState): string => (state.kind === 'unusable' ? `${state.cause} ${wordsOf(state)}` : '');
/** Of a full volume the numbers change with every look. */
const wordsOf = ({ cause, message }: Extract<VolumeState, { readonly kind: 'unusable' }>): string =>
  cause === 'volume-full' ? '' : message;

export function createVolumeWriters({ clock, log, emit, onResult }: VolumeWritersDeps): VolumeWriters {
  const writers = new Map<string, { readonly order: VolumeOrder; readonly writer: VolumeWriter }>();
  const states = new Map<string, MediaEvent>();
  /** Of those that ever waited. */
  const waits = new Map<string, MediaEvent>();
  const start = (volume: VolumeOrder): void => {
    const writer = startVolumeWriter({
      volume,
      log,
      clock,
      onResult: (result) => {
        const before = states.get(volume.id);
        const event: MediaEvent = { kind: 'volume-state', at: clock.now(), volumeId: volume.id, state: result.state };
        const isNews =
          before?.kind !== 'volume-state' ||
          problemOf(before.state) !== problemOf(result.state) ||
          Math.abs(before.state.freeBytes - result.state.freeBytes) > result.state.totalBytes / 1000;
        if (isNews && writers.get(volume.id)?.writer === writer) {
          states.set(volume.id, event);
          emit(event);
        }
        onResult(volume.id, result);
      },
      onWaiting: (waiting) => {
        if (writers.get(volume.id)?.writer !== writer) return;
        log.info('volume waits for its disk', { volumeId: volume.id, waiting });
        const event: MediaEvent = { kind: 'volume-waiting', at: clock.now(), volumeId: volume.id, waiting };
        waits.set(volume.id, event);
        emit(event);
      },
    });
    writers.set(volume.id, { order: volume, writer });
  };
  const end = (id: string): Promise<void> => {
    const entry = writers.get(id);
    writers.delete(id);
    states.delete(id);
    waits.delete(id);
    return entry?.writer.stop() ?? Promise.resolve();
  };
  return {
    apply: (wanted) => {
      for (const [id, { order }] of writers) {
        const next = wanted.find((volume) => volume.id === id);
        if (next?.path === order.path && next.reserveBytes === order.reserveBytes) continue;
        void end(id);
      }
      for (const volume of wanted) if (!writers.has(volume.id)) start(volume);
    },
    writerOf: (id) => writers.get(id)?.writer,
    present: () => [...states.values(), ...waits.values()],
    stop: async () => {
      await Promise.all([...writers.keys()].map(end));
    },
  };
}
