/**
 * Other servers that this one knows and trusts, as they are kept in `settings/peers.json`.
 * Belongs here: the record and its rules. Does not: connections (peer), what is heard from them (watch).
 */
import { z } from 'zod';
import { isServerId } from '../core/ids.ts';
import { isWebAddress, WEB_ADDRESS_WORDS } from '../core/web-address.ts';
import { nameSchema } from './camera.ts';
import { replacedBySchema } from './replacement.ts';
import { CMS_MODES } from './server-settings.ts';

export const MAX_PEERS = 256;

const fingerprintSchema = z.string().regex(/^[0-9a-f]{64}$/, 'Expected 64 hexadecimal digits');
const hostSchema = z.string().min(1).max(253);
const portSchema = z.number().int().min(1).max(65_535);

/** How a server introduces itself to another one (`POST /peers`, pairing). */
export const peerIdentitySchema = z.strictObject({
  id: z.string().refine(isServerId, 'Expected a UUID in lower case'),
  name: nameSchema,
  mode: z.enum(CMS_MODES),
  /** SHA-256 of its peer certificate: its identity. A change is an alarm, never accepted silently. */
  fingerprint: fingerprintSchema,
  /** SHA-256 of the certificate of its web interface, as it was shown and confirmed. */
  httpsFingerprint: fingerprintSchema.optional(),
  /** Where the other server dials it; absent: it dials in (pairing code, behind NAT). */
  host: hostSchema.optional(),
  peerPort: portSchema.optional(),
  httpPort: portSchema.optional(),
  /** Where browsers reach it, as it says itself; absent: where it is seen. Servers never dial it. */
  clientAddress: z.string().refine(isWebAddress, WEB_ADDRESS_WORDS).optional(),
});
export type PeerIdentity = z.infer<typeof peerIdentitySchema>;

/** What becomes of the cameras of a server that leaves a site. Its footage stays in any case. */
export const CAMERA_CHOICES = ['keep', 'remove'] as const;
export const detachPendingSchema = z.strictObject({
  /** Wall milliseconds. */
  since: z.number(),
  cameras: z.enum(CAMERA_CHOICES),
  /** Its name was typed: it leaves although footage is not home, which then stays where it lies. */
  force: z.boolean(),
  user: z.string(),
});
export type DetachPending = z.infer<typeof detachPendingSchema>;

/** What is done to a server as soon as its footage is home. */
export const SECURED_ACTIONS = ['disable', 'detach'] as const;
export const securingSchema = z.strictObject({
  /** Wall milliseconds. */
  since: z.number(),
  action: z.enum(SECURED_ACTIONS),
  /** Of one that is detached. */
  cameras: z.enum(CAMERA_CHOICES),
  user: z.string(),
});
export type SecuringWish = z.infer<typeof securingSchema>;

export const peerRecordSchema = z.strictObject({
  ...peerIdentitySchema.shape,
  /** This server protects it: watches, keeps settings backups, covers. */
  watched: z.boolean().default(false),
  /** It protects this server, and may ask for settings and footage. */
  watcher: z.boolean().default(false),
  /** It manages this server: may introduce other servers and set the site. At most one. */
  managesUs: z.boolean().default(false),
  /** Introduced by the host instead of by an administrator here. */
  introduced: z.boolean().default(false),
  enabled: z.boolean().default(true),
  addedAt: z.number(),
  /** By which it signs receipts for returned footage, as it first told it: SPKI in PEM. A change is an alarm, never accepted silently. */
  receiptKey: z.string().max(200).optional(),
  /** It deauthorized this server while footage of it lay here: known by name until that is settled, not trusted, not dialled. Wall milliseconds. */
  forgottenAt: z.number().optional(),
  /** Another server is in its place (docs/design/replacement.md): not listed, not introduced; told so when it returns. */
  replacedBy: replacedBySchema.optional(),
  /** At the host: who was asked to put which server in its place, wall milliseconds. Of that replacement this driver's word counts, nobody else's. */
  replacing: z
    .strictObject({ by: peerIdentitySchema.shape.id, driver: peerIdentitySchema.shape.id, at: z.number() })
    .optional(),
  /** Security lock. Of a member, at its host: nobody changes it there. Of the host, at a member: this server is so locked. */
  locked: z.boolean().optional(),
  /** At whoever adds it, with the name it had: nobody was told yet that it is added. Taken back if this server is killed meanwhile. */
  joining: z.strictObject({ name: nameSchema }).optional(),
  /** At the added one: whoever introduced itself was not heard over the channel yet. Forgotten if that stays so. */
  provisional: z.literal(true).optional(),
  /** At the host: it is to leave the site and does not know yet, or still has footage that is not home (docs/design/site-membership.md). */
  detachPending: detachPendingSchema.optional(),
  /** It is to be disabled or detached when its footage is home (docs/design/site-membership.md). */
  securing: securingSchema.optional(),
});
export type PeerRecord = z.infer<typeof peerRecordSchema>;
