/** Incidents of the mock API: reports made by the product's own code; a test replaces them while a page is open. */
import type { Incident } from '../../src/api/contract/incidents.ts';
import type { IncidentReport } from '../../src/failover/incident-report.ts';
import { recordOf, reportWith } from './incident-records.ts';
import { iso } from './mock-data.ts';
import type { Reply, RoomRoute } from './mock-routes.ts';

export type MockIncidents = { reports: readonly IncidentReport[] };

const NAMES = ['Front door', 'Driveway', 'Garden', 'Warehouse east', 'Warehouse west', 'Dock'];
/** So many cameras, of which the last has priority Never. */
export function incidentMock(
  at: number,
  state: IncidentReport['state'],
  {
    cameras = 6,
    nameOf = (index: number) => `${NAMES[index % NAMES.length] ?? ''}${index < 6 ? '' : ` ${index}`}`,
  } = {},
): IncidentReport {
  const ids = Array.from({ length: cameras }, (_, index) => `cam-${index + 1}`);
  const kinds = ids.map((id, index) => [id, index === cameras - 1 ? 'never' : 'covered'] as const);
  return reportWith(recordOf(at, kinds, state), {
    cameraOf: (id) => {
      const index = ids.indexOf(id);
      return { name: nameOf(index), priority: index === cameras - 1 ? 'never' : index < 2 ? 'high' : 'medium' };
    },
    causeOf: (id) => (id === ids.at(-1) ? 'not-covered-priority' : undefined),
  });
}

const DAY_MS = 86_400_000;
export const mockIncidents = (began: number): MockIncidents => ({
  reports: [
    incidentMock(began - 640_000, 'covering'),
    incidentMock(began - 2 * DAY_MS, 'closed'),
    incidentMock(began - 20 * DAY_MS, 'closed', { cameras: 32 }),
  ],
});

export const incidentMocks = ({ incidents }: { readonly incidents: MockIncidents }): readonly RoomRoute[] => [
  { method: 'GET', path: /^\/incidents$/, answer: () => ({ body: { items: incidents.reports.map(viewOf) } }) },
  {
    method: 'GET',
    path: /^\/incidents\/([^/]+)\/report$/,
    answer: (_call, [id = '']): Reply => {
      const found = incidents.reports.find((report) => report.id === decodeURIComponent(id));
      if (found !== undefined) return { body: found };
      const detail = `No incident has the id ${id}.`;
      return { status: 404, body: { type: 'about:blank', title: 'x', status: 404, code: 'incident/unknown', detail } };
    },
  },
];

const viewOf = (report: IncidentReport): Incident => ({
  id: report.id,
  serverId: report.serverId,
  serverName: report.serverName,
  by: report.by,
  state: report.state === 'closed' ? 'closed' : 'open',
  cause: report.cause,
  summary: report.summary,
  sentence: report.sentence,
  startedAt: iso(report.openedAt),
  ...(report.closedAt === undefined ? {} : { endedAt: iso(report.closedAt) }),
  missingSeconds: report.totals.missingMs / 1000,
  cameras: report.totals.cameras,
  coveredCameras: report.totals.coveredCameras,
});
