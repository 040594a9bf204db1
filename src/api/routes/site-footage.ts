/** `/site/cameras`, `/site/timeline` and the footage of a camera, of the whole site (docs/design/site-views.md). */
import { z } from 'zod';
import { UnderstudyError } from '../../core/errors.ts';
import { maySeeCamera } from '../caller.ts';
import type { Caller } from '../caller.ts';
import { pageOf, pageQuery, streamQuery } from '../contract/common.ts';
import { siteCamera, siteLedger, sitePlaylists, siteTimelineDay } from '../contract/site-footage.ts';
import type { SiteCamera } from '../contract/site-footage.ts';
import { noSuchCamera, rangeOfDay, rangeOfQuery } from '../footage-query.ts';
import { pageOfItems } from '../page.ts';
import { jsonUnlessKnown } from '../etag.ts';
import { HttpError } from '../problem.ts';
import { json, route } from '../route.ts';
import type { Route } from '../route.ts';
import { shownTo } from '../shown-camera.ts';
import type { Site } from '../site/site.ts';
import { cameraParams, footageQuery } from './recordings.ts';

/** A page that draws more asks in parts. */
export const MAX_SITE_TIMELINE_CAMERAS = 128;

export const siteFootageRoutes = (site: Pick<Site, 'cameras' | 'footage'>): readonly Route[] => [
  listCameras(site),
  readCamera(site),
  timeline(site),
  playlists(site),
  cameraLedger(site),
];

type Deps = Pick<Site, 'cameras' | 'footage'>;

function listCameras({ cameras }: Deps): Route {
  return route(
    {
      method: 'GET',
      path: '/site/cameras',
      summary: 'The cameras of the whole site that the caller may see, each once, with who owns and who records it',
      access: 'viewer',
      query: pageQuery,
      response: { json: pageOf(siteCamera) },
    },
    async ({ query, caller }) => {
      const page = pageOfItems(await visible(cameras, caller), query);
      return json({ ...page, items: page.items.map((one) => shownTo(caller, one)) });
    },
  );
}

const visible = async (cameras: Deps['cameras'], caller: Caller): Promise<readonly SiteCamera[]> =>
  (await cameras.list()).filter(({ id }) => maySeeCamera(caller, id));

function readCamera({ cameras }: Deps): Route {
  return route(
    {
      method: 'GET',
      path: '/site/cameras/:id',
      summary: 'One camera of the site',
      access: 'viewer',
      camera: 'id',
      params: cameraParams,
      response: { json: siteCamera },
      problems: { 404: 'camera/unknown' },
    },
    async ({ params, caller }) => {
      const one = (await cameras.list()).find(({ id }) => id === params.id);
      if (one === undefined) throw noSuchCamera(params.id);
      return json(shownTo(caller, one));
    },
  );
}

function timeline({ footage }: Deps): Route {
  return route(
    {
      method: 'GET',
      path: '/site/timeline',
      summary: 'A day (UTC) of cameras as run lists for drawing, whoever recorded them.',
      access: 'viewer',
      query: streamQuery.extend({ day: z.string().max(10), cameras: z.string().max(MAX_SITE_TIMELINE_CAMERAS * 65) }),
      response: { json: siteTimelineDay },
    },
    async ({ query, caller, header }) => {
      rangeOfDay(query.day);
      const ids = [...new Set(query.cameras.split(',').filter((id) => id !== ''))];
      if (ids.length > MAX_SITE_TIMELINE_CAMERAS)
        throw new UnderstudyError(
          'invalid',
          'timeline/too-many-cameras',
          `Expected at most ${MAX_SITE_TIMELINE_CAMERAS} cameras.`,
        );
      const hidden = ids.find((id) => !maySeeCamera(caller, id));
      if (hidden !== undefined)
        throw new HttpError(403, 'camera/forbidden', `You may not see the camera ${hidden.slice(0, 64)}.`);
      const day = await footage.timeline(query.day, query.stream, ids);
      return jsonUnlessKnown(day, header('if-none-match'));
    },
  );
}

function playlists({ footage }: Deps): Route {
  return route(
    {
      method: 'GET',
      path: '/site/cameras/:id/playlists',
      summary: 'What to load one after the other to play a range, over all servers that hold a part of it.',
      access: 'viewer',
      camera: 'id',
      params: cameraParams,
      query: footageQuery,
      response: { json: sitePlaylists },
    },
    async ({ params, query }) => {
      const range = rangeOfQuery(query);
      const answer = await footage.playlists({ cameraId: params.id, stream: query.stream }, range);
      if (answer.items.length === 0) await checkKnown(footage, params.id);
      return json(answer);
    },
  );
}

function cameraLedger({ footage }: Deps): Route {
  return route(
    {
      method: 'GET',
      path: '/site/cameras/:id/ledger',
      summary:
        'Every second of the range, over the whole site: recorded, missing with a cause, not expected, or not known now.',
      access: 'viewer',
      camera: 'id',
      params: cameraParams,
      query: footageQuery,
      response: { json: siteLedger },
    },
    async ({ params, query }) => {
      const range = rangeOfQuery(query);
      const answer = await footage.ledger({ cameraId: params.id, stream: query.stream }, range);
      if (answer.spans.every(({ state }) => state === 'not-expected')) await checkKnown(footage, params.id);
      return json(answer);
    },
  );
}

async function checkKnown(footage: Deps['footage'], cameraId: string): Promise<void> {
  if (!(await footage.isCamera(cameraId))) throw noSuchCamera(cameraId);
}
