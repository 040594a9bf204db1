/**
 * Identifiers: opaque to the outside, safe as names of files and as parts of a URL, and bounded.
 * Belongs here: what an id may look like, and making one. Does not: what it identifies.
 */
import { randomBytes, randomUUID } from 'node:crypto';

/** Camera ids name folders, so they hold nothing that a file system or a URL gives a meaning to. */
const CAMERA_ID = /^[a-z0-9][a-z0-9-]{0,62}$/;
const SERVER_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export const isCameraId = (text: string): boolean => CAMERA_ID.test(text);
export const isServerId = (text: string): boolean => SERVER_ID.test(text);
/** A UUID, RFC 9562 version 4. */
export const createServerId = (): string => randomUUID();
/** `cam-` and eight letters or digits. */
export const createCameraId = (): string => `cam-${randomBytes(5).toString('hex').slice(0, 8)}`;
/** `prefix-` and 96 random bits. */
export const createId = (prefix: string): string => `${prefix}-${randomBytes(12).toString('hex')}`;
