/** Cameras: settings, state, discovery, test. */
import { z } from 'zod';
import {
  cameraSettingsSchema,
  nameSchema,
  prioritySchema,
  retentionSchema,
  sourceUrlSchema,
  standbyLevelSchema,
  streamSourceSchema,
  transportSchema,
} from '../../site/camera.ts';
import { isoTime } from './common.ts';

export const streamStatus = z.object({
  stream: z.enum(['main', 'sub']),
  state: z.enum(['idle', 'connecting', 'starting', 'recording', 'watching', 'failed']),
  cause: z.string().optional(),
  message: z.string().optional(),
  retryAt: isoTime.optional(),
  codec: z.string().optional(),
  audioCodec: z.string().optional(),
  width: z.number().int().optional(),
  height: z.number().int().optional(),
  framesPerSecond: z.number().optional(),
  bitsPerSecond: z.number().optional(),
  packetsLost: z.number().optional(),
  reconnects: z.number().optional(),
  viewers: z.number().optional(),
  lastFrameAt: isoTime.optional(),
});
export type StreamStatus = z.infer<typeof streamStatus>;

/** Passwords are write-only: `hasPassword` is all that comes back. */
export const camera = cameraSettingsSchema.extend({
  /** The worst that needs attention, over both streams. */
  state: z.enum(['disabled', 'connecting', 'recording', 'watching', 'failed']),
  lastFrameAt: isoTime.optional(),
  streams: z.array(streamStatus),
  footageBytes: z.number().int(),
  oldestFootageAt: isoTime.optional(),
  /** Of a camera that pushes (`main.url` is `rtmp://push/KEY`): the address to type into the camera. */
  pushUrl: z.string().optional(),
  /** Of another server, recorded here in its place; it is changed there. */
  coveredFor: z.object({ serverId: z.string(), name: z.string() }).optional(),
});
export type Camera = z.infer<typeof camera>;

const changeable = {
  name: nameSchema,
  main: streamSourceSchema,
  sub: streamSourceSchema.nullable(),
  username: z.string().max(128).nullable(),
  /** Write-only. `null` forgets it. */
  password: z.string().max(256).nullable(),
  enabled: z.boolean(),
  record: z.boolean(),
  recordSub: z.boolean(),
  audio: z.boolean(),
  priority: prioritySchema,
  standbyLevel: standbyLevelSchema,
  /** What is absent stays; `null` takes a limit away. */
  retention: z.strictObject({
    maxDays: retentionSchema.shape.maxDays.nullable(),
    maxBytes: retentionSchema.shape.maxBytes.nullable(),
  }),
  fingerprint: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullable(),
};
/** `POST /cameras`. Credentials may also stand in `main.url`; they are taken out of it. */
export const createCameraRequest = z.strictObject(changeable).partial().required({ name: true, main: true });
/** `PATCH /cameras/{id}`; `PATCH /cameras` does the same to several at once. */
export const updateCameraRequest = z.strictObject(changeable).partial();
export const updateCamerasRequest = z.strictObject({
  ids: z.array(z.string()).min(1).max(128),
  change: updateCameraRequest,
});
export const deleteCamerasRequest = z.strictObject({
  ids: z.array(z.string()).min(1).max(128),
  footage: z.enum(['keep', 'delete']),
});

/** `POST /cameras/discover`: looks for ONVIF devices for `seconds`; with credentials their profiles are asked too. */
export const discoverRequest = z.strictObject({
  seconds: z.number().min(1).max(30).default(4),
  username: z.string().max(128).optional(),
  password: z.string().max(256).optional(),
});
export const discoveredCamera = z.object({
  address: z.string(),
  port: z.number().int(),
  /** ONVIF device service. */
  xaddr: z.string(),
  name: z.string().optional(),
  hardware: z.string().optional(),
  /** Already set up here. */
  cameraId: z.string().optional(),
  profiles: z.array(
    z.object({
      name: z.string(),
      url: z.string(),
      codec: z.string().optional(),
      width: z.number().optional(),
      height: z.number().optional(),
    }),
  ),
  /** Why `profiles` is empty: `credentials-needed`, `credentials-wrong`, `no-answer`, ... */
  problem: z.object({ code: z.string(), message: z.string() }).optional(),
});
export type DiscoveredCamera = z.infer<typeof discoveredCamera>;

/** `POST /cameras/test`: connects once, waits for a key frame. Always 200; `ok` tells. */
export const testCameraRequest = z.strictObject({
  url: sourceUrlSchema,
  transport: transportSchema.default('auto'),
  username: z.string().max(128).optional(),
  password: z.string().max(256).optional(),
  /** Take the stored password of this camera when `password` is absent. */
  cameraId: z.string().optional(),
  fingerprint: z.string().optional(),
});
export const testCameraResult = z.object({
  ok: z.boolean(),
  /** In order: url, resolve, connect, certificate, credentials, path, tracks, key-frame; stops at the first failure. A camera without a free session fails at `room`. */
  checks: z.array(z.object({ check: z.string(), ok: z.boolean(), message: z.string(), milliseconds: z.number() })),
  codec: z.string().optional(),
  audioCodec: z.string().optional(),
  width: z.number().optional(),
  height: z.number().optional(),
  transport: z.enum(['tcp', 'udp']).optional(),
  /** Of an RTSPS camera whose certificate is not yet trusted. */
  fingerprint: z.string().optional(),
  /** The first key frame as a playable fMP4 file, base64, for a preview in `<video>`. */
  preview: z.string().optional(),
});
export type TestCameraResult = z.infer<typeof testCameraResult>;
