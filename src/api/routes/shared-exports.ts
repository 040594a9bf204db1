/** Links to exports: made by whoever may export, fetched by whoever has one. Does not: how they are signed (export-links.ts). */
import { z } from 'zod';
import type { Clock } from '../../core/clock.ts';
import { isoOf } from '../../core/clock.ts';
import { UnderstudyError } from '../../core/errors.ts';
import { epochMs } from '../../core/units.ts';
import type { ActivityLog } from '../activity.ts';
import { signedIn } from '../caller.ts';
import type { Caller } from '../caller.ts';
import { createExportLinkRequest, exportLink } from '../contract/footage.ts';
import type { ExportJob } from '../contract/footage.ts';
import { downloadOf } from '../export-download.ts';
import type { ExportedFile } from '../export-download.ts';
import { createExportLinks } from '../export-links.ts';
import type { ExportLinks } from '../export-links.ts';
import { HttpError } from '../problem.ts';
import { json, route } from '../route.ts';
import type { Reply, Route } from '../route.ts';

export type SharedExportDeps = {
  readonly exportOf: (id: string) => ExportJob | undefined;
  readonly openExport: (job: ExportJob, part: 'video' | 'manifest', file: string | undefined) => Promise<ExportedFile>;
  /** Of this server alone: what links are signed under. */
  readonly linkSecret: Uint8Array;
  readonly clock: Pick<Clock, 'now'>;
  readonly activity: Pick<ActivityLog, 'record'>;
};
/** @throws export/unknown, also for a camera that the caller may not see */
type JobOf = (id: string, caller: Caller) => ExportJob;

const HOUR_MS = 3_600_000;
const params = z.object({ id: z.string().max(64) });
/** `file`: which of several; the first one if absent. */
const linkQuery = z.object({ key: z.string().max(80), file: z.string().max(255).optional() });

export function sharedExportRoutes(deps: SharedExportDeps, jobOf: JobOf): readonly Route[] {
  const links = createExportLinks(deps.linkSecret);
  return [linkRoute(deps, links, jobOf), fetchRoute(deps, links, 'video'), fetchRoute(deps, links, 'manifest')];
}

/** @throws export/not-done */
export function doneOnly(job: ExportJob): ExportJob {
  if (job.state === 'done') return job;
  throw new UnderstudyError('conflict', 'export/not-done', `This export is ${job.state}; wait until it is done.`);
}

function linkRoute({ clock, activity }: SharedExportDeps, links: ExportLinks, jobOf: JobOf): Route {
  return route(
    {
      method: 'POST',
      path: '/exports/:id/link',
      summary: 'Addresses by which anybody fetches the files of an export, without an account, until they expire.',
      access: 'operator',
      whenLocked: 'open',
      params,
      body: createExportLinkRequest,
      response: { json: exportLink },
      problems: { 404: 'export/unknown', 409: 'export/not-done' },
    },
    ({ params: { id }, body, caller }) => {
      const job = doneOnly(jobOf(id, caller));
      const until = clock.now() + body.hours * HOUR_MS;
      const key = links.keyFor(id, until);
      const urlOf = (part: string, file: string): string =>
        `/api/v1/shared-exports/${id}/${part}?${new URLSearchParams({ key, file }).toString()}`;
      const message = `A link to an export was made that works without an account until ${isoOf(epochMs(until))}.`;
      const user = signedIn(caller).name;
      activity.record({ severity: 'info', code: 'export-linked', message, cameraId: job.cameraId, user });
      const files = job.files.map(({ name, bytes }) => ({
        name,
        bytes,
        url: urlOf('video', name),
        manifestUrl: urlOf('manifest', name),
      }));
      return json({ expiresAt: isoOf(epochMs(until)), files }, { 'cache-control': 'no-store' });
    },
  );
}

function fetchRoute(deps: SharedExportDeps, links: ExportLinks, part: 'video' | 'manifest'): Route {
  return route(
    {
      method: 'GET',
      path: `/shared-exports/:id/${part}`,
      summary: `The ${part === 'video' ? 'MP4 file' : 'signed manifest'} of an export, by a link to it.`,
      access: 'public',
      params,
      query: linkQuery,
      response: { mediaType: part === 'video' ? 'video/mp4' : 'application/json' },
      problems: { 404: 'export/link-unknown', 410: 'export/link-expired' },
    },
    async ({ params: { id }, query, address, header }) => {
      const verdict = links.check(id, query.key, deps.clock.now());
      const job = verdict === 'good' ? deps.exportOf(id) : undefined;
      // Whoever has no link is not told either whether there is such an export.
      if (job === undefined) return refused(verdict === 'expired' ? expired() : unknown(), header('accept'));
      const message = `The ${part} of an export was fetched by a link, from ${address}.`;
      const reply = downloadOf(await deps.openExport(doneOnly(job), part, query.file));
      deps.activity.record({ severity: 'info', code: 'export-fetched', message, cameraId: job.cameraId });
      return reply;
    },
  );
}

/** In a browser, where somebody has followed the link, the sentence alone. @throws HttpError for all others */
function refused(error: HttpError, accept: string | undefined): Reply<never> {
  if (accept?.includes('text/html') !== true) throw error;
  const headers = { 'cache-control': 'no-store' };
  return { kind: 'bytes', status: error.status, mediaType: 'text/plain; charset=utf-8', body: error.message, headers };
}

const unknown = (): HttpError =>
  new HttpError(
    404,
    'export/link-unknown',
    'This link leads to nothing (any more): it is not whole, or the export was deleted. Ask whoever gave it to you.',
  );
const expired = (): HttpError =>
  new HttpError(410, 'export/link-expired', 'This link has expired. Ask whoever gave it to you for a new one.');
