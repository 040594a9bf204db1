/** The site as a whole: what its host decides for all its servers, and how they are. */
import { z } from 'zod';
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
