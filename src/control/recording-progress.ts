/**
 * How far the recording of each stream is, as other servers want to know it: until when it is durable, since when without a
 * hole, and how long it has not grown. Fed with the events of media; in memory only.
 *
 * Belongs here: that bookkeeping and what keep-alives and hand-overs say of it. Does not: who asks (protected-side.ts).
 */
import type { Clock } from '../core/clock.ts';
import { JITTER_MS } from '../ledger/account.ts';
import type { MissingCause } from '../ledger/causes.ts';
import type { FragmentReport, MediaEvent, StreamName, StreamState, VolumeState } from '../wire/media-protocol.ts';
import type { StreamProgress } from '../wire/peer-protocol.ts';

export type StreamRef = { readonly cameraId: string; readonly stream: StreamName };
/** Wall milliseconds of this server; `idleMs` since `until` last grew. */
export type Run = { readonly since: number; readonly until: number; readonly idleMs: number };
export type RecordingProgress = {
  /**
   * Events in the order of media; of what was replaced by another media process `restarted` tells first. True: something became worse
   * that whoever protects this server should know at once.
   */
  readonly push: (event: MediaEvent) => boolean;
  readonly restarted: () => void;
  readonly runOf: (stream: StreamRef) => Run | undefined;
  /** With a disk that keeps it waiting it fails for others, who can record meanwhile; here memory bridges, and nothing is lost yet. */
  readonly progressOf: (stream: StreamRef, state: StreamState | undefined) => StreamProgress;
  /** The volume whose disk keeps what is recorded of this stream waiting. */
  readonly waitsFor: (stream: StreamRef) => string | undefined;
  /**
   * Why nothing of this stream becomes durable any more: the volume that it was written to fails, and no other one took its place.
   * `from`: monotonic milliseconds, when it began to be recorded as it is now; an earlier recording is not judged.
   */
  readonly lostFor: (stream: StreamRef, from?: number) => VolumeTrouble | undefined;
  /** Why nothing that goes to this volume becomes durable, known before the catalogue has stored it. */
  readonly troubleOf: (volumeId: string) => VolumeTrouble | undefined;
};

export type VolumeTrouble = Extract<VolumeState, { readonly kind: 'unusable' }>['cause'];
type Grown = { since: number; until: number; at: number; volumeId: string };

/** From a volume that fails to the first fragment that is durable on the next one. */
const MOVES_WITHIN_MS = 1000;

export function createRecordingProgress(clock: Pick<Clock, 'monotonic'>): RecordingProgress {
  const runs = new Map<string, Grown>();
  const unusable = new Map<string, VolumeTrouble>();
  const waiting = new Set<string>();
  const troubleOf = (volumeId: string): VolumeTrouble | undefined =>
    unusable.get(volumeId) ?? (waiting.has(volumeId) ? 'volume-error' : undefined);
  const note = (event: Extract<MediaEvent, { readonly volumeId: string; readonly kind: `volume-${string}` }>): void => {
    const { volumeId } = event;
    if (event.kind === 'volume-waiting') {
      if (event.waiting) waiting.add(volumeId);
      else waiting.delete(volumeId);
    } else if (event.state.kind === 'unusable') unusable.set(volumeId, event.state.cause);
    else unusable.delete(volumeId);
  };
  const grow = ({ cameraId, stream, volumeId, start, end, continuous }: FragmentReport): void => {
    const key = keyOf({ cameraId, stream });
    const before = runs.get(key);
    const goesOn = before !== undefined && (continuous || Math.abs(start - before.until) <= JITTER_MS);
    runs.set(key, { since: goesOn ? before.since : start, until: end, at: clock.monotonic(), volumeId });
  };
  const runOf: RecordingProgress['runOf'] = (stream) => {
    const run = runs.get(keyOf(stream));
    return run && { since: run.since, until: run.until, idleMs: Math.round(clock.monotonic() - run.at) };
  };
  const waitsFor: RecordingProgress['waitsFor'] = (stream) => {
    const volumeId = runs.get(keyOf(stream))?.volumeId;
    return volumeId !== undefined && waiting.has(volumeId) ? volumeId : undefined;
  };
  const lostFor: RecordingProgress['lostFor'] = (stream, from = -Infinity) => {
    const run = runs.get(keyOf(stream));
    if (run === undefined || clock.monotonic() - Math.max(run.at, from) <= MOVES_WITHIN_MS) return undefined;
    return unusable.get(run.volumeId);
  };
  return {
    runOf,
    waitsFor,
    lostFor,
    troubleOf,
    restarted: () => {
      runs.clear();
      unusable.clear();
      waiting.clear();
    },
    push: (event) => {
      if (event.kind === 'fragments-written') event.fragments.forEach(grow);
      if (event.kind !== 'volume-state' && event.kind !== 'volume-waiting') return false;
      const before = troubleOf(event.volumeId);
      note(event);
      const now = troubleOf(event.volumeId);
      return now !== undefined && now !== before;
    },
    progressOf: (stream, state) => {
      const run = runOf(stream);
      const [word, cause] = wordOf(state);
      const told = waitsFor(stream) !== undefined && word === 'recording' ? WAITS : { state: word, cause };
      return { ...stream, ...told, durableUntil: run?.until, idleMs: run?.idleMs };
    },
  };
}

const WAITS = { state: 'failed', cause: 'volume-error' } as const;
const keyOf = ({ cameraId, stream }: StreamRef): string => `${cameraId}/${stream}`;

function wordOf(state: StreamState | undefined): readonly [StreamProgress['state'], MissingCause | undefined] {
  if (state === undefined) return ['waiting', undefined];
  if (state.kind === 'failed') return ['failed', state.cause];
  return [state.kind === 'recording' ? 'recording' : 'waiting', undefined];
}
