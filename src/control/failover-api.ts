/** What the routes of `/failover` need, from the parts that know; of `/incidents`: incidents-api.ts. */
import type { z } from 'zod';
import type { ActivityLog } from '../api/activity.ts';
import type { plan as planShape, restoration, takeover } from '../api/contract/failover.ts';
import type { FailoverDeps } from '../api/routes/failover.ts';
import type { IncidentDeps } from '../api/routes/incidents.ts';
import { isoOf } from '../core/clock.ts';
import { UnderstudyError } from '../core/errors.ts';
import { epochMs } from '../core/units.ts';
import type { StreamRef } from '../failover/cover-reasons.ts';
import type { Incident } from '../failover/incident.ts';
import type { Happening, State } from '../failover/machine-types.ts';
import type { NotCovered, Plan } from '../failover/plan.ts';
import type { Restoration, RestorationProgress } from '../restoration/restoration-types.ts';
import type { Settings } from '../settings/settings.ts';
import { RETURN_SECRET, changedSettings } from '../site/failover-settings.ts';
import type { BackedUpSettings } from '../site/settings-backup.ts';
import type { CheckPlaces } from './failover-places.ts';
import type { Incidents } from './incidents.ts';
import { refuseAgainstSite } from './site-policies.ts';

export type FailoverApiDeps = {
  readonly settings: Pick<Settings, 'failover' | 'server' | 'secrets' | 'peers' | 'site'>;
  readonly incidents: Incidents;
  readonly incidentRoutes: IncidentDeps;
  readonly restoration: Pick<Restoration, 'list' | 'get' | 'cancel'>;
  readonly stateOf: (serverId: string) => State | undefined;
  readonly tell: (serverId: string, happening: Happening) => boolean;
  readonly epochOf: (serverId: string) => number;
  readonly settingsOf: (serverId: string) => BackedUpSettings | undefined;
  /** When this server's own media last wrote a covered stream, wall milliseconds. */
  readonly lastFrameOf: (stream: StreamRef) => number | undefined;
  readonly planFor: (failed: readonly string[]) => Plan;
  readonly notCovered: () => readonly NotCovered[];
  readonly checkPlaces: CheckPlaces;
  readonly rehearsals: Pick<FailoverDeps, 'probes' | 'serverChecks' | 'runProbes' | 'drills' | 'startDrill'>;
  readonly activity: Pick<ActivityLog, 'record'>;
};

type TakeoverView = z.infer<typeof takeover>;
const iso = (at: number): string => isoOf(epochMs(at));

export function createFailoverApi(deps: FailoverApiDeps): FailoverDeps {
  const { settings, incidents, restoration: footage } = deps;
  const nameOf = (serverId: string): string => nameOfServer(settings, serverId);
  const found = (id: string): Incident => {
    const incident = incidents.get(id);
    if (incident !== undefined) return incident;
    throw new UnderstudyError('not-found', 'incident/unknown', `No incident has the id ${id.slice(0, 64)}.`);
  };
  const restorationView = (progress: RestorationProgress): z.infer<typeof restoration> =>
    viewOfRestoration(progress, nameOf(progress.order.serverId));
  return {
    ...deps.rehearsals,
    ...settingsPart(deps),
    plan: (failed) => viewOfPlan(deps, failed),
    takeovers: () => incidents.list().map((incident) => viewOfTakeover(deps, incident)),
    takeOver: (serverId, user) => {
      command(deps, serverId, { kind: 'take-over' }, user);
      const current = deps.stateOf(serverId)?.incident;
      if (current === undefined)
        throw new UnderstudyError('conflict', 'takeover/nothing', `${nameOf(serverId)} has no stream to cover.`);
      return viewOfTakeover(deps, found(current));
    },
    restore: (id, user) => {
      const { serverId } = found(id);
      command(deps, serverId, { kind: 'restore' }, user);
      return viewOfTakeover(deps, found(id));
    },
    restorations: () => footage.list().map(restorationView),
    stopRestoration: async (id, confirm, user) => {
      const progress = footage.get(id);
      if (progress === undefined)
        throw new UnderstudyError('not-found', 'restoration/unknown', `No restoration has the id ${id.slice(0, 64)}.`);
      const name = nameOf(progress.order.serverId);
      if (confirm !== name) throw notConfirmed(progress, name);
      await footage.cancel(id, progress.remaining);
      const message = `The restoration for ${name} was stopped; ${wordsOfLost(progress)} that were not returned are deleted.`;
      deps.activity.record({ severity: 'warning', code: 'restoration-stopped', message, user });
      return restorationView(footage.get(id) ?? progress);
    },
    ...deps.incidentRoutes,
  };
}

