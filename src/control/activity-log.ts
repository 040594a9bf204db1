/** The activity log over the catalogue; every entry is a live event too. */
import type { ActivityLog, ActivityQuery } from '../api/activity.ts';
import type { LiveEvent, LogEntry } from '../api/contract/events.ts';
import type { Catalogue, LogRow } from '../archive/catalogue-types.ts';
import { isoOf } from '../core/clock.ts';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import { epochMs } from '../core/units.ts';

/** A year of a calm box, some months of a busy one; about 60 MB. */
export const MAX_LOG_ROWS = 200_000;
export const LOG_DAYS = 365;
/** Rows looked at in one go when entries of other cameras must be left out. */
const MAX_LOOKED_AT = 10_000;

export type ActivityLogDeps = {
  readonly catalogue: Pick<Catalogue, 'log'>;
  readonly publish: (event: LiveEvent) => void;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
};

export function createActivityLog({ catalogue, publish, clock, log }: ActivityLogDeps): ActivityLog {
  return {
    record: (entry) => {
      const { severity, code, message, cameraId, volumeId, user } = entry;
      const row = { at: clock.now(), severity, code, message, cameraId, volumeId, user };
      try {
        const id = catalogue.log.add(row);
        publish({ kind: 'log', entry: entryOf({ id, ...row }) });
      } catch (error) {
        log.error('activity could not be booked', { code, error });
      }
    },
    find: (query) => pageOf(query, (before, limit) => catalogue.log.find({ ...filterOf(query), before, limit })),
  };
}

const filterOf = ({
  since,
  until,
  severity,
  code,
  codes,
  cameraId,
  user,
  text,
}: ActivityQuery): Omit<ActivityQuery, 'limit' | 'cursor' | 'cameraIds'> => ({
  since,
  until,
  severity,
  code,
  codes,
  cameraId,
  user,
  text,
});

type Read = (before: number | undefined, limit: number) => readonly LogRow[];
function pageOf({ limit, cursor, cameraIds }: ActivityQuery, read: Read): ReturnType<ActivityLog['find']> {
  const maySee = ({ cameraId }: LogRow): boolean =>
    cameraId === undefined || cameraIds === undefined || cameraIds.includes(cameraId);
  const items: LogRow[] = [];
  let before = cursor === undefined || !/^\d{1,15}$/.test(cursor) ? undefined : Number(cursor);
  for (let looked = 0; looked < MAX_LOOKED_AT;) {
    const rows = read(before, limit);
    for (const row of rows) if (items.length < limit && maySee(row)) items.push(row);
    looked += rows.length;
    before = (items.length === limit ? items.at(-1) : rows.at(-1))?.id;
    if (rows.length < limit) return { items: items.map(entryOf), next: undefined };
    if (items.length === limit) break;
  }
  return { items: items.map(entryOf), next: before === undefined ? undefined : String(before) };
}

function entryOf({ id, at, severity, code, message, cameraId, volumeId, user }: LogRow): LogEntry {
  return {
    id: String(id),
    at: isoOf(epochMs(at)),
    severity,
    code,
    message,
    ...(cameraId === undefined ? {} : { cameraId }),
    ...(volumeId === undefined ? {} : { volumeId }),
    ...(user === undefined ? {} : { user }),
  };
}
