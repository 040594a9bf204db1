/**
 * Sessions and tokens: from a cookie or a bearer token to a `Caller`, signing in and out.
 * Only hashes of session and token secrets are kept. Belongs here: their life. Does not: routes (routes/sessions.ts).
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '../core/clock.ts';
import { seconds } from '../core/clock.ts';
import { messageOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Running } from '../core/running.ts';
import type { SessionsFile, Settings } from '../settings/settings.ts';
import { MAX_SESSIONS_PER_USER } from '../site/account.ts';
import type { SessionRecord, UserRecord } from '../site/account.ts';
import type { Caller, SignedIn } from './caller.ts';
import { sessionTokenIn } from './cookies.ts';

const HOUR_MS = 3_600_000;
/** A session ends when it was not used for so long ... */
const IDLE_MS = 24 * HOUR_MS;
/** ... and in any case after this. */
const LONGEST_MS = 30 * 24 * HOUR_MS;
/** The last use is written at most this often. */
const USE_RESOLUTION_MS = HOUR_MS;
export const TOKEN_PREFIX = 'understudy_';

export type Credentials = { readonly cookie: string | undefined; readonly authorization: string | undefined };
export type StartedSession = { readonly token: string; readonly caller: SignedIn };

export type Auth = Running & {
  readonly authenticate: (credentials: Credentials) => Promise<Caller>;
  /** A new session with a new token, whatever the browser held before; `undefined`: the user is another one by now, or the password is. */
  readonly startSession: (user: UserRecord) => Promise<StartedSession | undefined>;
  /** All sessions of a user: signing out and a new password end them everywhere. */
  readonly endSessionsOf: (userId: string) => Promise<void>;
  /** The one of this cookie, if there is one; those of the same user elsewhere go on. */
  readonly endSession: (cookie: string | undefined) => Promise<void>;
};
export type AuthDeps = {
  readonly settings: Pick<Settings, 'users' | 'sessions'>;
  readonly clock: Clock;
  readonly log: Log;
};

export const hashOfSecret = (secret: string): string => createHash('sha256').update(secret).digest('hex');
export const createSecret = (): string => randomBytes(32).toString('base64url');

export function startAuth({ settings, clock, log }: AuthDeps): Auth {
  const { users, sessions } = settings;
  const ends = createEnds();
  const { inBackground, end } = createBackground(log);
  const isLive = (session: SessionRecord): boolean => clock.now() < expiryOf(session, session.lastUsedAt);
  const lookUps = createLookUps({ settings, clock, log }, ends, inBackground);
  const sweep = (): void => {
    const file = sessions.get();
    if (swept(file, isLive, clock.now()) === file) return;
    inBackground('sweep', async () => {
      await sessions.update((file) => swept(file, isLive, clock.now()));
    });
  };
  const review = (): void => ends.review(rightsNow(settings));
  const cancels = [users.onChange(review), sessions.onChange(review), clock.every(seconds(60), sweep)];
  return {
    authenticate: async (credentials) => lookUps(credentials) ?? anonymous(credentials, sessions),
    startSession: async (user) => {
      const token = createSecret();
      const now = clock.now();
      const record = { tokenHash: hashOfSecret(token), userId: user.id, createdAt: now, lastUsedAt: now };
      let isStarted = false;
      await sessions.update((file) => {
        // Under the lock that a new password ends sessions with: one was checked before it, this would come behind it.
        const current = users.get().users.find(({ id }) => id === user.id);
        isStarted = current?.passwordHash === user.passwordHash;
        if (!isStarted) return file;
        return { ...file, sessions: [...withRoomFor(file.sessions.filter(isLive), user.id), record] };
      });
      if (!isStarted) return undefined;
      const ended = ends.signalOf(record.tokenHash, rightsOf(user));
      return { token, caller: { ...callerOfUser(user), expiresAt: expiryOf(record, now), ended } };
    },
    endSessionsOf: async (userId) => {
      await sessions.update((file) => ({
        ...file,
        sessions: file.sessions.filter((session) => session.userId !== userId),
      }));
    },
    endSession: async (cookie) => {
      const token = sessionTokenIn(cookie);
      if (token === undefined) return;
      const tokenHash = hashOfSecret(token);
      await sessions.update((file) => ({
        ...file,
        sessions: file.sessions.filter((session) => session.tokenHash !== tokenHash),
      }));
    },
    stop: async () => {
      for (const cancel of cancels) cancel();
      ends.review(new Map());
      await end();
    },
  };
}

