/** `/licences`: what this server, or its site, may have. Whatever changes here, nothing that is recorded stops. */
import { z } from 'zod';
import { signedIn } from '../caller.ts';
import { addLicenceRequest, licence, licences } from '../contract/licences.ts';
import type { Licence, Licences } from '../contract/licences.ts';
import { empty, json, route } from '../route.ts';
import type { Route } from '../route.ts';

export type LicenceDeps = {
  readonly list: () => Licences;
  /** @throws licence/format, licence/version, licence/signature, licence/issuer, licence/expired, licence/known, licence/too-many, licence/at-host, server/unknown */
  readonly add: (request: z.output<typeof addLicenceRequest>, user: string) => Promise<Licence>;
  /** @throws licence/unknown, licence/at-host */
  readonly remove: (id: string, user: string) => Promise<void>;
};

export function licenceRoutes(deps: LicenceDeps): readonly Route[] {
  return [
    route(
      {
        method: 'GET',
        path: '/licences',
        summary: 'The licences that count here, and the seats that they give',
        access: 'operator',
        response: { json: licences },
      },
      () => json(deps.list()),
    ),
    route(
      {
        method: 'POST',
        path: '/licences',
        summary: 'Adds a signed licence file; of a site at its host',
        access: 'owner',
        body: addLicenceRequest,
        response: { status: 201, json: licence },
        problems: { 404: 'server/unknown', 409: 'licence/known', 422: 'licence/signature' },
      },
      async ({ body, caller }) => ({ kind: 'json', status: 201, body: await deps.add(body, signedIn(caller).name) }),
    ),
    route(
      {
        method: 'DELETE',
        path: '/licences/:id',
        summary: 'Removes a licence; whatever is recorded or covered now goes on',
        access: 'owner',
        params: z.object({ id: z.string().max(64) }),
        response: { status: 204 },
        problems: { 404: 'licence/unknown', 409: 'licence/at-host' },
      },
      async ({ params, caller }) => {
        await deps.remove(params.id, signedIn(caller).name);
        return empty();
      },
    ),
  ];
}