function wordsOfLost({ remaining: { files, seconds, snapshots = 0 } }: RestorationProgress): string {
  const pictures = snapshots === 0 ? '' : ` and ${snapshots} snapshot${snapshots === 1 ? '' : 's'}`;
  return `${files} files with ${Math.round(seconds)} s of footage${pictures}`;
}

function notConfirmed(progress: RestorationProgress, name: string): UnderstudyError {
  const message = `${wordsOfLost(progress)} would be lost. Type the name ${name} to delete them.`;
  return new UnderstudyError('invalid', 'restoration/not-confirmed', message);
}

function settingsPart({
  settings,
  activity,
  checkPlaces,
}: FailoverApiDeps): Pick<FailoverDeps, 'settings' | 'changeSettings' | 'share' | 'setShare'> {
  return {
    settings: settings.failover.get,
    changeSettings: async (change, user, check) => {
      refuseAgainstSite(settings, change);
      check?.(settings.failover.get()); // before a folder is made
      await checkPlaces(change);
      const after = await settings.failover.update((before) => {
        check?.(settings.failover.get());
        return changedSettings(before, change);
      });
      activity.record({
        severity: 'info',
        code: 'failover-settings-changed',
        message: 'The failover settings were changed.',
        user,
      });
      return after;
    },
    share: () => {
      const share = settings.server.get().returnShare;
      return share && { ...share, hasPassword: settings.secrets.get(RETURN_SECRET) !== undefined };
    },
    setShare: async (share, user) => {
      await checkPlaces({ storeVolumeIds: share === undefined ? [] : [share.volumeId] });
      const { password, ...rest } = share ?? {};
      if (password !== undefined) await settings.secrets.set(new Map([[RETURN_SECRET, password]]));
      await settings.server.update(({ returnShare: _before, ...server }) =>
        share === undefined ? server : { ...server, returnShare: rest as NonNullable<typeof _before> },
      );
      activity.record({
        severity: 'info',
        code: 'return-share-changed',
        message: 'The share for returned footage was changed.',
        user,
      });
    },
  };
}
export function nameOfServer({ peers, server }: Pick<Settings, 'peers' | 'server'>, serverId: string): string {
  if (server.get().id === serverId) return server.get().name;
  return peers.get().peers.find(({ id }) => id === serverId)?.name ?? serverId.slice(0, 8);
}

/** @throws server/unknown, server/not-protected */
function command(
  { tell, settings, activity }: FailoverApiDeps,
  serverId: string,
  happening: Happening,
  user: string,
): void {
  if (!tell(serverId, happening))
    throw new UnderstudyError(
      'not-found',
      'server/unknown',
      `This server protects no server with the id ${serverId.slice(0, 64)}.`,
    );
  const words = happening.kind === 'restore' ? 'is given its cameras back' : 'is taken over';
  const message = `${nameOfServer(settings, serverId)} ${words} by hand.`;
  activity.record({ severity: 'warning', code: `command-${happening.kind}`, message, user });
}

