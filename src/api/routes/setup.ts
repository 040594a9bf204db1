/** `/setup` and `/sessions`: the first owner, signing in and out. */
import { z } from 'zod';
import { isoOf } from '../../core/clock.ts';
import type { Clock } from '../../core/clock.ts';
import { UnderstudyError } from '../../core/errors.ts';
import { createId } from '../../core/ids.ts';
import { epochMs } from '../../core/units.ts';
import type { Settings } from '../../settings/settings.ts';
import type { UserRecord } from '../../site/account.ts';
import { succeededBy } from '../../site/host-role.ts';
import { managerOf } from '../../site/membership.ts';
import { nameProblemOf } from '../../site/name.ts';
import type { ActivityLog } from '../activity.ts';
import type { Auth, StartedSession } from '../auth.ts';
import type { Caller } from '../caller.ts';
import { session, setupRequest, setupState, signInRequest, signOutQuery } from '../contract/access.ts';
import type { Session } from '../contract/access.ts';
import { noSessionCookie, sessionCookie } from '../cookies.ts';
import type { PasswordHasher } from '../password.ts';
import { HttpError } from '../problem.ts';
import { empty, route } from '../route.ts';
import type { Reply, Route } from '../route.ts';
import type { SignInGuard } from '../sign-in-guard.ts';

export type SetupDeps = {
  readonly settings: Pick<Settings, 'users' | 'server' | 'peers'>;
  readonly auth: Pick<Auth, 'startSession' | 'endSession' | 'endSessionsOf'>;
  readonly hasher: PasswordHasher;
  readonly guard: SignInGuard;
  readonly activity: Pick<ActivityLog, 'record'>;
  readonly clock: Clock;
  readonly version: string;
  readonly fingerprint: string;
};

export function setupRoutes(deps: SetupDeps): readonly Route[] {
  return [readSetup(deps), doSetup(deps), signIn(deps), currentSession(), signOut(deps)];
}

const isNeeded = ({ settings }: Pick<SetupDeps, 'settings'>): boolean =>
  !settings.users.get().users.some(({ role }) => role === 'owner');

function readSetup(deps: SetupDeps): Route {
  return route(
    {
      method: 'GET',
      path: '/setup',
      summary: 'Whether the owner is still to be set up, and what this box is called',
      access: 'public',
      response: { json: setupState },
    },
    () => ({
      kind: 'json',
      body: {
        needed: isNeeded(deps),
        serverName: deps.settings.server.get().name,
        version: deps.version,
        fingerprint: deps.fingerprint,
        ...newHost(deps.settings),
      },
    }),
  );
}

/** Only of a server that had the role itself: others say nothing of their site to strangers. */
function newHost({ server, peers }: Pick<Settings, 'server' | 'peers'>): Pick<z.infer<typeof setupState>, 'host'> {
  const found = succeededBy(server.get(), managerOf(peers.get().peers));
  if (found === undefined) return {};
  const { name, host: address, httpPort } = found;
  return {
    host: { name, ...(address === undefined ? {} : { address }), ...(httpPort === undefined ? {} : { httpPort }) },
  };
}

function doSetup(deps: SetupDeps): Route {
  const { settings, auth, hasher, activity, clock } = deps;
  return route(
    {
      method: 'POST',
      path: '/setup',
      summary: 'Makes the owner account at the first run and signs in',
      access: 'public',
      whenLocked: 'open',
      body: setupRequest,
      response: { status: 201, json: session },
      problems: { 409: 'setup/done' },
    },
    async ({ body }) => {
      if (!isNeeded(deps)) throw setupDone();
      if (body.serverName !== undefined) checkName(body.serverName);
      const passwordHash = await hasher.hash(body.password);
      const { username } = body;
      const owner: UserRecord = { id: createId('user'), username, role: 'owner', passwordHash, createdAt: clock.now() };
      await settings.users.update((file) => {
        if (file.users.some(({ role }) => role === 'owner')) throw setupDone(); // two at once: the first one wins
        return { ...file, users: [...file.users, owner] };
      });
      const { serverName } = body;
      if (serverName !== undefined) await settings.server.update((server) => ({ ...server, name: serverName }));
      activity.record({ severity: 'info', code: 'setup', message: 'The owner account was made.', user: username });
      const started = await auth.startSession(owner);
      if (started === undefined) throw setupDone();
      return answerWith(started, clock);
    },
  );
}

