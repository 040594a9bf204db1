/** The log of the mock API, of this box and of the others of its site: filtered, by pages. */
import type { LogEntry } from '../../src/api/contract/events.ts';
import type { SiteServerRef } from '../../src/api/contract/site-footage.ts';
import { iso, mockLog } from './mock-data.ts';
import type { Reply } from './mock-routes.ts';

/** What this box wrote. */
export const logHere = (query: URLSearchParams, began: number): Reply =>
  pageOf(query.get('topic') === 'failover' ? failoverLog(began) : mockLog(began), query);

/** What another server wrote: ids are of each server alone. */
export function logAt({ name }: SiteServerRef, isSpare: boolean, query: URLSearchParams, began: number): Reply {
  const own = mockLog(began).map((entry) => ({ ...entry, message: `${entry.message} (${name})` }));
  return pageOf(isSpare || query.get('topic') === 'failover' ? failoverLog(began) : own, query);
}

function pageOf(log: readonly LogEntry[], query: URLSearchParams): Reply {
  const wanted = (query.get('text') ?? '').toLowerCase();
  const level = query.get('severity');
  const camera = query.get('cameraId');
  const found = log.filter(
    ({ severity, message, cameraId }) =>
      (level ?? severity) === severity && (camera ?? cameraId) === cameraId && message.toLowerCase().includes(wanted),
  );
  const from = Number(query.get('cursor') ?? 0);
  const to = from + Number(query.get('limit') ?? 100);
  return { body: { items: found.slice(from, to), ...(to < found.length ? { next: String(to) } : {}) } };
}

/** What is written down about failover, the newest first. */
function failoverLog(now: number): LogEntry[] {
  const kinds: readonly [LogEntry['severity'], string, string][] = [
    ['info', 'restoration-started', 'Yard-NAS: its footage is on its way home.'],
    ['info', 'failover/released', 'Yard-NAS: 5 streams are recorded by the server itself again.'],
    ['info', 'failover/connected', 'Yard-NAS: The server is connected.'],
    ['error', 'failover/takeover', 'Yard-NAS: Takeover: the connection was lost for longer than its timeout.'],
    ['warning', 'failover/suspected', 'Yard-NAS: The server is suspected: the connection was lost.'],
    ['info', 'drill-ended', 'Drill for Yard-NAS: 6 of 6 cameras were recorded here.'],
    ['info', 'backup-taken', 'The settings of Yard-NAS were backed up (daily).'],
  ];
  return Array.from({ length: 70 }, (_, index) => {
    const [severity, code, message] = kinds[index % kinds.length] ?? ['info', 'drill-ended', 'Drill'];
    return { id: `failover-${70 - index}`, at: iso(now - index * 137_000), severity, code, message };
  });
}
