/** Adding servers: Test Connection, several at once, switching management on. Adding one stands in servers.ts. */
import { z } from 'zod';
import { signedIn } from '../caller.ts';
import {
  addBatchRequest,
  batchResult,
  enableServerRequest,
  enableServerResult,
  renameServerRequest,
  renameServerResult,
  testServerRequest,
  testServerResult,
} from '../contract/adding.ts';
import type { AddBatchRequest, BatchResult, TestServerResult } from '../contract/adding.ts';
import { json, route } from '../route.ts';
import type { Route } from '../route.ts';

/** `user`: who asks, for the activity log. */
export type ServersAddingDeps = {
  readonly test: (request: z.output<typeof testServerRequest>) => Promise<TestServerResult>;
  /** Rejects only for what is wrong with the whole: a row tells its own trouble. */
  readonly batch: (request: AddBatchRequest, user: string) => Promise<BatchResult>;
  readonly enable: (
    request: z.output<typeof enableServerRequest>,
    user: string,
  ) => Promise<z.infer<typeof enableServerResult>>;
  /** @throws server/unknown, server/not-member, server/name-taken, server/away */
  readonly rename: (id: string, name: string, user: string) => Promise<z.infer<typeof renameServerResult>>;
};

const byId = z.object({ id: z.string().max(64) });

export function serversAddingRoutes(deps: ServersAddingDeps): readonly Route[] {
  return [
    route(
      {
        method: 'POST',
        path: '/servers/test',
        summary:
          'What is at an address and whether it can be added; a credential is sent to a confirmed certificate only',
        access: 'admin',
        body: testServerRequest,
        response: { json: testServerResult },
      },
      async ({ body }) => json(await deps.test(body)),
    ),
    route(
      {
        method: 'POST',
        path: '/servers/batch',
        summary: 'Adds several servers, each by itself: the answer tells row by row what became of it',
        access: 'owner',
        body: addBatchRequest,
        response: { json: batchResult },
        problems: { 409: 'server/batch-running, server/not-host' },
      },
      async ({ body, caller }) => json(await deps.batch(body, signedIn(caller).name)),
    ),
    route(
      {
        method: 'POST',
        path: '/servers/enable',
        summary: 'Signs in at a server with the account of its owner and lets a host manage it',
        access: 'owner',
        body: enableServerRequest,
        response: { json: enableServerResult },
        problems: { 403: 'server/fingerprint' },
      },
      async ({ body, caller }) => json(await deps.enable(body, signedIn(caller).name)),
    ),
    route(
      {
        method: 'POST',
        path: '/servers/:id/rename',
        summary: 'Gives a server that this host manages another name',
        access: 'admin',
        params: byId,
        body: renameServerRequest,
        response: { json: renameServerResult },
        problems: { 404: 'server/unknown', 409: 'server/name-taken, server/not-member' },
      },
      async ({ params, body, caller }) => json(await deps.rename(params.id, body.name, signedIn(caller).name)),
    ),
  ];
}
