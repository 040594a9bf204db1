/**
 * Licences as a server keeps them (`settings/licences.json`), and as a host tells them to the servers of its site.
 * Belongs here: those shapes. Does not: what a licence says (licence.ts), what follows from it (licence-seats.ts).
 */
import { z } from 'zod';
import { isServerId } from '../core/ids.ts';
import { MAX_LICENCE_CHARACTERS, MAX_LICENCES } from './licence.ts';
import { MAX_PEERS } from './peer.ts';

const serverId = z.string().refine(isServerId, 'Expected a UUID in lower case');
const text = z.string().min(1).max(MAX_LICENCE_CHARACTERS);

export const licenceRecordSchema = z.strictObject({
  /** As it was signed; judged anew whenever it is used. */
  text,
  /** For this server only; absent: for the site, or for the server that stands alone. */
  serverId: serverId.optional(),
  /** Wall milliseconds. */
  addedAt: z.number(),
  /** It came from the host before, whose word counts for an issuer that is not known here. */
  vouched: z.boolean().optional(),
});
export type LicenceRecord = z.infer<typeof licenceRecordSchema>;

/** Part of `site.set`. */
export const siteLicencesSchema = z.strictObject({
  licences: z.array(licenceRecordSchema.omit({ addedAt: true, vouched: true })).max(MAX_LICENCES),
  /** All failover servers of the site, the first to join first: among them cover seats are split. */
  failoverServers: z.array(serverId).max(MAX_PEERS),
  /** Cameras that the server that is told may record; absent: not limited. */
  cameraSeats: z.number().int().min(0).optional(),
});
export type SiteLicences = z.infer<typeof siteLicencesSchema>;

export const licencesFileSchema = z.strictObject({
  /** Added here; under a host they do not count. */
  licences: z.array(licenceRecordSchema).max(MAX_LICENCES),
  /** What the host said last: it counts while that host is away too. */
  told: siteLicencesSchema.extend({ hostId: serverId }).optional(),
  /** The latest wall time that was believed (licence-clock.ts). */
  latest: z.number(),
  /** On a host: cameras that each server recorded when it was last heard, by its id. */
  recorded: z.record(serverId, z.number().int().min(0)),
});
export type LicencesFile = z.infer<typeof licencesFileSchema>;
export const NO_LICENCES: LicencesFile = { licences: [], latest: 0, recorded: {} };
