/** Volumes for the API: adopting a folder, forgetting it again, and what each is worth. */
import { mkdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { Volume } from '../api/contract/server.ts';
import type { Preparing, VolumeDeps as VolumeRouteDeps, VolumeStatus } from '../api/routes/volumes.ts';
import { readMounts, suggestVolumes } from '../archive/mounts.ts';
import type { Mount } from '../archive/mounts.ts';
import { forecastDays, headroomOf } from '../archive/retention.ts';
import type { VolumeRoom } from '../archive/retention.ts';
import type { Catalogue } from '../archive/catalogue-types.ts';
import { adoptVolume, inspectVolume } from '../archive/volume.ts';
import type { AdoptedVolume, InspectedVolume } from '../archive/volume.ts';
import { isoOf, withDeadline } from '../core/clock.ts';
import type { Clock } from '../core/clock.ts';
import { UnderstudyError } from '../core/errors.ts';
import { durationMs, epochMs } from '../core/units.ts';
import type { Settings } from '../settings/settings.ts';
import type { VolumeSettings } from '../site/server-settings.ts';
import { volumePlaceProblem } from '../site/volume-place.ts';
import type { LiveState, VolumeView } from './live-state.ts';

/** A hung network disk must not hang the page. */
const LOOK_WITHIN_MS = 5_000;
/** Somebody waits for this one disk: from standby it needs ten seconds and more, and what others write is made durable first. */
const ADOPT_WITHIN_MS = 30_000;
const DAY_MS = 86_400_000;
/** Less than this of footage says nothing about a day. */
const MIN_OBSERVED_MS = 60_000;

export type VolumeDeps = {
  readonly settings: Pick<Settings, 'volumes' | 'server' | 'cameras'>;
  readonly options: { readonly dataDir: string };
  readonly catalogue: Pick<Catalogue, 'segments'>;
  readonly state: Pick<LiveState, 'volumeOf'>;
  readonly clock: Clock;
};
type Suggestion = Awaited<ReturnType<VolumeRouteDeps['suggestions']>>[number];
export type Volumes = Pick<VolumeRouteDeps, 'statusOf' | 'prepare' | 'suggestions'>;

export const createVolumes = (deps: VolumeDeps): Volumes => ({
  statusOf: (volume) => statusOf(deps, volume),
  prepare: async (path, how) => await prepare(deps, path, how),
  suggestions: async () => await suggest(deps),
});

/** @throws volume/unusable, volume/foreign, volume/not-here */
async function prepare(deps: VolumeDeps, path: string, { shared, check }: Preparing): ReturnType<Volumes['prepare']> {
  const { settings, clock, options } = deps;
  // The one folder that we make: a disk that is not mounted cannot be mistaken for it, the data directory is there.
  if (path === ownFootageOf(options)) await mkdir(path, { recursive: true, mode: 0o750 });
  const looked = usable(path, await withDeadline(clock, durationMs(ADOPT_WITHIN_MS), inspectVolume(path)));
  await checkPlace(deps, looked.path);
  check(looked);
  const serverId = settings.server.get().id;
  const adopting = adoptVolume(looked.path, { serverId, clock, takeOver: shared });
  const adopted = await withDeadline(clock, durationMs(ADOPT_WITHIN_MS), adopting);
  return { id: idOf(path, adopted), path: looked.path };
}

const ownFootageOf = ({ dataDir }: VolumeDeps['options']): string => join(dataDir, 'footage');

async function checkPlace({ settings, options }: VolumeDeps, path: string): Promise<void> {
  const volumes = settings.volumes.get().volumes.map((volume) => volume.path);
  const problem = volumePlaceProblem(path, { dataDir: await realpath(options.dataDir), volumes });
  if (problem !== undefined) throw new UnderstudyError('invalid', 'volume/not-here', problem);
}

function usable(
  path: string,
  looked: InspectedVolume | undefined,
): Extract<InspectedVolume, { readonly kind: 'folder' }> {
  if (looked === undefined)
    throw new UnderstudyError('unavailable', 'volume/unusable', `The disk of ${path} does not answer.`);
  if (looked.kind === 'unusable') throw new UnderstudyError('invalid', 'volume/unusable', looked.message);
  return looked;
}

function idOf(path: string, adopted: AdoptedVolume | undefined): string {
  if (adopted === undefined)
    throw new UnderstudyError('unavailable', 'volume/unusable', `The disk of ${path} does not answer.`);
  if (adopted.kind === 'unusable') throw new UnderstudyError('invalid', 'volume/unusable', adopted.message);
  if (adopted.kind === 'foreign')
    throw new UnderstudyError(
      'conflict',
      'volume/foreign',
      `${path} holds the footage of another server; choose another folder, say that it is shared if both are to record there, or remove that server's marker file first.`,
    );
  return adopted.marker.id;
}

function statusOf(
  { catalogue, state, settings, clock }: VolumeDeps,
  { id, reserveBytes }: VolumeSettings,
): VolumeStatus {
  const view = state.volumeOf(id);
  const footageBytes = catalogue.segments
    .totals()
    .reduce((sum, { volumeId, bytes }) => sum + (volumeId === id ? bytes : 0), 0);
  const oldest = oldestOn(catalogue, id);
  const now = clock.now();
  const bytesPerDay = bytesPerDayOf(catalogue, { id, since: oldest, now });
  const space = view?.state;
  const daysFit =
    space === undefined || bytesPerDay === undefined || space.totalBytes === 0
      ? undefined
      : forecastDays(footageBytes, roomOf(space, reserveBytes, bytesPerDay), bytesPerDay);
  const wanted = settings.cameras.get().cameras.flatMap(({ retention }) => retention.maxDays ?? []);
  return {
    ...stateOf(view),
    footageBytes,
    ...(space === undefined ? {} : { totalBytes: space.totalBytes, freeBytes: space.freeBytes }),
    ...(Number.isFinite(oldest) ? { oldestFootageAt: isoOf(epochMs(Math.round(oldest))) } : {}),
    forecast: {
      ...(bytesPerDay === undefined ? {} : { bytesPerDay: Math.round(bytesPerDay) }),
      ...(daysFit === undefined ? {} : { daysFit }),
      ...(wanted.length === 0 ? {} : { daysWanted: Math.max(...wanted) }),
    },
  };
}

/** Start of the oldest segment, open ones too; infinite if there is none. */
export const oldestOn = ({ segments }: Pick<Catalogue, 'segments'>, id: string): number =>
  [
    ...segments
      .totals()
      .filter(({ volumeId }) => volumeId === id)
      .flatMap((key) => segments.oldest(key, id, 1)),
    ...segments.openOnes().filter(({ volumeId }) => volumeId === id),
  ].reduce((first, { start }) => Math.min(first, start), Number.POSITIVE_INFINITY);

/**
 * Of the last day, or of the time there has been footage on it; `undefined` while that is too short to tell. `since`: of
 * the oldest footage.
 */
export function bytesPerDayOf(
  { segments }: Pick<Catalogue, 'segments'>,
  { id, since, now }: { readonly id: string; readonly since: number; readonly now: number },
): number | undefined {
  const start = Math.max(since, now - DAY_MS);
  const observed = now - start;
  if (!(observed >= MIN_OBSERVED_MS)) return undefined;
  return (segments.bytesStarted({ start, end: now }, id) * DAY_MS) / observed;
}

/** What retention and forecast hold free. */
export const roomOf = (
  { freeBytes, totalBytes }: { readonly freeBytes: number; readonly totalBytes: number },
  reserveBytes: number,
  bytesPerDay: number | undefined,
): VolumeRoom => ({
  freeBytes,
  reserveBytes,
  headroomBytes: headroomOf(((bytesPerDay ?? 0) / DAY_MS) * 1000, totalBytes),
});

function stateOf(view: VolumeView | undefined): Pick<Volume, 'state' | 'message' | 'directIo'> {
  if (view === undefined) return { state: 'error', message: 'The recording process has not looked at it yet.' };
  const { state } = view;
  if (state.kind === 'usable') return { state: 'usable', directIo: state.directIo };
  const names = {
    'volume-full': 'full',
    'volume-gone': 'gone',
    'volume-read-only': 'read-only',
    'volume-error': 'error',
  } as const;
  return { state: names[state.cause], message: state.message };
}

async function suggest({ settings, clock, options }: VolumeDeps): Promise<readonly Suggestion[]> {
  const volumes = settings.volumes.get().volumes.map(({ path }) => path);
  const dataDir = await realpath(options.dataDir);
  const mounts = await readMounts();
  const found: Suggestion[] = [];
  for (const { path, fileSystem } of suggestVolumes(mounts)) {
    if (volumes.includes(path) || volumePlaceProblem(path, { dataDir, volumes }) !== undefined) continue;
    const looked = await withDeadline(clock, durationMs(LOOK_WITHIN_MS), inspectVolume(path));
    if (looked?.kind === 'folder')
      found.push({ path, fileSystem, totalBytes: looked.totalBytes, freeBytes: looked.freeBytes });
  }
  if (found.length > 0 || volumes.length > 0) return found;
  // A machine with one disk: beside our settings is the one place that is surely ours.
  const looked = await withDeadline(clock, durationMs(LOOK_WITHIN_MS), inspectVolume(dataDir));
  if (looked?.kind !== 'folder') return [];
  const fileSystem = mountOf(mounts, dataDir)?.fileSystem ?? '';
  const { totalBytes, freeBytes } = looked;
  return [{ path: ownFootageOf(options), fileSystem, totalBytes, freeBytes }];
}

/** The last one whose path leads to `path`. */
const mountOf = (mounts: readonly Mount[], path: string): Mount | undefined =>
  mounts
    .filter((mount) => path === mount.path || path.startsWith(mount.path.endsWith('/') ? mount.path : `${mount.path}/`))
    .sort((one, other) => one.path.length - other.path.length)
    .at(-1);
