/**
 * From what a caller asks for a camera to what is kept: credentials out of the addresses, `null` forgets, addresses judged.
 * Pure; belongs here: requests to settings. Does not: routes (routes/cameras.ts).
 */
import { createHash } from 'node:crypto';
import type { z } from 'zod';
import { refusalOfUrl } from '../site/camera-address.ts';
import type { CameraAddressPolicy } from '../site/camera-address.ts';
import { splitCredentials } from '../site/camera-credentials.ts';
import { cameraSettingsSchema } from '../site/camera.ts';
import type { CameraSettings } from '../site/camera.ts';
import type { updateCameraRequest } from './contract/cameras.ts';
import { HttpError } from './problem.ts';
import { validate } from './validate.ts';

export type CameraChange = z.output<typeof updateCameraRequest>;

/** `password`: undefined keeps what is stored, `null` forgets it. */
export type PreparedChange = {
  readonly change: Omit<CameraChange, 'password'>;
  readonly password: string | null | undefined;
};

/** @throws HttpError 422 naming the address that is not allowed and why */
export function prepareChange(asked: CameraChange, policy: CameraAddressPolicy): PreparedChange {
  const { password, ...rest } = asked;
  const main = asked.main === undefined ? undefined : splitCredentials(asked.main.url);
  const sub = asked.sub === undefined || asked.sub === null ? undefined : splitCredentials(asked.sub.url);
  if (main !== undefined) checkAddress(main.url, 'main.url', policy);
  if (sub !== undefined) checkAddress(sub.url, 'sub.url', policy);
  const username = asked.username === undefined ? (main?.username ?? sub?.username) : asked.username;
  return {
    change: {
      ...rest,
      ...(asked.main === undefined || main === undefined ? {} : { main: { ...asked.main, url: main.url } }),
      ...(asked.sub === undefined || asked.sub === null || sub === undefined
        ? {}
        : { sub: { ...asked.sub, url: sub.url } }),
      ...(username === undefined ? {} : { username }),
    },
    password: password === undefined ? (main?.password ?? sub?.password) : password,
  };
}

export function checkAddress(url: string, path: string, policy: CameraAddressPolicy): void {
  const refusal = refusalOfUrl(url, policy);
  if (refusal === undefined) return;
  const { code, message } = refusal;
  throw new HttpError(422, `camera/address-${code}`, message, { issues: [{ path, message }] });
}

/** `before` undefined makes a new camera. `null` in a change forgets the field. */
export function applyChange(
  id: string,
  before: CameraSettings | undefined,
  { change, password }: PreparedChange,
): CameraSettings {
  const merged = { ...before, id, ...change };
  const known = Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null && value !== undefined));
  const hasPassword = password === undefined ? (before?.hasPassword ?? false) : password !== null;
  return validate(cameraSettingsSchema, { ...known, hasPassword }, 'camera') as CameraSettings;
}

/** Strong validator over the settings; what the camera is doing is not part of it. */
export const cameraETag = (camera: CameraSettings): string =>
  `"${createHash('sha256').update(JSON.stringify(camera)).digest('base64url').slice(0, 22)}"`;

/** RFC 9110 §13.1.1. @throws HttpError 412 */
export function checkIfMatch(header: string | undefined, camera: CameraSettings): void {
  if (header === undefined || header.trim() === '*') return;
  if (header.split(',').some((tag) => tag.trim() === cameraETag(camera))) return;
  const message = 'Somebody else changed this camera meanwhile: read it again, then repeat the change.';
  throw new HttpError(412, 'camera/changed', message, { headers: { etag: cameraETag(camera) } });
}
