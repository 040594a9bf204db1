/**
 * Who may do what: roles, users, sessions and tokens as they are kept, and the rules between roles.
 * Belongs here: schemas on disk and pure rules. Does not: passwords' hashing (api/password.ts), requests (api/contract/access.ts).
 */
import { z } from 'zod';

/** Weakest first: a role may do what the ones before it may. */
export const ROLES = ['viewer', 'operator', 'admin', 'owner'] as const;
export type Role = (typeof ROLES)[number];

export const MAX_USERS = 100;
export const MAX_TOKENS = 100;
/** Of one user; the oldest ends when one more begins. */
export const MAX_SESSIONS_PER_USER = 20;

/** Whether `role` may do what needs at least `minimum`. */
export const reaches = (role: Role, minimum: Role): boolean => ROLES.indexOf(role) >= ROLES.indexOf(minimum);

/** Owners manage everybody; others only those strictly below themselves. */
export const mayManage = (actor: Role, subject: Role): boolean =>
  actor === 'owner' || (reaches(actor, 'admin') && !reaches(subject, actor));

/** Owners and admins always see every camera: they could give themselves the permission. */
export const mayBeLimited = (role: Role): boolean => !reaches(role, 'admin');

export const userRecordSchema = z.strictObject({
  id: z.string(),
  username: z.string(),
  role: z.enum(ROLES),
  /** PHC string; never leaves the process. */
  passwordHash: z.string(),
  /** Absent: all cameras. */
  cameraIds: z.array(z.string()).optional(),
  /** Wall milliseconds. */
  createdAt: z.number(),
});
export type UserRecord = z.infer<typeof userRecordSchema>;

export const tokenRecordSchema = z.strictObject({
  id: z.string(),
  name: z.string(),
  role: z.enum(ROLES),
  /** SHA-256 of the secret in hex; the secret itself has 256 random bits, so that no salt is needed. */
  secretHash: z.string(),
  createdAt: z.number(),
  lastUsedAt: z.number().optional(),
});
export type TokenRecord = z.infer<typeof tokenRecordSchema>;

export const sessionRecordSchema = z.strictObject({
  /** SHA-256 of the cookie's value in hex. */
  tokenHash: z.string(),
  userId: z.string(),
  createdAt: z.number(),
  lastUsedAt: z.number(),
});
export type SessionRecord = z.infer<typeof sessionRecordSchema>;

/** Why everybody was signed out, other than by themselves. */
export const SESSION_ENDS = ['site-empty'] as const;
export type SessionEnd = (typeof SESSION_ENDS)[number];
export const MAX_ENDED_SESSIONS: number = MAX_USERS * MAX_SESSIONS_PER_USER;

/** Of a session that was ended for a reason: what its browser is told when it asks next. */
export const endedSessionSchema = z.strictObject({
  tokenHash: z.string(),
  reason: z.enum(SESSION_ENDS),
  endedAt: z.number(),
});
export type EndedSession = z.infer<typeof endedSessionSchema>;

type Sessions = { readonly sessions: SessionRecord[]; readonly ended?: EndedSession[] | undefined };
/** Everybody is signed out; the oldest reasons go when there are too many. */
export function withAllEnded({ sessions, ended = [] }: Sessions, reason: SessionEnd, endedAt: number): Sessions {
  const now = sessions.map(({ tokenHash }) => ({ tokenHash, reason, endedAt }));
  return { sessions: [], ended: [...ended, ...now].slice(-MAX_ENDED_SESSIONS) };
}
