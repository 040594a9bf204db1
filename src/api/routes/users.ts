/** `/users`: who may use this box. Nobody gives a role above their own, and the last owner stays. */
import { z } from 'zod';
import { isoOf } from '../../core/clock.ts';
import type { Clock } from '../../core/clock.ts';
import { UnderstudyError } from '../../core/errors.ts';
import { createId } from '../../core/ids.ts';
import { epochMs } from '../../core/units.ts';
import type { Settings, UsersFile } from '../../settings/settings.ts';
import { MAX_USERS, mayBeLimited, mayManage, reaches } from '../../site/account.ts';
import type { UserRecord } from '../../site/account.ts';
import type { ActivityLog } from '../activity.ts';
import type { Auth } from '../auth.ts';
import { signedIn } from '../caller.ts';
import type { SignedIn } from '../caller.ts';
import { createUserRequest, updateUserRequest, user } from '../contract/access.ts';
import type { User } from '../contract/access.ts';
import { pageOf, pageQuery } from '../contract/common.ts';
import { checkTag, etagOf } from '../etag.ts';
import { pageOfItems } from '../page.ts';
import type { PasswordHasher } from '../password.ts';
import { HttpError } from '../problem.ts';
import { empty, json, route } from '../route.ts';
import type { Asked, Route } from '../route.ts';
import type { SignInGuard } from '../sign-in-guard.ts';
import { notAbove, tooMany } from './account-rules.ts';

export type UserDeps = {
  readonly settings: Pick<Settings, 'users'>;
  readonly auth: Pick<Auth, 'endSessionsOf'>;
  readonly hasher: PasswordHasher;
  readonly guard: SignInGuard;
  readonly activity: Pick<ActivityLog, 'record'>;
  readonly clock: Clock;
};

const byId = z.object({ id: z.string().max(64) });

export function userRoutes(deps: UserDeps): readonly Route[] {
  return [listUsers(deps), createUser(deps), readUser(deps), updateUser(deps), deleteUser(deps)];
}

function userOf({ id, username, role, cameraIds, createdAt }: UserRecord): User {
  const plain = { id, username, role, createdAt: isoOf(epochMs(createdAt)) };
  return cameraIds === undefined ? plain : { ...plain, cameraIds };
}

function found(file: UsersFile, id: string): UserRecord {
  const record = file.users.find((one) => one.id === id);
  if (record === undefined) throw new UnderstudyError('not-found', 'user/unknown', 'There is no such user.');
  return record;
}

function listUsers({ settings }: UserDeps): Route {
  return route(
    {
      method: 'GET',
      path: '/users',
      summary: 'All users',
      access: 'admin',
      query: pageQuery,
      response: { json: pageOf(user) },
    },
    ({ query }) => json(pageOfItems(settings.users.get().users.map(userOf), query)),
  );
}

function readUser({ settings }: UserDeps): Route {
  return route(
    {
      method: 'GET',
      path: '/users/:id',
      summary: 'One user, with an ETag',
      access: 'admin',
      params: byId,
      response: { json: user },
      problems: { 404: 'user/unknown' },
    },
    ({ params }) => {
      const one = userOf(found(settings.users.get(), params.id));
      return json(one, { etag: etagOf(one) });
    },
  );
}

function createUser({ settings, hasher, activity, clock }: UserDeps): Route {
  return route(
    {
      method: 'POST',
      path: '/users',
      summary: 'Adds a user with a role below one’s own; owners may add owners',
      access: 'admin',
      body: createUserRequest,
      response: { status: 201, json: user },
      problems: { 409: 'user/exists' },
    },
    async ({ body, caller }) => {
      const actor = signedIn(caller);
      if (!mayManage(actor.role, body.role)) throw notAbove('Users can be added');
      const { username, role, cameraIds } = body;
      checkLimit(role, cameraIds);
      const passwordHash = await hasher.hash(body.password);
      const plain = { id: createId('user'), username, role, passwordHash, createdAt: clock.now() };
      const record: UserRecord = cameraIds === undefined ? plain : { ...plain, cameraIds };
      await settings.users.update((file) => {
        if (file.users.some((one) => one.username.toLowerCase() === username.toLowerCase())) throw taken();
        if (file.users.length >= MAX_USERS) throw tooMany('users', MAX_USERS);
        return { ...file, users: [...file.users, record] };
      });
      const message = `User ${username} was added as ${role}.`;
      activity.record({ severity: 'info', code: 'user-added', message, user: actor.name });
      return json(userOf(record));
    },
  );
}

const taken = (): UnderstudyError =>
  new UnderstudyError('conflict', 'user/exists', 'A user of that name exists already.');
function checkLimit(role: UserRecord['role'], cameraIds: readonly string[] | undefined): void {
  if (cameraIds === undefined || mayBeLimited(role)) return;
  const message = 'Only operators and viewers can be limited to some cameras.';
  throw new HttpError(422, 'http/invalid', message, { issues: [{ path: 'cameraIds', message }] });
}

const CHANGED = {
  code: 'user/changed',
  message: 'Somebody else changed this user meanwhile: read it again, then repeat the change.',
};
type Change = z.output<typeof updateUserRequest>;

/** Nothing but the password, and nobody's but one's own. */
function isOwnPassword({ params, body, caller }: Asked): boolean {
  const isSelf = caller.kind === 'user' && byId.parse(params).id === caller.id;
  const { password: _new, currentPassword: _old, ...others } = updateUserRequest.parse(body);
  return isSelf && Object.keys(others).length === 0;
}

