/** `/cameras`: set up, change and remove cameras; discovery and test. */
import { z } from 'zod';
import { UnderstudyError } from '../../core/errors.ts';
import { createCameraId } from '../../core/ids.ts';
import type { Settings } from '../../settings/settings.ts';
import { isRefusal, parseCameraUrl, refusalOfAddress } from '../../core/camera-address.ts';
import type { CameraAddressPolicy } from '../../core/camera-address.ts';
import { cameraSecretName, splitCredentials } from '../../site/camera-credentials.ts';
import { MAX_CAMERAS } from '../../site/camera.ts';
import type { CameraSettings } from '../../site/camera.ts';
import type { ActivityLog } from '../activity.ts';
import { applyChange, cameraETag, checkAddress, checkIfMatch, prepareChange } from '../camera-changes.ts';
import type { CameraChange } from '../camera-changes.ts';
import { maySeeCamera, signedIn } from '../caller.ts';
import {
  camera,
  createCameraRequest,
  deleteCamerasRequest,
  discoveredCamera,
  discoverRequest,
  testCameraRequest,
  testCameraResult,
  updateCameraRequest,
  updateCamerasRequest,
} from '../contract/cameras.ts';
import type { Camera, DiscoveredCamera, TestCameraResult } from '../contract/cameras.ts';
import { pageOf, pageQuery } from '../contract/common.ts';
import { readableCameras } from '../readable-cameras.ts';
import type { CoveredCamera } from '../readable-cameras.ts';
import { pageOfItems } from '../page.ts';
import { empty, json, route } from '../route.ts';
import type { Route } from '../route.ts';
import { shownTo } from '../shown-camera.ts';

/** What a camera is doing now; settings come from the settings. */
export type CameraStatus = Omit<Camera, keyof CameraSettings>;

/** `cameraId` is filled in by the route. */
export type Discover = (
  request: { readonly seconds: number; readonly username: string | undefined; readonly password: string | undefined },
  signal: AbortSignal,
) => Promise<readonly Omit<DiscoveredCamera, 'cameraId'>[]>;

/** Credentials are taken out of the URL before; `allowAddress` must be asked with each resolved address before connecting. */
export type TestCamera = (
  request: Omit<z.output<typeof testCameraRequest>, 'cameraId' | 'username' | 'password'> & {
    readonly username: string | undefined;
    readonly password: string | undefined;
    readonly allowAddress: (address: string, port: number) => string | undefined;
  },
  signal: AbortSignal,
) => Promise<TestCameraResult>;

export type CameraDeps = {
  readonly settings: Pick<Settings, 'cameras' | 'secrets'>;
  readonly statusOf: (camera: CameraSettings) => CameraStatus;
  /** Of other servers, recorded here now; they are read like own ones and changed at their server. */
  readonly covered: () => readonly CoveredCamera[];
  readonly discover: Discover;
  readonly testCamera: TestCamera;
  /** Begins to remove all footage of a camera that is no longer set up. */
  readonly deleteFootage: (cameraId: string) => Promise<void>;
  readonly addressPolicy: () => CameraAddressPolicy;
  /** What the site decides for cameras that are added without one. */
  readonly standbyLevelOf: (priority: CameraSettings['priority']) => CameraSettings['standbyLevel'] | undefined;
  readonly activity: Pick<ActivityLog, 'record'>;
};

const byId = z.object({ id: z.string().max(64) });
const footageChoice = z.object({ footage: z.enum(['keep', 'delete']).default('keep') });

export function cameraRoutes(deps: CameraDeps): readonly Route[] {
  return [
    listCameras(deps),
    createCamera(deps),
    updateCameras(deps),
    deleteCameras(deps),
    discoverCameras(deps),
    testOneCamera(deps),
    readCamera(deps),
    updateCamera(deps),
    deleteCamera(deps),
  ];
}

function found(cameras: readonly CameraSettings[], id: string): CameraSettings {
  const record = cameras.find((one) => one.id === id);
  if (record !== undefined) return record;
  throw new UnderstudyError('not-found', 'camera/unknown', `No camera has the id ${id.slice(0, 64)}.`);
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
      const record = one?.record ?? found([], params.id);
      const more = one?.more ?? ((): CameraStatus => deps.statusOf(record));
      return json(shownTo(caller, { ...record, ...more() }), { etag: cameraETag(record) });
    },
  );
}

function createCamera(deps: CameraDeps): Route {
  const { settings, statusOf, activity } = deps;
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
      const id = createCameraId();
      const standbyLevel = body.standbyLevel ?? deps.standbyLevelOf(body.priority ?? 'medium');
      const prepared = prepareChange({ ...body, standbyLevel }, deps.addressPolicy());
      const record = applyChange(id, undefined, prepared);
      await withPassword(deps, [id], prepared.password, async () => {
        await settings.cameras.update(({ cameras }) => {
          if (cameras.length >= MAX_CAMERAS) throw tooMany();
          return { cameras: [...cameras, record] };
        });
      });
      const message = `Camera ${record.name} was added.`;
      activity.record({ severity: 'info', code: 'camera-added', message, cameraId: id, user: signedIn(caller).name });
      const headers = { etag: cameraETag(record), location: `/api/v1/cameras/${id}` };
      return json({ ...record, ...statusOf(record) }, headers);
    },
  );
}

const tooMany = (): UnderstudyError =>
  new UnderstudyError('conflict', 'camera/too-many', `This box records at most ${MAX_CAMERAS} cameras.`);

