/** What failover does and did: covers, restorations, drills, probes, replacements, the host's role; at this box or at a server of its site. */
import type { z } from 'zod';
import type * as Failover from '../../../src/api/contract/failover.ts';
import type { HandOverResult } from '../../../src/api/contract/hand-over.ts';
import type { LogEntry } from '../../../src/api/contract/events.ts';
import type { ReplacementView, ReplaceServerResult } from '../../../src/api/contract/replacing.ts';
import type { SiteHostView } from '../../../src/api/contract/site-host.ts';
import { all, type Page } from './api.ts';
import { API, get, getCached, post } from './client.ts';
import { serverPath } from './server-path.ts';

export type Probe = z.infer<typeof Failover.probe>;
export type ServerCheck = z.infer<typeof Failover.serverCheck>;
export type Drill = z.infer<typeof Failover.drill>;
export type Plan = z.infer<typeof Failover.plan>;
export type FailoverSettings = z.infer<typeof Failover.failoverSettings>;
export type Readiness = { readonly items: readonly Probe[]; readonly servers: readonly ServerCheck[] };
export type { KnownServer, RestorationView, Takeover } from '../../../src/api/contract/failover.ts';
export type { HandOverResult } from '../../../src/api/contract/hand-over.ts';
export type { ReplacementView, ReplaceServerResult } from '../../../src/api/contract/replacing.ts';
export type { SiteHostView } from '../../../src/api/contract/site-host.ts';

const id = encodeURIComponent;
export type ReplaceOrder = { readonly by: string; readonly dryRun?: boolean; readonly confirm?: string };

export const activityApi = {
  siteHost: (): Promise<SiteHostView> => get('/site/host'),
  takeHost: (confirm: string | undefined): Promise<SiteHostView> =>
    post('/site/take-host', confirm === undefined ? {} : { confirm }),

  servers: (at: string): Promise<readonly Failover.KnownServer[]> => all(serverPath(at, '/servers')),
  takeovers: (at: string): Promise<readonly Failover.Takeover[]> =>
    all(serverPath(at, '/failover/takeovers?state=running')),
  takeOver: (at: string, serverId: string): Promise<Failover.Takeover> =>
    post(serverPath(at, '/failover/takeovers'), { serverId }),
  /** `at`: a server that protects it. */
  handOver: (at: string, serverId: string): Promise<HandOverResult> =>
    post(serverPath(at, `/servers/${id(serverId)}/hand-over`), {}),
  restore: (at: string, takeoverId: string): Promise<Failover.Takeover> =>
    post(serverPath(at, `/failover/takeovers/${id(takeoverId)}/restore`)),

  restorations: (at: string): Promise<readonly Failover.RestorationView[]> =>
    all(serverPath(at, '/failover/restorations')),
  stopRestoration: (at: string, restorationId: string, confirm: string): Promise<Failover.RestorationView> =>
    post(serverPath(at, `/failover/restorations/${id(restorationId)}/stop`), { confirm }),

  readiness: (at: string): Promise<Readiness> => get(serverPath(at, '/failover/probes')),
  probe: (at: string, serverId: string): Promise<Readiness> => post(serverPath(at, '/failover/probes'), { serverId }),
  /** The newest first, one that runs among them. */
  drills: async (at: string, count: number): Promise<readonly Drill[]> =>
    (await get<Page<Drill>>(serverPath(at, `/failover/drills?limit=${count}`))).items,
  drill: (at: string, serverId: string): Promise<Drill> => post(serverPath(at, '/failover/drills'), { serverId }),
  plan: (at: string): Promise<Plan> => getCached(serverPath(at, '/failover/plan')),
  settings: (at: string): Promise<FailoverSettings> => get(serverPath(at, '/failover/settings')),

  replacements: (at: string): Promise<readonly ReplacementView[]> => all(serverPath(at, '/replacements')),
  /** At the host of the site, or at the failover server itself where there is none. */
  replace: (serverId: string, order: ReplaceOrder): Promise<ReplaceServerResult> =>
    post(`/servers/${id(serverId)}/replace`, order),
  clearReplaced: (confirm: string): Promise<void> => post('/server/replaced/clear', { confirm }),

  log: (at: string, filter: string): Promise<Page<LogEntry>> => get(serverPath(at, `/log?topic=failover${filter}`)),
  logFile: (at: string, filter: string, format: 'csv' | 'json'): string =>
    `${API}${serverPath(at, `/log/export?topic=failover&format=${format}${filter}`)}`,
} as const;
