/** How a server watches, covers and gives back: its settings, its share for returned footage, its backups; licences. */
import type { z } from 'zod';
import type * as Failover from '../../../src/api/contract/failover.ts';
import type { addLicenceRequest, Licence, Licences } from '../../../src/api/contract/licences.ts';
import type { Server, Volume } from '../../../src/api/contract/server.ts';
import { all } from './api.ts';
import { get, getTagged, patchTagged, post, put, remove, type Tagged } from './client.ts';
import { serverPath } from './server-path.ts';
import { server } from '../app/stores.ts';

export type FailoverSettings = z.infer<typeof Failover.failoverSettings>;
export type FailoverChange = z.input<typeof Failover.updateFailoverSettingsRequest>;
export type ReturnShare = z.infer<typeof Failover.returnShare>;
export type SetReturnShare = z.input<typeof Failover.setReturnShareRequest>;
export type AddLicence = z.input<typeof addLicenceRequest>;
export type { KnownServer } from '../../../src/api/contract/failover.ts';
export type { Licence, Licences, SeatUse } from '../../../src/api/contract/licences.ts';

/** Of this box its own; of a member as its host asks it for them. */
const settingsPath = (serverId: string): string =>
  serverId === server.peek()?.id ? '/failover/settings' : `/servers/${encodeURIComponent(serverId)}/failover-settings`;

export const failoverSettingsApi = {
  settings: (serverId: string): Promise<Tagged<FailoverSettings>> => getTagged(settingsPath(serverId)),
  change: (serverId: string, change: FailoverChange, tag: string | undefined): Promise<Tagged<FailoverSettings>> =>
    patchTagged(settingsPath(serverId), change, tag),
  share: async (serverId: string): Promise<ReturnShare | undefined> =>
    (await get<{ readonly share?: ReturnShare }>(serverPath(serverId, '/failover/return-share'))).share,
  setShare: (serverId: string, share: SetReturnShare | undefined): Promise<void> =>
    put(serverPath(serverId, '/failover/return-share'), share === undefined ? {} : { share }),
  serverOf: (serverId: string): Promise<Server> => get(serverPath(serverId, '/server')),
  volumesOf: (serverId: string): Promise<readonly Volume[]> => all(serverPath(serverId, '/volumes')),
  knownTo: (serverId: string): Promise<readonly Failover.KnownServer[]> => all(serverPath(serverId, '/servers')),
  /** Of the settings of `protectedId`, kept at `serverId`. */
  backUp: (serverId: string, protectedId: string): Promise<Failover.KnownServer> =>
    post(serverPath(serverId, `/servers/${encodeURIComponent(protectedId)}/backup`)),
  licences: (): Promise<Licences> => get('/licences'),
  addLicence: (body: AddLicence): Promise<Licence> => post('/licences', body),
  removeLicence: (licenceId: string): Promise<void> => remove(`/licences/${encodeURIComponent(licenceId)}`),
} as const;