type InBackground = (what: string, work: () => Promise<void>) => void;

/** Writes that no caller waits for. Who stops does: a write behind the end of the server is one that its exit cuts off. */
function createBackground(log: Log): { readonly inBackground: InBackground; readonly end: () => Promise<void> } {
  const running = new Set<Promise<void>>();
  let hasEnded = false;
  return {
    inBackground: (what, work) => {
      if (hasEnded) return;
      const done = work()
        .catch((error: unknown) => log.warn('session bookkeeping failed', { what, error: messageOf(error) }))
        .finally(() => running.delete(done));
      running.add(done);
    },
    end: async () => {
      hasEnded = true;
      await Promise.all(running);
    },
  };
}

/** Sessions that live; of those that were ended for a reason the ones whose cookie may still be there. The same file if that is all. */
function swept(file: SessionsFile, isLive: (session: SessionRecord) => boolean, now: number): SessionsFile {
  const sessions = file.sessions.filter(isLive);
  const ended = (file.ended ?? []).filter(({ endedAt }) => now < endedAt + LONGEST_MS);
  const isSame = sessions.length === file.sessions.length && ended.length === (file.ended ?? []).length;
  return isSame ? file : { sessions, ended };
}

/** Nobody; with the reason if the session that it names was ended for one. */
function anonymous({ cookie }: Credentials, sessions: Settings['sessions']): Caller {
  const token = cookie === undefined ? undefined : sessionTokenIn(cookie);
  if (token === undefined) return { kind: 'anonymous' };
  const tokenHash = hashOfSecret(token);
  const end = (sessions.get().ended ?? []).find((one) => one.tokenHash === tokenHash);
  return end === undefined ? { kind: 'anonymous' } : { kind: 'anonymous', ended: end };
}

const expiryOf = ({ createdAt }: SessionRecord, lastUsedAt: number): number =>
  Math.min(lastUsedAt + IDLE_MS, createdAt + LONGEST_MS);

/** Who has this session or token now, if anybody. */
function createLookUps(
  { settings: { users, sessions }, clock }: AuthDeps,
  ends: Ends,
  inBackground: InBackground,
): (credentials: Credentials) => SignedIn | undefined {
  const userOfSession = (tokenHash: string): SignedIn | undefined => {
    // Of two accounts while one gives way to the other (control/moved-accounts.ts): with the one that is there.
    const records = sessions.get().sessions.filter((session) => session.tokenHash === tokenHash);
    const user = users.get().users.find(({ id }) => records.some(({ userId }) => userId === id));
    const record = records.find(({ userId }) => userId === user?.id);
    if (user === undefined || record === undefined) return undefined;
    if (clock.now() >= expiryOf(record, record.lastUsedAt)) return undefined;
    if (isStale(record.lastUsedAt, clock)) inBackground('use', async () => await markUsed(sessions, tokenHash, clock));
    const expiresAt = expiryOf(record, clock.now());
    return { ...callerOfUser(user), expiresAt, ended: ends.signalOf(tokenHash, rightsOf(user)) };
  };
  const ownerOfToken = (secretHash: string): SignedIn | undefined => {
    const record = users.get().tokens.find((token) => token.secretHash === secretHash);
    if (record === undefined) return undefined;
    if (isStale(record.lastUsedAt ?? 0, clock))
      inBackground('token use', async () => await markTokenUsed(users, secretHash, clock));
    const { id, name, role } = record;
    const ended = ends.signalOf(secretHash, role);
    return { kind: 'token', id, name, role, cameraIds: undefined, expiresAt: undefined, ended };
  };
  return ({ cookie, authorization }) => {
    if (authorization !== undefined) {
      const secret = /^Bearer +([A-Za-z0-9_-]{20,128})$/i.exec(authorization)?.[1];
      return secret === undefined ? undefined : ownerOfToken(hashOfSecret(secret));
    }
    const token = sessionTokenIn(cookie);
    return token === undefined ? undefined : userOfSession(hashOfSecret(token));
  };
}

