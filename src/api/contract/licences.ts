/** Licences: what a site may have, and what of it is in use. */
import { z } from 'zod';
import { seatsSchema } from '../../site/licence.ts';
import { isoTime } from './common.ts';

export const licence = z.object({
  id: z.string(),
  /** Empty: it cannot be read. */
  holder: z.string(),
  issuedAt: isoTime.optional(),
  validFrom: isoTime.optional(),
  expiresAt: isoTime.optional(),
  seats: seatsSchema,
  /** `untrusted`: damaged, or of an issuer that is not trusted any more; it neither gives nor takes seats. */
  state: z.enum(['in-force', 'not-yet', 'expired', 'untrusted']),
  problem: z.string().optional(),
  /** Of the issuer's key. */
  keyId: z.string(),
  /** Its seats are for this server only; absent: for the site. */
  serverId: z.string().optional(),
  addedAt: isoTime.optional(),
});
export type Licence = z.infer<typeof licence>;

const use = z.object({
  serverId: z.string(),
  name: z.string(),
  /** Absent: not limited. */
  seats: z.number().int().optional(),
  /** Cameras covered, or recorded, now; absent: not known here. */
  used: z.number().int().optional(),
});
export const licences = z.object({
  items: z.array(licence),
  /** The host, whose licences these are: they are added and removed there. */
  host: z.object({ id: z.string(), name: z.string() }).optional(),
  /** Of each failover server of the site: cameras that it may cover at a time. */
  covering: z.array(use),
  /** Of each server that records: cameras that it may record; on a member only its own. */
  recording: z.array(use),
  /** Keys whose licences this server takes. */
  issuers: z.array(z.string()),
});
export type Licences = z.infer<typeof licences>;
export type SeatUse = z.infer<typeof use>;

export const addLicenceRequest = z.object({
  /** The file as it was issued. */
  licence: z.string().min(1).max(16_384),
  /** Its seats are for this server only. */
  serverId: z.string().max(64).optional(),
});
