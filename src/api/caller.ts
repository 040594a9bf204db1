/** Who makes a request, and what that allows. Pure. */
import { UnderstudyError } from '../core/errors.ts';
import { reaches } from '../site/account.ts';
import type { EndedSession, Role } from '../site/account.ts';

export type SignedIn = {
  readonly kind: 'user' | 'token';
  readonly id: string;
  /** For the activity log. */
  readonly name: string;
  readonly role: Role;
  /** Undefined: all cameras. */
  readonly cameraIds: readonly string[] | undefined;
  /** Wall milliseconds when the session ends unless it is used again; undefined for tokens. */
  readonly expiresAt: number | undefined;
  /** Aborted when the session or token ends or its rights change: streams and sockets must close then. */
  readonly ended: AbortSignal;
};
/** `ended`: had a session that was ended for a reason. */
export type Anonymous = { readonly kind: 'anonymous'; readonly ended?: Pick<EndedSession, 'reason' | 'endedAt'> };
export type Caller = Anonymous | SignedIn;

/** `public`: no sign-in needed. */
export type Access = 'public' | Role;

/** The one who asks, of a route that is not public. @throws auth/required */
export function signedIn(caller: Caller): SignedIn {
  if (caller.kind !== 'anonymous') return caller;
  throw new UnderstudyError('unauthenticated', 'auth/required', 'Sign in first.');
}

export function mayCall(caller: Caller, access: Access): boolean {
  if (access === 'public') return true;
  return caller.kind !== 'anonymous' && reaches(caller.role, access);
}

export function maySeeCamera(caller: Caller, cameraId: string): boolean {
  if (caller.kind === 'anonymous') return false;
  return caller.cameraIds === undefined || caller.cameraIds.includes(cameraId);
}
