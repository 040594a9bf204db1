/** Volumes for the API: adopting a folder, forgetting it again, and what each is worth. */
import type { Volume } from '../api/contract/server.ts';
import { readMounts, suggestVolumes } from '../archive/mounts.ts';
import { forecastDays } from '../archive/retention.ts';
import type { Catalogue } from '../archive/catalogue-types.ts';
import { adoptVolume, inspectVolume, withDeadline } from '../archive/volume.ts';
import type { AdoptedVolume, InspectedVolume } from '../archive/volume.ts';
import { isoOf } from '../core/clock.ts';
import type { Clock } from '../core/clock.ts';
import { UnderstudyError } from '../core/errors.ts';
import { durationMs, epochMs } from '../core/units.ts';
import type { Settings } from '../settings/settings.ts';
import { DEFAULT_RESERVE_BYTES, MAX_VOLUMES } from '../site/server-settings.ts';
import type { VolumeSettings } from '../site/server-settings.ts';
import type { LiveState, VolumeView } from './live-state.ts';

/** A hung network disk must not hang the page. */
const LOOK_WITHIN_MS = 5_000;
const DAY_MS = 86_400_000;
/** Free above the reserve, so that recording never waits for a deletion: a round of housekeeping of 128 cameras at 4 Mbit/s. */
export const headroomOf = (reserveBytes: number): number =>
  Math.min(2 * 1024 ** 3, Math.max(64 * 1024 ** 2, reserveBytes));

export type VolumeDeps = {
  readonly settings: Pick<Settings, 'volumes' | 'server' | 'cameras'>;
  readonly catalogue: Pick<Catalogue, 'segments'>;
  readonly state: Pick<LiveState, 'volumeOf'>;
  readonly clock: Clock;
  /** The orders and the catalogue must follow. */
  readonly onAdded: (volumeId: string) => void;
};
export type Volumes = {
  readonly list: () => readonly Volume[];
  /** @throws volume/unusable, volume/foreign, volume/already-used, volume/too-many */
  readonly create: (request: { readonly path: string; readonly reserveBytes?: number | undefined }) => Promise<Volume>;
  /** @throws volume/unknown */
  readonly update: (id: string, change: { readonly reserveBytes: number }) => Promise<Volume>;
  /** Footage and marker stay where they are. @throws volume/unknown */
  readonly remove: (id: string) => Promise<void>;
  readonly suggestions: () => Promise<readonly VolumeSuggestion[]>;
};
export type VolumeSuggestion = {
  readonly path: string;
  readonly fileSystem: string;
  readonly totalBytes: number;
  readonly freeBytes: number;
};

export function createVolumes(deps: VolumeDeps): Volumes {
  const { settings, clock, onAdded } = deps;
  const all = (): readonly VolumeSettings[] => settings.volumes.get().volumes;
  const found = (id: string): VolumeSettings => {
    const volume = all().find((one) => one.id === id);
    if (volume === undefined) throw new UnderstudyError('not-found', 'volume/unknown', `There is no volume ${id}.`);
    return volume;
  };
  return {
    list: () => all().map((volume) => viewOf(deps, volume)),
    create: async ({ path, reserveBytes = DEFAULT_RESERVE_BYTES }) => {
      if (all().length >= MAX_VOLUMES)
        throw new UnderstudyError('limit', 'volume/too-many', `At most ${MAX_VOLUMES} volumes can be used.`);
      const looked = usable(path, await withDeadline(clock, durationMs(LOOK_WITHIN_MS), inspectVolume(path)));
      if (all().some((volume) => volume.path === looked.path)) throw alreadyUsed(path);
      const serverId = settings.server.get().id;
      const adopted = await withDeadline(
        clock,
        durationMs(LOOK_WITHIN_MS),
        adoptVolume(looked.path, { serverId, clock }),
      );
      const volume = { id: idOf(path, adopted), path: looked.path, reserveBytes };
      await settings.volumes.update(({ volumes }) => {
        if (volumes.some(({ id }) => id === volume.id)) throw alreadyUsed(path);
        return { volumes: [...volumes, volume] };
      });
      onAdded(volume.id);
      return viewOf(deps, volume);
    },
    update: async (id, { reserveBytes }) => {
      found(id);
      await settings.volumes.update(({ volumes }) => ({
        volumes: volumes.map((volume) => (volume.id === id ? { ...volume, reserveBytes } : volume)),
      }));
      return viewOf(deps, found(id));
    },
    remove: async (id) => {
      found(id);
      await settings.volumes.update(({ volumes }) => ({ volumes: volumes.filter((volume) => volume.id !== id) }));
    },
    suggestions: async () => await suggest(deps),
  };
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
      `${path} holds the footage of another server; choose another folder, or remove that server's marker file first.`,
    );
  return adopted.marker.id;
}

const alreadyUsed = (path: string): UnderstudyError =>
  new UnderstudyError('conflict', 'volume/already-used', `${path} is a volume of this server already.`);

function viewOf({ catalogue, state, settings, clock }: VolumeDeps, { id, path, reserveBytes }: VolumeSettings): Volume {
  const view = state.volumeOf(id);
  const own = catalogue.segments.totals().filter(({ volumeId }) => volumeId === id);
  const footageBytes = own.reduce((sum, { bytes }) => sum + bytes, 0);
  const oldest = own
    .flatMap(({ cameraId, stream }) => catalogue.segments.oldest({ cameraId, stream }, id, 1))
    .reduce((first, { start }) => Math.min(first, start), Number.POSITIVE_INFINITY);
  const bytesPerDay = catalogue.segments.bytesStarted({ start: clock.now() - DAY_MS, end: clock.now() }, id);
  const space = view?.state;
  const room = { freeBytes: space?.freeBytes ?? 0, reserveBytes, headroomBytes: headroomOf(reserveBytes) };
  const daysFit = space === undefined ? undefined : forecastDays(footageBytes, room, bytesPerDay);
  const wanted = settings.cameras.get().cameras.flatMap(({ retention }) => retention.maxDays ?? []);
  return {
    id,
    path,
    ...stateOf(view),
    reserveBytes,
    footageBytes,
    ...(space === undefined ? {} : { totalBytes: space.totalBytes, freeBytes: space.freeBytes }),
    ...(Number.isFinite(oldest) ? { oldestFootageAt: isoOf(epochMs(Math.round(oldest))) } : {}),
    forecast: {
      bytesPerDay,
      ...(daysFit === undefined ? {} : { daysFit }),
      ...(wanted.length === 0 ? {} : { daysWanted: Math.max(...wanted) }),
    },
  };
}

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

async function suggest({ settings, clock }: VolumeDeps): Promise<readonly VolumeSuggestion[]> {
  const used = new Set(settings.volumes.get().volumes.map(({ path }) => path));
  const found: VolumeSuggestion[] = [];
  for (const { path, fileSystem } of suggestVolumes(await readMounts())) {
    if (used.has(path)) continue;
    const looked = await withDeadline(clock, durationMs(LOOK_WITHIN_MS), inspectVolume(path));
    if (looked?.kind === 'folder')
      found.push({ path, fileSystem, totalBytes: looked.totalBytes, freeBytes: looked.freeBytes });
  }
  return found;
}
