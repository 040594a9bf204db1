/** `/exports`: footage cut into files to keep, as jobs; and `/cameras/{id}/export.mp4`, one cut at once. */
import { z } from 'zod';
import { UnderstudyError } from '../../core/errors.ts';
import { maySeeCamera } from '../caller.ts';
import type { Caller } from '../caller.ts';
import { pageOf, pageQuery } from '../contract/common.ts';
import { createExportRequest, exportJob } from '../contract/footage.ts';
import type { ExportJob } from '../contract/footage.ts';
import type { FootageAccess, MillisecondRange, StreamRef } from '../footage-access.ts';
import { downloadOf } from '../export-download.ts';
import type { ExportedFile } from '../export-download.ts';
import { noSuchCamera, rangeOfQuery } from '../footage-query.ts';
import { pageOfItems } from '../page.ts';
import { HttpError } from '../problem.ts';
import { empty, json, route } from '../route.ts';
import type { AnyRoute } from '../route.ts';
import { cameraParams, footageQuery } from './recordings.ts';
import { doneOnly, sharedExportRoutes } from './shared-exports.ts';
import type { SharedExportDeps } from './shared-exports.ts';

export type ExportDeps = Pick<FootageAccess, 'isCamera'> & ExportWork & SharedExportDeps;
/** What makes them, keeps them and reads them. */
export type ExportWork = Pick<SharedExportDeps, 'exportOf' | 'openExport'> & {
  /** @throws export/too-many, export/nothing-recorded */
  readonly createExport: (stream: StreamRef, range: MillisecondRange) => ExportJob;
  /** Newest first. */
  readonly listExports: () => readonly ExportJob[];
  /** Stops it if it runs, and removes its files. */
  readonly deleteExport: (id: string) => Promise<void>;
  /** Cuts at once: the first layout of the range only, because one file has one. */
  readonly streamExport: (stream: StreamRef, range: MillisecondRange, signal: AbortSignal) => Promise<ExportedFile>;
};

const params = z.object({ id: z.string().max(64) });
/** Which of several files; the first one if absent. */
const fileQuery = z.object({ file: z.string().max(255).optional() });

export function exportRoutes(deps: ExportDeps): readonly AnyRoute[] {
  return [
    createRoute(deps),
    ...listRoutes(deps),
    downloadRoute(deps, 'video'),
    downloadRoute(deps, 'manifest'),
    cutRoute(deps),
    ...sharedExportRoutes(deps, (id, caller) => jobOf(deps, id, caller)),
  ];
}

function createRoute(deps: ExportDeps): AnyRoute {
  return route(
    {
      method: 'POST',
      path: '/exports',
      summary: 'Cuts footage of one or several cameras into files, one job a camera.',
      access: 'operator',
      whenLocked: 'open',
      body: createExportRequest,
      response: { status: 201, json: pageOf(exportJob) },
      problems: { 404: 'export/nothing-recorded', 429: 'export/too-many' },
    },
    ({ body, caller }) => {
      const range = rangeOfQuery(body);
      for (const id of body.cameraIds) {
        if (!maySeeCamera(caller, id)) throw notYours();
        if (!deps.isCamera(id)) throw noSuchCamera(id);
      }
      const ids = [...new Set(body.cameraIds)];
      const items = ids.map((cameraId) => deps.createExport({ cameraId, stream: body.stream }, range));
      return { kind: 'json', status: 201, body: { items } };
    },
  );
}

function listRoutes(deps: ExportDeps): readonly AnyRoute[] {
  return [
    route(
      {
        method: 'GET',
        path: '/exports',
        summary: 'Export jobs, newest first.',
        access: 'viewer',
        query: pageQuery,
        response: { json: pageOf(exportJob) },
      },
      ({ query, caller }) =>
        json(
          pageOfItems(
            deps.listExports().filter(({ cameraId }) => maySeeCamera(caller, cameraId)),
            query,
          ),
        ),
    ),
    route(
      {
        method: 'GET',
        path: '/exports/:id',
        summary: 'One export job.',
        access: 'viewer',
        params,
        response: { json: exportJob },
      },
      (request) => json(jobOf(deps, request.params.id, request.caller)),
    ),
    route(
      {
        method: 'DELETE',
        path: '/exports/:id',
        summary: 'Stops an export and removes its files.',
        access: 'operator',
        whenLocked: 'open',
        params,
        response: { status: 204 },
      },
      async (request) => {
        await deps.deleteExport(jobOf(deps, request.params.id, request.caller).id);
        return empty();
      },
    ),
  ];
}

function downloadRoute(deps: ExportDeps, part: 'video' | 'manifest'): AnyRoute {
  const mediaType = part === 'video' ? 'video/mp4' : 'application/json';
  return route(
    {
      method: 'GET',
      path: `/exports/:id/${part}`,
      summary: part === 'video' ? 'The MP4 file of an export.' : 'The signed manifest of an export.',
      access: 'viewer',
      params,
      query: fileQuery,
      response: { mediaType },
      problems: { 409: 'export/not-done' },
    },
    async (request) => {
      const job = doneOnly(jobOf(deps, request.params.id, request.caller));
      return downloadOf(await deps.openExport(job, part, request.query.file));
    },
  );
}

function cutRoute(deps: ExportDeps): AnyRoute {
  return route(
    {
      method: 'GET',
      path: '/cameras/:id/export.mp4',
      summary: 'Footage of a range as one MP4 file, from the key frame at or before its start.',
      access: 'operator',
      camera: 'id',
      params: cameraParams,
      query: footageQuery,
      response: { mediaType: 'video/mp4' },
      problems: { 404: 'export/nothing-recorded', 409: 'export/several-files' },
    },
    async (request) => {
      const { id } = request.params;
      if (!deps.isCamera(id)) throw noSuchCamera(id);
      const stream = { cameraId: id, stream: request.query.stream };
      return downloadOf(await deps.streamExport(stream, rangeOfQuery(request.query), request.signal));
    },
  );
}

function jobOf(deps: ExportDeps, id: string, caller: Caller): ExportJob {
  const job = deps.exportOf(id);
  // Of a camera that the caller may not see there is nothing to tell, not even that there is an export.
  if (job === undefined || !maySeeCamera(caller, job.cameraId))
    throw new UnderstudyError('not-found', 'export/unknown', 'There is no such export (any more).');
  return job;
}

const notYours = (): HttpError =>
  new HttpError(403, 'auth/camera', 'This account has no permission for one of these cameras.');
