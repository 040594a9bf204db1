/**
 * Whether the places that a change of failover settings names are there: a folder for settings backups, volumes for what is recorded for
 * others.
 *
 * Belongs here: refusing what is not, in words. Does not: the settings and their limits (site/failover-settings.ts).
 */
import { access, constants, mkdir, stat } from 'node:fs/promises';
import { withDeadline } from '../core/clock.ts';
import type { Clock } from '../core/clock.ts';
import { systemCodeOf, UnderstudyError } from '../core/errors.ts';
import { durationMs } from '../core/units.ts';
import type { Settings } from '../settings/settings.ts';

/** A hung network disk must not hang the page. */
const ANSWERS_WITHIN_MS = 5000;

/** What of a change names a place. */
export type ChangedPlaces = {
  readonly backupDirectory?: string | null | undefined;
  readonly storeVolumeIds?: readonly string[] | undefined;
};
/** @throws failover/directory, failover/volume */
export type CheckPlaces = (change: ChangedPlaces) => Promise<void>;

export type PlacesDeps = { readonly settings: Pick<Settings, 'volumes'>; readonly clock: Pick<Clock, 'sleep'> };
export const createPlacesCheck =
  ({ settings, clock }: PlacesDeps): CheckPlaces =>
  async ({ backupDirectory, storeVolumeIds = [] }) => {
    const { volumes } = settings.volumes.get();
    const unknown = storeVolumeIds.find((id) => !volumes.some((volume) => volume.id === id));
    if (unknown !== undefined) throw noVolume(unknown);
    if (typeof backupDirectory !== 'string') return;
    const problem = await withDeadline(clock, durationMs(ANSWERS_WITHIN_MS), problemOf(backupDirectory));
    if (problem !== 'none') throw noDirectory(backupDirectory, problem ?? SILENT);
  };

/** Made if the folder above it is there: a disk that is not mounted is not written beside. */
async function problemOf(path: string): Promise<string> {
  try {
    await mkdir(path, { mode: 0o700 }).catch((error: unknown) => {
      if (systemCodeOf(error) !== 'EEXIST') throw error;
    });
    if (!(await stat(path)).isDirectory()) return 'it is no folder';
    await access(path, constants.W_OK | constants.X_OK);
    return 'none';
  } catch (error) {
    const code = systemCodeOf(error) ?? '';
    return PROBLEMS[code] ?? `the system says ${code}`;
  }
}
const PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: 'the folder above it does not exist',
  ENOTDIR: 'something above it is no folder',
  EACCES: 'this server may not write there',
  EPERM: 'this server may not write there',
  EROFS: 'its disk is read-only',
  ENOSPC: 'its disk is full',
};
const SILENT = 'its disk does not answer';

const noDirectory = (path: string, why: string): UnderstudyError =>
  new UnderstudyError(
    'invalid',
    'failover/directory',
    `Settings backups cannot be kept in ${path}: ${why}. Name a folder that this server may write to, or none. Nothing was changed.`,
  );
const noVolume = (id: string): UnderstudyError =>
  new UnderstudyError(
    'invalid',
    'failover/volume',
    `This server has no volume with the id ${id.slice(0, 64)}. Choose among its volumes. Nothing was changed.`,
  );
