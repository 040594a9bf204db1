/**
 * Whether a new release works, from what it records: looked at twice a second until it is known (docs/design/updates.md).
 * Belongs here: looking. Does not: what counts (`judge` of updates/release-state.ts), what follows (updates.ts).
 */
import type { Cancel, Clock } from '../core/clock.ts';
import { durationMs } from '../core/units.ts';
import { judge } from '../updates/release-state.ts';
import type { ReleaseState, Verdict } from '../updates/release-state.ts';

const LOOK_MS = 500;

export type Recorder = {
  /** Names the recording process that runs; undefined: none is up. */
  readonly media: () => string | undefined;
  /** Streams that are recorded now. */
  readonly recording: () => number;
  readonly clock: Pick<Clock, 'monotonic' | 'every'>;
};
export type Trial = {
  /** Undefined: none is tried. */
  readonly active: () => ReleaseState['active'];
  /** False: it could not be noted, and is looked at again. */
  readonly end: (verdict: Exclude<Verdict, { kind: 'wait' }>) => boolean;
};

export function watchTrial({ clock, media: mediaNow, recording: recordingNow }: Recorder, trial: Trial): Cancel {
  const since = clock.monotonic();
  const steady: Steady = { since: undefined, media: undefined };
  const cancel = clock.every(durationMs(LOOK_MS), () => {
    const active = trial.active();
    if (active === undefined) return;
    const { recorded, attempts: attempt } = active;
    const [media, recording] = [mediaNow(), recordingNow()];
    const steadyMs = steadyFor(steady, media, recording >= recorded, clock.monotonic());
    const elapsedMs = clock.monotonic() - since;
    const verdict = judge({ elapsedMs, attempt, mediaIsUp: media !== undefined, steadyMs, recording, recorded });
    if (verdict.kind !== 'wait' && trial.end(verdict)) cancel();
  });
  return cancel;
}

type Steady = { since: number | undefined; media: string | undefined };
/** Milliseconds for which all has been recorded by one and the same recording process. */
function steadyFor(steady: Steady, media: string | undefined, isAll: boolean, now: number): number {
  const isSame = media !== undefined && media === steady.media;
  steady.media = media;
  if (media === undefined || !isAll) steady.since = undefined;
  else if (!isSame || steady.since === undefined) steady.since = now;
  return steady.since === undefined ? 0 : now - steady.since;
}
