/** `/tokens`: bearer tokens for scripts. Nobody gives one a role above their own; its secret is shown once. */
import { z } from 'zod';
import { isoOf } from '../../core/clock.ts';
import type { Clock } from '../../core/clock.ts';
import { UnderstudyError } from '../../core/errors.ts';
import { createId } from '../../core/ids.ts';
import { epochMs } from '../../core/units.ts';
import type { Settings } from '../../settings/settings.ts';
import { MAX_TOKENS, mayManage } from '../../site/account.ts';
import type { TokenRecord } from '../../site/account.ts';
import type { ActivityLog } from '../activity.ts';
import { createSecret, hashOfSecret, TOKEN_PREFIX } from '../auth.ts';
import { signedIn } from '../caller.ts';
import { createdToken, createTokenRequest, token } from '../contract/access.ts';
import { pageOf, pageQuery } from '../contract/common.ts';
import { pageOfItems } from '../page.ts';
import { empty, json, route } from '../route.ts';
import type { Route } from '../route.ts';
import { notAbove, tooMany } from './account-rules.ts';

export type TokenDeps = {
  readonly settings: Pick<Settings, 'users'>;
  readonly activity: Pick<ActivityLog, 'record'>;
  readonly clock: Clock;
};

const byId = z.object({ id: z.string().max(64) });

export function tokenRoutes(deps: TokenDeps): readonly Route[] {
  return [listTokens(deps), createToken(deps), deleteToken(deps)];
}

function tokenOf({ id, name, role, createdAt, lastUsedAt }: TokenRecord): z.infer<typeof token> {
  const plain = { id, name, role, createdAt: isoOf(epochMs(createdAt)) };
  return lastUsedAt === undefined ? plain : { ...plain, lastUsedAt: isoOf(epochMs(lastUsedAt)) };
}

function listTokens({ settings }: TokenDeps): Route {
  return route(
    {
      method: 'GET',
      path: '/tokens',
      summary: 'All tokens, without their secrets',
      access: 'admin',
      query: pageQuery,
      response: { json: pageOf(token) },
    },
    ({ query }) => json(pageOfItems(settings.users.get().tokens.map(tokenOf), query)),
  );
}

function createToken({ settings, activity, clock }: TokenDeps): Route {
  return route(
    {
      method: 'POST',
      path: '/tokens',
      summary: 'Makes a bearer token for scripts; its secret is shown this once',
      access: 'admin',
      body: createTokenRequest,
      response: { status: 201, json: createdToken },
    },
    async ({ body, caller }) => {
      const actor = signedIn(caller);
      if (!mayManage(actor.role, body.role)) throw notAbove('Tokens can be made');
      const secret = `${TOKEN_PREFIX}${createSecret()}`;
      const { name, role } = body;
      const record = { id: createId('token'), name, role, secretHash: hashOfSecret(secret), createdAt: clock.now() };
      await settings.users.update((file) => {
        if (file.tokens.length >= MAX_TOKENS) throw tooMany('tokens', MAX_TOKENS);
        return { ...file, tokens: [...file.tokens, record] };
      });
      const message = `Token ${name} was made with the role ${role}.`;
      activity.record({ severity: 'info', code: 'token-added', message, user: actor.name });
      return json({ ...tokenOf(record), secret });
    },
  );
}

function deleteToken({ settings, activity }: TokenDeps): Route {
  return route(
    {
      method: 'DELETE',
      path: '/tokens/:id',
      summary: 'Revokes a token at once',
      access: 'admin',
      params: byId,
      response: { status: 204 },
      problems: { 404: 'token/unknown' },
    },
    async ({ params, caller }) => {
      const actor = signedIn(caller);
      const subject = settings.users.get().tokens.find(({ id }) => id === params.id);
      if (subject === undefined) throw new UnderstudyError('not-found', 'token/unknown', 'There is no such token.');
      if (!mayManage(actor.role, subject.role)) throw notAbove('Tokens can be revoked');
      await settings.users.update((file) => ({ ...file, tokens: file.tokens.filter(({ id }) => id !== params.id) }));
      const message = `Token ${subject.name} was revoked.`;
      activity.record({ severity: 'info', code: 'token-removed', message, user: actor.name });
      return empty();
    },
  );
}
