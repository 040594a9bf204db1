/** What this server tells its host of itself (site/member-report.ts). */
import { availableParallelism, loadavg } from 'node:os';
import type { FailoverDeps } from '../api/routes/failover.ts';
import type { ServersDeps } from '../api/routes/servers.ts';
import { parseIso } from '../core/clock.ts';
import type { Settings } from '../settings/settings.ts';
import type { CameraSettings } from '../site/camera.ts';
import { reportRequestSchema } from '../site/member-report.ts';
import type { MemberReport, ReportedCamera } from '../site/member-report.ts';

export type MemberReportDeps = {
  readonly settings: Pick<Settings, 'server' | 'cameras' | 'failover'>;
  /** Of the settings that a backup holds. */
  readonly revision: () => string;
  readonly model: string | undefined;
  readonly servers: Pick<ServersDeps, 'list'>;
  readonly rehearsals: Pick<FailoverDeps, 'drills'>;
  readonly unreachable: () => ReadonlySet<string>;
};

export function createMemberReport(deps: MemberReportDeps): (params: unknown) => MemberReport {
  return (params) => {
    const known = reportRequestSchema.safeParse(params).data?.known;
    const revision = deps.revision();
    const { mode } = deps.settings.server.get();
    return {
      revision,
      ...(deps.model === undefined ? {} : { model: deps.model.slice(0, 128) }),
      load: loadNow(),
      ...(known === revision ? {} : { cameras: deps.settings.cameras.get().cameras.map(reportedCamera) }),
      ...(mode === 'failover' ? { failover: failoverPart(deps) } : {}),
    };
  };
}

/** Of the last minute, by cores. */
export const loadNow = (): number => (loadavg()[0] ?? 0) / availableParallelism();

export const reportedCamera = ({
  id,
  name,
  priority,
  standbyLevel,
  enabled,
  record,
}: CameraSettings): ReportedCamera => ({
  id,
  name,
  priority,
  standbyLevel,
  recording: enabled && record,
});

function failoverPart(deps: MemberReportDeps): NonNullable<MemberReport['failover']> {
  const { shortagePolicy, oneServerAtATime } = deps.settings.failover.get();
  const drill = deps.rehearsals.drills().find(({ endedAt }) => endedAt !== undefined);
  return {
    shortagePolicy,
    oneServerAtATime,
    unreachable: [...deps.unreachable()],
    protects: deps.servers.list().flatMap(({ id: serverId, watch }) => {
      if (watch === undefined) return [];
      const { state, backupAt, backupProblem } = watch;
      return [
        {
          serverId,
          state,
          ...(backupAt === undefined ? {} : { backupAt: parseIso(backupAt) }),
          ...(backupProblem === undefined ? {} : { backupProblem: backupProblem.slice(0, 500) }),
        },
      ];
    }),
    ...(drill === undefined
      ? {}
      : {
          lastDrill: {
            serverId: drill.serverId,
            at: parseIso(drill.endedAt ?? drill.startedAt) ?? 0,
            cameras: drill.cameras.length,
            recorded: drill.cameras.filter(({ problem }) => problem === undefined).length,
          },
        }),
  };
}
