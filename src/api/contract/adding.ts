/** Adding servers: what is at an address, several at once, switching management on where its owner left it off. */
import { z } from 'zod';
import { nameSchema } from '../../site/camera.ts';
import { prefixProblemOf } from '../../site/server-naming.ts';
import type { Naming } from '../../site/server-naming.ts';
import { cmsMode } from './server.ts';

const fingerprint = z.string().regex(/^[0-9a-f]{64}$/, 'Expected 64 hexadecimal digits');
const place = { host: z.string().min(1).max(253), httpPort: z.number().int().min(1).max(65_535).default(51_443) };
const username = z.string().min(1).max(128);
const password = z.string().min(1).max(1024);

/** Each server signs in somebody, which takes it a second of one core. */
export const MAX_BATCH_ROWS = 100;

/** `POST /servers/test`. Without `username` and `password` nothing secret is sent; with them the certificate must be confirmed first. */
export const testServerRequest = z
  .strictObject({
    ...place,
    /** As compared with what the other box shows. */
    httpsFingerprint: fingerprint.optional(),
    username: username.optional(),
    password: password.optional(),
  })
  .superRefine((body, context) => {
    if ((body.username === undefined) !== (body.password === undefined))
      context.addIssue({ code: 'custom', path: ['password'], message: 'Give user name and password, or neither.' });
    if (body.password !== undefined && body.httpsFingerprint === undefined) {
      const message = 'A password is sent to a confirmed certificate only: give its fingerprint.';
      context.addIssue({ code: 'custom', path: ['httpsFingerprint'], message });
    }
  });

export const CONNECTION_CHECKS = [
  'resolve',
  'port',
  'certificate',
  'lan',
  'service',
  'version',
  'credentials',
  'role',
  'mode',
  'known',
  'managed',
  'site',
  'suitability',
  'clock',
] as const;
export const connectionCheck = z.object({
  name: z.enum(CONNECTION_CHECKS),
  ok: z.boolean(),
  /** For a person: what was found, and what to do about it. */
  detail: z.string(),
  /** Of a failed one: what adding this server is refused with. Absent: it can be added nevertheless. */
  code: z.string().optional(),
});
export type ConnectionCheck = z.infer<typeof connectionCheck>;

export const testServerResult = z.object({
  /** In order; what follows a failure that leaves nothing to ask is left out. */
  checks: z.array(connectionCheck),
  /** To be compared with what the other box shows. */
  httpsFingerprint: fingerprint.optional(),
  /** As it says itself, once signed in. */
  server: z
    .object({
      id: z.string(),
      name: z.string(),
      mode: cmsMode,
      version: z.string(),
      model: z.string().optional(),
    })
    .optional(),
});
export type TestServerResult = z.infer<typeof testServerResult>;

/** Without `username` and `password` a row takes those of the whole batch. */
export const batchRow = z.strictObject({
  ...place,
  httpsFingerprint: fingerprint,
  username: username.optional(),
  password: password.optional(),
  /** Goes before the naming rule; one that is no name fails this row alone. */
  name: z.string().max(256).optional(),
});
export type BatchRow = z.infer<typeof batchRow>;

export const namingSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('model') }),
  z.strictObject({ kind: z.literal('model-number') }),
  z.strictObject({
    kind: z.literal('prefix-number'),
    prefix: z.string().superRefine((prefix, context) => {
      const problem = prefixProblemOf(prefix);
      if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
    }),
  }),
  z.strictObject({ kind: z.literal('custom') }),
]) satisfies z.ZodType<Naming>;

/** `POST /servers/batch`. A row that fails leaves nothing behind, here and there, and costs no other one anything. */
export const addBatchRequest = z.strictObject({
  rows: z.array(batchRow).min(1).max(MAX_BATCH_ROWS),
  username: username.optional(),
  password: password.optional(),
  /** Only at a host, which renames what it manages. Absent: each keeps its name. */
  naming: namingSchema.optional(),
  /** Security lock: local changes are refused there while this host manages it. Only at a host. */
  lock: z.boolean().default(false),
  /** At a host: what is older than this server gets its release first, if that is kept here; the account must be the owner's. */
  updateOlder: z.boolean().default(false),
});
export type AddBatchRequest = z.output<typeof addBatchRequest>;

export const batchResult = z.object({
  /** In the order of the request. */
  rows: z.array(
    z.object({
      ok: z.boolean(),
      serverId: z.string().optional(),
      name: z.string().optional(),
      /** Of a row that failed: as a single request would be refused. */
      code: z.string().optional(),
      message: z.string().optional(),
    }),
  ),
});
export type BatchResult = z.infer<typeof batchResult>;

/** `POST /servers/{id}/rename`, at a host: the server calls itself so, and the whole site knows it by that name. */
export const renameServerRequest = z.strictObject({ name: nameSchema });
export const renameServerResult = z.object({ id: z.string(), name: z.string() });

/** `POST /servers/enable`: signs in there and lets it be managed. */
export const enableServerRequest = z.strictObject({ ...place, httpsFingerprint: fingerprint, username, password });
export const enableServerResult = z.object({ id: z.string(), name: z.string() });
