/**
 * Who asks a member of the site through its host: one header of a request on a gateway connection (docs/design/site-gateway.md). The
 * member believes it on such a connection only, and only from the host that manages it.
 * Belongs here: the header, both ways. Does not: what a caller may do (api/caller.ts), the connection (api/member-server.ts).
 */
import { z } from 'zod';
import { isCameraId } from '../core/ids.ts';
import { ROLES } from './account.ts';
import type { Role } from './account.ts';

export const CALLER_HEADER = 'understudy-caller';
/** Of an account that is limited to some cameras: more than a site of ten full servers has. */
export const MAX_CALLER_CAMERAS = 1024;
/** In the characters of the header. That many cameras fit, with the longest name all of whose letters are escaped. */
export const MAX_CALLER_LENGTH: number = 96 * 1024;
const MAX_NAME = 64;

/** As the host knows it. */
export type SiteCaller = {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  /** Undefined: all cameras. */
  readonly cameraIds: readonly string[] | undefined;
};

const callerSchema = z.strictObject({
  id: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
  name: z.string().min(1).max(MAX_NAME),
  role: z.enum(ROLES),
  cameraIds: z.array(z.string().refine(isCameraId)).max(MAX_CALLER_CAMERAS).optional(),
});

/** JSON in ASCII. Undefined: this caller has more cameras than can be told. */
export function encodeCaller({ id, name, role, cameraIds }: SiteCaller): string | undefined {
  // What no camera can be called permits nothing.
  const cameras = cameraIds?.filter(isCameraId);
  if (cameras !== undefined && cameras.length > MAX_CALLER_CAMERAS) return undefined;
  const text = JSON.stringify({ id, name: name.slice(0, MAX_NAME), role, cameraIds: cameras });
  return text.replaceAll(/[^\u0020-\u007e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Undefined: it is no such header. */
export function parseCaller(text: string): SiteCaller | undefined {
  if (text.length > MAX_CALLER_LENGTH) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const parsed = callerSchema.safeParse(value);
  return parsed.success ? { ...parsed.data, cameraIds: parsed.data.cameraIds } : undefined;
}
