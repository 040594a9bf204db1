/** Other servers, who covers whom, takeovers, restorations, drills. */
import { z } from 'zod';
import { MISSING_CAUSES } from '../../ledger/causes.ts';
import { failoverChangeSchema, failoverSettingsSchema, returnShareSchema } from '../../site/failover-settings.ts';
import { MEMBERSHIPS } from '../../site/membership.ts';
import { CAMERA_CHOICES, peerIdentitySchema, SECURED_ACTIONS } from '../../site/peer.ts';
import { UNSUITED } from '../../site/suitability.ts';
import { isoTime, pageQuery, serverAddress } from './common.ts';
import { cmsMode } from './server.ts';

const fingerprint = z.string().regex(/^[0-9a-f]{64}$/, 'Expected 64 hexadecimal digits');
const host = z.string().min(1).max(253);
const port = z.number().int().min(1).max(65_535);

/** Of a protected server, as its failover server sees it (product B5). */
export const watchState = z.enum([
  'unknown',
  'connected',
  'started',
  'alive',
  'suspected',
  'shut-down',
  'failed',
  'taken-over',
  'returning',
  'restoring',
  'disabled',
]);

const standbyLevel = z.enum(['cold', 'warm', 'hot']);
const readiness = z.object({ wanted: z.number().int(), ready: z.number().int() });
/** How ready its cameras are here. One that is recorded here now counts as ready, whatever its level. */
const standby = z.object({
  hot: readiness,
  warm: readiness,
  /** Of them nothing is kept ready. */
  cold: z.number().int(),
  /** Less ready than they should be; the first 32. */
  notReady: z.array(
    z.object({
      cameraId: z.string(),
      name: z.string(),
      level: standbyLevel,
      actual: standbyLevel,
      reason: z.string().optional(),
    }),
  ),
});

/** `GET /servers`: the other servers this one knows. */
export const knownServer = z.object({
  id: z.string(),
  name: z.string(),
  mode: cmsMode,
  host: z.string().optional(),
  httpPort: z.number().int().optional(),
  peerPort: z.number().int().optional(),
  /** Where browsers reach it, as it says itself; absent: at `host`. */
  clientAddress: z.string().optional(),
  /** SHA-256 of its peer certificate: its identity. */
  fingerprint,
  httpsFingerprint: fingerprint.optional(),
  /** This server protects it; it protects this one; it manages this one. */
  watched: z.boolean(),
  watcher: z.boolean(),
  managesUs: z.boolean(),
  introduced: z.boolean(),
  enabled: z.boolean(),
  /** Known here since. */
  knownSince: isoTime.optional(),
  /** Of a member of our site: changes made there are refused. Of our host: so they are here. */
  locked: z.boolean().optional(),
  /** It is to leave the site and has not yet; `problem`: why, if it is there. */
  detachPending: z
    .object({ since: isoTime, cameras: z.enum(CAMERA_CHOICES), problem: z.string().optional() })
    .optional(),
  /** It is disabled or detached when its footage is home; `problem`: what is not home yet. */
  securing: z.object({ since: isoTime, action: z.enum(SECURED_ACTIONS), problem: z.string().optional() }).optional(),
  /** It deauthorized this server, or left the site, while footage of it lay here: known by name since, until that is home or deleted. */
  forgottenSince: isoTime.optional(),
  connected: z.boolean(),
  /** Why nobody can stand in for it, as it says of its hardware. */
  unsuited: z.object({ code: z.enum(UNSUITED), message: z.string() }).optional(),
  version: z.string().optional(),
  lastContactAt: isoTime.optional(),
  roundTripMs: z.number().optional(),
  /** Its clock minus ours. */
  clockOffsetMs: z.number().optional(),
  watch: z
    .object({
      state: watchState,
      since: isoTime,
      reason: z.string().optional(),
      cameras: z.number().int(),
      covered: z.number().int(),
      backupAt: isoTime.optional(),
      backupProblem: z.string().optional(),
      standby: standby.optional(),
    })
    .optional(),
  channels: z.object({ max: z.number().int(), used: z.number().int() }).optional(),
});
export type KnownServer = z.infer<typeof knownServer>;

