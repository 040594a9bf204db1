/**
 * Says within about a second when a disk of this server keeps the footage of a covered server waiting: in log, health and incident.
 * Nothing is lost yet: media keeps it in memory, and after 6 s writes it to another volume if there is one (recorder/write-queue.ts).
 * Other failover servers see it in the keep-alive and step in (failover/claims.ts).
 *
 * Belongs here: when that is said. Does not: noticing it (archive/disk-pulse.ts, recording-progress.ts).
 */
import type { NewActivity } from '../api/activity.ts';
import type { HealthItem } from '../api/contract/server.ts';
import { isoOf } from '../core/clock.ts';
import type { Clock } from '../core/clock.ts';
import type { EpochMs } from '../core/units.ts';

export type CoveredStream = { readonly serverId: string; readonly cameraId: string; readonly stream: 'main' | 'sub' };
export type DiskTroubleDeps = {
  /** What is recorded for others now. */
  readonly covered: () => readonly CoveredStream[];
  /** The volume whose disk keeps the footage of this stream waiting. */
  readonly waitsFor: (stream: CoveredStream) => string | undefined;
  readonly pathOf: (volumeId: string) => string;
  readonly nameOf: (serverId: string) => string;
  readonly record: (activity: NewActivity) => void;
  /** Into the incident of a covered server. */
  readonly remark: (serverId: string, message: string) => void;
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
};
export type DiskTrouble = {
  /** A few times a second. */
  readonly look: () => void;
  readonly healthItems: () => readonly HealthItem[];
};

/** A disk that stutters says so once; its end is said when it has answered for so long. */
export const ANSWERS_FOR_MS = 30_000;

type Trouble = {
  readonly since: EpochMs;
  readonly servers: Set<string>;
  message: string;
  waiting: boolean;
  /** Monotonic: when it was last seen waiting. */
  lastAt: number;
};

export function createDiskTrouble(deps: DiskTroubleDeps): DiskTrouble {
  const { clock } = deps;
  const troubles = new Map<string, Trouble>();
  const found = (volumeId: string, streams: readonly CoveredStream[]): void => {
    const at = clock.monotonic();
    const known = troubles.get(volumeId);
    const trouble = known ?? { since: clock.now(), servers: new Set(), message: '', waiting: true, lastAt: at };
    troubles.set(volumeId, trouble);
    trouble.waiting = true;
    trouble.lastAt = at;
    trouble.message = wordsOf(deps, volumeId, streams);
    if (known === undefined) {
      const message = trouble.message;
      deps.record({ severity: 'error', code: 'cover/disk-waiting', message, volumeId });
    }
    for (const { serverId } of streams) {
      if (trouble.servers.has(serverId)) continue;
      trouble.servers.add(serverId);
      deps.remark(serverId, trouble.message);
    }
  };
  const answered = (volumeId: string, trouble: Trouble): void => {
    trouble.waiting = false;
    if (clock.monotonic() - trouble.lastAt < ANSWERS_FOR_MS) return;
    troubles.delete(volumeId);
    const message = `The disk of ${deps.pathOf(volumeId)} answers again.`;
    deps.record({ severity: 'info', code: 'cover/disk-answers', message, volumeId });
  };
  return {
    look: () => {
      const waiting = Map.groupBy(deps.covered(), deps.waitsFor);
      for (const [volumeId, streams] of waiting) if (volumeId !== undefined) found(volumeId, streams);
      for (const [volumeId, trouble] of troubles) if (!waiting.has(volumeId)) answered(volumeId, trouble);
    },
    healthItems: () =>
      [...troubles.values()].flatMap(({ waiting, message, since }): readonly HealthItem[] =>
        waiting ? [{ code: 'cover-disk-waiting', severity: 'error', message, since: isoOf(since) }] : [],
      ),
  };
}

function wordsOf({ pathOf, nameOf }: DiskTroubleDeps, volumeId: string, streams: readonly CoveredStream[]): string {
  const names = [...new Set(streams.map(({ serverId }) => nameOf(serverId)))].join(', ');
  const cameras = new Set(streams.map(({ cameraId }) => cameraId)).size;
  return `The disk of ${pathOf(volumeId)} does not answer: what is recorded here of ${cameras} ${cameras === 1 ? 'camera' : 'cameras'} of ${names} waits in memory.`;
}