function viewOfTakeover(deps: FailoverApiDeps, incident: Incident): TakeoverView {
  const state = deps.stateOf(incident.serverId);
  const isCurrent = state?.incident === incident.id;
  const cameras = deps.settingsOf(incident.serverId)?.cameras ?? [];
  const left = new Map(deps.notCovered().map(({ camera, cause }) => [camera.id, cause]));
  const { takeover: declared } = incident;
  return {
    id: incident.id,
    serverId: incident.serverId,
    serverName: nameOfServer(deps.settings, incident.serverId),
    state: stateWord(incident, isCurrent ? state : undefined),
    automatic: declared?.by !== 'manual',
    reason: incident.cause,
    suspectedAt: iso(incident.openedAt),
    ...(declared === undefined ? {} : { declaredAt: iso(declared.at) }),
    ...(incident.closedAt === undefined ? {} : { endedAt: iso(incident.closedAt) }),
    epoch: deps.epochOf(incident.serverId),
    cameras: incident.streams
      .filter(({ stream }) => stream === 'main')
      .map(({ cameraId, stream, firstCovered, releasedAt }) => {
        const cause = left.get(cameraId);
        const last = deps.lastFrameOf({ cameraId, stream });
        return {
          cameraId,
          name: cameras.find(({ id }) => id === cameraId)?.name ?? cameraId,
          covered: firstCovered !== undefined && releasedAt === undefined,
          ...(cause === undefined ? {} : { cause }),
          ...(firstCovered === undefined ? {} : { firstFrameAt: iso(firstCovered) }),
          ...(last === undefined ? {} : { lastFrameAt: iso(last) }),
        };
      }),
  };
}

/** Although the server is well: somebody ordered it, or it waits for a planned stop. */
const isHeld = ({ takeover: ordered }: Incident, { restoreAsked, planned }: State): boolean =>
  planned !== undefined || (ordered?.by === 'manual' && !restoreAsked);

function stateWord(incident: Incident, state: State | undefined): TakeoverView['state'] {
  if (incident.closedAt !== undefined) return 'ended';
  if (incident.restoringSince !== undefined) return 'restoring';
  if (state?.link.kind === 'alive' && state.trouble === undefined && !isHeld(incident, state)) return 'handing-over';
  return incident.takeover === undefined ? 'covering' : 'taken-over';
}

const RESTORATION_WORDS = {
  queued: 'waiting',
  waiting: 'waiting',
  running: 'running',
  done: 'done',
  kept: 'done',
  stopped: 'stopped',
  incomplete: 'failed',
} as const satisfies Record<RestorationProgress['state'], string>;

function viewOfRestoration(progress: RestorationProgress, serverName: string): z.infer<typeof restoration> {
  const { id, order, state, problem, startedAt, finishedAt, files, bytes, bytesPerSecond, etaMs, remaining } = progress;
  return {
    id,
    serverId: order.serverId,
    serverName,
    state: RESTORATION_WORDS[state],
    policy: order.policy,
    transport: order.policy === 'shared' ? 'shared' : order.transport,
    startedAt: iso(startedAt),
    ...(finishedAt === undefined ? {} : { endedAt: iso(finishedAt) }),
    files: { done: files.received, total: files.total },
    bytes: { done: bytes.received, total: bytes.total },
    bytesPerSecond,
    ...(etaMs === undefined ? {} : { secondsLeft: etaMs / 1000 }),
    remaining,
    ...(problem === undefined ? {} : { message: problem }),
  };
}

function viewOfPlan(deps: FailoverApiDeps, failed: readonly string[] | undefined): z.infer<typeof planShape> {
  const { peers } = deps.settings.peers.get();
  const asked = failed ?? peers.filter(({ watched, enabled }) => watched && enabled).map(({ id }) => id);
  const { assigned, notCovered } = deps.planFor(asked);
  const causes = new Map(notCovered.map(({ camera, cause }) => [camera.id, cause]));
  return {
    servers: asked.map((serverId) => ({
      serverId,
      name: nameOfServer(deps.settings, serverId),
      cameras: (deps.settingsOf(serverId)?.cameras ?? []).map((camera) => {
        const [coveredBy, cause] = [assigned.get(camera.id), causes.get(camera.id)];
        return {
          cameraId: camera.id,
          name: camera.name,
          priority: camera.priority,
          standbyLevel: camera.standbyLevel,
          recording: camera.enabled && camera.record,
          ...(coveredBy === undefined ? {} : { coveredBy }),
          ...(cause === undefined ? {} : { cause }),
        };
      }),
    })),
  };
}
