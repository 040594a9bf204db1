/** The site as a whole: what its host decides for all its servers, and how they are. */
import { z } from 'zod';
import { isoTime, pageQuery } from './common.ts';
import { cmsMode } from './server.ts';
import { protectedListSchema, siteChangeSchema, sitePolicySchema } from '../../site/site-policy.ts';

export const site = z.object({
  /** Absent: this server belongs to no site. */
  host: z.object({ id: z.string(), name: z.string() }).optional(),
  /** This server is the host: changes are made here. */
  isHost: z.boolean(),
  /** What is absent each server decides by its own failover settings. */
  policy: sitePolicySchema,
  /** Failover servers that protect only these; one that is not listed protects all. */
  protection: z.array(protectedListSchema.extend({ name: z.string() })),
});
export type SiteView = z.infer<typeof site>;
export const updateSiteRequest = siteChangeSchema;

/** The first of these that is true of a server. */
export const siteServerState = z.enum([
  /** To be let go as soon as it returns. */
  'detach-pending',
  'disabled',
  /** A failover server records its cameras now. */
  'covered',
  /** Nothing is heard of it. */
  'offline',
  /** It records cameras of others. */
  'covering',
  'online',
]);
export type SiteServerState = z.infer<typeof siteServerState>;

const named = z.object({ serverId: z.string(), name: z.string() });
export const siteServer = z.object({
  id: z.string(),
  name: z.string(),
  mode: cmsMode,
  state: siteServerState,
  enabled: z.boolean(),
  host: z.string().optional(),
  /** Where browsers reach it, as it says itself; absent: at `host`. */
  clientAddress: z.string().optional(),
  version: z.string().optional(),
  /** Of the machine. */
  model: z.string().optional(),
  /** Of the last minute, by cores: 1 is all of them busy. */
  load: z.number().optional(),
  /** For covering others. */
  channels: z.object({ max: z.number().int(), used: z.number().int(), free: z.number().int() }).optional(),
  cameras: z.object({ total: z.number().int(), recording: z.number().int() }).optional(),
  /** Of a failover server: those that it watches, and how it sees them. */
  watches: z.array(named.extend({ state: z.string() })),
  /** Failover servers that watch it. */
  watchedBy: z.array(named),
  /** Who records its cameras now. */
  coveredBy: z.array(named),
  /** The newest of its settings at any failover server. */
  lastBackupAt: isoTime.optional(),
  backupProblem: z.string().optional(),
  /** Of a failover server: its last; of a recording server: the last in which it was rehearsed. */
  lastDrill: z.object({ at: isoTime, cameras: z.number().int(), recorded: z.number().int() }).optional(),
  lastContactAt: isoTime.optional(),
});
export type SiteServerView = z.infer<typeof siteServer>;

export const siteStatusQuery = pageQuery.extend({
  state: siteServerState.optional(),
  mode: cmsMode.optional(),
  /** In name, address, id, model or version, whatever the case. */
  text: z.string().max(64).optional(),
});
const count = z.number().int();
export const siteStatus = z.object({
  /** Of all servers, whatever is asked for. */
  counts: z.object({
    total: count,
    states: z.record(siteServerState, count),
    modes: z.record(cmsMode, count),
  }),
  items: z.array(siteServer),
  next: z.string().optional(),
});
