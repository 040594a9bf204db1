/**
 * How far the recording of each stream is, as other servers want to know it: until when it is durable, since when without a
 * hole, and how long it has not grown. Fed with the events of media; in memory only.
 *
 * Belongs here: that bookkeeping and what keep-alives and hand-overs say of it. Does not: who asks (protected-side.ts).
 */
import type { Clock } from '../core/clock.ts';
import { JITTER_MS } from '../ledger/account.ts';
import type { MissingCause } from '../ledger/causes.ts';
import type { MediaEvent, StreamName, StreamState } from '../wire/media-protocol.ts';
import type { StreamProgress } from '../wire/peer-protocol.ts';

export type StreamRef = { readonly cameraId: string; readonly stream: StreamName };
/** Wall milliseconds of this server; `idleMs` since `until` last grew. */
export type Run = { readonly since: number; readonly until: number; readonly idleMs: number };
export type RecordingProgress = {
  /** Events in the order of media; of what was replaced by another media process `restarted` tells first. */
  readonly push: (event: MediaEvent) => void;
  readonly restarted: () => void;
  readonly runOf: (stream: StreamRef) => Run | undefined;
  readonly progressOf: (stream: StreamRef, state: StreamState | undefined) => StreamProgress;
};

type Grown = { since: number; until: number; at: number };

export function createRecordingProgress(clock: Pick<Clock, 'monotonic'>): RecordingProgress {
  const runs = new Map<string, Grown>();
  const runOf: RecordingProgress['runOf'] = (stream) => {
    const run = runs.get(keyOf(stream));
    return run && { since: run.since, until: run.until, idleMs: Math.round(clock.monotonic() - run.at) };
  };
  return {
    runOf,
    restarted: () => runs.clear(),
    push: (event) => {
      if (event.kind !== 'fragments-written') return;
      for (const { cameraId, stream, start, end, continuous } of event.fragments) {
        const key = keyOf({ cameraId, stream });
        const before = runs.get(key);
        const goesOn = before !== undefined && (continuous || Math.abs(start - before.until) <= JITTER_MS);
        runs.set(key, { since: goesOn ? before.since : start, until: end, at: clock.monotonic() });
      }
    },
    progressOf: (stream, state) => {
      const run = runOf(stream);
      const [word, cause] = wordOf(state);
      return { ...stream, state: word, cause, durableUntil: run?.until, idleMs: run?.idleMs };
    },
  };
}

const keyOf = ({ cameraId, stream }: StreamRef): string => `${cameraId}/${stream}`;

function wordOf(state: StreamState | undefined): readonly [StreamProgress['state'], MissingCause | undefined] {
  if (state === undefined) return ['waiting', undefined];
  if (state.kind === 'failed') return ['failed', state.cause];
  return [state.kind === 'recording' ? 'recording' : 'waiting', undefined];
}
