/** `/servers`: the other servers this one knows; `/peers`: what another server asks of this one. */
import { z } from 'zod';
import { mayCall, signedIn } from '../caller.ts';
import { pageOf, pageQuery } from '../contract/common.ts';
import {
  addServerRequest,
  authorizeServerRequest,
  introducePeerRequest,
  knownServer,
  pairingCode,
  pairRequest,
  peerIdentity,
  searchRequest,
  searchResult,
} from '../contract/failover.ts';
import type { KnownServer, PeerIdentity } from '../contract/failover.ts';
import { pageOfItems } from '../page.ts';
import { HttpError } from '../problem.ts';
import { empty, json, route } from '../route.ts';
import type { Route } from '../route.ts';
import { membershipRoutes, serverTag } from './membership.ts';
import type { MembershipDeps } from './membership.ts';
import { serversAddingRoutes } from './servers-adding.ts';
import type { ServersAddingDeps } from './servers-adding.ts';

/** `user`: who asks, for the activity log. All throw UnderstudyErrors with a message for the person. */
export type ServersDeps = ServersAddingDeps &
  MembershipDeps & {
    readonly list: () => readonly KnownServer[];
    /** @throws server/unknown */
    readonly find: (id: string) => KnownServer;
    readonly add: (request: z.output<typeof addServerRequest>, user: string) => Promise<KnownServer>;
    readonly authorize: (
      id: string,
      request: z.output<typeof authorizeServerRequest>,
      user: string,
    ) => Promise<KnownServer>;
    /** Both sides forget each other's keys; `remove`: the record goes too. */
    readonly deauthorize: (id: string, user: string, remove: boolean) => Promise<void>;
    readonly setEnabled: (id: string, enabled: boolean, user: string) => Promise<KnownServer>;
    /** Now, or when its footage is home. @throws server/unknown */
    readonly disableSecured: (id: string, user: string) => Promise<KnownServer>;
    readonly backUp: (id: string) => Promise<KnownServer>;
    readonly search: (seconds: number) => Promise<z.infer<typeof searchResult>['items']>;
    readonly issueCode: (user: string) => z.infer<typeof pairingCode>;
    readonly pair: (request: z.output<typeof pairRequest>, user: string) => Promise<KnownServer>;
    /** Another server introduces itself with an administrator's session of this one, a host with the owner's; this server's own identity. */
    readonly introduce: (request: z.output<typeof introducePeerRequest>, user: string) => Promise<PeerIdentity>;
  };

const byId = z.object({ id: z.string().max(64) });

export function serversRoutes(deps: ServersDeps): readonly Route[] {
  return [
    ...listingRoutes(deps),
    ...serversAddingRoutes(deps),
    ...membershipRoutes(deps),
    ...trustRoutes(deps),
    ...oneServerRoutes(deps),
    introducePeer(deps),
  ];
}

function listingRoutes(deps: ServersDeps): readonly Route[] {
  return [
    route(
      {
        method: 'GET',
        path: '/servers',
        summary: 'The other servers this one knows',
        access: 'operator',
        query: pageQuery,
        response: { json: pageOf(knownServer) },
      },
      ({ query }) => json(pageOfItems(deps.list(), query)),
    ),
    route(
      {
        method: 'POST',
        path: '/servers/search',
        summary: 'Looks for servers on the LAN (SSDP, mDNS); a hint, nothing is trusted by it',
        access: 'admin',
        body: searchRequest,
        response: { json: searchResult },
      },
      async ({ body }) => json({ items: await deps.search(body.seconds) }),
    ),
  ];
}

function trustRoutes(deps: ServersDeps): readonly Route[] {
  return [
    route(
      {
        method: 'POST',
        path: '/servers',
        summary: 'Adds and authorizes a server with the account of one of its administrators; a host needs its owner',
        access: 'owner',
        body: addServerRequest,
        response: { status: 201, json: knownServer },
        problems: { 409: 'server/known', 403: 'server/fingerprint' },
      },
      async ({ body, caller }) => ({ kind: 'json', status: 201, body: await deps.add(body, signedIn(caller).name) }),
    ),
    route(
      {
        method: 'POST',
        path: '/servers/pairing-code',
        summary: 'A code for another server to join this one: once, for five minutes',
        access: 'owner',
        response: { json: pairingCode },
      },
      ({ caller }) => json(deps.issueCode(signedIn(caller).name)),
    ),
    route(
      {
        method: 'POST',
        path: '/servers/pair',
        summary: 'Joins the server that showed a pairing code; this one dials it',
        access: 'owner',
        body: pairRequest,
        response: { status: 201, json: knownServer },
      },
      async ({ body, caller }) => ({ kind: 'json', status: 201, body: await deps.pair(body, signedIn(caller).name) }),
    ),
  ];
}

