/** This box: identity, mode, health, volumes. */
import { z } from 'zod';
import { nameSchema } from '../../site/camera.ts';
import { releaseSourceSchema } from '../../site/release-source.ts';
import { MANAGEMENT } from '../../site/server-settings.ts';
import { isoTime } from './common.ts';

export const cmsMode = z.enum(['recording', 'failover', 'host']);
export type CmsMode = z.infer<typeof cmsMode>;

export const healthItem = z.object({
  /** Stable: `volume-gone`, `camera-unreachable`, `settings-recovered`, ... */
  code: z.string(),
  severity: z.enum(['info', 'warning', 'error']),
  message: z.string(),
  since: isoTime,
  cameraId: z.string().optional(),
  volumeId: z.string().optional(),
});
export type HealthItem = z.infer<typeof healthItem>;

/** Which site a server belongs to. Undefined: to none. */
export const serverSite = z.object({
  kind: z.enum(['undefined', 'host', 'member']),
  /** Of a member: who manages it. */
  host: z
    .object({
      id: z.string(),
      name: z.string(),
      /** Where browsers reach it, if that is known here, and the port of its web interface. */
      address: z.string().optional(),
      httpPort: z.number().int().optional(),
      connected: z.boolean(),
    })
    .optional(),
  /** Of a member: changes made here are refused, for its host locks it. */
  locked: z.boolean(),
  /** Of a host: how many servers it manages. */
  members: z.number().int().optional(),
});
export type ServerSite = z.infer<typeof serverSite>;

export const server = z.object({
  id: z.string(),
  name: z.string(),
  mode: cmsMode,
  /** Another server is in the place of this one, which records nothing. */
  replacedBy: z.object({ id: z.string(), name: z.string(), at: isoTime }).optional(),
  version: z.string(),
  /** Whether a host may manage it. */
  managed: z.enum(MANAGEMENT),
  platform: z.object({
    os: z.string(),
    arch: z.string(),
    node: z.string(),
    model: z.string().optional(),
    /** Cards that no other server could reach: a server with one cannot be protected. */
    frameGrabbers: z.array(z.string()).optional(),
  }),
  addresses: z.array(z.string()),
  httpPort: z.number().int(),
  peerPort: z.number().int(),
  fingerprint: z.string(),
  startedAt: isoTime,
  now: isoTime,
  health: z.object({ status: z.enum(['good', 'warning', 'error']), items: z.array(healthItem) }),
  site: serverSite,
  processes: z.object({
    media: z.object({
      running: z.boolean(),
      startedAt: isoTime.optional(),
      restarts: z.number().int(),
      loopDelayP99Ms: z.number().optional(),
    }),
    /** Proportional set size of all processes together, bytes. */
    memoryBytes: z.number().int().optional(),
  }),
});
export type Server = z.infer<typeof server>;
export const updateServerRequest = z.strictObject({ name: nameSchema });
/** `GET` and `PATCH /server/settings`: owners only. */
export const serverOptions = z.object({
  allowedHosts: z.array(z.string()),
  allowLoopbackCameras: z.boolean(),
  openMetrics: z.boolean(),
  managed: z.enum(MANAGEMENT),
  releaseSource: z.string().optional(),
});
export const updateServerOptionsRequest = z
  .strictObject({
    /** Names beside the addresses and the host name of this box under which browsers may reach it. */
    allowedHosts: z
      .array(z.string().regex(/^[a-z0-9]([a-z0-9.:-]{0,251}[a-z0-9])?$/, 'Expected a host name in lower case, no port'))
      .max(64),
    /** Cameras at 127.0.0.1 and ::1. */
    allowLoopbackCameras: z.boolean(),
    /** `/metrics` without signing in. */
    openMetrics: z.boolean(),
    /** `off`: no host may add this server. Refused while one manages it. */
    managed: z.enum(MANAGEMENT),
    /** Where releases are fetched from; `null`: nowhere. */
    releaseSource: releaseSourceSchema.nullable(),
  })
  .partial();
export const setModeRequest = z.strictObject({
  mode: cmsMode,
  /** The name of this server, where something ends by it: a cover, the recording of its own cameras. */
  confirm: z.string().max(64).optional(),
});

export const volumeState = z.enum(['usable', 'full', 'gone', 'read-only', 'error']);
export const volume = z.object({
  id: z.string(),
  path: z.string(),
  state: volumeState,
  message: z.string().optional(),
  totalBytes: z.number().int().optional(),
  freeBytes: z.number().int().optional(),
  reserveBytes: z.number().int(),
  shared: z.boolean().optional(),
  footageBytes: z.number().int(),
  directIo: z.boolean().optional(),
  oldestFootageAt: isoTime.optional(),
  /** How many days of all cameras will fit at today's rate, and how many are wanted. */
  forecast: z.object({
    daysFit: z.number().optional(),
    daysWanted: z.number().optional(),
    bytesPerDay: z.number().optional(),
  }),
});
export type Volume = z.infer<typeof volume>;
export const createVolumeRequest = z.strictObject({
  path: z.string().min(1).max(4096),
  reserveBytes: z.number().int().min(0).optional(),
  /** It is a volume of another server and stays one: both record there. */
  shared: z.boolean().optional(),
});
export const updateVolumeRequest = z.strictObject({
  reserveBytes: z.number().int().min(0),
  /** The path of the volume, where footage is deleted so that so much is free. */
  confirm: z.string().max(4096).optional(),
});
/** `GET /volumes/suggestions`: mounted file systems that could be used. */
export const volumeSuggestion = z.object({
  path: z.string(),
  fileSystem: z.string(),
  totalBytes: z.number(),
  freeBytes: z.number(),
});
