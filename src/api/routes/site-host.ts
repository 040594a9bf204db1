/** `/site/host`: who is the host, and taking its role. */
import { signedIn } from '../caller.ts';
import { siteHost, takeHostRequest } from '../contract/site-host.ts';
import type { SiteHostView } from '../contract/site-host.ts';
import { json, route } from '../route.ts';
import type { Route } from '../route.ts';

export type SiteHostDeps = {
  readonly view: () => SiteHostView;
  /** @throws site/is-host, site/no-host, site/not-successor, site/no-copy, site/host-heard */
  readonly take: (confirm: string | undefined, user: string) => Promise<void>;
};

export function siteHostRoutes(deps: SiteHostDeps): readonly Route[] {
  return [
    route(
      {
        method: 'GET',
        path: '/site/host',
        summary: 'Who is the host of the site, where it is, and who may succeed it',
        access: 'viewer',
        response: { json: siteHost },
      },
      () => json(deps.view()),
    ),
    route(
      {
        method: 'POST',
        path: '/site/take-host',
        summary:
          'This server becomes the host of its site; while the host is heard, only with its name as confirmation',
        access: 'owner',
        // The host that locks this server is the one that is gone.
        whenLocked: 'open',
        body: takeHostRequest,
        response: { json: siteHost },
        problems: { 409: 'site/host-heard' },
      },
      async ({ body, caller }) => {
        await deps.take(body.confirm, signedIn(caller).name);
        return json(deps.view());
      },
    ),
  ];
}
