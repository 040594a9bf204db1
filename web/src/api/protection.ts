/** Who covers whom: plan and simulation, how ready failover servers are, who watches whom, priorities of cameras at any server. */
import type { z } from 'zod';
import type * as Failover from '../../../src/api/contract/failover.ts';
import type { Licences } from '../../../src/api/contract/licences.ts';
import type { SiteView, updateSiteRequest } from '../../../src/api/contract/site.ts';
import { all, type UpdateCamera } from './api.ts';
import { get, getCached, getTagged, patch, patchTagged, post, type Tagged } from './client.ts';
import { serverPath } from './server-path.ts';

export type Plan = z.infer<typeof Failover.plan>;
export type PlanServer = Plan['servers'][number];
export type PlanCamera = PlanServer['cameras'][number];
export type Priority = PlanCamera['priority'];
export type Level = PlanCamera['standbyLevel'];
export type SiteChange = z.input<typeof updateSiteRequest>;
export type { KnownServer } from '../../../src/api/contract/failover.ts';
export type { Licences, SeatUse } from '../../../src/api/contract/licences.ts';
export type { SiteView } from '../../../src/api/contract/site.ts';

/** In one request (src/api/contract/cameras.ts). */
const MAX_CHANGED = 128;

export const protectionApi = {
  plan: (): Promise<Plan> => getCached('/failover/plan'),
  /** What if all these die now. */
  simulate: (failed: readonly string[], abort?: AbortSignal): Promise<Plan> =>
    post('/failover/plan/simulate', { failed }, abort),
  site: (): Promise<Tagged<SiteView>> => getTagged('/site'),
  changeSite: (change: SiteChange, tag: string | undefined): Promise<Tagged<SiteView>> =>
    patchTagged('/site', change, tag),
  licences: (): Promise<Licences> => get('/licences'),
  /** The servers that this one knows; `watch.standby` tells how ready it is for each that it protects. */
  knownTo: (serverId: string): Promise<readonly Failover.KnownServer[]> => all(serverPath(serverId, '/servers')),
  changeCameras: async (serverId: string, ids: readonly string[], change: UpdateCamera): Promise<void> => {
    for (let from = 0; from < ids.length; from += MAX_CHANGED)
      await patch(serverPath(serverId, '/cameras'), { ids: ids.slice(from, from + MAX_CHANGED), change });
  },
} as const;
