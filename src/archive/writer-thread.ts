/**
 * Entry of a writer thread: one a volume, so that a disk that hangs stops this thread and nothing else. Imports next to nothing:
 * its heap is a few megabytes, and there is one a disk.
 *
 * Belongs here: messages and the periodic check. Does not: what a batch does (writer-core.ts).
 */
import { parentPort, workerData } from 'node:worker_threads';
import { seconds, systemClock } from '../core/clock.ts';
import type { VolumeState } from '../wire/media-protocol.ts';
import { createWriterCore } from './writer-core.ts';
import type { FromThread, ThreadStart, ToThread } from './writer-protocol.ts';

/** A volume that is gone shall be noticed within 5 s. */
const CHECK_PERIOD = seconds(2);

const start = workerData as ThreadStart;
const steps = new Int32Array(start.steps);
const onStep = (): void => void Atomics.add(steps, 0, 1);
const core = createWriterCore(start, systemClock, onStep);
const send = (message: FromThread): void => parentPort?.postMessage(message);
let told: VolumeState | undefined;

const look = (): void => {
  const state = core.check();
  onStep();
  if (isNews(state)) sendState(state);
  else send({ kind: 'alive' });
};
/** Space too: while nobody writes here nothing else tells that it was freed, or used by somebody else. */
function isNews(state: VolumeState): boolean {
  if (told === undefined || problemOf(told) !== problemOf(state)) return true;
  return Math.abs(told.freeBytes - state.freeBytes) > state.totalBytes / 1000;
}
/** The words of a full volume are its numbers. */
function problemOf(state: VolumeState): string {
  if (state.kind === 'usable') return '';
  return state.cause === 'volume-full' ? state.cause : `${state.cause} ${state.message}`;
}
function sendState(state: VolumeState): void {
  told = state;
  send({
    kind: 'result',
    batch: undefined,
    result: { opened: [], durable: [], failed: [], state, batchMs: 0, syncMs: 0 },
  });
}

look();
const stopChecks = systemClock.every(CHECK_PERIOD, look);
parentPort?.on('message', (message: ToThread) => {
  switch (message.kind) {
    case 'slab':
      core.addSlab(message.slab);
      return;
    case 'jobs': {
      const result = core.run(message.jobs);
      told = result.state;
      send({ kind: 'result', batch: message.batch, result });
      return;
    }
    case 'tell':
      sendState(core.check());
      return;
    case 'stop':
      stopChecks();
      core.close();
      parentPort?.close();
      return;
  }
});
