/**
 * Looking for cameras and testing one, as the API asks for it: introduces discovery and the recorder's test to control.
 * Both are loaded when they are first asked for: control is lean while nobody sets up cameras.
 */
import { randomUUID } from 'node:crypto';
import type { DiscoveredCamera, TestCameraResult } from '../api/contract/cameras.ts';
import type { Discover, TestCamera } from '../api/routes/camera-finding.ts';
import type { CameraDeps } from '../api/routes/cameras.ts';
import { mediaSocketOf } from '../control/media-link.ts';
import { fetchKeyFrame } from '../control/media-request.ts';
import { TEST_CAMERA } from '../control/recording-side.ts';
import type { RecordingSide } from '../control/recording-side.ts';
import { seconds } from '../core/clock.ts';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import { pushKeyOf } from '../core/push-key.ts';
import type { DiscoveredDevice } from '../discovery/discover-cameras.ts';
import type { CameraTestResult } from '../recorder/camera-test-result.ts';
import type { PushTestRequest } from '../recorder/push-test.ts';
import type { Resolve } from '../recorder/resolve.ts';
import type { StreamOrder } from '../wire/media-protocol.ts';

export type CameraSetUpDeps = {
  readonly clock: Clock;
  readonly log: Log;
  readonly dataDir: string;
  readonly keepConnected: RecordingSide['keepConnected'];
  /** For tests: where to look for cameras, and how names resolve. */
  readonly target?: { readonly address: string; readonly port: number };
  readonly resolve?: Resolve;
};

export const createCameraSetUp = (deps: CameraSetUpDeps): Pick<CameraDeps, 'discover' | 'testCamera'> => ({
  discover: discoverWith(deps),
  testCamera: testWith(deps),
});

const discoverWith =
  ({ clock, log, target }: CameraSetUpDeps): Discover =>
  async ({ seconds: duration, username, password }) => {
    const { discoverCameras } = await import('../discovery/discover-cameras.ts');
    const found = await discoverCameras(
      { duration: seconds(duration), username, password },
      { clock, log, ...(target === undefined ? {} : { target }) },
    );
    return found.map(discoveredOf);
  };

const testWith =
  (deps: CameraSetUpDeps): TestCamera =>
  async ({ url, transport, username, password, fingerprint, allowAddress }, signal) => {
    const { clock } = deps;
    if (pushKeyOf(url) !== undefined) {
      const { testPush } = await import('../recorder/push-test.ts');
      return resultOf(await testPush(pushRequestOf(deps, url, signal), { clock, signal }));
    }
    const { testCamera } = await import('../recorder/camera-test.ts');
    const resolve = deps.resolve ?? (await systemResolve());
    const request = { url, transport, username, password, fingerprint, allowAddress };
    return resultOf(await testCamera(request, { clock, resolve, signal }));
  };

/** Media takes the push as if of a camera that is only watched; its first key frame is fetched as for a snapshot. */
function pushRequestOf(
  { dataDir, clock, keepConnected }: CameraSetUpDeps,
  url: string,
  signal: AbortSignal,
): PushTestRequest {
  const stream = { cameraId: `${TEST_CAMERA}${randomUUID()}`, stream: 'main' } as const;
  const order: StreamOrder = {
    ...stream,
    url,
    username: undefined,
    password: undefined,
    transport: 'tcp',
    fingerprint: undefined,
    audio: false,
    record: false,
    hold: false,
    epoch: undefined,
    segmentSeconds: undefined,
    priority: 'low',
    volumeIds: [],
  };
  return {
    take: () => keepConnected(order),
    keyFrame: async () => {
      const { header, bytes } = await fetchKeyFrame({ socketPath: mediaSocketOf(dataDir), clock }, stream, signal);
      return { codec: header.codec, bytes };
    },
  };
}

async function systemResolve(): Promise<Resolve> {
  const { createResolve, systemResolverDeps } = await import('../recorder/resolve.ts');
  return createResolve(systemResolverDeps());
}

/** What is not known is left out, as everywhere in the API. */
function discoveredOf({ profiles, ...device }: DiscoveredDevice): Omit<DiscoveredCamera, 'cameraId'> {
  const { address, port, xaddr, name, hardware, problem } = device;
  return {
    address,
    port,
    xaddr,
    ...(name === undefined ? {} : { name }),
    ...(hardware === undefined ? {} : { hardware }),
    ...(problem === undefined ? {} : { problem }),
    profiles: profiles.map(({ name: profile, url, codec, width, height }) => ({
      name: profile,
      url,
      ...(codec === undefined ? {} : { codec }),
      ...(width === undefined ? {} : { width }),
      ...(height === undefined ? {} : { height }),
    })),
  };
}

function resultOf({ ok, checks, ...found }: CameraTestResult): TestCameraResult {
  const { codec, audioCodec, width, height, transport, fingerprint, preview } = found;
  return {
    ok,
    checks: [...checks],
    ...(codec === undefined ? {} : { codec }),
    ...(audioCodec === undefined ? {} : { audioCodec }),
    ...(width === undefined ? {} : { width }),
    ...(height === undefined ? {} : { height }),
    ...(transport === undefined ? {} : { transport }),
    ...(fingerprint === undefined ? {} : { fingerprint }),
    ...(preview === undefined ? {} : { preview }),
  };
}
