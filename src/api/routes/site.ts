/** `/site`: what the host decides for all its servers, and how they are. */
import type { z } from 'zod';
import { signedIn } from '../caller.ts';
import { cmsMode } from '../contract/server.ts';
import { site, siteServerState, siteStatus, siteStatusQuery, updateSiteRequest } from '../contract/site.ts';
import type { SiteServerView, SiteView } from '../contract/site.ts';
import { checkTag, etagOf } from '../etag.ts';
import { pageOfItems } from '../page.ts';
import { json, route } from '../route.ts';
import type { Route } from '../route.ts';
import { remoteSettingsRoutes } from './remote-settings.ts';
import type { RemoteSettingsDeps } from './remote-settings.ts';

export type SiteDeps = {
  /** Every server of the site, this one first. */
  readonly servers: () => readonly SiteServerView[];
  /** Failover settings of the members. */
  readonly remote: RemoteSettingsDeps;
  readonly site: () => SiteView;
  /**
   * `check` is called with what is there at the moment of the change; it throws if that is not what the caller knew.
   * @throws site/not-host, site/unknown-server, failover/covering
   */
  readonly changeSite: (
    change: z.output<typeof updateSiteRequest>,
    user: string,
    check: (now: SiteView) => void,
  ) => Promise<SiteView>;
};

const tagOf = ({ policy, protection }: SiteView): string => etagOf({ policy, protection });
const CHANGED = {
  code: 'site/changed',
  message: 'Somebody else changed the policy of the site meanwhile: read it again, then repeat the change.',
};

export function siteRoutes(deps: SiteDeps): readonly Route[] {
  return [...policyRoutes(deps), statusRoute(deps), ...remoteSettingsRoutes(deps.remote)];
}

function policyRoutes(deps: SiteDeps): readonly Route[] {
  return [
    route(
      {
        method: 'GET',
        path: '/site',
        summary: 'The policy of the site and who protects whom, with an ETag',
        access: 'operator',
        response: { json: site },
      },
      () => {
        const now = deps.site();
        return json(now, { etag: tagOf(now) });
      },
    ),
    route(
      {
        method: 'PATCH',
        path: '/site',
        summary: 'Changes the policy of the site at its host; with If-Match only if nobody else changed it meanwhile',
        access: 'owner',
        body: updateSiteRequest,
        response: { json: site },
        problems: { 404: 'site/unknown-server', 409: 'site/not-host', 412: 'site/changed' },
      },
      async ({ body, caller, header }) => {
        const check = (now: SiteView): void => checkTag(header('if-match'), tagOf(now), CHANGED);
        const after = await deps.changeSite(body, signedIn(caller).name, check);
        return json(after, { etag: tagOf(after) });
      },
    ),
  ];
}

function statusRoute({ servers }: SiteDeps): Route {
  return route(
    {
      method: 'GET',
      path: '/site/status',
      summary: 'Every server of the site: counts by status, and what is known of each',
      access: 'operator',
      query: siteStatusQuery,
      response: { json: siteStatus },
    },
    ({ query }) => {
      const all = servers();
      return json({ counts: countsOf(all), ...pageOfItems(all.filter(matches(query)), query) });
    },
  );
}

type Counts = z.infer<typeof siteStatus>['counts'];
function countsOf(servers: readonly SiteServerView[]): Counts {
  const count = <Key extends string>(keys: readonly Key[], of: (server: SiteServerView) => Key): Record<Key, number> =>
    Object.fromEntries(keys.map((key) => [key, servers.filter((server) => of(server) === key).length])) as Record<
      Key,
      number
    >;
  return {
    total: servers.length,
    states: count(siteServerState.options, ({ state }) => state),
    modes: count(cmsMode.options, ({ mode }) => mode),
  };
}

function matches({ state, mode, text }: z.output<typeof siteStatusQuery>): (server: SiteServerView) => boolean {
  const wanted = text?.toLowerCase();
  return (server) => {
    if (state !== undefined && server.state !== state) return false;
    if (mode !== undefined && server.mode !== mode) return false;
    if (wanted === undefined) return true;
    const { name, host, id, model, version } = server;
    return [name, host, id, model, version].some((field) => field?.toLowerCase().includes(wanted) === true);
  };
}
