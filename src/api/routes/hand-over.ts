/** A planned hand-over, asked for at the server that is to stop, or at one that protects or manages it. */
import { z } from 'zod';
import { signedIn } from '../caller.ts';
import { handOverRequest, handOverResult } from '../contract/hand-over.ts';
import type { HandOverResult } from '../contract/hand-over.ts';
import { json, route } from '../route.ts';
import type { Route } from '../route.ts';

type Asked = z.output<typeof handOverRequest>;
/** Both resolve when everything is recorded by others, or after some seconds with what is not. All throw UnderstudyErrors. */
export type HandOverDeps = {
  /** This server is to stop. */
  readonly own: (asked: Asked, user: string) => Promise<HandOverResult>;
  readonly of: (serverId: string, asked: Asked, user: string) => Promise<HandOverResult>;
};

export function handOverRoutes(deps: HandOverDeps): readonly Route[] {
  return [
    route(
      {
        method: 'POST',
        path: '/server/hand-over',
        summary: 'Before this server is stopped: its failover servers record its cameras first',
        access: 'admin',
        // What keeps cameras recorded is no change of settings.
        whenLocked: 'open',
        body: handOverRequest,
        response: { json: handOverResult },
        problems: { 409: 'handover/nobody' },
      },
      async ({ body, caller }) => json(await deps.own(body, signedIn(caller).name)),
    ),
    route(
      {
        method: 'POST',
        path: '/servers/:id/hand-over',
        summary: 'Before another server is stopped: its failover servers record its cameras first',
        access: 'admin',
        whenLocked: 'open',
        params: z.object({ id: z.string().max(64) }),
        body: handOverRequest,
        response: { json: handOverResult },
        problems: { 404: 'server/unknown', 409: 'handover/nobody', 503: 'peer/unreachable' },
      },
      async ({ params, body, caller }) => json(await deps.of(params.id, body, signedIn(caller).name)),
    ),
  ];
}
