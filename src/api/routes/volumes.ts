/** `/volumes`: where footage is kept. Removing one forgets it; its footage stays where it is. */
import { z } from 'zod';
import { UnderstudyError } from '../../core/errors.ts';
import type { Settings } from '../../settings/settings.ts';
import { DEFAULT_RESERVE_BYTES, MAX_VOLUMES } from '../../site/server-settings.ts';
import type { VolumeSettings } from '../../site/server-settings.ts';
import { overlapProblem } from '../../site/volume-place.ts';
import type { ActivityLog } from '../activity.ts';
import { signedIn } from '../caller.ts';
import { pageOf, pageQuery } from '../contract/common.ts';
import { createVolumeRequest, updateVolumeRequest, volume, volumeSuggestion } from '../contract/server.ts';
import type { Volume } from '../contract/server.ts';
import { checkTag, etagOf } from '../etag.ts';
import { pageOfItems } from '../page.ts';
import { HttpError } from '../problem.ts';
import { refuseReserve, refuseWholeVolume } from '../volume-reserve.ts';
import { empty, json, route } from '../route.ts';
import type { Route } from '../route.ts';

export type VolumeStatus = Omit<Volume, keyof VolumeSettings>;
export type Preparing = {
  readonly shared: boolean;
  /** Called before anything is written. @throws why it is not to be a volume */
  readonly check: (place: { readonly path: string; readonly totalBytes: number }) => void;
};
export type VolumeDeps = {
  readonly settings: Pick<Settings, 'volumes'>;
  readonly statusOf: (volume: VolumeSettings) => VolumeStatus;
  /**
   * Makes or reads the marker file at an absolute path and tells the volume's id and its true path.
   * @throws UnderstudyError that says why the path cannot be used
   */
  readonly prepare: (path: string, how: Preparing) => Promise<{ readonly id: string; readonly path: string }>;
  /** @throws volume/owed when footage would never go home by it and `confirm` is not its path */
  readonly beforeForgetting: (volume: VolumeSettings, confirm: string | undefined) => void;
  readonly suggestions: () => Promise<readonly z.infer<typeof volumeSuggestion>[]>;
  readonly activity: Pick<ActivityLog, 'record'>;
};

const byId = z.object({ id: z.string().max(64) });

export function volumeRoutes(deps: VolumeDeps): readonly Route[] {
  return [
    listVolumes(deps),
    createVolume(deps),
    suggestVolumes(deps),
    readVolume(deps),
    updateVolume(deps),
    deleteVolume(deps),
  ];
}

function found(volumes: readonly VolumeSettings[], id: string): VolumeSettings {
  const record = volumes.find((one) => one.id === id);
  if (record !== undefined) return record;
  throw new UnderstudyError('not-found', 'volume/unknown', `No volume has the id ${id.slice(0, 64)}.`);
}

function listVolumes({ settings, statusOf }: VolumeDeps): Route {
  return route(
    {
      method: 'GET',
      path: '/volumes',
      summary: 'All volumes with their state and forecast',
      access: 'operator',
      query: pageQuery,
      response: { json: pageOf(volume) },
    },
    ({ query }) => {
      const page = pageOfItems(settings.volumes.get().volumes, query);
      return json({ ...page, items: page.items.map((one) => ({ ...one, ...statusOf(one) })) });
    },
  );
}

function readVolume({ settings, statusOf }: VolumeDeps): Route {
  return route(
    {
      method: 'GET',
      path: '/volumes/:id',
      summary: 'One volume, with an ETag over its settings',
      access: 'operator',
      params: byId,
      response: { json: volume },
      problems: { 404: 'volume/unknown' },
    },
    ({ params }) => {
      const record = found(settings.volumes.get().volumes, params.id);
      return json({ ...record, ...statusOf(record) }, { etag: etagOf(record) });
    },
  );
}

function suggestVolumes({ suggestions }: VolumeDeps): Route {
  return route(
    {
      method: 'GET',
      path: '/volumes/suggestions',
      summary: 'Mounted file systems that could be used',
      access: 'admin',
      response: { json: z.object({ items: z.array(volumeSuggestion) }) },
    },
    async () => json({ items: [...(await suggestions())] }),
  );
}

