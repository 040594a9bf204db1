/** The servers of the site and those this box knows: how they are, adding, changing, leaving. */
import type { z } from 'zod';
import type * as Adding from '../../../src/api/contract/adding.ts';
import type * as Failover from '../../../src/api/contract/failover.ts';
import type { BulkServersResult } from '../../../src/api/contract/membership.ts';
import type * as Membership from '../../../src/api/contract/membership.ts';
import type { CmsMode, Server } from '../../../src/api/contract/server.ts';
import type { SiteServerView } from '../../../src/api/contract/site.ts';
import { get, getTagged, patch, patchTagged, post, put, remove, type Tagged } from './client.ts';
import { serverPath } from './server-path.ts';

export type { BatchResult, ConnectionCheck, TestServerResult } from '../../../src/api/contract/adding.ts';
export type { KnownServer, RestorationView, Takeover } from '../../../src/api/contract/failover.ts';
export type { BulkServersResult } from '../../../src/api/contract/membership.ts';
export type { CmsMode } from '../../../src/api/contract/server.ts';
export type { SiteServerState, SiteServerView } from '../../../src/api/contract/site.ts';
export type FoundServer = z.infer<typeof Failover.searchResult>['items'][number];
export type TestRequest = z.input<typeof Adding.testServerRequest>;
export type BatchRequest = z.input<typeof Adding.addBatchRequest>;
export type BatchRow = z.input<typeof Adding.batchRow>;
export type EnableRequest = z.input<typeof Adding.enableServerRequest>;
export type AddRequest = z.input<typeof Failover.addServerRequest>;
export type AuthorizeRequest = z.input<typeof Failover.authorizeServerRequest>;
export type PairingCode = z.infer<typeof Failover.pairingCode>;
export type PairRequest = z.input<typeof Failover.pairRequest>;
export type ChangeServer = z.input<typeof Membership.changeServerRequest>;
export type BulkRequest = z.input<typeof Membership.bulkServersRequest>;
type Known = Failover.KnownServer;
type Items<T> = { readonly items: readonly T[] };

/** A site has at most 256 servers; the longest page has 1000 rows. */
const ALL = 'limit=1000';
const one = (id: string): string => `/servers/${encodeURIComponent(id)}`;
const listed = async <T>(path: string): Promise<readonly T[]> => (await get<Items<T>>(path)).items;

export const serversApi = {
  status: (): Promise<readonly SiteServerView[]> => listed(`/site/status?${ALL}`),
  known: (): Promise<readonly Known[]> => listed(`/servers?${ALL}`),
  server: (id: string): Promise<Tagged<Known>> => getTagged(one(id)),
  change: (id: string, change: ChangeServer, tag: string | undefined): Promise<Tagged<Known>> =>
    patchTagged(one(id), change, tag),
  rename: (id: string, name: string): Promise<unknown> => post(`${one(id)}/rename`, { name }),
  renameThisBox: (name: string): Promise<Server> => patch('/server', { name }),
  setMode: (mode: CmsMode, confirm: string | undefined): Promise<void> =>
    put('/server/mode', { mode, ...(confirm === undefined ? {} : { confirm }) }),

  search: (seconds: number): Promise<readonly FoundServer[]> =>
    post<Items<FoundServer>>('/servers/search', { seconds }).then(({ items }) => items),
  test: (body: TestRequest): Promise<Adding.TestServerResult> => post('/servers/test', body),
  add: (body: AddRequest): Promise<Known> => post('/servers', body),
  authorize: (id: string, body: AuthorizeRequest): Promise<Known> => post(`${one(id)}/authorize`, body),
  enableManagement: (body: EnableRequest): Promise<{ readonly name: string }> => post('/servers/enable', body),
  addBatch: (body: BatchRequest): Promise<Adding.BatchResult> => post('/servers/batch', body),
  pairingCode: (): Promise<PairingCode> => post('/servers/pairing-code'),
  pair: (body: PairRequest): Promise<Known> => post('/servers/pair', body),

  bulk: (body: BulkRequest): Promise<BulkServersResult> => post('/servers/bulk', body),
  forget: (id: string): Promise<void> => remove(one(id)),
  cancelDetach: (id: string): Promise<Known> => post(`${one(id)}/detach/cancel`),
  backUp: (id: string): Promise<Known> => post(`${one(id)}/backup`),

  /** Of a failover server: whom it covers, and what of it is on its way home. */
  takeovers: (serverId: string): Promise<readonly Failover.Takeover[]> =>
    listed(serverPath(serverId, `/failover/takeovers?${ALL}`)),
  restorations: (serverId: string): Promise<readonly Failover.RestorationView[]> =>
    listed(serverPath(serverId, `/failover/restorations?${ALL}`)),
} as const;
