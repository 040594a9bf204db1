/** `/incidents`: failures of protected servers, what was covered, what is missing. */
import { z } from 'zod';
import { pageOf, pageQuery } from '../contract/common.ts';
import { incident, incidentReport } from '../contract/incidents.ts';
import type { Incident, IncidentReport } from '../contract/incidents.ts';
import { pageOfItems } from '../page.ts';
import { json, route } from '../route.ts';
import type { Route } from '../route.ts';

export type IncidentDeps = {
  /** Of servers that this one protects, and of itself as those tell that protect it; newest first. */
  readonly incidents: () => Promise<readonly Incident[]>;
  /** @throws incident/unknown */
  readonly incidentReport: (id: string) => Promise<IncidentReport>;
};

export function incidentRoutes(deps: IncidentDeps): readonly Route[] {
  return [
    route(
      {
        method: 'GET',
        path: '/incidents',
        summary: 'Failures from first suspicion to last returned fragment, the newest first',
        access: 'operator',
        query: pageQuery,
        response: { json: pageOf(incident) },
      },
      async ({ query }) => json(pageOfItems(await deps.incidents(), query)),
    ),
    route(
      {
        method: 'GET',
        path: '/incidents/:id/report',
        summary: 'The whole account of one incident',
        access: 'operator',
        params: z.object({ id: z.string().max(64) }),
        response: { json: incidentReport },
        problems: { 404: 'incident/unknown' },
      },
      async ({ params }) => json(await deps.incidentReport(params.id)),
    ),
  ];
}
