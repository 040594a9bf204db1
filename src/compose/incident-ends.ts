/**
 * When an incident is over, and what of it went home, as restorations tell. The failover machine of its server closes it; one that
 * was let go meanwhile (another mode, a server that was disabled) knows nothing of it any more, and it is closed here.
 *
 * Belongs here: that. Does not: keeping (restoration-book.ts, control/incidents.ts), what else follows an end (restoration-set-up.ts).
 */
import type { Incidents } from '../control/incidents.ts';
import type { Clock } from '../core/clock.ts';
import type { Happening } from '../failover/machine-types.ts';
import type { RestorationEvent } from '../restoration/restoration-types.ts';
import type { IncidentBook } from './restoration-book.ts';

export type IncidentEndsDeps = {
  readonly incidents: Pick<Incidents, 'get' | 'list' | 'apply'>;
  readonly book: Pick<IncidentBook, 'of' | 'incidentOf'>;
  /** Nothing more is to come of this restoration. */
  readonly isOver: (restoration: string) => boolean;
  /** To the machine of a server, if it has one. */
  readonly tell: (serverId: string, happening: Happening) => boolean;
  readonly clock: Pick<Clock, 'now'>;
};
export type IncidentEnds = {
  /** Unless another restoration of it goes on. */
  readonly endIfOver: (serverId: string, incident: string) => void;
  /** Whatever ended while nobody could be told of it; `busy`: those whose last words are on their way. */
  readonly endAllOver: (busy: ReadonlySet<string>) => void;
  /** A file is home. */
  readonly received: (event: Extract<RestorationEvent, { kind: 'file-received' }>) => void;
};

export function createIncidentEnds({ incidents, book, isOver, tell, clock }: IncidentEndsDeps): IncidentEnds {
  const endIfOver = (serverId: string, incident: string): void => {
    if (!book.of(incident).every(isOver)) return;
    tell(serverId, { kind: 'footage-settled', incident });
    const now = incidents.get(incident);
    // Of one that is covered still the first streams may be home already.
    if (now?.restoringSince !== undefined && now.closedAt === undefined)
      incidents.apply({ kind: 'closed', incident, at: clock.now() });
  };
  return {
    endIfOver,
    endAllOver: (busy) => {
      for (const { id, serverId, restoringSince, closedAt } of incidents.list())
        if (restoringSince !== undefined && closedAt === undefined && !busy.has(id)) endIfOver(serverId, id);
    },
    received: ({ id, file: { cameraId, stream, bytes, accessUnits } }) => {
      const incident = book.incidentOf(id);
      if (incident === undefined) return;
      incidents.apply({
        kind: 'returned',
        incident,
        at: clock.now(),
        stream: { cameraId, stream },
        bytes,
        accessUnits,
      });
    },
  };
}
