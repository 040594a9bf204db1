/** Replacing a protected server by another one: what would change, what is under way, and the end of it at the original. */
import { z } from 'zod';
import { REPLACEMENT_STATES } from '../../site/replacement.ts';
import { isoTime } from './common.ts';

export const replaceServerRequest = z.strictObject({
  /** The successor: this failover server itself, which acts for the original now, or another recording server that it protects. */
  by: z.string().max(64),
  /** Only shows what would change. */
  dryRun: z.boolean().default(false),
  /** The name of the original, as its cameras, name and accounts pass to the successor for good. */
  confirm: z.string().max(64).optional(),
});

/** What people know a server by. */
const identity = z.object({
  name: z.string(),
  cameras: z.array(z.object({ id: z.string(), name: z.string() })),
  users: z.array(z.string()),
  tokens: z.array(z.string()),
});

export const replacement = z.object({
  id: z.string(),
  serverId: z.string(),
  serverName: z.string(),
  by: z.string(),
  byName: z.string(),
  state: z.enum(REPLACEMENT_STATES),
  startedAt: isoTime,
  finishedAt: isoTime.optional(),
  /** The original was reached, and records nothing under that identity any more. */
  originalTold: z.boolean(),
  /** Why it does not go on just now; it is tried again by itself. */
  problem: z.string().optional(),
});
export type ReplacementView = z.infer<typeof replacement>;

export const replaceServerResult = z.object({
  /** Absent in a dry run. */
  replacement: replacement.optional(),
  /** The successor as it is, or was before, and as it becomes. */
  before: identity,
  after: identity,
  /** What else follows from it. */
  warnings: z.array(z.string()),
});
export type ReplaceServerResult = z.infer<typeof replaceServerResult>;

export const clearReplacedRequest = z.strictObject({
  /** The name of this server: its cameras and their passwords are removed, its footage stays. */
  confirm: z.string().max(64).optional(),
});
