/** `/cameras/{id}/snapshot.jpg`: the last key frame as a picture. */
import { streamQuery } from '../contract/common.ts';
import type { FootageAccess, StreamRef } from '../footage-access.ts';
import { isoOfNumber, noSuchCamera } from '../footage-query.ts';
import { route } from '../route.ts';
import type { AnyRoute } from '../route.ts';
import { cameraParams } from './recordings.ts';

export type Snapshot = { readonly jpeg: Uint8Array; readonly at: number };
export type SnapshotDeps = Pick<FootageAccess, 'isCamera'> & {
  /** @throws snapshot/no-decoder, snapshot/no-picture, live/no-media */
  readonly takeSnapshot: (stream: StreamRef, signal: AbortSignal) => Promise<Snapshot>;
};

export function snapshotRoutes(deps: SnapshotDeps): readonly AnyRoute[] {
  return [
    route(
      {
        method: 'GET',
        path: '/cameras/:id/snapshot.jpg',
        summary: 'The last key frame as JPEG; needs ffmpeg on this machine.',
        access: 'viewer',
        camera: 'id',
        params: cameraParams,
        query: streamQuery,
        response: { mediaType: 'image/jpeg' },
        problems: { 501: 'snapshot/no-decoder', 503: 'snapshot/no-picture' },
      },
      async ({ params, query, signal }) => {
        if (!deps.isCamera(params.id)) throw noSuchCamera(params.id);
        const { jpeg, at } = await deps.takeSnapshot({ cameraId: params.id, stream: query.stream }, signal);
        return {
          kind: 'bytes',
          body: jpeg,
          mediaType: 'image/jpeg',
          headers: { 'cache-control': 'private, no-store', 'understudy-picture-time': isoOfNumber(at) },
        };
      },
    ),
  ];
}
