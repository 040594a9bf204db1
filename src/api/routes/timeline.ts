/** `/timeline`: a day of many cameras as run lists, with an ETag. */
import { z } from 'zod';
import type { AccountSpan } from '../../ledger/account.ts';
import { MISSING_CAUSES } from '../../ledger/causes.ts';
import type { MissingCause } from '../../ledger/causes.ts';
import { maySeeCamera } from '../caller.ts';
import { streamQuery } from '../contract/common.ts';
import { timelineDay } from '../contract/footage.ts';
import type { TimelineDay } from '../contract/footage.ts';
import type { FootageAccess } from '../footage-access.ts';
import { isoOfNumber, rangeOfDay } from '../footage-query.ts';
import { jsonUnlessKnown } from '../etag.ts';
import { HttpError } from '../problem.ts';
import { route } from '../route.ts';
import type { AnyRoute } from '../route.ts';

export type TimelineDeps = Pick<FootageAccess, 'isCamera' | 'accountOf'>;
const MAX_TIMELINE_CAMERAS = 128;
const CAUSES: TimelineDay['causes'] = [...MISSING_CAUSES];

export function timelineRoutes(deps: TimelineDeps): readonly AnyRoute[] {
  return [
    route(
      {
        method: 'GET',
        path: '/timeline',
        summary: 'A day (UTC) of cameras as run lists for drawing.',
        access: 'viewer',
        query: streamQuery.extend({ day: z.string().max(10), cameras: z.string().max(128 * 65) }),
        response: { json: timelineDay },
      },
      ({ query, caller, header }) => {
        const range = rangeOfDay(query.day);
        const ids = [...new Set(query.cameras.split(',').filter((id) => id !== ''))];
        if (ids.length > MAX_TIMELINE_CAMERAS)
          throw new HttpError(422, 'timeline/too-many-cameras', `Expected at most ${MAX_TIMELINE_CAMERAS} cameras.`);
        const hidden = ids.find((id) => !maySeeCamera(caller, id));
        if (hidden !== undefined) throw new HttpError(403, 'camera/forbidden', `You may not see the camera ${hidden}.`);
        const cameras = ids
          .filter((id) => deps.isCamera(id))
          .map((cameraId) => runsOf(cameraId, deps.accountOf({ cameraId, stream: query.stream }, range), range.start));
        const day: TimelineDay = { dayStart: isoOfNumber(range.start), cameras, causes: CAUSES };
        return jsonUnlessKnown(day, header('if-none-match'));
      },
    ),
  ];
}

type CameraRuns = TimelineDay['cameras'][number];
function runsOf(cameraId: string, account: readonly AccountSpan[], dayStart: number): CameraRuns {
  const recorded: CameraRuns['recorded'] = [];
  const missing: CameraRuns['missing'] = [];
  for (const span of account) {
    const [start, end] = [span.start - dayStart, span.end - dayStart];
    if (span.state === 'missing') missing.push([start, end, causeIndexOf(span.cause)]);
    else if (span.state !== 'not-expected') recorded.push([start, end, span.state === 'returned' ? 2 : 0]);
  }
  return { cameraId, recorded, missing };
}

const causeIndexOf = (cause: MissingCause): number => CAUSES.indexOf(cause);
