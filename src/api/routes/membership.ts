/** `/servers`: which of them are of this site, and on what terms: detaching, the lock, addresses, several at once. */
import { z } from 'zod';
import { reaches } from '../../site/account.ts';
import { signedIn } from '../caller.ts';
import type { KnownServer } from '../contract/failover.ts';
import { knownServer } from '../contract/failover.ts';
import {
  bulkServersRequest,
  bulkServersResult,
  changeServerRequest,
  detachRequest,
  detachResult,
} from '../contract/membership.ts';
import type { BulkServersResult, DetachResult } from '../contract/membership.ts';
import { checkTag, etagOf } from '../etag.ts';
import { HttpError } from '../problem.ts';
import { json, route } from '../route.ts';
import type { Route } from '../route.ts';

/** What of a server somebody may change here. */
export type Editable = Pick<KnownServer, 'host' | 'httpPort' | 'peerPort' | 'locked' | 'enabled'>;
export type MembershipDeps = {
  /** @throws server/unknown, server/not-member, failover/covering, site/unreachable, server/not-confirmed */
  readonly detach: (id: string, request: z.output<typeof detachRequest>, user: string) => Promise<DetachResult>;
  /** @throws server/not-pending */
  readonly cancelDetach: (id: string, user: string) => Promise<KnownServer>;
  /** `check` is called with what is there at the moment of the change; it throws if that is not what the caller knew. */
  readonly changeServer: (
    id: string,
    change: z.output<typeof changeServerRequest>,
    user: string,
    check: (now: Editable) => void,
  ) => Promise<KnownServer>;
  readonly bulk: (request: z.output<typeof bulkServersRequest>, user: string) => Promise<BulkServersResult>;
};

const byId = z.object({ id: z.string().max(64) });
const CHANGED = {
  code: 'server/changed',
  message: 'Somebody else changed this server meanwhile: read it again, then repeat the change.',
};

/** Over what can be changed; what a server is doing is no part of it. */
export const serverTag = ({ host, httpPort, peerPort, locked = false, enabled }: Editable): string =>
  etagOf({ host, httpPort, peerPort, locked, enabled });

export function membershipRoutes(deps: MembershipDeps): readonly Route[] {
  return [...detachRoutes(deps), change(deps), bulk(deps)];
}

function detachRoutes(deps: MembershipDeps): readonly Route[] {
  return [
    route(
      {
        method: 'POST',
        path: '/servers/:id/detach',
        summary: 'Takes a server out of the site of this host; one that is away leaves when it returns',
        access: 'owner',
        params: byId,
        body: detachRequest,
        response: { json: detachResult },
        problems: { 404: 'server/unknown', 409: 'failover/covering', 422: 'server/not-confirmed' },
      },
      async ({ params, body, caller }) => json(await deps.detach(params.id, body, signedIn(caller).name)),
    ),
    route(
      {
        method: 'POST',
        path: '/servers/:id/detach/cancel',
        summary: 'A server that is to leave the site stays',
        access: 'owner',
        params: byId,
        response: { json: knownServer },
        problems: { 404: 'server/unknown', 409: 'server/not-pending' },
      },
      async ({ params, caller }) => json(await deps.cancelDetach(params.id, signedIn(caller).name)),
    ),
  ];
}

function change(deps: MembershipDeps): Route {
  return route(
    {
      method: 'PATCH',
      path: '/servers/:id',
      summary: 'Changes the address or the lock of a server; with If-Match only if nobody else changed it meanwhile',
      access: 'admin',
      params: byId,
      body: changeServerRequest,
      response: { json: knownServer },
      problems: { 404: 'server/unknown', 409: 'server/another', 412: 'server/changed' },
    },
    async ({ params, body, caller, header }) => {
      const check = (now: Editable): void => checkTag(header('if-match'), serverTag(now), CHANGED);
      const after = await deps.changeServer(params.id, body, signedIn(caller).name, check);
      return json(after, { etag: serverTag(after) });
    },
  );
}

function bulk(deps: MembershipDeps): Route {
  return route(
    {
      method: 'POST',
      path: '/servers/bulk',
      summary: 'Enables, disables, locks, unlocks or (owners only) detaches several servers, each for itself',
      access: 'admin',
      body: bulkServersRequest,
      response: { json: bulkServersResult },
    },
    async ({ body, caller }) => {
      if (body.action === 'detach' && (caller.kind === 'anonymous' || !reaches(caller.role, 'owner')))
        throw new HttpError(403, 'auth/role', 'Only the account of the owner detaches servers.');
      return json(await deps.bulk(body, signedIn(caller).name));
    },
  );
}
