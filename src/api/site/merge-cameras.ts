/**
 * The cameras of a site, each once: settings by its owner's word, state by that of whoever records it now. Pure.
 */
import type { Camera } from '../contract/cameras.ts';
import type { SiteCamera } from '../contract/site-footage.ts';
import { isoOfNumber } from '../footage-query.ts';
import type { ServerRef, SiteCover, SiteLink, SiteServer } from './site-servers.ts';

/** What is older than this is no news any more, although whoever told it can be reached. */
export const STALE_AFTER_MS = 15_000;

export type ToldCameras = { readonly cameras: readonly Camera[]; readonly at: number };
export type CameraFacts = {
  /** In the order in which they are shown. */
  readonly servers: readonly SiteServer[];
  /** What each told last. */
  readonly toldBy: (serverId: string) => ToldCameras | undefined;
  readonly covers: readonly SiteCover[];
  /** Who was shown as the owner last: it stays, whoever else says that a camera of this id is its own. */
  readonly ownerBefore?: (cameraId: string) => string | undefined;
  /** How it is with a server that is not among `servers`. */
  readonly linkOf: (serverId: string) => SiteLink;
  readonly now: number;
};

export function mergeCameras(facts: CameraFacts): readonly SiteCamera[] {
  const byId = new Map(facts.servers.map((server) => [server.id, server]));
  const covers = new Map(facts.covers.map((cover) => [cover.cameraId, cover]));
  const covered = coveredCameras(facts);
  const shown = new Map<string, SiteCamera>();
  for (const found of foundIn(facts, covered)) {
    const { id } = found.camera;
    const owner = ownerOf(found);
    if (shown.has(id) && facts.ownerBefore?.(id) !== owner.id) continue;
    const cover = covers.get(id);
    const by = covered.get(id);
    // Whoever records it knows how it is.
    const seen = cover !== undefined && by?.toldBy.id === cover.by.id ? by : found;
    const link = byId.get(owner.id) ?? facts.linkOf(owner.id);
    const server = { id: owner.id, name: byId.get(owner.id)?.name ?? owner.name };
    shown.set(id, siteCamera(found.camera, { server, link, cover, seen, now: facts.now }));
  }
  return [...shown.values()];
}

/** In the order of their owners; a camera may be found twice. */
function foundIn({ servers, toldBy }: CameraFacts, covered: ReadonlyMap<string, Found>): readonly Found[] {
  const byOwner = Map.groupBy(covered.values(), (found) => ownerOf(found).id);
  const own = servers.flatMap((server): readonly Found[] => {
    const told = toldBy(server.id);
    const others = byOwner.get(server.id) ?? [];
    byOwner.delete(server.id);
    // It told nothing since this box was started; who covers it knows its cameras from a backup.
    if (told === undefined) return others;
    return told.cameras
      .filter(({ coveredFor }) => coveredFor === undefined)
      .map((camera) => ({ camera, toldBy: server, at: told.at }));
  });
  return [...own, ...[...byOwner.values()].flat()];
}

type Found = { readonly camera: Camera; readonly toldBy: SiteServer; readonly at: number };
const ownerOf = ({ camera: { coveredFor }, toldBy }: Found): ServerRef =>
  coveredFor === undefined ? toldBy : { id: coveredFor.serverId, name: coveredFor.name };

/** By id, as those tell that cover them; of two one that can be asked. Others cover nobody, whatever they say. */
function coveredCameras({ servers, toldBy }: CameraFacts): ReadonlyMap<string, Found> {
  const found = new Map<string, Found>();
  for (const server of servers.filter(({ isFailover }) => isFailover)) {
    const { cameras = [], at = 0 } = toldBy(server.id) ?? {};
    for (const camera of cameras)
      if (camera.coveredFor !== undefined && found.get(camera.id)?.toldBy.isReachable !== true)
        found.set(camera.id, { camera, toldBy: server, at });
  }
  return found;
}

type Who = {
  readonly server: ServerRef;
  readonly link: SiteLink;
  readonly cover: SiteCover | undefined;
  readonly seen: Found;
  readonly now: number;
};
function siteCamera(camera: Camera, { server, link, cover, seen, now }: Who): SiteCamera {
  const { coveredFor: _owner, state: _state, streams: _streams, lastFrameAt: _last, ...settings } = camera;
  const { state, streams, lastFrameAt } = seen.camera;
  const { isReachable, awaySince } = link;
  const isNews = seen.toldBy.isReachable && now - seen.at < STALE_AFTER_MS;
  return {
    ...settings,
    state,
    streams,
    ...(lastFrameAt === undefined ? {} : { lastFrameAt }),
    server,
    serverConnected: isReachable,
    ...(isReachable || awaySince === undefined ? {} : { serverAwaySince: isoOfNumber(awaySince) }),
    ...(cover === undefined ? {} : { coveredBy: { id: cover.by.id, name: cover.by.name } }),
    ...(isNews ? {} : { asOf: isoOfNumber(seen.at) }),
  };
}