const setupDone = (): UnderstudyError =>
  new UnderstudyError('conflict', 'setup/done', 'This box has an owner already: sign in instead.');

function checkName(name: string): void {
  const message = nameProblemOf(name);
  if (message === undefined) return;
  throw new HttpError(422, 'http/invalid', message, { issues: [{ path: 'serverName', message }] });
}

function answerWith({ token, caller }: StartedSession, clock: Clock): Reply<Session> {
  const maxAge = ((caller.expiresAt ?? 0) - clock.now()) / 1000;
  const headers = { 'set-cookie': sessionCookie(token, maxAge) };
  return { kind: 'json', status: 201, headers, body: sessionOf(caller) };
}

function sessionOf(caller: Caller): Session {
  if (caller.kind !== 'user') {
    throw new UnderstudyError('not-found', 'auth/no-session', 'This request carries a token, not a session.');
  }
  const { id, name, role, expiresAt = 0 } = caller;
  return { user: { id, username: name, role }, expiresAt: isoOf(epochMs(expiresAt)) };
}

function signIn(deps: SetupDeps): Route {
  const { guard, activity, clock } = deps;
  return route(
    {
      method: 'POST',
      path: '/sessions',
      summary: 'Signs in; the session is the __Host-session cookie',
      access: 'public',
      whenLocked: 'open',
      body: signInRequest,
      response: { status: 201, json: session },
      problems: { 401: 'auth/wrong', 429: 'auth/wait' },
    },
    async ({ body, address }) => {
      const wait = guard.begin(body.username, address);
      if (wait > 0) throw waitFirst(wait);
      const started = await letIn(deps, body);
      if (started === undefined) {
        activity.record({
          severity: 'warning',
          code: 'sign-in-failed',
          message: `A sign-in from ${address} failed.`,
          user: body.username.slice(0, 64),
        });
        throw new UnderstudyError('unauthenticated', 'auth/wrong', 'User name or password is wrong.');
      }
      guard.succeeded(body.username, address);
      activity.record({
        severity: 'info',
        code: 'signed-in',
        message: `Signed in from ${address}.`,
        user: started.caller.name,
      });
      return answerWith(started, clock);
    },
  );
}

/** Looks again when the account was replaced while its password was checked: the same name and password may be right for the new one. */
async function letIn(
  { settings, auth, hasher }: Pick<SetupDeps, 'settings' | 'auth' | 'hasher'>,
  { username, password }: { readonly username: string; readonly password: string },
): Promise<StartedSession | undefined> {
  for (let looks = 0; looks < MAX_LOOKS; looks += 1) {
    const user = settings.users.get().users.find((one) => one.username === username);
    const isRight = await hasher.verify(password, user?.passwordHash);
    if (!isRight || user === undefined) return undefined;
    const started = await auth.startSession(user);
    if (started !== undefined) return started;
  }
  return undefined;
}
/** Each costs as much as a password does. */
const MAX_LOOKS = 3;

function waitFirst(milliseconds: number): HttpError {
  const seconds = Math.ceil(milliseconds / 1000);
  const message = `Too many wrong passwords for this account or from this address: try again in ${seconds} s.`;
  return new HttpError(429, 'auth/wait', message, { headers: { 'retry-after': String(seconds) } });
}

function currentSession(): Route {
  return route(
    {
      method: 'GET',
      path: '/sessions/current',
      summary: 'Who is signed in',
      access: 'viewer',
      response: { json: session },
    },
    ({ caller }) => ({ kind: 'json', body: sessionOf(caller) }),
  );
}

function signOut({ auth, activity }: SetupDeps): Route {
  return route(
    {
      method: 'DELETE',
      path: '/sessions/current',
      summary: 'Signs out everywhere: ends all sessions of this user, or with others=keep this one only',
      access: 'viewer',
      query: signOutQuery,
      whenLocked: 'open',
      response: { status: 204, json: z.never() },
    },
    async ({ caller, query, header }) => {
      if (caller.kind !== 'user') return empty();
      if (query.others === 'keep') await auth.endSession(header('cookie'));
      else await auth.endSessionsOf(caller.id);
      activity.record({ severity: 'info', code: 'signed-out', message: 'Signed out.', user: caller.name });
      return empty({ 'set-cookie': noSessionCookie });
    },
  );
}
