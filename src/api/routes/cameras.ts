/** `/cameras`: setting up, changing and removing cameras. Does not: looking for them on the network (camera-finding.ts). */
import { z } from 'zod';
import type { CameraSettings } from '../../site/camera.ts';
import { cameraETag } from '../camera-changes.ts';
import { maySeeCamera, signedIn } from '../caller.ts';
import {
  camera,
  createCameraRequest,
  deleteCamerasRequest,
  updateCameraRequest,
  updateCamerasRequest,
} from '../contract/cameras.ts';
import type { Camera } from '../contract/cameras.ts';
import { pageOf, pageQuery } from '../contract/common.ts';
import { pageOfItems } from '../page.ts';
import { readableCameras } from '../readable-cameras.ts';
import type { CoveredCamera } from '../readable-cameras.ts';
import { empty, json, route } from '../route.ts';
import type { Route } from '../route.ts';
import { shownTo } from '../shown-camera.ts';
import { addCamera, changeCameras, foundCamera, removeCameras } from '../stored-cameras.ts';
import type { StoredCamerasDeps } from '../stored-cameras.ts';
import { cameraFindingRoutes } from './camera-finding.ts';
import type { CameraFindingDeps } from './camera-finding.ts';

/** What a camera is doing now; settings come from the settings. */
export type CameraStatus = Omit<Camera, keyof CameraSettings>;

export type CameraDeps = StoredCamerasDeps &
  CameraFindingDeps & {
    readonly statusOf: (camera: CameraSettings) => CameraStatus;
    /** Of other servers, recorded here now; they are read like own ones and changed at their server. */
    readonly covered: () => readonly CoveredCamera[];
  };

const byId = z.object({ id: z.string().max(64) });
const footageChoice = z.object({ footage: z.enum(['keep', 'delete']).default('keep') });

export function cameraRoutes(deps: CameraDeps): readonly Route[] {
  return [
    listCameras(deps),
    createCamera(deps),
    updateCameras(deps),
    deleteCameras(deps),
    ...cameraFindingRoutes(deps),
    readCamera(deps),
    updateCamera(deps),
    deleteCamera(deps),
  ];
}

function listCameras(deps: CameraDeps): Route {
  return route(
    {
      method: 'GET',
      path: '/cameras',
      summary: 'The cameras that the caller may see',
      access: 'viewer',
      query: pageQuery,
      response: { json: pageOf(camera) },
    },
    ({ query, caller }) => {
      const visible = readableCameras(deps).filter(({ id }) => maySeeCamera(caller, id));
      const page = pageOfItems(visible, query);
      return json({ ...page, items: page.items.map(({ record, more }) => shownTo(caller, { ...record, ...more() })) });
    },
  );
}

function readCamera(deps: CameraDeps): Route {
  return route(
    {
      method: 'GET',
      path: '/cameras/:id',
      summary: 'One camera, with an ETag over its settings',
      access: 'viewer',
      camera: 'id',
      params: byId,
      response: { json: camera },
      problems: { 404: 'camera/unknown' },
    },
    ({ params, caller }) => {
      const one = readableCameras(deps).find(({ id }) => id === params.id);
      const record = one?.record ?? foundCamera([], params.id);
      const more = one?.more ?? ((): CameraStatus => deps.statusOf(record));
      return json(shownTo(caller, { ...record, ...more() }), { etag: cameraETag(record) });
    },
  );
}

function createCamera(deps: CameraDeps): Route {
  return route(
    {
      method: 'POST',
      path: '/cameras',
      summary: 'Adds a camera',
      access: 'admin',
      body: createCameraRequest,
      response: { status: 201, json: camera },
      problems: { 409: 'camera/too-many', 422: 'camera/address-*' },
    },
    async ({ body, caller }) => {
      const record = await addCamera(deps, body, signedIn(caller).name);
      const headers = { etag: cameraETag(record), location: `/api/v1/cameras/${record.id}` };
      return json({ ...record, ...deps.statusOf(record) }, headers);
    },
  );
}

function updateCamera(deps: CameraDeps): Route {
  const { settings, statusOf } = deps;
  return route(
    {
      method: 'PATCH',
      path: '/cameras/:id',
      summary: 'Changes a camera; with If-Match only if nobody else changed it meanwhile',
      access: 'admin',
      camera: 'id',
      params: byId,
      body: updateCameraRequest,
      response: { json: camera },
      problems: { 404: 'camera/unknown', 412: 'camera/changed', 422: 'camera/address-*' },
    },
    async ({ params, body, caller, header }) => {
      const [record] = await changeCameras(deps, [params.id], body, {
        actor: signedIn(caller).name,
        ifMatch: header('if-match'),
      });
      const updated = record ?? foundCamera(settings.cameras.get().cameras, params.id);
      return json({ ...updated, ...statusOf(updated) }, { etag: cameraETag(updated) });
    },
  );
}

function updateCameras(deps: CameraDeps): Route {
  return route(
    {
      method: 'PATCH',
      path: '/cameras',
      summary: 'Makes the same change to several cameras: to all or to none',
      access: 'admin',
      body: updateCamerasRequest,
      response: { json: z.object({ items: z.array(camera) }) },
      problems: { 404: 'camera/unknown' },
    },
    async ({ body, caller }) => {
      const records = await changeCameras(deps, [...new Set(body.ids)], body.change, {
        actor: signedIn(caller).name,
        ifMatch: undefined,
      });
      return json({ items: records.map((record) => ({ ...record, ...deps.statusOf(record) })) });
    },
  );
}

function deleteCamera(deps: CameraDeps): Route {
  return route(
    {
      method: 'DELETE',
      path: '/cameras/:id',
      summary: 'Removes a camera; its footage stays unless `footage=delete`',
      access: 'admin',
      camera: 'id',
      params: byId,
      query: footageChoice,
      response: { status: 204 },
      problems: { 404: 'camera/unknown' },
    },
    async ({ params, query, caller }) => {
      await removeCameras(deps, [params.id], query.footage, signedIn(caller).name);
      return empty();
    },
  );
}

function deleteCameras(deps: CameraDeps): Route {
  return route(
    {
      method: 'DELETE',
      path: '/cameras',
      summary: 'Removes several cameras: all or none',
      access: 'admin',
      body: deleteCamerasRequest,
      response: { status: 204 },
      problems: { 404: 'camera/unknown' },
    },
    async ({ body, caller }) => {
      await removeCameras(deps, [...new Set(body.ids)], body.footage, signedIn(caller).name);
      return empty();
    },
  );
}
