/**
 * How a failover server watches, covers and gives back (product B4, B5, C3, D1): `settings/failover.json`.
 * Belongs here: the settings with their defaults and limits. Does not: what they lead to (failover).
 */
import { z } from 'zod';
import { isServerAddress, isWebAddress, WEB_ADDRESS_WORDS } from '../core/web-address.ts';

/** Of any server (product C1). */
export const MAX_CHANNELS = 128;

/** Seconds; default, least, most (product B5). */
export const TIMEOUT_LIMITS = {
  connected: { default: 300, min: 300, max: 3600 },
  started: { default: 300, min: 300, max: 3600 },
  keepAlive: { default: 30, min: 30, max: 300 },
  normalShutdown: { default: 900, min: 300, max: 3600 },
  abnormalShutdown: { default: 300, min: 300, max: 3600 },
} as const;
export type TimeoutName = keyof typeof TIMEOUT_LIMITS;

const secondsFor = (name: TimeoutName): z.ZodNumber => {
  const { min, max } = TIMEOUT_LIMITS[name];
  const words = `Expected ${min} to ${max} seconds for ${name}.`;
  return z.number(words).int(words).min(min, words).max(max, words);
};
const timeoutFields = {
  connected: secondsFor('connected'),
  started: secondsFor('started'),
  keepAlive: secondsFor('keepAlive'),
  normalShutdown: secondsFor('normalShutdown'),
  abnormalShutdown: secondsFor('abnormalShutdown'),
};
export const timeoutsSchema = z.strictObject({
  connected: timeoutFields.connected.default(TIMEOUT_LIMITS.connected.default),
  started: timeoutFields.started.default(TIMEOUT_LIMITS.started.default),
  keepAlive: timeoutFields.keepAlive.default(TIMEOUT_LIMITS.keepAlive.default),
  normalShutdown: timeoutFields.normalShutdown.default(TIMEOUT_LIMITS.normalShutdown.default),
  abnormalShutdown: timeoutFields.abnormalShutdown.default(TIMEOUT_LIMITS.abnormalShutdown.default),
});
export type Timeouts = z.infer<typeof timeoutsSchema>;

export const FOOTAGE_POLICIES = ['return', 'keep', 'shared'] as const;
export const TRANSPORTS = ['direct', 'smb'] as const;
export const SHORTAGE_POLICIES = ['all-or-nothing', 'by-name', 'by-priority'] as const;

/** How long after the last sign of life a server is suspected; a pause of 800 ms and a beat of 250 ms fit below. */
export const SUSPICION_MS = 1150;
/** Since the last durable fragment of a stream that was recording: fragment, group commit and a slow disk fit below. */
export const PROGRESS_SUSPICION_MS = 4000;

