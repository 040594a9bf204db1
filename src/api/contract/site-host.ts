/** Who is the host of the site, who may succeed it, and taking its role. */
import { z } from 'zod';
import { isoTime } from './common.ts';
import { cmsMode } from './server.ts';

const fingerprint = z.string();
const place = {
  id: z.string(),
  name: z.string(),
  /** Where browsers reach it; absent: not known here, it dials in. */
  address: z.string().optional(),
  httpPort: z.number().int().optional(),
  /** SHA-256 of the certificate of its web interface. */
  httpsFingerprint: fingerprint.optional(),
  connected: z.boolean(),
};
export const siteHost = z.object({
  /** Absent: this server belongs to no site. */
  host: z.object(place).optional(),
  /** Rises each time the role changes hands. */
  term: z.number().int().optional(),
  since: isoTime.optional(),
  isHost: z.boolean(),
  /** Servers that may succeed the host: the others know their keys for it. */
  successors: z.array(
    z.object({
      ...place,
      mode: cmsMode,
      /** At the host: whether it has the newest copy of the documents of the site. */
      hasCopy: z.boolean().optional(),
    }),
  ),
  here: z.object({
    /** Whether this server could take the role; if not, why. */
    canTake: z.boolean(),
    reason: z.string().optional(),
    /** When the copy that lies here was made. */
    copyAt: isoTime.optional(),
    /** For how long nothing was heard of the host. */
    silentSeconds: z.number().optional(),
    /** It does so by itself after so long; absent: only by hand. */
    automaticAfterSeconds: z.number().optional(),
  }),
});
export type SiteHostView = z.infer<typeof siteHost>;
export const takeHostRequest = z.strictObject({
  /** The name of the present host: the role is taken from it even while it is heard. */
  confirm: z.string().max(64).optional(),
});
