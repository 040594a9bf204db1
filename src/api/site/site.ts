/** The site as the routes see it: its cameras, their footage, who records them now. Composition of this folder. */
import type { Clock } from '../../core/clock.ts';
import type { Log } from '../../core/log.ts';
import type { EventHub } from '../event-hub.ts';
import type { AnyRoute } from '../route.ts';
import type { LiveDeps } from '../routes/live.ts';
import type { SnapshotDeps } from '../routes/snapshot.ts';
import type { StoredSnapshotDeps } from '../routes/snapshots.ts';
import { createAsking } from './asking.ts';
import { createEventRelay } from './event-relay.ts';
import type { EventRelay } from './event-relay.ts';
import { createOwnAnswers } from './own-answers.ts';
import { createRecorders, recorderOf } from './recorders.ts';
import type { Recorders } from './recorders.ts';
import { createSiteCameras } from './site-cameras.ts';
import type { SiteCameras } from './site-cameras.ts';
import { createSiteFootage } from './site-footage.ts';
import type { SiteFootage } from './site-footage.ts';
import type { SiteServers } from './site-servers.ts';

export type SiteParts = {
  readonly servers: SiteServers;
  readonly clock: Clock;
  readonly log: Log;
  readonly hub: Pick<EventHub, 'publish'>;
  readonly live: LiveDeps;
  readonly snapshot: SnapshotDeps;
  readonly snapshots: Pick<StoredSnapshotDeps, 'take'>;
};
export type Site = SiteParts & {
  readonly cameras: SiteCameras;
  readonly footage: SiteFootage;
  readonly recorders: Recorders;
  readonly relay: EventRelay;
};

/** `routes`: of this server, by which it answers itself. */
export function createSite(parts: SiteParts, routes: () => readonly AnyRoute[]): Site {
  const { servers } = parts;
  const asking = createAsking({ ...parts, own: createOwnAnswers(routes) });
  const cameras = createSiteCameras({ ...parts, asking });
  const look = (): ((cameraId: string) => string | undefined) => {
    const all = servers.all();
    const covers = servers.covers();
    return (cameraId) =>
      recorderOf({
        ownerId: cameras.ownerOf(cameraId),
        servers: all,
        covers: covers.filter((cover) => cover.cameraId === cameraId),
      });
  };
  return {
    ...parts,
    cameras,
    footage: createSiteFootage({ ...parts, asking, cameras }),
    recorders: createRecorders({ ...parts, look }),
    relay: createEventRelay({ ...parts, cameras }),
  };
}
