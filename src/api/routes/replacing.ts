/** Replacing a protected server by another one; and what the owner of a replaced server does to use it for something new. */
import { z } from 'zod';
import { signedIn } from '../caller.ts';
import { pageOf, pageQuery } from '../contract/common.ts';
import { clearReplacedRequest, replacement, replaceServerRequest, replaceServerResult } from '../contract/replacing.ts';
import type { ReplacementView, ReplaceServerResult } from '../contract/replacing.ts';
import { pageOfItems } from '../page.ts';
import { empty, json, route } from '../route.ts';
import type { Route } from '../route.ts';

export type ReplacingDeps = {
  /** @throws UnderstudyErrors that say what stands against it */
  readonly replace: (
    serverId: string,
    request: z.output<typeof replaceServerRequest>,
    user: string,
  ) => Promise<ReplaceServerResult>;
  /** The newest first. */
  readonly list: () => readonly ReplacementView[];
  /** This server was replaced, and is to be used anew. */
  readonly clear: (confirm: string | undefined, user: string) => Promise<void>;
};

export function replacingRoutes(deps: ReplacingDeps): readonly Route[] {
  return [
    route(
      {
        method: 'POST',
        path: '/servers/:id/replace',
        summary:
          'A protected server is replaced for good, by the failover server that acts for it or by another recording server',
        access: 'owner',
        params: z.object({ id: z.string().max(64) }),
        body: replaceServerRequest,
        response: { json: replaceServerResult },
        problems: { 404: 'server/unknown', 409: 'replace/not-acting', 422: 'replace/not-confirmed' },
      },
      async ({ params, body, caller }) => json(await deps.replace(params.id, body, signedIn(caller).name)),
    ),
    route(
      {
        method: 'GET',
        path: '/replacements',
        summary: 'Servers that were replaced here, and how far that is',
        access: 'operator',
        query: pageQuery,
        response: { json: pageOf(replacement) },
      },
      ({ query }) => json(pageOfItems(deps.list(), query)),
    ),
    route(
      {
        method: 'POST',
        path: '/server/replaced/clear',
        summary: 'This server was replaced by another one: its cameras are removed, and it can be set up anew',
        access: 'owner',
        body: clearReplacedRequest,
        response: { status: 204 },
        problems: { 409: 'replace/not-replaced', 422: 'replace/not-confirmed' },
      },
      async ({ body, caller }) => {
        await deps.clear(body.confirm, signedIn(caller).name);
        return empty();
      },
    ),
  ];
}
