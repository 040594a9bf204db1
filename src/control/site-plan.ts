/**
 * Who would cover whom over the whole site, as its host sees it: the same plan as that of its failover servers, by what they and
 * the recording servers tell. Pure.
 *
 * Belongs here: from what is known of the site to a request, and the answer as people read it. Does not: the plan (failover/plan.ts).
 */
import type { z } from 'zod';
import type { plan as planShape } from '../api/contract/failover.ts';
import type { Member, PlanCamera } from '../failover/plan-types.ts';
import { planCover } from '../failover/plan.ts';
import type { NotCovered, Plan, PlanRequest } from '../failover/plan.ts';
import type { ReportedCamera } from '../site/member-report.ts';

export type SiteServer = {
  readonly id: string;
  readonly name: string;
  /** Undefined: it has not told them since this host was started. */
  readonly cameras: readonly ReportedCamera[] | undefined;
};
/** A failover server that is there. */
export type SiteSpare = Pick<Member, 'id' | 'channels' | 'seats'> & {
  readonly name: string;
  readonly unreachable: readonly string[];
  readonly protects: (serverId: string) => boolean;
  /** By server, ids of the cameras that it records for it now. */
  readonly covering: ReadonlyMap<string, readonly string[]>;
};
export type SitePlanFacts = {
  readonly servers: readonly SiteServer[];
  readonly spares: readonly SiteSpare[];
  readonly shortage: PlanRequest['shortage'];
  readonly oneServerAtATime: boolean;
};
type PlanView = z.infer<typeof planShape>;

/** `failed`: what if all these servers die now, failover servers among them; undefined: every recording server. */
export function planOfSite(facts: SitePlanFacts, failed: readonly string[] | undefined): PlanView {
  const gone = new Set(failed ?? []);
  const spares = facts.spares.filter(({ id }) => !gone.has(id));
  const asked = serversFor(facts, failed);
  const plan = planCover(requestOf(facts, spares, asked));
  return viewOf({ asked, spares, plan });
}

/** Those that are covered now first, for they failed before; then those asked for. */
function serversFor({ servers, spares }: SitePlanFacts, failed: readonly string[] | undefined): readonly SiteServer[] {
  const covered = new Set(spares.flatMap(({ covering }) => [...covering.keys()]));
  const wanted = failed === undefined ? undefined : new Set(failed);
  const now = servers.filter(({ id }) => covered.has(id));
  return [...now, ...servers.filter(({ id }) => !covered.has(id) && (wanted?.has(id) ?? true))];
}

function requestOf(facts: SitePlanFacts, spares: readonly SiteSpare[], asked: readonly SiteServer[]): PlanRequest {
  const cameras = asked.flatMap(({ id: serverId, cameras: told = [] }) =>
    told
      .filter(({ recording }) => recording)
      .map(({ id, name, priority }): PlanCamera => ({ id, serverId, name, priority })),
  );
  const present = new Map(
    spares.flatMap(({ id, covering }) => [...covering.values()].flat().map((cameraId) => [cameraId, id] as const)),
  );
  const members = spares.map(({ id, channels, seats, unreachable, protects }): Member => {
    const left = asked.filter((server) => !protects(server.id)).flatMap((server) => server.cameras ?? []);
    return { id, channels, seats, unreachable: new Set([...unreachable, ...left.map((camera) => camera.id)]) };
  });
  return { members, cameras, present, shortage: facts.shortage, oneServerAtATime: facts.oneServerAtATime };
}

type Planned = { readonly asked: readonly SiteServer[]; readonly spares: readonly SiteSpare[]; readonly plan: Plan };
function viewOf({ asked, spares, plan }: Planned): PlanView {
  const { assigned } = plan;
  const left = new Map(plan.notCovered.map((one) => [one.camera.id, withDetail(one, spares)]));
  const used = Map.groupBy(assigned.values(), (id) => id);
  return {
    servers: asked.map(({ id: serverId, name, cameras }) => ({
      serverId,
      name,
      ...(cameras === undefined ? { unknown: true } : {}),
      cameras: (cameras ?? []).map((camera) => cameraView(camera, assigned.get(camera.id), left.get(camera.id))),
    })),
    spares: spares.map(({ id: serverId, name, channels, seats }) => ({
      serverId,
      name,
      channels: Math.min(channels, seats),
      assigned: used.get(serverId)?.length ?? 0,
    })),
  };
}

/** To the plan a camera of a server that nobody has in his list is out of reach. */
function withDetail(one: NotCovered, spares: readonly SiteSpare[]): NotCovered {
  const isNever = one.cause === 'not-covered-priority';
  if (isNever || spares.length === 0 || spares.some(({ protects }) => protects(one.camera.serverId))) return one;
  return { ...one, detail: 'No failover server that is there has this server in its list.' };
}

type CameraView = PlanView['servers'][number]['cameras'][number];
function cameraView(
  { id, name, priority, standbyLevel, recording }: ReportedCamera,
  coveredBy: string | undefined,
  left: NotCovered | undefined,
): CameraView {
  return {
    cameraId: id,
    name,
    priority,
    standbyLevel,
    recording,
    ...(coveredBy === undefined ? {} : { coveredBy }),
    ...(left === undefined ? {} : { cause: left.cause, detail: left.detail }),
  };
}
