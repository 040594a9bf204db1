/** First set-up, sessions, users, tokens. */
import { z } from 'zod';
import { isoTime } from './common.ts';

export const role = z.enum(['owner', 'admin', 'operator', 'viewer']);
export type Role = z.infer<typeof role>;

const username = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[^\s:]+$/, 'A user name has no spaces and no colon');
/** NIST SP 800-63B: length counts, composition rules do not. */
const newPassword = z.string().min(10, 'A password has at least 10 characters').max(256);

/** `POST /setup`: the owner's account on first run; 409 afterwards. Answers with a session. */
export const setupRequest = z.strictObject({ username, password: newPassword, serverName: z.string().optional() });
/** `GET /setup`, open to everybody: what the first page must know. */
export const setupState = z.object({
  needed: z.boolean(),
  serverName: z.string(),
  version: z.string(),
  fingerprint: z.string(),
  /** Of a server that was the host of its site: who is it now, for people who look for the site here. */
  host: z
    .object({ name: z.string(), address: z.string().optional(), httpPort: z.number().int().optional() })
    .optional(),
});

/** `POST /sessions`. */
export const signInRequest = z.strictObject({ username: z.string().max(256), password: z.string().max(1024) });
/** `DELETE /sessions/current`: `keep` ends the session of this request only. */
export const signOutQuery = z.object({ others: z.enum(['end', 'keep']).default('end') });
/** `GET /sessions/current`, and the answer to signing in. The session itself is the `__Host-session` cookie. */
export const session = z.object({ user: z.object({ id: z.string(), username: z.string(), role }), expiresAt: isoTime });
export type Session = z.infer<typeof session>;

export const user = z.object({
  id: z.string(),
  username: z.string(),
  role,
  cameraIds: z.array(z.string()).optional(),
  createdAt: isoTime,
});
export type User = z.infer<typeof user>;
/** A host tells the servers of its site which cameras an account may see: as many as src/site/gateway-caller.ts says. */
const cameraIds = z.array(z.string().max(64)).max(1024);
/** `cameraIds` absent: all cameras. */
export const createUserRequest = z.strictObject({
  username,
  password: newPassword,
  role,
  cameraIds: cameraIds.optional(),
});
export const updateUserRequest = z.strictObject({
  role: role.optional(),
  password: newPassword.optional(),
  /** Needed with `password` when it is one's own. */
  currentPassword: z.string().max(1024).optional(),
  cameraIds: cameraIds.nullable().optional(),
});

export const token = z.object({
  id: z.string(),
  name: z.string(),
  role,
  createdAt: isoTime,
  lastUsedAt: isoTime.optional(),
});
export const createTokenRequest = z.strictObject({ name: z.string().min(1).max(64), role });
/** `secret` is shown once. */
export const createdToken = token.extend({ secret: z.string() });
