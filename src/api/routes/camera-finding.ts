/** `/cameras/discover` and `/cameras/test`: looking for cameras, and trying one before it is saved. Does not: setting them up (cameras.ts). */
import { z } from 'zod';
import { isRefusal, parseCameraUrl, refusalOfAddress } from '../../core/camera-address.ts';
import type { CameraAddressPolicy } from '../../core/camera-address.ts';
import type { Settings } from '../../settings/settings.ts';
import { cameraSecretName, splitCredentials } from '../../site/camera-credentials.ts';
import type { CameraSettings } from '../../site/camera.ts';
import { checkAddress } from '../camera-changes.ts';
import { discoveredCamera, discoverRequest, testCameraRequest, testCameraResult } from '../contract/cameras.ts';
import type { DiscoveredCamera, TestCameraResult } from '../contract/cameras.ts';
import { json, route } from '../route.ts';
import type { Route } from '../route.ts';
import { foundCamera } from '../stored-cameras.ts';

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

export type CameraFindingDeps = {
  readonly settings: Pick<Settings, 'cameras' | 'secrets'>;
  readonly discover: Discover;
  readonly testCamera: TestCamera;
  readonly addressPolicy: () => CameraAddressPolicy;
};

export const cameraFindingRoutes = (deps: CameraFindingDeps): readonly Route[] => [
  discoverCameras(deps),
  testOneCamera(deps),
];

function discoverCameras({ settings, discover }: CameraFindingDeps): Route {
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

function testOneCamera({ settings, testCamera, addressPolicy }: CameraFindingDeps): Route {
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
      const sameHost =
        cameraId !== undefined && goesTo(foundCamera(settings.cameras.get().cameras, cameraId), split.url);
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