/** Without their defaults: in a change, what is absent stays. */
const fields = {
  /** Absolute; default `<data>/backups`. */
  backupDirectory: z
    .string()
    .max(4096)
    .regex(/^\/[^\0]*$/, 'Expected an absolute path, such as /volume1/backups'),
  /** Where covered cameras are recorded; default: the volumes of this server, in their order. */
  storeVolumeIds: z.array(z.string()).max(32),
  /** Where other servers, and where browsers, reach this one, if not at the address they see. */
  serverAddress: z.string().max(253).refine(isServerAddress, WEB_ADDRESS_WORDS),
  clientAddress: z.string().max(253).refine(isWebAddress, WEB_ADDRESS_WORDS),
  dailyBackup: z.boolean(),
  /** `hh:mm`, UTC. */
  dailyBackupAt: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'Expected a time of day in UTC such as 03:30'),
  automaticTakeover: z.boolean(),
  automaticRestore: z.boolean(),
  shortagePolicy: z.enum(SHORTAGE_POLICIES),
  /** False: as many servers at once as there are channels for. */
  oneServerAtATime: z.boolean(),
  footagePolicy: z.enum(FOOTAGE_POLICIES),
  transport: z.enum(TRANSPORTS),
  /** Bits a second of all restorations together; absent: as fast as the other side takes it. */
  restorationLimit: z.number().int().positive(),
  /** Pre-buffer of hot cameras in seconds: longer than suspicion, a key frame interval and a fragment. */
  hotSeconds: z.number().int().min(10).max(120),
  /** Three failures within ten minutes: handed back only after so many calm seconds. */
  holdDownSeconds: z.number().int().min(0).max(3600),
  /** Every so many minutes each protected camera is asked for a key frame; 0: never. */
  probeMinutes: z.number().int().min(0).max(1440),
  /** Scheduled drills: every so many days; 0: never. */
  drillDays: z.number().int().min(0).max(365),
  maxChannels: z.number().int().min(1).max(MAX_CHANNELS),
  /** This server takes the role of the host by itself when the host was not heard for so long; 0: never. */
  takeHostAfterSeconds: z
    .number()
    .int()
    .max(86_400)
    .refine((value) => value === 0 || value >= 60, 'Expected 0 (never) or 60 to 86400 seconds'),
};
export const failoverSettingsSchema = z.strictObject({
  // What was kept before anybody looked at these three is no reason to lose the rest.
  backupDirectory: fields.backupDirectory.optional().catch(undefined),
  storeVolumeIds: fields.storeVolumeIds.default([]),
  serverAddress: fields.serverAddress.optional().catch(undefined),
  clientAddress: fields.clientAddress.optional().catch(undefined),
  dailyBackup: fields.dailyBackup.default(true),
  dailyBackupAt: fields.dailyBackupAt.default('03:00'),
  automaticTakeover: fields.automaticTakeover.default(true),
  automaticRestore: fields.automaticRestore.default(true),
  timeouts: timeoutsSchema.prefault({}),
  shortagePolicy: fields.shortagePolicy.default('by-priority'),
  oneServerAtATime: fields.oneServerAtATime.default(false),
  footagePolicy: fields.footagePolicy.default('return'),
  transport: fields.transport.default('direct'),
  restorationLimit: fields.restorationLimit.optional(),
  hotSeconds: fields.hotSeconds.default(30),
  holdDownSeconds: fields.holdDownSeconds.default(120),
  probeMinutes: fields.probeMinutes.default(60),
  drillDays: fields.drillDays.default(0),
  maxChannels: fields.maxChannels.default(MAX_CHANNELS),
  takeHostAfterSeconds: fields.takeHostAfterSeconds.default(0),
});
export type FailoverSettings = z.infer<typeof failoverSettingsSchema>;

/** What is absent stays; `null` takes an optional setting away. */
export const failoverChangeSchema = z
  .strictObject({
    ...fields,
    backupDirectory: fields.backupDirectory.nullable(),
    serverAddress: fields.serverAddress.nullable(),
    clientAddress: fields.clientAddress.nullable(),
    restorationLimit: fields.restorationLimit.nullable(),
    timeouts: z.strictObject(timeoutFields).partial(),
  })
  .partial();

export function changedSettings(
  before: FailoverSettings,
  { timeouts, ...rest }: z.infer<typeof failoverChangeSchema>,
): FailoverSettings {
  const merged = { ...before, ...given(rest), timeouts: { ...before.timeouts, ...given(timeouts ?? {}) } };
  return failoverSettingsSchema.parse(Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null)));
}
const given = (change: object): object =>
  Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));

/** On the protected server: the share where a failover server puts returned footage (product D2), if it shall be SMB. */
export const returnShareSchema = z.strictObject({
  host: z.string().max(253),
  port: z.number().int().min(1).max(65_535).default(445),
  share: z.string().min(1).max(80),
  /** Within the share, with `/`. */
  folder: z.string().max(255).default(''),
  username: z.string().max(128),
  domain: z.string().max(128).default(''),
  encryption: z.enum(['when-offered', 'required']).default('when-offered'),
  /** Of this server: what the share shows is the folder `volumeFolder` of this volume. Its password is the secret `RETURN_SECRET`. */
  volumeId: z.string(),
  /** Within the volume, with `/`; empty: its root. */
  volumeFolder: z.string().max(255).default(''),
});
export type ReturnShare = z.infer<typeof returnShareSchema>;

/** Name of the share's password among the secrets. */
export const RETURN_SECRET = 'smb:return';