function oneServerRoutes(deps: ServersDeps): readonly Route[] {
  const action = (
    path: `/servers/:id/${string}`,
    summary: string,
    run: (id: string, user: string) => Promise<KnownServer>,
  ): Route =>
    route(
      {
        method: 'POST',
        path,
        summary,
        access: 'admin',
        params: byId,
        response: { json: knownServer },
        problems: { 404: 'server/unknown' },
      },
      async ({ params, caller }) => json(await run(params.id, signedIn(caller).name)),
    );
  return [
    ...endingRoutes(deps),
    route(
      {
        method: 'GET',
        path: '/servers/:id',
        summary: 'One server, with an ETag over what can be changed',
        access: 'operator',
        params: byId,
        response: { json: knownServer },
        problems: { 404: 'server/unknown' },
      },
      ({ params }) => {
        const server = deps.find(params.id);
        return json(server, { etag: serverTag(server) });
      },
    ),
    route(
      {
        method: 'POST',
        path: '/servers/:id/authorize',
        summary: 'Authorizes again, for instance after its key has changed',
        access: 'owner',
        params: byId,
        body: authorizeServerRequest,
        response: { json: knownServer },
        problems: { 404: 'server/unknown' },
      },
      async ({ params, body, caller }) => json(await deps.authorize(params.id, body, signedIn(caller).name)),
    ),
    action('/servers/:id/enable', 'Watches it again', async (id, user) => await deps.setEnabled(id, true, user)),
    disableServer(deps),
    action('/servers/:id/backup', 'Backs up its settings now', async (id) => await deps.backUp(id)),
  ];
}

function disableServer(deps: ServersDeps): Route {
  return route(
    {
      method: 'POST',
      path: '/servers/:id/disable',
      summary: 'Watches it no more for now; refused while footage is not home, or with `secure=true` done when it is',
      access: 'admin',
      params: byId,
      query: z.object({ secure: z.enum(['true', 'false']).default('false') }),
      response: { json: knownServer },
      problems: { 404: 'server/unknown', 409: 'failover/covering' },
    },
    async ({ params, query, caller }) => {
      const user = signedIn(caller).name;
      const isSecured = query.secure === 'true';
      return json(await (isSecured ? deps.disableSecured(params.id, user) : deps.setEnabled(params.id, false, user)));
    },
  );
}

function endingRoutes(deps: ServersDeps): readonly Route[] {
  return [
    route(
      {
        method: 'POST',
        path: '/servers/:id/deauthorize',
        summary: 'Ends the trust on both sides; what it covers is secured first',
        access: 'owner',
        params: byId,
        response: { status: 204 },
        problems: { 404: 'server/unknown', 409: 'failover/covering' },
      },
      async ({ params, caller }) => {
        await deps.deauthorize(params.id, signedIn(caller).name, false);
        return empty();
      },
    ),
    route(
      {
        method: 'DELETE',
        path: '/servers/:id',
        summary: 'Deauthorizes and forgets a server',
        access: 'owner',
        params: byId,
        response: { status: 204 },
        problems: { 404: 'server/unknown', 409: 'failover/covering' },
      },
      async ({ params, caller }) => {
        await deps.deauthorize(params.id, signedIn(caller).name, true);
        return empty();
      },
    ),
  ];
}

function introducePeer(deps: ServersDeps): Route {
  return route(
    {
      method: 'POST',
      path: '/peers',
      summary: 'Another server introduces itself, with an administrator of this one; a host with its owner',
      access: 'admin',
      // Refused there unless its host asks, by the key it is known by.
      whenLocked: 'open',
      body: introducePeerRequest,
      response: { json: peerIdentity },
      problems: { 409: 'server/known' },
    },
    async ({ body, caller }) => {
      // It gets all settings, passwords too, and makes accounts: an administrator must not come by that.
      if (body.role === 'manages' && !mayCall(caller, 'owner'))
        throw new HttpError(403, 'auth/role', 'Only the account of the owner lets a host manage this server.');
      return json(await deps.introduce(body, signedIn(caller).name));
    },
  );
}
