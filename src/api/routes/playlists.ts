/** Playback: `/cameras/{id}/playlists`, `playlist.m3u8`, and the bytes of segments. */
import { Readable } from 'node:stream';
import { z } from 'zod';
import type { Segment } from '../../archive/catalogue-types.ts';
import { UnderstudyError } from '../../core/errors.ts';
import { parseByteRange } from '../byte-range.ts';
import { pageOf } from '../contract/common.ts';
import { playlistEpoch } from '../contract/footage.ts';
import type { FootageAccess, MillisecondRange, SegmentBytes } from '../footage-access.ts';
import { isoOfNumber, noSuchCamera, rangeOfQuery } from '../footage-query.ts';
import { encodePlaylist, layoutEpochsOf, parseSegmentId } from '../playlist.ts';
import { HttpError } from '../problem.ts';
import { json, route } from '../route.ts';
import type { AnyRoute, Reply } from '../route.ts';
import { hideAudio } from '../video-only.ts';
import { cameraParams, footageQuery } from './recordings.ts';

export type PlaylistDeps = Pick<FootageAccess, 'isCamera' | 'segmentsOf' | 'awayOf' | 'segmentAt' | 'openSegment'>;

/** A day at one key frame a second makes a playlist of 13 MB; a player that asks for more asks in parts. */
const MAX_PLAYLIST_MS = 26 * 3_600_000;
const CHUNK_BYTES = 256 * 1024;
/** A group of pictures is changed as a whole when audio is hidden: 64 s at 4 Mbit/s. */
const MAX_CHANGED_BYTES = 32 * 1024 * 1024;

export function playlistRoutes(deps: PlaylistDeps): readonly AnyRoute[] {
  const found = (id: string, query: z.output<typeof footageQuery>): readonly [readonly Segment[], MillisecondRange] => {
    if (!deps.isCamera(id)) throw noSuchCamera(id);
    const range = rangeOfQuery(query);
    return [deps.segmentsOf({ cameraId: id, stream: query.stream }, range), range];
  };
  return [
    route(
      {
        method: 'GET',
        path: '/cameras/:id/playlists',
        summary: 'What to load one after the other to play a range: one playlist a layout epoch.',
        access: 'viewer',
        camera: 'id',
        params: cameraParams,
        query: footageQuery,
        response: { json: pageOf(playlistEpoch) },
      },
      ({ params, query }) => {
        const [segments, range] = found(params.id, query);
        const items = layoutEpochsOf(segments, range).map(({ start, end, layoutHash, codec }) => {
          const times = { start: isoOfNumber(start), end: isoOfNumber(end) };
          const search = new URLSearchParams({ ...times, stream: query.stream }).toString();
          const url = `/api/v1/cameras/${params.id}/playlist.m3u8?${search}`;
          return { ...times, layoutEpoch: layoutHash.slice(0, 16), codec, url };
        });
        return json({ items });
      },
    ),
    route(
      {
        method: 'GET',
        path: '/cameras/:id/playlist.m3u8',
        summary: 'HLS playlist of byte ranges over segment files.',
        access: 'viewer',
        camera: 'id',
        params: cameraParams,
        query: footageQuery,
        response: { mediaType: 'application/vnd.apple.mpegurl' },
        problems: { 404: 'footage/nothing-recorded', 503: 'footage/keeper-away' },
      },
      ({ params, query }) => {
        const [segments, range] = found(params.id, query);
        if (range.end - range.start > MAX_PLAYLIST_MS)
          throw new UnderstudyError('invalid', 'footage/range-too-long', 'Expected at most 26 hours in a playlist.');
        if (layoutEpochsOf(segments, range).length === 0)
          throw nothingToPlay(deps.awayOf({ cameraId: params.id, stream: query.stream }, range));
        return {
          kind: 'bytes',
          body: encodePlaylist(segments, range),
          mediaType: 'application/vnd.apple.mpegurl',
          headers: { 'cache-control': 'private, no-store' },
        };
      },
    ),
    segmentRoute(deps),
  ];
}

