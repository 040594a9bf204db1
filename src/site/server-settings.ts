/** The settings files other than cameras and accounts: this box, its volumes. */
import { z } from 'zod';
import { isServerId } from '../core/ids.ts';
import { nameSchema } from './camera.ts';
import { returnShareSchema } from './failover-settings.ts';
import { hostRoleSchema } from './host-role.ts';
import { releaseSourceSchema } from './release-source.ts';
import { replacedBySchema } from './replacement.ts';

export const MAX_VOLUMES = 32;
export const MAX_ALLOWED_HOSTS = 64;
/** Left free on a volume unless the owner says otherwise. */
export const DEFAULT_RESERVE_BYTES: number = 1024 * 1024 * 1024;

/** `off`: no host may add it until its owner allows it. */
export const MANAGEMENT = ['allowed', 'off'] as const;
export const CMS_MODES = ['recording', 'failover', 'host'] as const;

export const serverSettingsSchema = z.strictObject({
  id: z.string().refine(isServerId, 'Expected a UUID in lower case'),
  name: nameSchema,
  mode: z.enum(CMS_MODES),
  /** Names under which browsers may reach this box beside its addresses and host name: reverse proxies, DNS names. */
  allowedHosts: z.array(z.string().max(253)).max(MAX_ALLOWED_HOSTS).default([]),
  /** Cameras at 127.0.0.1 and ::1: for demos and for software cameras on this box. */
  allowLoopbackCameras: z.boolean().default(false),
  /** `/metrics` without a token. */
  openMetrics: z.boolean().default(false),
  /** Whether a host may manage it; absent: it may. */
  managed: z.enum(MANAGEMENT).optional(),
  /** Where releases are fetched from; absent: nowhere. */
  releaseSource: releaseSourceSchema.optional(),
  /** Coordination epoch in which this server records its own cameras; rises each time it takes them back. */
  epoch: z.number().int().min(1).default(1),
  /** Where failover servers put returned footage when they send it by SMB. */
  returnShare: returnShareSchema.optional(),
  /** Who is the host of the site, as far as this server knows. */
  hostRole: hostRoleSchema.optional(),
  /** Another server is in the place of this one, which records nothing until its owner sets it up anew. */
  replacedBy: replacedBySchema.optional(),
  /** The replacement by which this server has the place of another one: it was carried out, and is not again. */
  adoption: z.string().max(64).optional(),
});
export type ServerSettings = z.infer<typeof serverSettingsSchema>;

export const volumeSettingsSchema = z.strictObject({
  id: z.string(),
  path: z.string().min(1).max(4096),
  reserveBytes: z.number().int().min(0),
  /** Another server has it as a volume too, and its footage there is its own business. */
  shared: z.boolean().optional(),
});
export type VolumeSettings = z.infer<typeof volumeSettingsSchema>;
