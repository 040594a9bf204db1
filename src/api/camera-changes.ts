/**
 * From what a caller asks for a camera to what is kept: credentials out of the addresses, `null` forgets, addresses judged.
 * Pure; belongs here: requests to settings. Does not: routes (routes/cameras.ts).
 */
import { createHash } from 'node:crypto';
import type { z } from 'zod';
import { refusalOfUrl } from '../core/camera-address.ts';
import type { CameraAddressPolicy } from '../core/camera-address.ts';
import { splitCredentials } from '../site/camera-credentials.ts';
import type { SplitUrl } from '../site/camera-credentials.ts';
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
  const main = splitSource(asked.main, 'main.url', policy);
  const sub = splitSource(asked.sub ?? undefined, 'sub.url', policy);
  const found = credentialsIn(main, sub);
  const username = rest.username === undefined ? found.username : rest.username;
  return {
    change: {
      ...rest,
      ...(main === undefined ? {} : { main: main.source }),
      ...(sub === undefined ? {} : { sub: sub.source }),
      ...(username === undefined ? {} : { username }),
    },
    password: password === undefined ? found.password : password,
  };
}

type Credentials = Omit<SplitUrl, 'url'>;
const credentialsIn = (main: Credentials | undefined, sub: Credentials | undefined): Credentials => ({
  username: main?.username ?? sub?.username,
  password: main?.password ?? sub?.password,
});

type Source = NonNullable<CameraChange['main']>;
function splitSource(
  source: Source | undefined,
  path: string,
  policy: CameraAddressPolicy,
): (SplitUrl & { readonly source: Source }) | undefined {
  if (source === undefined) return undefined;
  const split = splitCredentials(source.url);
  checkAddress(split.url, path, policy);
  return { ...split, source: { ...source, url: split.url } };
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
  const retention = given({ ...before?.retention, ...change.retention });
  const known = given({ ...before, id, ...change, retention });
  const hasPassword = password === undefined ? (before?.hasPassword ?? false) : password !== null;
  return validate(cameraSettingsSchema, { ...known, hasPassword }, 'camera') as CameraSettings;
}

const given = (fields: object): object =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined));

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
