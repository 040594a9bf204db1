/**
 * Who would cover whom, made ready to be shown: failover servers as columns, servers with their cameras as rows. Pure.
 * Belongs here: joining what plan, status, lists, licences and standby tell. Does not: asking for them (data.ts), words (words in pages).
 */
import type { KnownServer, Level, Licences, Plan, PlanCamera, Priority, SiteView } from '../../../api/protection.ts';
import type { SiteServerView } from '../../../api/site.ts';

export const PRIORITIES = ['high', 'medium', 'low', 'never'] as const;
export const LEVELS = ['cold', 'warm', 'hot'] as const;
const LEVEL_RANK: Readonly<Record<Level, number>> = { cold: 0, warm: 1, hot: 2 };

export type OwnBox = { readonly id: string; readonly name: string; readonly mode: SiteServerView['mode'] };
export type Facts = {
  readonly own: OwnBox;
  /** Undefined: this box knows none. */
  readonly plan: Plan | undefined;
  readonly status: readonly SiteServerView[];
  readonly site: SiteView | undefined;
  readonly licences: Licences | undefined;
  /** By failover server: the servers that it knows, with how ready it is. */
  readonly known: ReadonlyMap<string, ReadonlyMap<string, KnownServer>>;
  /** Of this box, where no plan names them. */
  readonly ownCameras: readonly PlanCamera[];
};

export type Spare = {
  readonly id: string;
  readonly name: string;
  readonly isThere: boolean;
  readonly channels: { readonly max: number; readonly used: number; readonly free: number } | undefined;
  /** Cameras that it would have by the plan. */
  readonly assigned: number;
  readonly seats: number | undefined;
  readonly seatsUsed: number | undefined;
  /** The only servers that it protects; undefined: all. */
  readonly list: readonly string[] | undefined;
};
export type Camera = PlanCamera & { readonly serverId: string };
/** How ready a failover server is for the cameras of one server; `undefined`: it has not told. */
export type Readiness = NonNullable<NonNullable<KnownServer['watch']>['standby']>;
export type Row = {
  readonly id: string;
  readonly name: string;
  /** Its host has not heard its cameras yet. */
  readonly isUnknown: boolean;
  readonly state: SiteServerView['state'] | undefined;
  /** Who records its cameras now. */
  readonly coveredNow: readonly string[];
  readonly cameras: readonly Camera[];
  readonly wanted: number;
  readonly covered: number;
  /** By failover server: how many of its cameras that would cover. */
  readonly counts: ReadonlyMap<string, number>;
};
export type Matrix = {
  readonly spares: readonly Spare[];
  readonly rows: readonly Row[];
  readonly hasPlan: boolean;
  readonly wanted: number;
  readonly covered: number;
};

export function matrixOf(facts: Facts): Matrix {
  const rows = rowsOf(facts);
  const sum = (of: (row: Row) => number): number => rows.reduce((total, row) => total + of(row), 0);
  return {
    spares: sparesOf(facts, rows),
    rows,
    hasPlan: (facts.plan?.servers.length ?? 0) > 0,
    wanted: sum(({ wanted }) => wanted),
    covered: sum(({ covered }) => covered),
  };
}

function rowsOf({ own, plan, status, ownCameras }: Facts): readonly Row[] {
  const states = new Map(status.map((server) => [server.id, server]));
  const planned = plan?.servers ?? [];
  const isOwnMissing = ownCameras.length > 0 && !planned.some(({ serverId }) => serverId === own.id);
  const servers = isOwnMissing ? [{ serverId: own.id, name: own.name, cameras: ownCameras }, ...planned] : planned;
  return servers
    .map(({ serverId, name, cameras, ...rest }): Row => {
      const state = states.get(serverId);
      const wanted = cameras.filter(({ recording }) => recording);
      return {
        id: serverId,
        name,
        isUnknown: 'unknown' in rest && rest.unknown === true,
        state: state?.state,
        coveredNow: (state?.coveredBy ?? []).map((one) => one.name),
        cameras: cameras.map((camera) => ({ ...camera, serverId })).toSorted(byName),
        wanted: wanted.length,
        covered: wanted.filter(({ coveredBy }) => coveredBy !== undefined).length,
        counts: countsOf(cameras),
      };
    })
    .toSorted(byName);
}

/** Made once: 12,800 names are sorted each few seconds. */
const NATURAL = new Intl.Collator(undefined, { numeric: true });
export const byName = (a: { readonly name: string }, b: { readonly name: string }): number =>
  NATURAL.compare(a.name, b.name);

function countsOf(cameras: readonly PlanCamera[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { coveredBy } of cameras)
    if (coveredBy !== undefined) counts.set(coveredBy, (counts.get(coveredBy) ?? 0) + 1);
  return counts;
}

