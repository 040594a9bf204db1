/**
 * What the host decides for its whole site: `settings/site.json` there, and as it was last told on its members.
 * What is absent each server decides by its own failover settings.
 *
 * Belongs here: the policy, the protected lists (who watches whom), what follows from both. Does not: telling the members of it
 * (introductions.ts, control/site-members.ts), the settings of one server (failover-settings.ts).
 */
import { z } from 'zod';
import { isServerId } from '../core/ids.ts';
import { standbyLevelSchema } from './camera.ts';
import type { CameraSettings } from './camera.ts';
import { FOOTAGE_POLICIES, SHORTAGE_POLICIES } from './failover-settings.ts';
import type { FailoverSettings } from './failover-settings.ts';
import { MAX_PEERS } from './peer.ts';

const serverIdSchema = z.string().refine(isServerId, 'Expected the id of a server');

/** Each replaces the setting of the same name of every failover server of the site. */
const overriding = {
  automaticTakeover: z.boolean(),
  automaticRestore: z.boolean(),
  footagePolicy: z.enum(FOOTAGE_POLICIES),
  shortagePolicy: z.enum(SHORTAGE_POLICIES),
};
const OVERRIDING = ['automaticTakeover', 'automaticRestore', 'footagePolicy', 'shortagePolicy'] as const;
/** Of cameras that are added without one, by their priority. */
const standbyLevels = { high: standbyLevelSchema, medium: standbyLevelSchema, low: standbyLevelSchema };

export const sitePolicySchema = z.strictObject({
  ...z.strictObject(overriding).partial().shape,
  standbyLevels: z.strictObject(standbyLevels).partial().default({}),
});
export type SitePolicy = z.infer<typeof sitePolicySchema>;

/** One failover server, and the only ones that it protects. One that has no list protects all. */
export const protectedListSchema = z.strictObject({
  failoverServerId: serverIdSchema,
  serverIds: z.array(serverIdSchema).max(MAX_PEERS),
});
export const protectionSchema = z.array(protectedListSchema).max(MAX_PEERS);
export type Protection = z.infer<typeof protectionSchema>;

export const siteFileSchema = z.strictObject({
  /** Whose word this is: on the host its own id. Absent: nobody has said anything yet. */
  hostId: serverIdSchema.optional(),
  policy: sitePolicySchema.prefault({}),
  protection: protectionSchema.default([]),
});
export type SiteFile = z.infer<typeof siteFileSchema>;

/** What is absent stays; `null` leaves it to each server again, or takes a list away. */
export const siteChangeSchema = z
  .strictObject({
    policy: z
      .strictObject({
        automaticTakeover: overriding.automaticTakeover.nullable(),
        automaticRestore: overriding.automaticRestore.nullable(),
        footagePolicy: overriding.footagePolicy.nullable(),
        shortagePolicy: overriding.shortagePolicy.nullable(),
        standbyLevels: z
          .strictObject({
            high: standbyLevelSchema.nullable(),
            medium: standbyLevelSchema.nullable(),
            low: standbyLevelSchema.nullable(),
          })
          .partial(),
      })
      .partial(),
    /** By the id of the failover server: ids of the servers that it protects, and of no others. */
    protection: z.record(serverIdSchema, z.array(serverIdSchema).max(MAX_PEERS).nullable()),
  })
  .partial();
export type SiteChange = z.infer<typeof siteChangeSchema>;

export function changedSite(before: SiteFile, { policy = {}, protection = {} }: SiteChange, hostId: string): SiteFile {
  const { standbyLevels: levels = {}, ...rest } = policy;
  const lists = new Map(before.protection.map(({ failoverServerId, serverIds }) => [failoverServerId, serverIds]));
  for (const [id, serverIds] of Object.entries(protection))
    if (serverIds === null) lists.delete(id);
    else lists.set(id, [...new Set(serverIds)].sort());
  return siteFileSchema.parse({
    hostId,
    policy: {
      ...withoutNull({ ...before.policy, ...given(rest) }),
      standbyLevels: withoutNull({ ...before.policy.standbyLevels, ...given(levels) }),
    },
    protection: [...lists].map(([failoverServerId, serverIds]) => ({ failoverServerId, serverIds })),
  });
}
const given = (change: object): object =>
  Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
const withoutNull = (object: object): object =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null));

/** Whether this failover server is to watch, and if need be cover, that server. */
export function protects(protection: Protection, failoverServerId: string, serverId: string): boolean {
  const list = protection.find((one) => one.failoverServerId === failoverServerId);
  return list === undefined || list.serverIds.includes(serverId);
}

/** Another server is in the place of one of them, for good: a failover server that took it protects nobody any more. */
export const withSuccessor = (protection: Protection, from: string, to: string): Protection =>
  protection.flatMap(({ failoverServerId, serverIds }) => {
    if (failoverServerId === to) return [];
    return [{ failoverServerId, serverIds: [...new Set(serverIds.map((id) => (id === from ? to : id)))] }];
  });

/** The settings by which a failover server works: its own, and the site's over them. */
export const underPolicy = (own: FailoverSettings, policy: SitePolicy): FailoverSettings => ({
  ...own,
  ...Object.fromEntries(OVERRIDING.flatMap((name) => (policy[name] === undefined ? [] : [[name, policy[name]]]))),
});

/** Settings that a change would set to something else than the site has them. */
export const againstPolicy = (
  change: Readonly<Partial<Record<keyof FailoverSettings, unknown>>>,
  policy: SitePolicy,
): readonly string[] =>
  OVERRIDING.filter(
    (name) => change[name] !== undefined && policy[name] !== undefined && change[name] !== policy[name],
  );

export const standbyLevelOf = (
  { standbyLevels: levels }: SitePolicy,
  priority: CameraSettings['priority'],
): CameraSettings['standbyLevel'] | undefined => (priority === 'never' ? undefined : levels[priority]);