/** `POST /servers`: authorizes with an administrator's account of the other server, at a host with its owner's. */
export const addServerRequest = z.strictObject({
  host,
  httpPort: port.default(51_443),
  /** As shown by `/servers/test` and confirmed. */
  httpsFingerprint: fingerprint,
  username: z.string().min(1).max(128),
  password: z.string().min(1).max(1024),
  /** Security lock, at a host: changes made at that server itself are refused while it is managed. Absent: as it was, or not. */
  lock: z.boolean().optional(),
});
export const authorizeServerRequest = addServerRequest.pick({
  httpsFingerprint: true,
  username: true,
  password: true,
  lock: true,
});

/** `POST /peers` of the other server: what it is told, and what it answers. */
export const peerIdentity = peerIdentitySchema;
export type PeerIdentity = z.infer<typeof peerIdentity>;
export const introducePeerRequest = z.strictObject({
  peer: peerIdentity,
  /** `protects`: asks for settings and footage of this server; `manages`: also introduces others and sets the site; only the owner gives that. */
  role: z.enum(['protects', 'manages']),
});

export const pairingCode = z.object({ code: z.string(), expiresAt: isoTime, fingerprint });
const CODE_SHAPE = 'Expected a pairing code as the other server shows it, such as 7KQ4M-2ZT9C';
export const pairRequest = z.strictObject({
  host,
  peerPort: port.default(51_410),
  code: z.string().min(8, CODE_SHAPE).max(32, CODE_SHAPE),
});

export const searchRequest = z.strictObject({ seconds: z.number().min(0.5).max(10).default(2) });
export const searchResult = z.object({
  items: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      mode: cmsMode,
      version: z.string(),
      addresses: z.array(z.string()),
      httpPort: z.number().int(),
      peerPort: z.number().int(),
      httpsFingerprint: fingerprint,
      /** Make and model of the machine, if it says. */
      model: z.string().optional(),
      /** CMS on: a host may manage it; else `POST /servers/enable` comes first. */
      enabled: z.boolean(),
      via: z.enum(['ssdp', 'mdns', 'both']),
      known: z.boolean(),
      /** As it says itself: of no site, of ours, or of another one, which it must leave first. */
      membership: z.enum(MEMBERSHIPS),
      /** Who manages it; by name if that is known here, or was found too. */
      host: z.object({ id: z.string(), name: z.string().optional() }).optional(),
    }),
  ),
});

export const failoverSettings = failoverSettingsSchema;
/** PATCH: what is absent stays; `null` takes an optional setting away. */
export const updateFailoverSettingsRequest = failoverChangeSchema;
export const returnShare = returnShareSchema.extend({ hasPassword: z.boolean() });
/** Below the share, or the volume. */
const folder = z
  .string()
  .max(255)
  .regex(
    /^(?!\/|(?:.*\/)?\.\.(?:\/|$))[^\\\0]*$/,
    'Expected a folder such as returned/hall, with / between its parts and without ..',
  );
export const setReturnShareRequest = returnShareSchema.extend({
  host: serverAddress,
  share: z
    .string()
    .max(80)
    .regex(/^[^\\/\0]+$/, 'Expected the name of a share, such as footage, without \\ and /'),
  folder: folder.default(''),
  volumeFolder: folder.default(''),
  password: z.string().max(1024).optional(),
});

