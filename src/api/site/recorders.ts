/**
 * Who records a camera at this moment, followed while somebody watches it: a cover by its own word, else the owner while it can be
 * reached. Belongs here: that choice and its changes. Does not: pictures (site-live.ts).
 */
import type { Cancel, Clock } from '../../core/clock.ts';
import { durationMs } from '../../core/units.ts';
import type { SiteCover, SiteServer } from './site-servers.ts';

const LOOK_EVERY_MS = 200;

export type RecorderFacts = {
  readonly ownerId: string | undefined;
  readonly servers: readonly Pick<SiteServer, 'id' | 'isReachable'>[];
  /** Of this camera. */
  readonly covers: readonly SiteCover[];
};
/** Pure. Undefined: nobody who can be reached. */
export function recorderOf({ ownerId, servers, covers }: RecorderFacts): string | undefined {
  const isReachable = (id: string): boolean => servers.some((server) => server.id === id && server.isReachable);
  const covering = covers.filter(({ by }) => isReachable(by.id));
  const recording = covering.find(({ isRecording }) => isRecording);
  if (recording !== undefined) return recording.by.id;
  if (ownerId !== undefined && isReachable(ownerId)) return ownerId;
  return covering[0]?.by.id;
}

export type Recorders = {
  /** Waits a moment for somebody: a takeover takes one. */
  readonly wait: (cameraId: string, withinMs: number, signal: AbortSignal) => Promise<string | undefined>;
  /** Tells once when somebody else records it than `recorder`; nobody at all is no news. */
  readonly follow: (cameraId: string, recorder: string, changed: () => void) => Cancel;
};
export type RecordersDeps = {
  /** Who records which camera, as it is known at this moment. */
  readonly look: () => (cameraId: string) => string | undefined;
  readonly clock: Pick<Clock, 'monotonic' | 'sleep' | 'every'>;
};

export function createRecorders({ look: lookNow, clock }: RecordersDeps): Recorders {
  const followed = new Set<{ readonly cameraId: string; readonly recorder: string; readonly changed: () => void }>();
  let cancel: Cancel | undefined;
  const look = (): void => {
    const now = lookNow();
    for (const one of followed) {
      const recorder = now(one.cameraId);
      if (recorder === undefined || recorder === one.recorder) continue;
      followed.delete(one);
      one.changed();
    }
    rest();
  };
  const rest = (): void => {
    if (followed.size > 0) return;
    cancel?.();
    cancel = undefined;
  };
  return {
    wait: async (cameraId, withinMs, signal) => {
      const until = clock.monotonic() + withinMs;
      for (;;) {
        const recorder = lookNow()(cameraId);
        if (recorder !== undefined || signal.aborted || clock.monotonic() >= until) return recorder;
        await clock.sleep(durationMs(LOOK_EVERY_MS), signal);
      }
    },
    follow: (cameraId, recorder, changed) => {
      const one = { cameraId, recorder, changed };
      followed.add(one);
      cancel ??= clock.every(durationMs(LOOK_EVERY_MS), look);
      return () => {
        followed.delete(one);
        rest();
      };
    },
  };
}
