/** `/cameras/{id}/snapshots`: pictures that stay. One made for the moment: snapshot.ts. */
import { z } from 'zod';
import { mapAtOnce } from '../../core/at-once.ts';
import { parseIso } from '../../core/clock.ts';
import { UnderstudyError } from '../../core/errors.ts';
import { signedIn } from '../caller.ts';
import { snapshotPage, snapshotQuery, storedSnapshot, takeSnapshotRequest } from '../contract/snapshots.ts';
import type { StoredSnapshot } from '../contract/snapshots.ts';
import type { FootageAccess, MillisecondRange, StreamRef } from '../footage-access.ts';
import { noSuchCamera } from '../footage-query.ts';
import { pageOfItems } from '../page.ts';
import { empty, json, route } from '../route.ts';
import type { AnyRoute } from '../route.ts';
import { cameraParams } from './recordings.ts';

/** One of a list; what is to be known of it is read when it is shown. */
export type SnapshotRef = { readonly id: string; readonly describe: () => Promise<StoredSnapshot | undefined> };
export type SnapshotPicture = { readonly bytes: Uint8Array; readonly mediaType: string };
export type TakenBy = { readonly user: string; readonly note: string | undefined; readonly signal: AbortSignal };
export type StoredSnapshotDeps = Pick<FootageAccess, 'isCamera'> & {
  /** @throws snapshot/too-many, snapshot/no-volume, snapshot/not-recorded, and as a snapshot that is not stored */
  readonly take: (stream: StreamRef, by: TakenBy) => Promise<StoredSnapshot>;
  /** Newest first. */
  readonly list: (
    cameraId: string,
    range: MillisecondRange,
  ) => Promise<{ readonly items: readonly SnapshotRef[]; readonly away: readonly string[] }>;
  readonly picture: (cameraId: string, id: string) => Promise<SnapshotPicture | undefined>;
  /** False: there is none. */
  readonly remove: (cameraId: string, id: string, user: string) => Promise<boolean>;
};

const params = z.object({ ...cameraParams.shape, snapshot: z.string().max(96) });
/** Files read. */
const AT_ONCE = 16;
/** Behind every date that a clock may say. */
const LAST_MS = 2 ** 47;

export const storedSnapshotRoutes = (deps: StoredSnapshotDeps): readonly AnyRoute[] => [
  takeRoute(deps),
  listRoute(deps),
  pictureRoute(deps),
  removeRoute(deps),
];

function takeRoute(deps: StoredSnapshotDeps): AnyRoute {
  return route(
    {
      method: 'POST',
      path: '/cameras/:id/snapshots',
      summary: 'Stores the last key frame as a picture beside the footage: JPEG, or MP4 of one picture without ffmpeg.',
      access: 'operator',
      camera: 'id',
      whenLocked: 'open',
      params: cameraParams,
      body: takeSnapshotRequest,
      response: { status: 201, json: storedSnapshot },
      problems: { 409: 'snapshot/not-recorded', 429: 'snapshot/too-many', 503: 'snapshot/no-volume' },
    },
    async (request) => {
      const { id: cameraId } = request.params;
      if (!deps.isCamera(cameraId)) throw noSuchCamera(cameraId);
      const { stream, note } = request.body;
      const by = { user: signedIn(request.caller).name, note, signal: request.signal };
      return { kind: 'json', status: 201, body: await deps.take({ cameraId, stream }, by) };
    },
  );
}

function listRoute(deps: StoredSnapshotDeps): AnyRoute {
  return route(
    {
      method: 'GET',
      path: '/cameras/:id/snapshots',
      summary: 'Stored snapshots of a camera, newest first, also those that a failover server keeps.',
      access: 'viewer',
      camera: 'id',
      params: cameraParams,
      query: snapshotQuery,
      response: { json: snapshotPage },
    },
    async (request) => {
      const { id: cameraId } = request.params;
      if (!deps.isCamera(cameraId)) throw noSuchCamera(cameraId);
      const { start, end, ...page } = request.query;
      const range = { start: timeOf(start) ?? 0, end: timeOf(end) ?? LAST_MS };
      const { items, away } = await deps.list(cameraId, range);
      const { items: refs, next } = pageOfItems(items, page);
      const shown = await mapAtOnce(refs, AT_ONCE, async ({ describe }) => await describe());
      const found = shown.filter((one) => one !== undefined);
      return json({ items: found, away: [...away], ...(next === undefined ? {} : { next }) });
    },
  );
}

const timeOf = (text: string | undefined): number | undefined => (text === undefined ? undefined : parseIso(text));

function pictureRoute(deps: StoredSnapshotDeps): AnyRoute {
  return route(
    {
      method: 'GET',
      path: '/cameras/:id/snapshots/:snapshot',
      summary: 'The picture of a stored snapshot: `image/jpeg`, or `video/mp4` of one picture.',
      access: 'viewer',
      camera: 'id',
      params,
      response: { mediaType: 'image/jpeg' },
      problems: { 404: 'snapshot/unknown' },
    },
    async (request) => {
      const { id, snapshot } = request.params;
      const picture = await deps.picture(id, snapshot);
      if (picture === undefined) throw unknown();
      const headers = { 'cache-control': 'private, no-store', 'content-length': String(picture.bytes.length) };
      return { kind: 'bytes', body: picture.bytes, mediaType: picture.mediaType, headers };
    },
  );
}

function removeRoute(deps: StoredSnapshotDeps): AnyRoute {
  return route(
    {
      method: 'DELETE',
      path: '/cameras/:id/snapshots/:snapshot',
      summary: 'Deletes a stored snapshot, wherever it lies.',
      access: 'operator',
      camera: 'id',
      whenLocked: 'open',
      params,
      response: { status: 204 },
      problems: { 404: 'snapshot/unknown' },
    },
    async (request) => {
      const { id, snapshot } = request.params;
      if (!(await deps.remove(id, snapshot, signedIn(request.caller).name))) throw unknown();
      return empty();
    },
  );
}

const unknown = (): UnderstudyError =>
  new UnderstudyError('not-found', 'snapshot/unknown', 'There is no such snapshot (any more).');
