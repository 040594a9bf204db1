/** The whole route table: what is not in here does not exist, has no document, and is not in the role matrix. */
import { openApiDocument } from './openapi.ts';
import type { AnyRoute } from './route.ts';
import { cameraRoutes } from './routes/cameras.ts';
import type { CameraDeps } from './routes/cameras.ts';
import { eventRoutes } from './routes/events.ts';
import type { EventDeps } from './routes/events.ts';
import { exportRoutes } from './routes/exports.ts';
import type { ExportDeps } from './routes/exports.ts';
import { failoverRoutes } from './routes/failover.ts';
import type { FailoverDeps } from './routes/failover.ts';
import { healthRoutes } from './routes/health.ts';
import type { HealthDeps } from './routes/health.ts';
import { ledgerRoutes } from './routes/ledger.ts';
import { licenceRoutes } from './routes/licences.ts';
import type { LicenceDeps } from './routes/licences.ts';
import type { LedgerDeps } from './routes/ledger.ts';
import { liveRoutes } from './routes/live.ts';
import type { LiveDeps } from './routes/live.ts';
import { logRoutes } from './routes/log.ts';
import { playlistRoutes } from './routes/playlists.ts';
import type { PlaylistDeps } from './routes/playlists.ts';
import { recordingRoutes } from './routes/recordings.ts';
import type { RecordingDeps } from './routes/recordings.ts';
import { replacingRoutes } from './routes/replacing.ts';
import type { ReplacingDeps } from './routes/replacing.ts';
import { serverRoutes } from './routes/server.ts';
import type { ServerDeps } from './routes/server.ts';
import { serversRoutes } from './routes/servers.ts';
import type { ServersDeps } from './routes/servers.ts';
import { setupRoutes } from './routes/setup.ts';
import type { SetupDeps } from './routes/setup.ts';
import { siteHostRoutes } from './routes/site-host.ts';
import type { SiteHostDeps } from './routes/site-host.ts';
import { siteRoutes } from './routes/site.ts';
import type { SiteDeps } from './routes/site.ts';
import { snapshotRoutes } from './routes/snapshot.ts';
import type { SnapshotDeps } from './routes/snapshot.ts';
import { timelineRoutes } from './routes/timeline.ts';
import type { TimelineDeps } from './routes/timeline.ts';
import { userRoutes } from './routes/users.ts';
import type { UserDeps } from './routes/users.ts';
import { volumeRoutes } from './routes/volumes.ts';
import type { VolumeDeps } from './routes/volumes.ts';
import type { ActivityLog } from './activity.ts';

export type ApiDeps = {
  readonly version: string;
  readonly activity: ActivityLog;
  readonly accounts: SetupDeps & UserDeps;
  readonly cameras: CameraDeps;
  readonly server: ServerDeps;
  readonly volumes: VolumeDeps;
  readonly events: EventDeps;
  readonly health: Omit<HealthDeps, 'openApi'>;
  readonly footage: RecordingDeps & LedgerDeps & TimelineDeps & PlaylistDeps;
  readonly exports: ExportDeps;
  readonly live: LiveDeps;
  readonly snapshot: SnapshotDeps;
  readonly servers: ServersDeps;
  readonly failover: FailoverDeps;
  readonly licences: LicenceDeps;
  readonly replacing: ReplacingDeps;
  readonly sitePolicy: SiteDeps;
  readonly siteHost: SiteHostDeps;
};

export function createRoutes(deps: ApiDeps): readonly AnyRoute[] {
  let document: object | undefined;
  const openApi = (): object => (document ??= openApiDocument(routes, deps.version));
  const routes: readonly AnyRoute[] = [
    ...setupRoutes(deps.accounts),
    ...userRoutes(deps.accounts),
    ...cameraRoutes(deps.cameras),
    ...serverRoutes(deps.server),
    ...volumeRoutes(deps.volumes),
    ...logRoutes({ activity: deps.activity }),
    ...eventRoutes(deps.events),
    ...healthRoutes({ ...deps.health, openApi }),
    ...recordingRoutes(deps.footage),
    ...ledgerRoutes(deps.footage),
    ...timelineRoutes(deps.footage),
    ...playlistRoutes(deps.footage),
    ...exportRoutes(deps.exports),
    ...liveRoutes(deps.live),
    ...snapshotRoutes(deps.snapshot),
    ...serversRoutes(deps.servers),
    ...failoverRoutes(deps.failover),
    ...licenceRoutes(deps.licences),
    ...replacingRoutes(deps.replacing),
    ...siteRoutes(deps.sitePolicy),
    ...siteHostRoutes(deps.siteHost),
  ];
  return routes;
}
