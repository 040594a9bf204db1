/** `/servers/{id}/failover-settings`: how a member of the site watches, covers and gives back, set from its host. */
import { z } from 'zod';
import { UnderstudyError } from '../../core/errors.ts';
import { signedIn } from '../caller.ts';
import { failoverSettings, updateFailoverSettingsRequest } from '../contract/failover.ts';
import { HttpError } from '../problem.ts';
import { json, route } from '../route.ts';
import type { Reply, Route } from '../route.ts';

type Settings = z.infer<typeof failoverSettings>;
type Answer = { readonly settings: Settings; readonly revision: string };
export type RemoteSettingsDeps = {
  readonly read: (serverId: string) => Promise<Answer>;
  readonly change: (
    serverId: string,
    change: z.output<typeof updateFailoverSettingsRequest>,
    more: { readonly user: string; readonly expected: readonly string[] | undefined },
  ) => Promise<Answer>;
};

const MAX_TAGS = 16;
const byId = z.object({ id: z.string().max(64) });
const PATH = '/servers/:id/failover-settings';
const replyOf = ({ settings, revision }: Answer): Reply<Settings> => json(settings, { etag: `"${revision}"` });

export function remoteSettingsRoutes(deps: RemoteSettingsDeps): readonly Route[] {
  return [
    route(
      {
        method: 'GET',
        path: PATH,
        summary: 'How a server of the site watches, covers and gives back, with an ETag; asked of it now',
        access: 'operator',
        params: byId,
        response: { json: failoverSettings },
        problems: { 404: 'server/unknown', 409: 'server/not-managed', 503: 'peer/not-connected' },
      },
      async ({ params }) => replyOf(await deps.read(params.id)),
    ),
    route(
      {
        method: 'PATCH',
        path: PATH,
        summary: 'Changes what is given at that server; with If-Match only if nobody else changed it meanwhile',
        access: 'admin',
        params: byId,
        body: updateFailoverSettingsRequest,
        response: { json: failoverSettings },
        problems: { 404: 'server/unknown', 409: 'failover/site-policy', 412: 'settings/changed' },
      },
      async ({ params, body, caller, header }) => {
        const more = { user: signedIn(caller).name, expected: revisionsIn(header('if-match')) };
        return replyOf(await deps.change(params.id, body, more).catch(failedPrecondition));
      },
    ),
  ];
}

/** RFC 9110 §13.1.1: tags of the header without their quotes; undefined: whatever is there. */
function revisionsIn(header: string | undefined): readonly string[] | undefined {
  if (header === undefined || header.trim() === '*') return undefined;
  const tags = header.split(',', MAX_TAGS).map((tag) => /^\s*"([\w-]{1,64})"\s*$/.exec(tag)?.[1]);
  return tags.filter((tag) => tag !== undefined);
}

function failedPrecondition(error: unknown): never {
  if (error instanceof UnderstudyError && error.code === 'settings/changed')
    throw new HttpError(412, error.code, error.message);
  throw error;
}
