/** Cameras at whichever server of the site owns them: one is asked by its own server, several are grouped by theirs. */
import type { Camera, DiscoveredCamera, TestCameraResult } from '../../../src/api/contract/cameras.ts';
import {
  all,
  type CreateCamera,
  type DiscoverRequest,
  type Page,
  type TestCamera,
  type UpdateCamera,
  type Volume,
} from './api.ts';
import { getTagged, patch, patchTagged, post, remove, type Tagged } from './client.ts';
import { serverPath } from './server-path.ts';
import type { SiteServerRef } from './site.ts';

/** A camera and its server. */
export type Placed = { readonly id: string; readonly server: SiteServerRef };
/** Of a server that is not known yet: this box. */
const at = (serverId: string, path: string): string => (serverId === '' ? path : serverPath(serverId, path));
const one = (id: string): string => `/cameras/${encodeURIComponent(id)}`;
/** What the route of several takes at once. */
const MAX_AT_ONCE = 128;

export type Refusal = { readonly server: SiteServerRef; readonly error: unknown };
/** At each server for its own cameras; what one refuses does not stop the others. */
async function atEach(
  cameras: readonly Placed[],
  work: (serverId: string, ids: readonly string[]) => Promise<unknown>,
): Promise<readonly Refusal[]> {
  const byServer = new Map<string, { readonly server: SiteServerRef; readonly ids: string[] }>();
  for (const { id, server } of cameras) {
    const group = byServer.get(server.id) ?? { server, ids: [] };
    group.ids.push(id);
    byServer.set(server.id, group);
  }
  const refusals: Refusal[] = [];
  for (const { server, ids } of byServer.values()) {
    try {
      for (let at = 0; at < ids.length; at += MAX_AT_ONCE) await work(server.id, ids.slice(at, at + MAX_AT_ONCE));
    } catch (error) {
      refusals.push({ server, error });
    }
  }
  return refusals;
}

export const camerasAt = {
  read: (serverId: string, id: string): Promise<Tagged<Camera>> => getTagged(at(serverId, one(id))),
  create: (serverId: string, body: CreateCamera): Promise<Camera> => post(at(serverId, '/cameras'), body),
  update: (serverId: string, id: string, change: UpdateCamera, tag: string | undefined): Promise<Tagged<Camera>> =>
    patchTagged(at(serverId, one(id)), change, tag),
  discover: (serverId: string, body: DiscoverRequest): Promise<Page<DiscoveredCamera>> =>
    post(at(serverId, '/cameras/discover'), body),
  test: (serverId: string, body: TestCamera): Promise<TestCameraResult> => post(at(serverId, '/cameras/test'), body),
  volumes: (serverId: string): Promise<readonly Volume[]> => all(at(serverId, '/volumes')),
  updateAll: (cameras: readonly Placed[], change: UpdateCamera): Promise<readonly Refusal[]> =>
    atEach(cameras, (serverId, ids) => patch(at(serverId, '/cameras'), { ids, change })),
  deleteAll: (cameras: readonly Placed[], footage: 'keep' | 'delete'): Promise<readonly Refusal[]> =>
    atEach(cameras, (serverId, ids) => remove(at(serverId, '/cameras'), { ids, footage })),
} as const;
