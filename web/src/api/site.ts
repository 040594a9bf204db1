/** The site as the UI sees it from any of its boxes: cameras of all servers, the servers themselves. */
import type { z } from 'zod';
import type { SiteCamera } from '../../../src/api/contract/site-footage.ts';
import type { SiteServerView, siteStatus } from '../../../src/api/contract/site.ts';
import { all, type StreamName } from './api.ts';
import { get } from './client.ts';

export type { SiteCamera, SiteServerRef, SiteServerRef as ServerName } from '../../../src/api/contract/site-footage.ts';
export type { SiteServerView } from '../../../src/api/contract/site.ts';
export type SiteCounts = z.infer<typeof siteStatus>['counts'];

const id = encodeURIComponent;

export const siteCameras = (): Promise<readonly SiteCamera[]> => all('/site/cameras');
export const siteCamera = (cameraId: string): Promise<SiteCamera> => get(`/site/cameras/${id(cameraId)}`);
/** Of whoever records the camera now; closed when that changes. */
export const livePath = (cameraId: string, stream: StreamName, audio = false): string =>
  `/site/cameras/${id(cameraId)}/live?stream=${stream}${audio ? '&audio=true' : ''}`;

export const siteServers = (): Promise<readonly SiteServerView[]> => all('/site/status');
export const siteCounts = async (): Promise<SiteCounts> =>
  (await get<{ readonly counts: SiteCounts }>('/site/status?limit=1')).counts;
