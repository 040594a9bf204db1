/** What would become of cameras if these servers died now: counts, by whom, and who is left. Pure; in words by `outcome-view.tsx`. */
import type { Plan, PlanCamera } from '../../../api/protection.ts';

export type Left = {
  readonly cameraId: string;
  readonly name: string;
  readonly server: string;
  readonly cause: PlanCamera['cause'];
  readonly detail: string | undefined;
};
export type ServerOutcome = {
  readonly serverId: string;
  readonly name: string;
  readonly isUnknown: boolean;
  readonly total: number;
  readonly covered: number;
  readonly by: readonly { readonly id: string; readonly count: number }[];
  readonly left: readonly Left[];
  /** Cameras that are not to be recorded anyway. */
  readonly idle: number;
};
export type Outcome = {
  readonly servers: readonly ServerOutcome[];
  readonly total: number;
  readonly covered: number;
  readonly by: ServerOutcome['by'];
  readonly left: readonly Left[];
  /** Of servers that had failed before: what would be recorded no more. */
  readonly alsoLeft: readonly Left[];
};

/** `failed`: those that were asked for; failover servers among them have no cameras of their own. */
export function outcomeOf(plan: Plan, failed: ReadonlySet<string>): Outcome {
  const servers = plan.servers.filter(({ serverId }) => failed.has(serverId)).map(serverOutcome);
  const before = plan.servers.filter(({ serverId }) => !failed.has(serverId)).map(serverOutcome);
  return {
    servers,
    total: servers.reduce((sum, { total }) => sum + total, 0),
    covered: servers.reduce((sum, { covered }) => sum + covered, 0),
    by: merged(servers.map(({ by }) => by)),
    left: servers.flatMap(({ left }) => left),
    alsoLeft: before.flatMap(({ left }) => left),
  };
}

function serverOutcome({ serverId, name, cameras, unknown }: Plan['servers'][number]): ServerOutcome {
  const wanted = cameras.filter(({ recording }) => recording);
  const counts = new Map<string, number>();
  for (const { coveredBy } of wanted)
    if (coveredBy !== undefined) counts.set(coveredBy, (counts.get(coveredBy) ?? 0) + 1);
  const left = wanted.filter(({ coveredBy }) => coveredBy === undefined);
  return {
    serverId,
    name,
    isUnknown: unknown === true,
    total: wanted.length,
    covered: wanted.length - left.length,
    by: [...counts].map(([id, count]) => ({ id, count })),
    left: left.map((camera) => ({
      cameraId: camera.cameraId,
      name: camera.name,
      server: name,
      cause: camera.cause,
      detail: camera.detail,
    })),
    idle: cameras.length - wanted.length,
  };
}

function merged(all: readonly ServerOutcome['by'][]): ServerOutcome['by'] {
  const counts = new Map<string, number>();
  for (const { id, count } of all.flat()) counts.set(id, (counts.get(id) ?? 0) + count);
  return [...counts].map(([id, count]) => ({ id, count })).toSorted((a, b) => b.count - a.count);
}