/** Streams end whose session, token or rights are not in here any more. */
function rightsNow({ users, sessions }: AuthDeps['settings']): ReadonlyMap<string, string> {
  const rights = new Map<string, string>();
  const userById = new Map(users.get().users.map((user) => [user.id, user]));
  for (const { tokenHash, userId } of sessions.get().sessions) {
    const user = userById.get(userId);
    if (user !== undefined) rights.set(tokenHash, rightsOf(user));
  }
  for (const { secretHash, role } of users.get().tokens) rights.set(secretHash, role);
  return rights;
}

const callerOfUser = ({ id, username, role, cameraIds }: UserRecord): Omit<SignedIn, 'expiresAt' | 'ended'> => ({
  kind: 'user',
  id,
  name: username,
  role,
  cameraIds,
});
const rightsOf = ({ role, cameraIds }: UserRecord): string => JSON.stringify([role, cameraIds]);

/** The oldest sessions of the user end when there are too many. */
function withRoomFor(sessions: readonly SessionRecord[], userId: string): readonly SessionRecord[] {
  const mine = sessions.filter((session) => session.userId === userId);
  const gone = new Set(mine.slice(0, Math.max(0, mine.length - MAX_SESSIONS_PER_USER + 1)));
  return sessions.filter((session) => !gone.has(session));
}

/** Many requests at once ask for the same note; the first one makes it. */
async function markUsed(sessions: Settings['sessions'], tokenHash: string, clock: Clock): Promise<void> {
  await sessions.update((file) => {
    const stale = file.sessions.some((one) => one.tokenHash === tokenHash && isStale(one.lastUsedAt, clock));
    if (!stale) return file;
    const marked = file.sessions.map((one) =>
      one.tokenHash === tokenHash ? { ...one, lastUsedAt: clock.now() } : one,
    );
    return { ...file, sessions: marked };
  });
}

async function markTokenUsed(users: Settings['users'], secretHash: string, clock: Clock): Promise<void> {
  await users.update((file) => {
    const stale = file.tokens.some((one) => one.secretHash === secretHash && isStale(one.lastUsedAt ?? 0, clock));
    if (!stale) return file;
    const tokens = file.tokens.map((one) =>
      one.secretHash === secretHash ? { ...one, lastUsedAt: clock.now() } : one,
    );
    return { ...file, tokens };
  });
}

const isStale = (lastUsedAt: number, clock: Clock): boolean => clock.now() - lastUsedAt > USE_RESOLUTION_MS;

type Ends = {
  readonly signalOf: (key: string, rights: string) => AbortSignal;
  /** Aborts all whose rights are not the ones given here. */
  readonly review: (rights: ReadonlyMap<string, string>) => void;
};
function createEnds(): Ends {
  const open = new Map<string, { readonly rights: string; readonly controller: AbortController }>();
  return {
    signalOf: (key, rights) => {
      const known = open.get(key);
      if (known !== undefined && known.rights === rights) return known.controller.signal;
      known?.controller.abort();
      const controller = new AbortController();
      open.set(key, { rights, controller });
      return controller.signal;
    },
    review: (rights) => {
      for (const [key, entry] of open) {
        if (rights.get(key) === entry.rights) continue;
        open.delete(key);
        entry.controller.abort();
      }
    },
  };
}
