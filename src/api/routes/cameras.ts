/** `/cameras`: set up, change and remove cameras; discovery and test. */
import type { z } from 'zod';
import type { CameraSettings } from '../../site/camera.ts';
import type { Camera, DiscoveredCamera, TestCameraResult, testCameraRequest } from '../contract/cameras.ts';

/** What a camera is doing now; settings come from the settings. */
export type CameraStatus = Omit<Camera, keyof CameraSettings>;

/** `cameraId` is filled in by the route. */
export type Discover = (
  request: { readonly seconds: number; readonly username: string | undefined; readonly password: string | undefined },
  signal: AbortSignal,
) => Promise<readonly Omit<DiscoveredCamera, 'cameraId'>[]>;

/** Credentials are taken out of the URL before; `allowAddress` must be asked with each resolved address before connecting. */
export type TestCamera = (
  request: Omit<z.output<typeof testCameraRequest>, 'cameraId'> & {
    readonly allowAddress: (address: string, port: number) => string | undefined;
  },
  signal: AbortSignal,
) => Promise<TestCameraResult>;
