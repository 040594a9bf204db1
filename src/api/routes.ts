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
import { handOverRoutes } from './routes/hand-over.ts';
import type { HandOverDeps } from './routes/hand-over.ts';
import { healthRoutes } from './routes/health.ts';
import type { HealthDeps } from './routes/health.ts';
import { ledgerRoutes } from './routes/ledger.ts';
import { licenceRoutes } from './routes/licences.ts';
import type { LicenceDeps } from './routes/licences.ts';
import type { LedgerDeps } from './routes/ledger.ts';
import { liveRoutes } from './routes/live.ts';
import type { LiveDeps } from './routes/live.ts';
import { logRoutes } from './routes/log.ts';
import { ownBackupRoutes } from './routes/own-backup.ts';
import type { OwnBackupDeps } from './routes/own-backup.ts';
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
import { siteFootageRoutes } from './routes/site-footage.ts';
import { siteHostRoutes } from './routes/site-host.ts';
import type { SiteHostDeps } from './routes/site-host.ts';
import { siteLiveRoutes } from './routes/site-live.ts';
import { siteRoutes } from './routes/site.ts';
import type { SiteDeps } from './routes/site.ts';
import { snapshotRoutes } from './routes/snapshot.ts';
import type { SnapshotDeps } from './routes/snapshot.ts';
import { storedSnapshotRoutes } from './routes/snapshots.ts';
import type { StoredSnapshotDeps } from './routes/snapshots.ts';
import { timelineRoutes } from './routes/timeline.ts';
import type { TimelineDeps } from './routes/timeline.ts';
import { tokenRoutes } from './routes/tokens.ts';
import { updateRoutes } from './routes/updates.ts';
import type { UpdateDeps } from './routes/updates.ts';
import { userRoutes } from './routes/users.ts';
import type { UserDeps } from './routes/users.ts';
import { volumeRoutes } from './routes/volumes.ts';
import type { VolumeDeps } from './routes/volumes.ts';
import type { ActivityLog } from './activity.ts';
import { createSite } from './site/site.ts';
import type { SiteParts } from './site/site.ts';

export type ApiDeps = {
  readonly version: string;
  readonly activity: ActivityLog;
  readonly accounts: SetupDeps & UserDeps;
  readonly cameras: CameraDeps;
  readonly server: ServerDeps;
  readonly ownBackup: OwnBackupDeps;
  readonly volumes: VolumeDeps;
  readonly events: EventDeps;
  readonly health: Omit<HealthDeps, 'openApi'>;
  readonly footage: RecordingDeps & LedgerDeps & TimelineDeps & PlaylistDeps;
  readonly exports: ExportDeps;
  readonly live: LiveDeps;
  readonly snapshot: SnapshotDeps;
  readonly snapshots: StoredSnapshotDeps;
  readonly servers: ServersDeps;
  readonly failover: FailoverDeps;
  readonly licences: LicenceDeps;
  readonly handOver: HandOverDeps;
  readonly replacing: ReplacingDeps;
  readonly sitePolicy: SiteDeps;
  readonly siteHost: SiteHostDeps;
  readonly updates: UpdateDeps;
  readonly site: Omit<SiteParts, 'live' | 'snapshot' | 'snapshots' | 'hub'>;
};

export function createRoutes(deps: ApiDeps): readonly AnyRoute[] {
  const site = createSite(
    { ...deps.site, ...deps.events, live: deps.live, snapshot: deps.snapshot, snapshots: deps.snapshots },
    () => routes,
  );
  let document: object | undefined;
  const openApi = (): object => (document ??= openApiDocument(routes, deps.version));
  const routes: readonly AnyRoute[] = [
    ...setupRoutes(deps.accounts),
    ...userRoutes(deps.accounts),
    ...tokenRoutes(deps.accounts),
    ...cameraRoutes(deps.cameras),
    ...serverRoutes(deps.server),
    ...ownBackupRoutes(deps.ownBackup),
    ...volumeRoutes(deps.volumes),
    ...logRoutes({ activity: deps.activity }),
    ...eventRoutes({ ...deps.events, listening: site.relay.listen }),
    ...healthRoutes({ ...deps.health, openApi }),
    ...recordingRoutes(deps.footage),
    ...ledgerRoutes(deps.footage),
    ...timelineRoutes(deps.footage),
    ...playlistRoutes(deps.footage),
    ...exportRoutes(deps.exports),
    ...liveRoutes(deps.live),
    ...snapshotRoutes(deps.snapshot),
    ...storedSnapshotRoutes(deps.snapshots),
    ...serversRoutes(deps.servers),
    ...failoverRoutes(deps.failover),
    ...licenceRoutes(deps.licences),
    ...handOverRoutes(deps.handOver),
    ...replacingRoutes(deps.replacing),
    ...siteRoutes(deps.sitePolicy),
    ...siteHostRoutes(deps.siteHost),
    ...updateRoutes(deps.updates),
    ...siteFootageRoutes(site),
    ...siteLiveRoutes(site),
  ];
  return routes;
}
