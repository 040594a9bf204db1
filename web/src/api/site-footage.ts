/** Footage of the whole site, whoever recorded it: timeline, playlists, and exports where the footage lies. */
import type { ExportLink } from '../../../src/api/contract/footage.ts';
import type { SitePlaylistEpoch, SitePlaylists, SiteTimelineDay } from '../../../src/api/contract/site-footage.ts';
import { serverUrl } from './server-url.ts';
import { all, type CreateExport, type ExportJob, type Page, type Server, type StreamName } from './api.ts';
import { API, get, getCached, post, remove } from './client.ts';
import { serverPath } from './server-path.ts';

export type { SitePlaylistEpoch, SitePlaylists, SiteTimelineDay } from '../../../src/api/contract/site-footage.ts';
export type EpochParts = Pick<SitePlaylistEpoch, 'start' | 'end' | 'codec' | 'url' | 'serverId'>;

const id = encodeURIComponent;

export const siteTimeline = (day: string, ids: readonly string[]): Promise<SiteTimelineDay> =>
  getCached(`/site/timeline?day=${day}&cameras=${ids.map(id).join(',')}&stream=main`);

export const sitePlaylists = (
  cameraId: string,
  range: { readonly start: number; readonly end: number },
  stream: StreamName,
): Promise<SitePlaylists> => {
  const [start, end] = [new Date(range.start).toISOString(), new Date(range.end).toISOString()];
  return get(`/site/cameras/${id(cameraId)}/playlists?start=${start}&end=${end}&stream=${stream}`);
};

type Linked<File> = Omit<File, 'url' | 'manifestUrl'> & {
  /** Undefined: what the server named is no address of this API. */
  readonly url: string | undefined;
  readonly manifestUrl: string | undefined;
};
/** An export, and at which server it is made. */
export type SiteExport = Omit<ExportJob, 'files'> & {
  readonly serverId: string;
  readonly files: readonly Linked<ExportJob['files'][number]>[];
};

const at = (serverId: string, path: string): string => serverPath(serverId, path);
/** Links in an answer of another server lead through this box; what that server says leads nowhere else, and runs nothing. */
const linkAt = (serverId: string, url: string): string | undefined =>
  url.startsWith(`${API}/`) ? `${API}${at(serverId, url.slice(API.length))}` : undefined;

function placed(serverId: string, job: ExportJob): SiteExport {
  const files = job.files.map((file) => ({
    ...file,
    url: linkAt(serverId, file.url),
    manifestUrl: linkAt(serverId, file.manifestUrl),
  }));
  return { ...job, files, serverId };
}

export const exportsAt = async (serverId: string): Promise<readonly SiteExport[]> =>
  (await all<ExportJob>(at(serverId, '/exports'))).map((job) => placed(serverId, job));

export const createExportsAt = async (serverId: string, body: CreateExport): Promise<readonly SiteExport[]> =>
  (await post<Page<ExportJob>>(at(serverId, '/exports'), body)).items.map((job) => placed(serverId, job));

export type SharedExport = { readonly expiresAt: string; readonly links: readonly SharedFile[] };
export type SharedFile = { readonly name: string; readonly url: string; readonly manifestUrl: string };
/** Whole addresses, of the server that has the files: who gets them has no account to go through another one with. */
export async function shareExportAt(serverId: string, exportId: string, hours: number): Promise<SharedExport> {
  const { expiresAt, files } = await post<ExportLink>(at(serverId, `/exports/${id(exportId)}/link`), { hours });
  const origin = await originOf(serverId);
  const whole = (url: string): string => new URL(url, origin).href;
  return {
    expiresAt,
    // What another server says leads nowhere else than to itself.
    links: files
      .filter(({ url, manifestUrl }) => [url, manifestUrl].every((path) => path.startsWith(`${API}/`)))
      .map(({ name, url, manifestUrl }) => ({ name, url: whole(url), manifestUrl: whole(manifestUrl) })),
  };
}
/** Of this box: as it was reached from here. */
async function originOf(serverId: string): Promise<string> {
  const path = at(serverId, '/server');
  if (path === '/server') return location.origin;
  const { addresses, httpPort } = await get<Server>(path);
  return serverUrl({ address: addresses[0], httpPort }) ?? location.origin;
}

export const deleteExportAt = (serverId: string, exportId: string): Promise<void> =>
  remove(at(serverId, `/exports/${id(exportId)}`));