function nothingToPlay([away]: readonly { readonly detail: string }[]): UnderstudyError {
  return away === undefined
    ? new UnderstudyError('not-found', 'footage/nothing-recorded', 'Nothing is recorded in this range.')
    : new UnderstudyError('unavailable', 'footage/keeper-away', `This footage cannot be played now. ${away.detail}`);
}

function segmentRoute(deps: PlaylistDeps): AnyRoute {
  return route(
    {
      method: 'GET',
      path: '/cameras/:id/segments/:segment',
      summary: 'Bytes of a segment file; ranges are understood. `tracks=video` hides audio that browsers cannot play.',
      access: 'viewer',
      camera: 'id',
      params: cameraParams.extend({ segment: z.string().max(600) }),
      query: z.object({ tracks: z.enum(['all', 'video']).default('all') }),
      response: { mediaType: 'video/mp4' },
      problems: { 404: 'footage/no-such-segment', 416: 'footage/no-such-range', 503: 'footage/keeper-away' },
    },
    async ({ params, query, header, signal }) => {
      const segment = segmentOf(deps, params.id, params.segment);
      const range = parseByteRange(header('range'), segment.bytes);
      if (range.kind === 'unsatisfiable')
        throw new HttpError(416, 'footage/no-such-range', `This segment has ${segment.bytes} bytes.`, {
          headers: { 'content-range': `bytes */${segment.bytes}` },
        });
      const { start, end } = range.kind === 'part' ? range : { start: 0, end: segment.bytes };
      const file = await deps.openSegment(segment);
      const body =
        query.tracks === 'video'
          ? await withoutAudio(file, start, end)
          : Readable.from(chunksOf(file, start, end, signal));
      return partOf(body, { start, end, size: segment.bytes, whole: range.kind === 'whole' });
    },
  );
}

/** @throws footage/no-such-segment also for one of another camera: an id must not tell what else there is. */
function segmentOf(deps: PlaylistDeps, cameraId: string, text: string): Segment {
  const id = parseSegmentId(text.replace(/\.mp4$/, ''));
  const segment = id === undefined ? undefined : deps.segmentAt(id.volumeId, id.path);
  if (segment?.cameraId !== cameraId)
    throw new UnderstudyError('not-found', 'footage/no-such-segment', 'There is no such segment (any more).');
  return segment;
}

type Part = { readonly start: number; readonly end: number; readonly size: number; readonly whole: boolean };
function partOf(body: Readable | Uint8Array, { start, end, size, whole }: Part): Reply<never> {
  const headers = {
    'accept-ranges': 'bytes',
    'content-length': String(end - start),
    // What is durable never changes; an open segment only grows behind it.
    'cache-control': 'private, max-age=3600',
    ...(whole ? {} : { 'content-range': `bytes ${start}-${end - 1}/${size}` }),
  };
  return { kind: 'bytes', body, mediaType: 'video/mp4', status: whole ? 200 : 206, headers };
}

async function withoutAudio(file: SegmentBytes, start: number, end: number): Promise<Uint8Array> {
  try {
    if (end - start > MAX_CHANGED_BYTES)
      throw new HttpError(422, 'footage/range-needed', `With tracks=video ask for at most ${MAX_CHANGED_BYTES} bytes.`);
    const bytes = await file.read(start, end - start);
    if (!hideAudio(bytes))
      throw new HttpError(422, 'footage/range-not-at-box', 'With tracks=video a range begins where the playlist says.');
    return bytes;
  } finally {
    await file.close();
  }
}

async function* chunksOf(
  file: SegmentBytes,
  start: number,
  end: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  try {
    for (let at = start; at < end && !signal.aborted;) {
      const bytes = await file.read(at, Math.min(CHUNK_BYTES, end - at));
      if (bytes.length === 0)
        throw new UnderstudyError('corrupt', 'footage/segment-short', 'The segment file is shorter than it was.');
      at += bytes.length;
      yield bytes;
    }
  } finally {
    await file.close();
  }
}