/** Secrets first: a camera never says that it has a password that is not there. */
async function withPassword(
  { settings }: CameraDeps,
  ids: readonly string[],
  password: string | null | undefined,
  save: () => Promise<void>,
): Promise<void> {
  if (password === undefined) return await save();
  const names = ids.map(cameraSecretName);
  const before = new Map(names.map((name) => [name, settings.secrets.get(name)]));
  await settings.secrets.set(new Map(names.map((name) => [name, password ?? undefined])));
  try {
    await save();
  } catch (error) {
    await settings.secrets.set(before);
    throw error;
  }
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
      const [record] = await change(deps, [params.id], body, {
        actor: signedIn(caller).name,
        ifMatch: header('if-match'),
      });
      const updated = record ?? found(settings.cameras.get().cameras, params.id);
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
      const records = await change(deps, [...new Set(body.ids)], body.change, {
        actor: signedIn(caller).name,
        ifMatch: undefined,
      });
      return json({ items: records.map((record) => ({ ...record, ...deps.statusOf(record) })) });
    },
  );
}

type By = { readonly actor: string; readonly ifMatch: string | undefined };
async function change(
  deps: CameraDeps,
  ids: readonly string[],
  asked: CameraChange,
  { actor, ifMatch }: By,
): Promise<readonly CameraSettings[]> {
  const { settings, activity } = deps;
  const prepared = prepareChange(asked, deps.addressPolicy());
  const before = settings.cameras.get().cameras;
  for (const id of ids) checkIfMatch(ifMatch, found(before, id)); // before any secret is touched
  await withPassword(deps, ids, prepared.password, async () => {
    await settings.cameras.update(({ cameras }) => {
      for (const id of ids) checkIfMatch(ifMatch, found(cameras, id));
      return { cameras: cameras.map((one) => (ids.includes(one.id) ? applyChange(one.id, one, prepared) : one)) };
    });
  });
  const after = settings.cameras.get().cameras.filter(({ id }) => ids.includes(id));
  for (const { id, name } of after) {
    activity.record({
      severity: 'info',
      code: 'camera-changed',
      message: `Camera ${name} was changed.`,
      cameraId: id,
      user: actor,
    });
  }
  return after;
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
      await remove(deps, [params.id], query.footage, signedIn(caller).name);
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
      await remove(deps, [...new Set(body.ids)], body.footage, signedIn(caller).name);
      return empty();
    },
  );
}

async function remove(
  { settings, deleteFootage, activity }: CameraDeps,
  ids: readonly string[],
  footage: 'keep' | 'delete',
  actor: string,
): Promise<void> {
  const removed: CameraSettings[] = [];
  await settings.cameras.update(({ cameras }) => {
    removed.push(...ids.map((id) => found(cameras, id)));
    return { cameras: cameras.filter(({ id }) => !ids.includes(id)) };
  });
  await settings.secrets.set(new Map(ids.map((id) => [cameraSecretName(id), undefined])));
  for (const { id, name } of removed) {
    const message = `Camera ${name} was removed; its footage is ${footage === 'keep' ? 'kept' : 'deleted'}.`;
    activity.record({ severity: 'warning', code: 'camera-removed', message, cameraId: id, user: actor });
    if (footage === 'delete') await deleteFootage(id);
  }
}

function discoverCameras({ settings, discover }: CameraDeps): Route {
  return route(
    {
      method: 'POST',
      path: '/cameras/discover',
      summary: 'Looks for ONVIF cameras on the networks of this box',
      access: 'admin',
      body: discoverRequest,
      response: { json: z.object({ items: z.array(discoveredCamera) }) },
    },
    async ({ body, signal }) => {
      const { seconds, username, password } = body;
      const items = await discover({ seconds, username, password }, signal);
      const { cameras } = settings.cameras.get();
      return json({ items: items.map((item) => withCameraId(item, cameras)) });
    },
  );
}

type Discovered = Awaited<ReturnType<Discover>>[number];
function withCameraId(item: Discovered, cameras: readonly CameraSettings[]): DiscoveredCamera {
  const known = cameras.find(({ main }) => {
    const parsed = parseCameraUrl(main.url);
    return !isRefusal(parsed) && parsed.host === item.address;
  });
  return known === undefined ? item : { ...item, cameraId: known.id };
}

function testOneCamera({ settings, testCamera, addressPolicy }: CameraDeps): Route {
  return route(
    {
      method: 'POST',
      path: '/cameras/test',
      summary: 'Connects once and waits for a key frame; always 200, `ok` tells',
      access: 'admin',
      body: testCameraRequest,
      response: { json: testCameraResult },
      problems: { 422: 'camera/address-*' },
    },
    async ({ body, signal }) => {
      const { cameraId, ...asked } = body;
      const split = splitCredentials(asked.url);
      const policy = addressPolicy();
      checkAddress(split.url, 'url', policy);
      const stored = cameraId === undefined ? undefined : settings.secrets.get(cameraSecretName(cameraId));
      const sameHost = cameraId !== undefined && goesTo(found(settings.cameras.get().cameras, cameraId), split.url);
      const request = {
        ...asked,
        url: split.url,
        username: asked.username ?? split.username,
        password: asked.password ?? split.password ?? (sameHost ? stored : undefined),
        allowAddress: (address: string, port: number) => refusalOfAddress(address, port, policy)?.message,
      };
      return json(await testCamera(request, signal));
    },
  );
}

/** A stored password goes only to the host that it was stored for. */
function goesTo({ main, sub }: CameraSettings, url: string): boolean {
  const wanted = parseCameraUrl(url);
  return [main.url, sub?.url].some((known) => {
    const parsed = known === undefined ? wanted : parseCameraUrl(known);
    return known !== undefined && !isRefusal(parsed) && !isRefusal(wanted) && parsed.host === wanted.host;
  });
}
