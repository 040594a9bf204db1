/**
 * Accounts and the sessions of those whose account gives way to another one, changed together though they are two files.
 *
 * Belongs here: the order of the writes. Does not: which accounts are in force (site/site-accounts.ts), when (host-role.ts).
 */
import type { Settings } from '../settings/settings.ts';
import { MAX_SESSIONS_PER_USER, MAX_USERS } from '../site/account.ts';
import type { SessionRecord } from '../site/account.ts';
import { movedSessions } from '../site/site-accounts.ts';

type ChangeAccounts = Parameters<Settings['users']['update']>[0];

/**
 * First their sessions are those of either account, then the accounts change, then the old ones go: at no moment, nor after a kill at any, is
 * somebody signed out. A session counts with the account that is there (api/auth.ts).
 */
export async function changeAccounts(
  { users, sessions }: Pick<Settings, 'users' | 'sessions'>,
  change: ChangeAccounts,
): Promise<void> {
  const coming = movedSessions(users.get(), change(users.get()));
  if (coming.size > 0) await sessions.update((file) => ({ ...file, sessions: withBoth(file.sessions, coming) }));
  const before = users.get();
  const after = await users.update(change);
  const moved = movedSessions(before, after);
  const isMoved = sessions.get().sessions.some(({ userId }) => moved.has(userId));
  if (isMoved) await sessions.update((file) => ({ ...file, sessions: movedIn(file.sessions, moved) }));
}

function withBoth(sessions: readonly SessionRecord[], moved: ReadonlyMap<string, string>): SessionRecord[] {
  const both = sessions.flatMap((one) => {
    const userId = moved.get(one.userId);
    const isThere = sessions.some((other) => other.tokenHash === one.tokenHash && other.userId === userId);
    return userId === undefined || isThere ? [one] : [one, { ...one, userId }];
  });
  // More than the file takes: then they are without an account for a moment.
  return both.length > MAX_USERS * MAX_SESSIONS_PER_USER ? [...sessions] : both;
}

function movedIn(sessions: readonly SessionRecord[], moved: ReadonlyMap<string, string>): SessionRecord[] {
  const last = new Map(sessions.map((one) => [one.tokenHash, { ...one, userId: moved.get(one.userId) ?? one.userId }]));
  return [...last.values()];
}
