/**
 * What `/incidents` answers: failures that this server saw as a failover server, and its own as those tell it that protect it.
 *
 * Belongs here: putting record and names together, and asking. Does not: keeping (incidents.ts), what is said (failover/incident-report.ts),
 * the channel (compose/incident-sharing.ts).
 */
import { z } from 'zod';
import type { Incident as IncidentView } from '../api/contract/incidents.ts';
import type { IncidentDeps } from '../api/routes/incidents.ts';
import type { Clock } from '../core/clock.ts';
import { dateOf, isoOf } from '../core/clock.ts';
import { UnderstudyError, messageOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { epochMs } from '../core/units.ts';
import { incidentReportSchema, reportOf } from '../failover/incident-report.ts';
import type { IncidentReport, ReportContext } from '../failover/incident-report.ts';
import type { StreamRef } from '../failover/cover-reasons.ts';
import type { Picture } from '../failover/incident-coverage.ts';
import type { Incident, Part } from '../failover/incident.ts';
import type { AccountSpan } from '../ledger/account.ts';
import type { NotCovered } from '../failover/plan.ts';
import type { Settings } from '../settings/settings.ts';
import type { BackedUpSettings } from '../site/settings-backup.ts';
import type { Incidents } from './incidents.ts';
import { nameOfServer } from './failover-api.ts';

/** Of one server that protects this one, the newest. */
export const MAX_TOLD = 100;

export type IncidentsApiDeps = {
  readonly settings: Pick<Settings, 'server' | 'peers'>;
  readonly incidents: Pick<Incidents, 'get' | 'list'>;
  readonly settingsOf: (serverId: string) => BackedUpSettings | undefined;
  readonly notCovered: () => readonly NotCovered[];
  /** Servers that protect this one and are connected. */
  readonly watchers: () => readonly string[];
  readonly ask: (watcherId: string, method: AskedMethod, params: object) => Promise<unknown>;
  /** What this server has of a stream that it covers: every moment of the range. */
  readonly accountOf: (stream: StreamRef, range: Picture) => readonly AccountSpan[];
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
};
export type AskedMethod = 'incident.list' | 'incident.report';
export type IncidentsApi = IncidentDeps & {
  /** For the protected server itself, by method. @throws incident/unknown */
  readonly handlers: Readonly<Record<AskedMethod, (serverId: string, params: unknown) => unknown>>;
};

const listed = z.object({ items: z.array(incidentReportSchema.omit({ streams: true, steps: true })).max(MAX_TOLD) });
const oneParams = z.strictObject({ id: z.string().max(64) });
const noParams = z.strictObject({});

export function createIncidentsApi(deps: IncidentsApiDeps): IncidentsApi {
  const { incidents } = deps;
  const brief = (incident: Incident): IncidentReport => report(deps, incident);
  const about = (incident: Incident): IncidentReport =>
    report(deps, incident, (stream, range) => deps.accountOf(stream, range).map(partHere));
  return {
    incidents: async () => {
      const own = incidents.list().map((incident) => viewOf(brief(incident)));
      const told = await toldOf(deps);
      return [...own, ...told].sort((a, b) => b.startedAt.localeCompare(a.startedAt));
    },
    incidentReport: async (id) => {
      const own = incidents.get(id);
      if (own !== undefined) return about(own);
      const told = await toldReport(deps, id);
      if (told === undefined) throw unknown(id);
      return told;
    },
    handlers: {
      'incident.list': (serverId, params) => {
        noParams.parse(params);
        const its = incidents.list().filter((incident) => incident.serverId === serverId);
        const items = its.slice(0, MAX_TOLD).map((incident) => {
          const { streams: _streams, steps: _steps, ...rest } = brief(incident);
          return rest;
        });
        return { items };
      },
      'incident.report': (serverId, params) => {
        const { id } = oneParams.parse(params);
        const incident = incidents.get(id);
        if (incident?.serverId !== serverId) throw unknown(id);
        return about(incident);
      },
    },
  };
}

const unknown = (id: string): UnderstudyError =>
  new UnderstudyError('not-found', 'incident/unknown', `No incident has the id ${id.slice(0, 64)}.`);

/** Footage of others that is here is not home. */
function partHere(span: AccountSpan): Part {
  const { start, end } = span;
  if (span.state === 'missing') return { start, end, state: 'missing', cause: span.cause };
  return { start, end, state: span.state === 'not-expected' ? 'unknown' : 'failover' };
}

/** `accountOf`: absent where the sentence is enough. */
function report(
  { settings, settingsOf, notCovered, clock }: IncidentsApiDeps,
  incident: Incident,
  accountOf?: ReportContext['accountOf'],
): IncidentReport {
  const cameras = new Map((settingsOf(incident.serverId)?.cameras ?? []).map((camera) => [camera.id, camera]));
  const causes = new Map(notCovered().map(({ camera, cause }) => [camera.id, cause]));
  const { id, name } = settings.server.get();
  const now = clock.now();
  return reportOf(incident, {
    serverName: nameOfServer(settings, incident.serverId),
    by: { id, name },
    now,
    cameraOf: (cameraId) => {
      const camera = cameras.get(cameraId);
      return camera && { name: camera.name, priority: camera.priority };
    },
    causeOf: (cameraId) => causes.get(cameraId),
    ...(accountOf === undefined ? {} : { accountOf }),
    timeOf: (at) => timeText(at, now),
  });
}

/** `10:02:11`, of another day `2026-11-21 10:02:11`, in the time zone of this server. */
function timeText(at: number, now: number): string {
  const textOf = (time: number): string => dateOf(epochMs(Math.floor(time))).toLocaleString('sv-SE');
  const text = textOf(at);
  return text.slice(0, 10) === textOf(now).slice(0, 10) ? text.slice(11) : text;
}

type Digest = Omit<IncidentReport, 'streams' | 'steps'>;
function viewOf(digest: Digest): IncidentView {
  const { id, serverId, serverName, by, state, cause, summary, sentence, openedAt, closedAt, totals } = digest;
  return {
    id,
    serverId,
    serverName,
    by,
    state: state === 'closed' ? 'closed' : 'open',
    cause,
    summary,
    sentence,
    startedAt: isoOf(epochMs(openedAt)),
    ...(closedAt === undefined ? {} : { endedAt: isoOf(epochMs(closedAt)) }),
    missingSeconds: totals.missingMs / 1000,
    cameras: totals.cameras,
    coveredCameras: totals.coveredCameras,
  };
}

/** Failures of this server; one that protects it and does not answer now tells nothing. */
async function toldOf(deps: IncidentsApiDeps): Promise<readonly IncidentView[]> {
  const answers = await Promise.all(
    deps.watchers().map(async (id) => {
      const answer = await asked(deps, id, 'incident.list', {});
      const { data } = listed.safeParse(answer);
      return (data?.items ?? []).filter((digest) => isHonest(deps, id, digest)).map(viewOf);
    }),
  );
  return answers.flat();
}

async function toldReport(deps: IncidentsApiDeps, id: string): Promise<IncidentReport | undefined> {
  const answers = await Promise.all(
    deps.watchers().map(async (watcher) => {
      const { data } = incidentReportSchema.safeParse(await asked(deps, watcher, 'incident.report', { id }));
      return data?.id === id && isHonest(deps, watcher, data) ? data : undefined;
    }),
  );
  return answers.find((answer) => answer !== undefined);
}

/** It speaks of this server and for itself, of times that can be written. */
const isHonest = (
  { settings }: IncidentsApiDeps,
  watcher: string,
  { serverId, by, openedAt, closedAt = openedAt }: Digest,
): boolean =>
  serverId === settings.server.get().id && by.id === watcher && [openedAt, closedAt].every((at) => isWallTime(at));
/** ECMA-262 §21.4.1.1; from 1970 on. */
const isWallTime = (at: number): boolean => at >= 0 && at <= 8.64e15;

async function asked(deps: IncidentsApiDeps, watcher: string, method: AskedMethod, params: object): Promise<unknown> {
  try {
    return await deps.ask(watcher, method, params);
  } catch (error) {
    deps.log.debug('a server that protects this one tells no incident', { watcher, reason: messageOf(error) });
    return undefined;
  }
}