export const takeover = z.object({
  /** One failure of one server; the id of its incident too. */
  id: z.string(),
  serverId: z.string(),
  serverName: z.string(),
  state: z.enum(['covering', 'taken-over', 'handing-over', 'restoring', 'ended']),
  automatic: z.boolean(),
  reason: z.string(),
  suspectedAt: isoTime,
  declaredAt: isoTime.optional(),
  endedAt: isoTime.optional(),
  epoch: z.number().int(),
  cameras: z.array(
    z.object({
      cameraId: z.string(),
      name: z.string(),
      covered: z.boolean(),
      cause: z.enum(MISSING_CAUSES).optional(),
      firstFrameAt: isoTime.optional(),
      lastFrameAt: isoTime.optional(),
    }),
  ),
});
export type Takeover = z.infer<typeof takeover>;
/** `running`: all that has not ended. */
export const takeoverQuery = pageQuery.extend({ state: z.enum(['running', 'ended']).optional() });
export const createTakeoverRequest = z.strictObject({ serverId: z.string() });

export const restoration = z.object({
  id: z.string(),
  serverId: z.string(),
  serverName: z.string(),
  state: z.enum(['waiting', 'running', 'done', 'stopped', 'failed']),
  policy: z.enum(['return', 'keep', 'shared']),
  transport: z.enum(['direct', 'smb', 'shared']),
  startedAt: isoTime,
  endedAt: isoTime.optional(),
  files: z.object({ done: z.number().int(), total: z.number().int() }),
  bytes: z.object({ done: z.number().int(), total: z.number().int() }),
  bytesPerSecond: z.number(),
  secondsLeft: z.number().optional(),
  /** What is not at the protected server yet: stopped, this would be deleted. */
  remaining: z
    .object({
      files: z.number().int(),
      bytes: z.number().int(),
      seconds: z.number(),
      /** Pictures that were taken in its place. */
      snapshots: z.number().int().optional(),
    })
    .optional(),
  message: z.string().optional(),
});
export type RestorationView = z.infer<typeof restoration>;
export const stopRestorationRequest = z.strictObject({
  /** The name of the protected server, typed: what was not returned is deleted. */
  confirm: z.string().max(64),
});

export const plan = z.object({
  servers: z.array(
    z.object({
      serverId: z.string(),
      name: z.string(),
      cameras: z.array(
        z.object({
          cameraId: z.string(),
          name: z.string(),
          priority: z.enum(['high', 'medium', 'low', 'never']),
          standbyLevel: z.enum(['cold', 'warm', 'hot']),
          recording: z.boolean(),
          coveredBy: z.string().optional(),
          cause: z.enum(MISSING_CAUSES).optional(),
          detail: z.string().optional(),
        }),
      ),
      /** At a host: it has not told its cameras since the host was started. */
      unknown: z.boolean().optional(),
    }),
  ),
  /** At a host: the failover servers that are there, and how many cameras each would have. */
  spares: z
    .array(z.object({ serverId: z.string(), name: z.string(), channels: z.number().int(), assigned: z.number().int() }))
    .optional(),
});
export const simulatePlanRequest = z.strictObject({ failed: z.array(z.string()).min(1).max(256) });

export const probe = z.object({
  serverId: z.string(),
  cameraId: z.string(),
  at: isoTime,
  ok: z.boolean(),
  message: z.string(),
  milliseconds: z.number().optional(),
});
/** What beside its cameras decides whether a server can be covered from here; as it was when it could be known last. */
export const serverCheck = z.object({
  serverId: z.string(),
  check: z.enum(['space', 'version', 'clock', 'backup', 'suitability']),
  ok: z.boolean(),
  message: z.string(),
  checkedAt: isoTime,
});
export const drill = z.object({
  id: z.string(),
  serverId: z.string(),
  startedAt: isoTime,
  endedAt: isoTime.optional(),
  cameras: z.array(
    z.object({
      cameraId: z.string(),
      standbyLevel: z.enum(['cold', 'warm', 'hot']),
      /** Seconds from the start to the first durable key frame. */
      firstFrameAfter: z.number().optional(),
      problem: z.string().optional(),
    }),
  ),
});
export const createDrillRequest = z.strictObject({ serverId: z.string() });