function createVolume({ settings, statusOf, prepare, activity }: VolumeDeps): Route {
  return route(
    {
      method: 'POST',
      path: '/volumes',
      summary: 'Adds a folder on a mounted file system as a volume',
      access: 'admin',
      body: createVolumeRequest,
      response: { status: 201, json: volume },
      problems: { 409: 'volume/exists', 422: 'volume/not-here, volume/reserve' },
    },
    async ({ body, caller }) => {
      checkPath(body.path);
      const { id, path } = await prepare(body.path, {
        shared: body.shared === true,
        check: ({ path: at, totalBytes }) => {
          if (body.reserveBytes !== undefined) refuseWholeVolume(at, body.reserveBytes, totalBytes);
        },
      });
      const reserveBytes = body.reserveBytes ?? DEFAULT_RESERVE_BYTES;
      const record = { id, path, reserveBytes, ...(body.shared === true ? { shared: true } : {}) };
      await settings.volumes.update(({ volumes }) => {
        if (volumes.some((one) => one.id === id || one.path === path)) throw exists(path);
        // Once more under the lock of the file: two requests at once may name folders in one another.
        const problem = overlapProblem(
          path,
          volumes.map((one) => one.path),
        );
        if (problem !== undefined) throw new UnderstudyError('invalid', 'volume/not-here', problem);
        if (volumes.length >= MAX_VOLUMES) throw tooMany();
        return { volumes: [...volumes, record] };
      });
      const message = `Volume ${path} was added.`;
      activity.record({ severity: 'info', code: 'volume-added', message, volumeId: id, user: signedIn(caller).name });
      return json({ ...record, ...statusOf(record) });
    },
  );
}

function checkPath(path: string): void {
  if (path.startsWith('/') && !/\p{Cc}/u.test(path) && !path.split('/').includes('..')) return;
  const message = 'Expected an absolute path, such as /srv/footage, without "..".';
  throw new HttpError(422, 'http/invalid', message, { issues: [{ path: 'path', message }] });
}

const exists = (path: string): UnderstudyError =>
  new UnderstudyError('conflict', 'volume/exists', `${path} is a volume of this box already.`);
const tooMany = (): UnderstudyError =>
  new UnderstudyError('conflict', 'volume/too-many', `This box has ${MAX_VOLUMES} volumes already, which is the most.`);

const CHANGED = {
  code: 'volume/changed',
  message: 'Somebody else changed this volume meanwhile: read it again, then repeat the change.',
};
function updateVolume({ settings, statusOf }: VolumeDeps): Route {
  return route(
    {
      method: 'PATCH',
      path: '/volumes/:id',
      summary: 'Changes how much of a volume stays free; with If-Match only if nobody else changed it meanwhile',
      access: 'admin',
      params: byId,
      body: updateVolumeRequest,
      response: { json: volume },
      problems: {
        404: 'volume/unknown',
        409: 'volume/would-delete',
        412: 'volume/changed',
        422: 'volume/reserve',
      },
    },
    async ({ params, body, header }) => {
      const after = await settings.volumes.update(({ volumes }) => {
        const before = found(volumes, params.id);
        checkTag(header('if-match'), etagOf(before), CHANGED);
        refuseReserve(before, statusOf(before), body);
        const { reserveBytes } = body;
        return { volumes: volumes.map((one) => (one === before ? { ...one, reserveBytes } : one)) };
      });
      const record = found(after.volumes, params.id);
      return json({ ...record, ...statusOf(record) }, { etag: etagOf(record) });
    },
  );
}

function deleteVolume({ settings, activity, beforeForgetting }: VolumeDeps): Route {
  return route(
    {
      method: 'DELETE',
      path: '/volumes/:id',
      summary: 'Forgets a volume; its footage stays on it',
      access: 'admin',
      params: byId,
      query: z.object({
        /** Its path: also if it holds footage that other servers are still to be given back. */
        confirm: z.string().max(4096).optional(),
      }),
      response: { status: 204 },
      problems: { 404: 'volume/unknown', 409: 'volume/owed' },
    },
    async ({ params, query, caller }) => {
      const volume = found(settings.volumes.get().volumes, params.id);
      beforeForgetting(volume, query.confirm);
      const { path } = volume;
      await settings.volumes.update(({ volumes }) => ({ volumes: volumes.filter(({ id }) => id !== params.id) }));
      const message = `Volume ${path} was removed; its footage stays on it.`;
      activity.record({
        severity: 'warning',
        code: 'volume-removed',
        message,
        volumeId: params.id,
        user: signedIn(caller).name,
      });
      return empty();
    },
  );
}
