/** Removes all footage of a camera that is no longer set up. A segment that media still closes is waited for. */
import { dirname } from 'node:path';
import type { Catalogue } from '../archive/catalogue-types.ts';
import { parseKeptVolume } from '../archive/kept-volume.ts';
import { removeSegment, syncRemoval } from '../archive/remove-segments.ts';
import type { Clock } from '../core/clock.ts';
import { messageOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { durationMs } from '../core/units.ts';
import type { VolumeSettings } from '../site/server-settings.ts';

const BATCH = 64;
const WAIT_MS = 1_000;
/** Media closes a stream's segment within seconds; a hung disk must not keep this going for ever. */
const MAX_WAITS = 120;

export type DeleteFootageDeps = {
  readonly catalogue: Pick<Catalogue, 'transaction' | 'segments' | 'removed'>;
  readonly volumes: () => readonly VolumeSettings[];
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
};

/** Resolves when it has begun; goes on by itself. */
export function deleteFootage(deps: DeleteFootageDeps, cameraId: string): void {
  run(deps, cameraId).catch((error: unknown) =>
    deps.log.error('footage of a camera could not be deleted', { cameraId, reason: messageOf(error) }),
  );
}

async function run(deps: DeleteFootageDeps, cameraId: string): Promise<void> {
  for (let waits = 0; waits < MAX_WAITS && !deps.signal.aborted; waits += 1) {
    const rest = deps.catalogue.segments.totals().filter((row) => row.cameraId === cameraId && row.segments > 0);
    if (rest.length === 0) return;
    for (const { stream, volumeId } of rest) await emptyStream(deps, { cameraId, stream }, volumeId);
    await deps.clock.sleep(durationMs(WAIT_MS), deps.signal);
  }
}

async function emptyStream(
  { catalogue, volumes, signal }: DeleteFootageDeps,
  key: { readonly cameraId: string; readonly stream: 'main' | 'sub' },
  volumeId: string,
): Promise<void> {
  const volume = volumes().find(({ id }) => id === volumeId);
  if (volume === undefined && parseKeptVolume(volumeId) === undefined) return;
  for (;;) {
    const rows = catalogue.segments.oldest(key, volumeId, BATCH);
    for (const { path } of rows) {
      if (signal.aborted) return;
      // What another server keeps is forgotten here; its retention deletes it there.
      if (volume === undefined) catalogue.segments.remove(volumeId, path);
      else await removeSegment({ catalogue, volume }, path, 'deleted');
    }
    // Nobody would delete again what a power cut brings back: the camera is no longer known.
    if (volume !== undefined) for (const path of onePerFolder(rows)) await syncRemoval(volume, path);
    if (rows.length < BATCH) return;
  }
}

const onePerFolder = (rows: readonly { readonly path: string }[]): Iterable<string> =>
  new Map(rows.map(({ path }) => [dirname(path), path])).values();
