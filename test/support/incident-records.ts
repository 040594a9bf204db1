/** Incidents for tests: a failure at ten o'clock, in every state, made into reports by the product's own code. */
import type { IncidentReport, ReportContext } from '../../src/failover/incident-report.ts';
import { reportOf } from '../../src/failover/incident-report.ts';
import type { Incident, IncidentStream, Part } from '../../src/failover/incident.ts';

export const OWNER_ID = '11111111-2222-4333-8444-555555555555';
export const BY = { id: '99999999-2222-4333-8444-555555555555', name: 'Hall-NAS' };
export const CONTEXT: ReportContext = {
  serverName: 'NAS-2',
  by: BY,
  now: 1_800_000_000_000,
  cameraOf: () => undefined,
  causeOf: () => undefined,
  timeOf: (at) => new Date(at).toISOString().slice(11, 19),
};

type Kind = 'covered' | 'never';
/** `at`: the failure; a covered camera is without footage for a second, then recorded by the failover server for 73 minutes. */
export function recordOf(
  at: number,
  cameras: readonly (readonly [id: string, kind: Kind])[],
  state: IncidentReport['state'],
): Incident {
  const back = at + 73 * 60_000;
  const isOver = state !== 'covering';
  return {
    id: `incident-${at.toString(36)}-11111111`,
    serverId: OWNER_ID,
    cause: 'keep-alives-stopped',
    openedAt: at + 900,
    lastSign: at,
    takeover: { at: at + 300_900, by: 'automatic', ...(isOver ? { endedAt: back + 6000 } : {}) },
    ...(isOver ? { serverBackAt: back - 20_000, restoringSince: back + 6000 } : {}),
    ...(state === 'closed' ? { closedAt: back + 94_000 } : {}),
    remarks: [],
    streams: cameras.map(([cameraId, kind], index) => streamOf({ cameraId, kind, index, at, back, state })),
  };
}

type Of = {
  readonly cameraId: string;
  readonly kind: Kind;
  readonly index: number;
  readonly at: number;
  readonly back: number;
  readonly state: IncidentReport['state'];
};
function streamOf({ cameraId, kind, index, at, back, state }: Of): IncidentStream {
  const [from, to] = [at + 1000 + (index % 7) * 130, back + (index % 5) * 400];
  const base: IncidentStream = {
    cameraId,
    stream: 'main',
    lastFrame: at,
    missing: [],
    returned: { files: 0, bytes: 0, accessUnits: 0 },
    ...(kind === 'covered' ? { firstCovered: from } : {}),
    ...(state === 'covering' ? {} : { releasedAt: to, why: 'confirmed' }),
  };
  if (state !== 'closed') return base;
  const parts: readonly Part[] =
    kind === 'never'
      ? [{ start: at, end: to, state: 'missing', cause: 'not-covered-priority' }]
      : [
          { start: at, end: from, state: 'missing', cause: 'service-down' },
          { start: from, end: to, state: 'returned' },
        ];
  return {
    ...base,
    missing: parts.flatMap(({ cause, start, end }) => (cause === undefined ? [] : [{ cause, ms: end - start }])),
    ...(kind === 'covered'
      ? { returned: { files: 74, bytes: 2_310_000_000, accessUnits: 109_500 }, homeAt: to + 88_000 }
      : {}),
    toldAt: to + 89_000,
    parts: [...parts],
  };
}

/** Nothing is missing: the failover server kept the last seconds of each camera. */
export const withoutLoss = (incident: Incident): Incident => ({
  ...incident,
  streams: incident.streams.map(({ parts = [], ...stream }) => ({
    ...stream,
    firstCovered: stream.lastFrame - 4000,
    missing: [],
    parts: parts.map(({ start, end }) => ({ start, end, state: 'returned' as const })),
  })),
});

export const reportWith = (incident: Incident, context: Partial<ReportContext> = {}): IncidentReport =>
  reportOf(incident, { ...CONTEXT, now: nowOf(incident), ...context });
const nowOf = ({ openedAt, restoringSince, closedAt }: Incident): number =>
  closedAt ?? (restoringSince === undefined ? openedAt + 600_000 : restoringSince + 10_000);
