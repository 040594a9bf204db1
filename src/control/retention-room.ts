/**
 * Which volumes retention may work on now, and how much is free on each: mounted, ours, known to media.
 * A disk that hangs is left out, and its unanswered look is not repeated: each costs a thread of the pool.
 */
import { statfs } from 'node:fs/promises';
import type { Catalogue } from '../archive/catalogue-types.ts';
import { isPresent } from '../archive/remove-segments.ts';
import type { VolumePlace } from '../archive/remove-segments.ts';
import type { RetentionVolume } from '../archive/retention-run.ts';
import { withDeadline } from '../core/clock.ts';
import type { Clock } from '../core/clock.ts';
import { durationMs } from '../core/units.ts';
import type { Settings } from '../settings/settings.ts';
import type { VolumeSettings } from '../site/server-settings.ts';
import type { LiveState } from './live-state.ts';
import { bytesPerDayOf, oldestOn, roomOf } from './volumes.ts';

const LOOK_WITHIN_MS = 2000;

export type RetentionRoomDeps = {
  readonly settings: Pick<Settings, 'volumes'>;
  readonly catalogue: Pick<Catalogue, 'segments'>;
  readonly state: Pick<LiveState, 'volumeOf'>;
  readonly clock: Clock;
};

type Space = { readonly freeBytes: number; readonly totalBytes: number };

export function createRetentionRoom(deps: RetentionRoomDeps): () => Promise<readonly RetentionVolume[]> {
  const { settings, catalogue, state, clock } = deps;
  const asked = new Set<string>();
  const measured = async (volume: VolumePlace): Promise<Space | undefined> => {
    if (asked.has(volume.id)) return undefined;
    asked.add(volume.id);
    const look = measure(volume).finally(() => asked.delete(volume.id));
    return await withDeadline(clock, durationMs(LOOK_WITHIN_MS), look);
  };
  const look = async (volume: VolumeSettings): Promise<RetentionVolume[]> => {
    const { id, path, reserveBytes } = volume;
    const view = state.volumeOf(id)?.state;
    const space = view?.kind === 'usable' || view?.cause === 'volume-full' ? await measured(volume) : undefined;
    if (space === undefined) return [];
    const rate = bytesPerDayOf(catalogue, { id, since: oldestOn(catalogue, id), now: clock.now() });
    return [{ id, path, ...roomOf(space, reserveBytes, rate) }];
  };
  return async () => (await Promise.all(settings.volumes.get().volumes.map(look))).flat();
}

/** Measured anew each time: by an old figure a round would remove once more what the round before has freed already. */
async function measure(volume: VolumePlace): Promise<Space | undefined> {
  try {
    if (!(await isPresent(volume))) return undefined;
    const { bavail, blocks, bsize } = await statfs(volume.path);
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  } catch {
    return undefined;
  }
}
