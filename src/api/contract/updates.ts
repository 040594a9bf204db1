/** Updates: releases that this server keeps, what runs, and how far the servers of the site are. */
import { z } from 'zod';
import { MAX_RELEASE_BYTES } from '../../site/release-limits.ts';
import { isoTime } from './common.ts';

/** `1.2.3`, as it stands in the release. */
export const releaseVersion = z
  .string()
  .max(32)
  .regex(/^\d{1,9}\.\d{1,9}\.\d{1,9}(-[0-9A-Za-z.-]+)?$/, 'Expected a version such as 1.2.3');

export const keptRelease = z.object({
  version: releaseVersion,
  bytes: z.number().int(),
  builtAt: isoTime,
  /** To what runs here. */
  beside: z.enum(['older', 'same', 'newer']),
  /** Why it cannot be installed here, for people; a host may hand it on all the same. */
  problem: z.string().optional(),
});

/** In the order they are gone through. `waiting`: one after another. `broken-off`: not begun, because one before it failed or somebody stopped it. */
export const serverUpdatePhase = z.enum([
  'waiting',
  'sending',
  'unpacking',
  'restarting',
  'done',
  'failed',
  'broken-off',
]);
export const serverUpdate = z.object({
  serverId: z.string(),
  name: z.string(),
  /** The one it gets. */
  version: releaseVersion,
  phase: serverUpdatePhase,
  /** While it is sent. */
  sentBytes: z.number().int(),
  bytes: z.number().int(),
  /** Of `failed`, in the words of that server or of this one; of `waiting`, what it waits for, such as footage on its way home. */
  problem: z.string().optional(),
});
export type ServerUpdate = z.infer<typeof serverUpdate>;

export const onlineReleases = z.object({
  /** The address of the list. */
  source: z.string(),
  /** When the list was read last; absent: not yet. */
  lookedAt: isoTime.optional(),
  /** What stands there, the newest first. */
  releases: z.array(
    z.object({
      version: releaseVersion,
      bytes: z.number().int(),
      builtAt: isoTime,
      beside: z.enum(['older', 'same', 'newer']),
      kept: z.boolean(),
    }),
  ),
  /** It is kept afterwards, like one that was added. */
  fetching: z.object({ version: releaseVersion, received: z.number().int(), bytes: z.number().int() }).optional(),
  /** Why the last look or fetch failed, for people. */
  problem: z.string().optional(),
});

export const updates = z.object({
  /** What runs. */
  version: z.string(),
  /** What was installed by hand or by the package manager; the same unless a later release was installed beside it. */
  packaged: z.string(),
  /** Why this server installs nothing by itself; absent: it does. */
  unable: z.string().optional(),
  releases: z.array(keptRelease),
  /** One that is coming in. */
  upload: z.object({ received: z.number().int(), bytes: z.number().int() }).optional(),
  /** Under way here; the server goes away for a moment in `restarting`. */
  installing: z.object({ version: releaseVersion, phase: z.enum(['unpacking', 'restarting']) }).optional(),
  /** The running release has not shown yet that it works: until then the one before comes back if it does not. */
  trial: z.object({ before: z.string(), since: isoTime }).optional(),
  /** How the last one ended. */
  last: z
    .object({
      from: z.string(),
      to: z.string(),
      at: isoTime,
      result: z.enum(['updated', 'rolled-back']),
      reason: z.string().optional(),
    })
    .optional(),
  /** The place that releases are fetched from; absent: there is none. */
  online: onlineReleases.optional(),
  /** Keys whose releases this server takes. */
  keys: z.array(z.string()),
  /** Of a host: the last batch. */
  servers: z.array(serverUpdate),
});
export type Updates = z.infer<typeof updates>;
export type KeptRelease = z.infer<typeof keptRelease>;

/** `MAX_PART_BYTES` as base64. */
const MAX_PART_CHARACTERS = 1_400_000;
/** Of the whole request. */
export const MAX_PART_REQUEST: number = MAX_PART_CHARACTERS + 1024;

export const uploadRequest = z.strictObject({
  /** Of the whole file. */
  bytes: z.number().int().min(1).max(MAX_RELEASE_BYTES),
  /** Where this part begins; 0 begins anew. */
  at: z.number().int().min(0),
  /** The part, base64, 1 MiB at most. */
  part: z
    .string()
    .max(MAX_PART_CHARACTERS)
    .regex(/^[A-Za-z0-9+/]*={0,2}$/, 'Expected bytes in base64'),
});
export type UploadRequest = z.output<typeof uploadRequest>;
export const uploadResult = z.object({
  received: z.number().int(),
  /** Once all of it is there, and its signature and contents are right. */
  release: keptRelease.optional(),
});
export type UploadResult = z.infer<typeof uploadResult>;

export const fetchReleaseRequest = z.strictObject({ version: releaseVersion });
export const installRequest = z.strictObject({ version: releaseVersion });
export const updateServersRequest = z.strictObject({
  version: releaseVersion,
  /** In this order, one after another. */
  serverIds: z.array(z.string().max(64)).min(1).max(200),
});
