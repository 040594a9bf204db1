/**
 * A camera as the owner sets it up. Names follow product row A6.
 * Belongs here: the settings of a camera and their rules. Does not: its state at run time (api/contract), how it is reached (recorder).
 */
import { z } from 'zod';
import { isCameraId } from '../core/ids.ts';
import { nameProblemOf } from './name.ts';

export const MAX_CAMERAS = 128;

/** 1 to 32 Unicode characters; first neither `-` nor space, last not space; none of the forbidden ones (product A6). */
export const nameSchema = z.string().superRefine((name, context) => {
  const problem = nameProblemOf(name);
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
});

export const prioritySchema = z.enum(['high', 'medium', 'low', 'never']);
export const standbyLevelSchema = z.enum(['cold', 'warm', 'hot']);
export const transportSchema = z.enum(['auto', 'tcp', 'udp']);

/** A rtsp, rtsps URL without credentials, or `rtmp:KEY` style push sources as `rtmp://push/KEY`. */
export const sourceUrlSchema = z
  .string()
  .max(2048)
  .regex(/^(rtsps?|rtmp):\/\/[^\s]+$/i, 'Expected an address such as rtsp://192.168.1.20:554/stream1');

export const streamSourceSchema = z.strictObject({
  url: sourceUrlSchema,
  transport: transportSchema.default('auto'),
});

export const retentionSchema = z.strictObject({
  /** Footage older than this is removed. */
  maxDays: z.number().positive().max(3650).optional(),
  /** Oldest footage of this camera is removed above this size. */
  maxBytes: z.number().int().positive().optional(),
});

export const cameraSettingsSchema = z.strictObject({
  id: z.string().refine(isCameraId, 'Expected 1 to 63 of a-z, 0-9 and -'),
  name: nameSchema,
  main: streamSourceSchema,
  sub: streamSourceSchema.optional(),
  username: z.string().max(128).optional(),
  /** The name of the secret in `settings/secrets.json`; never the password itself. */
  hasPassword: z.boolean().default(false),
  enabled: z.boolean().default(true),
  /** Continuous recording of the main stream. */
  record: z.boolean().default(true),
  recordSub: z.boolean().default(false),
  audio: z.boolean().default(true),
  priority: prioritySchema.default('medium'),
  standbyLevel: standbyLevelSchema.default('warm'),
  retention: retentionSchema.default({}),
  /** SHA-256 of the certificate of an RTSPS camera, once trusted. */
  fingerprint: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
});

export type CameraSettings = z.infer<typeof cameraSettingsSchema>;