/** Failover servers of the status; then those that only the plan names, or that watch this box. */
function sparesOf(facts: Facts, rows: readonly Row[]): readonly Spare[] {
  return [...sparesByName(facts, rows)].map(([id, name]) => spareOf(facts, rows, { id, name })).toSorted(byName);
}

function sparesByName({ own, plan, status, known }: Facts, rows: readonly Row[]): ReadonlyMap<string, string> {
  const named = new Map<string, string>();
  for (const { id, name, mode } of [...status, own]) if (mode === 'failover') named.set(id, name);
  for (const { serverId, name } of plan?.spares ?? []) named.set(serverId, name);
  for (const { id, name, watcher } of known.get(own.id)?.values() ?? []) if (watcher) named.set(id, name);
  for (const id of rows.flatMap(({ counts }) => [...counts.keys()])) if (!named.has(id)) named.set(id, id.slice(0, 8));
  return named;
}

type Named = { readonly id: string; readonly name: string };
function spareOf({ own, plan, status, site, licences }: Facts, rows: readonly Row[], { id, name }: Named): Spare {
  const server = status.find((one) => one.id === id);
  const seats = licences?.covering.find(({ serverId }) => serverId === id);
  const counted = rows.reduce((total, { counts }) => total + (counts.get(id) ?? 0), 0);
  return {
    id,
    name,
    isThere: id === own.id || isThere(server),
    channels: server?.channels,
    assigned: plan?.spares?.find(({ serverId }) => serverId === id)?.assigned ?? counted,
    seats: seats?.seats,
    seatsUsed: seats?.used,
    list: site?.protection.find(({ failoverServerId }) => failoverServerId === id)?.serverIds,
  };
}
const isThere = (server: SiteServerView | undefined): boolean => server !== undefined && !AWAY.includes(server.state);
const AWAY: readonly SiteServerView['state'][] = ['offline', 'disabled'];

export const protectsServer = ({ list }: Spare, serverId: string): boolean =>
  list === undefined || list.includes(serverId);

export const readinessOf = (known: Facts['known'], spareId: string, serverId: string): Readiness | undefined =>
  known.get(spareId)?.get(serverId)?.watch?.standby;

export type Ready =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'ready' }
  | { readonly kind: 'less'; readonly actual: Level; readonly reason: string | undefined };
/** Of one camera at the failover server that would cover it. The list of those that are not ready is cut; counts are of all. */
export function cameraReadiness(readiness: Readiness | undefined, { cameraId, standbyLevel }: PlanCamera): Ready {
  if (readiness === undefined) return { kind: 'unknown' };
  const less = readiness.notReady.find((one) => one.cameraId === cameraId);
  if (less !== undefined) return { kind: 'less', actual: less.actual, reason: less.reason };
  if (LEVEL_RANK[standbyLevel] === 0) return { kind: 'ready' };
  const missing = notReadyIn(readiness);
  return missing > readiness.notReady.length ? { kind: 'unknown' } : { kind: 'ready' };
}
export const notReadyIn = ({ hot, warm }: Readiness): number => hot.wanted - hot.ready + (warm.wanted - warm.ready);
export const keptReadyIn = ({ hot, warm }: Readiness): { readonly wanted: number; readonly ready: number } => ({
  wanted: hot.wanted + warm.wanted,
  ready: hot.ready + warm.ready,
});

/** What has been asked for and the plan does not show yet. */
export type Edit = { readonly priority?: Priority; readonly standbyLevel?: Level };
export const editKey = (serverId: string, cameraId: string): string => `${serverId}/${cameraId}`;

export function withEdits(plan: Plan | undefined, edits: ReadonlyMap<string, Edit>): Plan | undefined {
  if (plan === undefined || edits.size === 0) return plan;
  const servers = plan.servers.map((server) => ({
    ...server,
    cameras: server.cameras.map((camera) => {
      const edit = edits.get(editKey(server.serverId, camera.cameraId));
      return edit === undefined ? camera : { ...camera, ...edit };
    }),
  }));
  return { ...plan, servers };
}

/** Whether the plan says the same as what was asked for. */
export function isShown(plan: Plan, serverId: string, cameraId: string, edit: Edit): boolean {
  const server = plan.servers.find((one) => one.serverId === serverId);
  const camera = server?.cameras.find((one) => one.cameraId === cameraId);
  if (camera === undefined) return true; // it is gone, so nothing is waited for
  return (
    (edit.priority === undefined || edit.priority === camera.priority) &&
    (edit.standbyLevel === undefined || edit.standbyLevel === camera.standbyLevel)
  );
}
