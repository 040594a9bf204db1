/**
 * Which volumes retention may work on now, and how much is free on each: mounted, ours, known to media.
 * A disk that hangs is left out, and its unanswered look is not repeated: each costs a thread of the pool.
 */
import type { Catalogue } from '../archive/catalogue-types.ts';
import { isPresent } from '../archive/remove-segments.ts';
import type { VolumePlace } from '../archive/remove-segments.ts';
import type { RetentionVolume } from '../archive/retention-run.ts';
import { withDeadline } from '../archive/volume.ts';
import type { Clock } from '../core/clock.ts';
import { durationMs } from '../core/units.ts';
import type { Settings } from '../settings/settings.ts';
import type { LiveState } from './live-state.ts';
import { bytesPerDayOf, oldestOn, roomOf } from './volumes.ts';

const LOOK_WITHIN_MS = 2000;

export type RetentionRoomDeps = {
  readonly settings: Pick<Settings, 'volumes'>;
  readonly catalogue: Pick<Catalogue, 'segments'>;
  readonly state: Pick<LiveState, 'volumeOf'>;
  readonly clock: Clock;
};

export function createRetentionRoom(deps: RetentionRoomDeps): () => Promise<readonly RetentionVolume[]> {
  const { settings, catalogue, state, clock } = deps;
  const asked = new Set<string>();
  const isThere = async (volume: VolumePlace): Promise<boolean> => {
    if (asked.has(volume.id)) return false;
    asked.add(volume.id);
    const look = isPresent(volume).finally(() => asked.delete(volume.id));
    return (await withDeadline(clock, durationMs(LOOK_WITHIN_MS), look)) === true;
  };
  const look = async ({
    id,
    path,
    reserveBytes,
  }: VolumePlace & { readonly reserveBytes: number }): Promise<RetentionVolume[]> => {
    const space = state.volumeOf(id)?.state;
    const mayBeWritten = space?.kind === 'usable' || space?.cause === 'volume-full';
    if (space === undefined || !mayBeWritten || !(await isThere({ id, path }))) return [];
    const rate = bytesPerDayOf(catalogue, { id, since: oldestOn(catalogue, id), now: clock.now() });
    return [{ id, path, ...roomOf(space, reserveBytes, rate) }];
  };
  return async () => (await Promise.all(settings.volumes.get().volumes.map(look))).flat();
}
