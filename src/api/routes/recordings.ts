/** `/cameras/{id}/recordings`: what was recorded, as spans. */
import { z } from 'zod';
import type { Segment } from '../../archive/catalogue-types.ts';
import { JITTER_MS } from '../../ledger/account.ts';
import { normalise, rangeOf } from '../../ledger/spans.ts';
import { pageOf, rangeQuery, streamQuery } from '../contract/common.ts';
import { recordingSpan } from '../contract/footage.ts';
import type { RecordingSpan } from '../contract/footage.ts';
import type { FootageAccess, MillisecondRange } from '../footage-access.ts';
import { isoOfNumber, noSuchCamera, rangeOfQuery } from '../footage-query.ts';
import { playableCodecOf } from '../playlist.ts';
import { json, route } from '../route.ts';
import type { AnyRoute } from '../route.ts';

export type RecordingDeps = Pick<FootageAccess, 'isCamera' | 'segmentsOf' | 'serverNameOf'>;
export const cameraParams: z.ZodObject<{ id: z.ZodString }> = z.object({ id: z.string().max(64) });
export const footageQuery: z.ZodObject<typeof rangeQuery.shape & typeof streamQuery.shape> = rangeQuery.extend(
  streamQuery.shape,
);

export function recordingRoutes(deps: RecordingDeps): readonly AnyRoute[] {
  return [
    route(
      {
        method: 'GET',
        path: '/cameras/:id/recordings',
        summary: 'Spans of footage in time order.',
        access: 'viewer',
        camera: 'id',
        params: cameraParams,
        query: footageQuery,
        response: { json: pageOf(recordingSpan) },
      },
      ({ params, query }) => {
        if (!deps.isCamera(params.id)) throw noSuchCamera(params.id);
        const range = rangeOfQuery(query);
        const segments = deps.segmentsOf({ cameraId: params.id, stream: query.stream }, range);
        return json({ items: joined(segments.flatMap((segment) => spansOf(segment, range, deps))).map(toWire) });
      },
    ),
  ];
}

type Span = MillisecondRange & Omit<RecordingSpan, 'start' | 'end'>;

function spansOf(segment: Segment, range: MillisecondRange, { serverNameOf }: RecordingDeps): readonly Span[] {
  const { serverId, layoutHash, video, bytes } = segment;
  const length = Math.max(1, segment.end - segment.start);
  return normalise(
    segment.spans.map(({ start, end }) => rangeOf(Math.max(start, range.start), Math.min(end, range.end))),
    JITTER_MS,
  ).map(({ start, end }) => ({
    start,
    end,
    recordedBy: { serverId, name: serverNameOf(serverId) },
    origin: segment.returned === undefined ? 'own' : 'returned',
    layoutEpoch: layoutHash.slice(0, 16),
    codec: video.codecString,
    playlistCodec: playableCodecOf(segment),
    // A share of the file: bytes are not kept by time.
    bytes: Math.round((bytes * (end - start)) / length),
  }));
}

/** Footage that goes on in the next file is one span. */
function joined(spans: readonly Span[]): readonly Span[] {
  const result: Span[] = [];
  for (const span of spans) {
    const last = result.at(-1);
    const same = last?.layoutEpoch === span.layoutEpoch && last.recordedBy.serverId === span.recordedBy.serverId;
    if (last !== undefined && same && span.start <= last.end + JITTER_MS)
      result[result.length - 1] = { ...last, end: Math.max(last.end, span.end), bytes: last.bytes + span.bytes };
    else result.push(span);
  }
  return result;
}

const toWire = ({ start, end, ...more }: Span): RecordingSpan => ({
  start: isoOfNumber(start),
  end: isoOfNumber(end),
  ...more,
});
