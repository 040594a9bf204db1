/** Stored snapshots: at the server of the camera, or at the one that records it in its place. */
import type { StoredSnapshot } from '../../../src/api/contract/snapshots.ts';
import { API, get, post, remove } from './client.ts';
import { serverPath } from './server-path.ts';
import type { SiteCamera } from './site.ts';

export type { StoredSnapshot } from '../../../src/api/contract/snapshots.ts';
export type SnapshotPage = {
  readonly items: readonly StoredSnapshot[];
  readonly next?: string;
  readonly away: readonly string[];
};

const id = encodeURIComponent;
/** At whoever records the camera now. */
export const takeSnapshot = async (cameraId: string, note = ''): Promise<StoredSnapshot> =>
  await post(`/site/cameras/${id(cameraId)}/snapshots`, note === '' ? {} : { note });

/** Who can be asked about a camera now; undefined: nobody. */
export const keeperOf = ({ server, serverConnected, coveredBy }: SiteCamera): string | undefined =>
  serverConnected ? server.id : coveredBy?.id;

const pathAt = (serverId: string, cameraId: string): string =>
  serverPath(serverId, `/cameras/${id(cameraId)}/snapshots`);
/** Newest first; `after`: `next` of the page before. */
export const snapshotsAt = async (serverId: string, cameraId: string, after?: string): Promise<SnapshotPage> =>
  await get(`${pathAt(serverId, cameraId)}?limit=24${after === undefined ? '' : `&cursor=${id(after)}`}`);
export const pictureAt = (serverId: string, one: StoredSnapshot): string =>
  `${API}${pathAt(serverId, one.cameraId)}/${id(one.id)}`;
export const deleteSnapshotAt = async (serverId: string, one: StoredSnapshot): Promise<void> =>
  await remove(`${pathAt(serverId, one.cameraId)}/${id(one.id)}`);