function updateUser(deps: UserDeps): Route {
  const { settings, auth, hasher, activity } = deps;
  return route(
    {
      method: 'PATCH',
      path: '/users/:id',
      summary: 'Changes a user; everybody may change their own password. A new password ends all sessions of that user',
      access: 'viewer',
      whenLocked: isOwnPassword,
      params: byId,
      body: updateUserRequest,
      response: { json: user },
      problems: { 403: 'auth/role', 404: 'user/unknown', 409: 'user/last-owner', 412: 'user/changed' },
    },
    async ({ params, body, caller, address, header }) => {
      const actor = signedIn(caller);
      await checkMayChange(deps, actor, { id: params.id, body, address });
      const passwordHash = body.password === undefined ? undefined : await hasher.hash(body.password);
      const next = await settings.users.update((file) => {
        const before = found(file, params.id);
        checkTag(header('if-match'), etagOf(userOf(before)), CHANGED);
        if (actor.id !== before.id && !mayManage(actor.role, before.role)) throw notAbove('Users can be changed');
        const after = changed(before, body, passwordHash);
        const users = file.users.map((one) => (one.id === params.id ? after : one));
        checkOwnerLeft(users);
        return { ...file, users };
      });
      if (passwordHash !== undefined) await auth.endSessionsOf(params.id);
      const record = found(next, params.id);
      const message = `User ${record.username} was changed.`;
      activity.record({ severity: 'info', code: 'user-changed', message, user: actor.name });
      return json(userOf(record));
    },
  );
}

type ChangeOf = { readonly id: string; readonly body: Change; readonly address: string };
async function checkMayChange(deps: UserDeps, actor: SignedIn, asked: ChangeOf): Promise<void> {
  const { id, body } = asked;
  const isSelf = actor.kind === 'user' && actor.id === id;
  if (!isSelf && !reaches(actor.role, 'admin')) throw notAbove('Users can be changed');
  const subject = found(deps.settings.users.get(), id);
  if (isSelf) return await checkMayChangeSelf(deps, subject, asked);
  if (!mayManage(actor.role, subject.role)) throw notAbove('Users can be changed');
  if (body.role !== undefined && !mayManage(actor.role, body.role)) throw notAbove('Roles can be given');
}

async function checkMayChangeSelf(deps: UserDeps, self: UserRecord, asked: ChangeOf): Promise<void> {
  const { role = self.role, cameraIds, password } = asked.body;
  if (role !== self.role && !mayManage(self.role, role)) throw notAbove('Roles can be given');
  if (cameraIds !== undefined && !reaches(self.role, 'admin')) throw notAbove('Cameras can be given');
  if (password !== undefined) await checkCurrentPassword(deps, self, asked);
}

/** A session left open must not be enough to take the account over. */
async function checkCurrentPassword(deps: UserDeps, subject: UserRecord, { body, address }: ChangeOf): Promise<void> {
  const wait = deps.guard.begin(subject.username, address);
  if (wait > 0) throw new HttpError(429, 'auth/wait', `Try again in ${Math.ceil(wait / 1000)} s.`);
  if (!(await deps.hasher.verify(body.currentPassword ?? '', subject.passwordHash))) {
    const message = 'The current password is missing or wrong.';
    throw new HttpError(422, 'auth/wrong', message, { issues: [{ path: 'currentPassword', message }] });
  }
  deps.guard.succeeded(subject.username, address);
}

function changed(before: UserRecord, body: Change, passwordHash: string | undefined): UserRecord {
  const { cameraIds: camerasBefore, ...rest } = before;
  const role = body.role ?? before.role;
  const kept = mayBeLimited(role) ? camerasBefore : undefined;
  const cameraIds = body.cameraIds === undefined ? kept : (body.cameraIds ?? undefined);
  checkLimit(role, cameraIds);
  const after = { ...rest, role, passwordHash: passwordHash ?? before.passwordHash };
  return cameraIds === undefined ? after : { ...after, cameraIds };
}

function checkOwnerLeft(users: readonly UserRecord[]): void {
  if (users.some(({ role }) => role === 'owner')) return;
  throw new UnderstudyError(
    'conflict',
    'user/last-owner',
    'The last owner stays owner: make somebody else owner first.',
  );
}

function deleteUser({ settings, auth, activity }: UserDeps): Route {
  return route(
    {
      method: 'DELETE',
      path: '/users/:id',
      summary: 'Removes a user and ends their sessions',
      access: 'admin',
      params: byId,
      response: { status: 204 },
      problems: { 404: 'user/unknown', 409: 'user/last-owner' },
    },
    async ({ params, caller }) => {
      const actor = signedIn(caller);
      const subject = found(settings.users.get(), params.id);
      if (!mayManage(actor.role, subject.role)) throw notAbove('Users can be removed');
      await settings.users.update((file) => {
        if (!mayManage(actor.role, found(file, params.id).role)) throw notAbove('Users can be removed');
        const users = file.users.filter(({ id }) => id !== params.id);
        checkOwnerLeft(users);
        return { ...file, users };
      });
      await auth.endSessionsOf(params.id);
      const message = `User ${subject.username} was removed.`;
      activity.record({ severity: 'info', code: 'user-removed', message, user: actor.name });
      return empty();
    },
  );
}
