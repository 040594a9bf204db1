/** Compares catalogue and volumes whenever they may differ: one volume after the other, in the background, never twice at once. */
import type { ReconcileReport } from '../archive/rebuild.ts';
import type { Clock } from '../core/clock.ts';
import { messageOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Running } from '../core/running.ts';
import { durationMs } from '../core/units.ts';

/** Files that were just written are left alone by a scan; a later look takes them. */
export const LOOK_AGAIN_MS = 15_000;

export type ReconcilerDeps = {
  readonly volumeIds: () => readonly string[];
  /** Undefined: the volume is gone meanwhile. */
  readonly reconcile: (volumeId: string, signal: AbortSignal) => Promise<ReconcileReport | undefined>;
  readonly onDone: (volumeId: string, report: ReconcileReport) => void;
  readonly clock: Clock;
  readonly log: Log;
};
export type Reconciler = Running & {
  /** Soon, and once more a little later. */
  readonly ask: (reason: string, volumeId?: string) => void;
  readonly isBusy: () => boolean;
};

export function startReconciler(deps: ReconcilerDeps): Reconciler {
  const stopping = new AbortController();
  const waiting = new Set<string>();
  let busy = false;
  let running = Promise.resolve();
  let cancelSecond = (): void => undefined;

  const drain = async (): Promise<void> => {
    for (let id = first(waiting); id !== undefined && !stopping.signal.aborted; id = first(waiting)) {
      waiting.delete(id);
      try {
        const report = await deps.reconcile(id, stopping.signal);
        if (report === undefined) continue;
        const { complete, scanned, missing, broken } = report;
        deps.log.info('volume compared with the catalogue', {
          volumeId: id,
          complete,
          scanned,
          missing,
          broken: broken.length,
        });
        deps.onDone(id, report);
      } catch (error) {
        deps.log.error('volume could not be compared with the catalogue', { volumeId: id, reason: messageOf(error) });
      }
    }
    busy = false;
  };
  const start = (ids: readonly string[]): void => {
    if (stopping.signal.aborted) return;
    for (const id of ids) waiting.add(id);
    if (busy) return;
    busy = true;
    running = drain();
  };
  return {
    isBusy: () => busy,
    ask: (reason, volumeId) => {
      const ids = volumeId === undefined ? deps.volumeIds() : [volumeId];
      deps.log.info('catalogue and volumes may differ', { reason, volumes: ids.length });
      start(ids);
      cancelSecond();
      cancelSecond = deps.clock.after(durationMs(LOOK_AGAIN_MS), () => start(deps.volumeIds()));
    },
    stop: async () => {
      stopping.abort();
      cancelSecond();
      await running;
    },
  };
}

const first = (ids: ReadonlySet<string>): string | undefined => ids.values().next().value;
