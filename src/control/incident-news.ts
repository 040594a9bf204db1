/** Live events of incidents: one when it opens and when it is over, and at most one a second and incident between. */
import type { LiveEvent } from '../api/contract/events.ts';
import type { Cancel, Clock } from '../core/clock.ts';
import { seconds } from '../core/clock.ts';
import type { Incident } from '../failover/incident.ts';
import type { Incidents } from './incidents.ts';

type IncidentEvent = Extract<LiveEvent, { readonly kind: 'incident' }>;
type Server = { readonly id: string; readonly name: string };
export type IncidentNewsDeps = {
  readonly incidents: Pick<Incidents, 'onChange'>;
  readonly self: () => Server;
  readonly nameOf: (serverId: string) => string;
  readonly tell: (event: IncidentEvent) => void;
  readonly clock: Pick<Clock, 'after'>;
};

/** The result ends it. */
export function createIncidentNews({ incidents, self, nameOf, tell, clock }: IncidentNewsDeps): Cancel {
  const waiting = new Map<string, { incident: Incident; readonly cancel: Cancel }>();
  const say = (incident: Incident, news: IncidentEvent['news']): void => tell(eventOf(incident, news));
  const eventOf = (incident: Incident, news: IncidentEvent['news']): IncidentEvent => ({
    kind: 'incident',
    incidentId: incident.id,
    news,
    protected: { id: incident.serverId, name: nameOf(incident.serverId) },
    by: self(),
    missingSeconds: missingMs(incident) / 1000,
    files: incident.streams.reduce((sum, { returned }) => sum + returned.files, 0),
  });
  const forget = (id: string): void => {
    waiting.get(id)?.cancel();
    waiting.delete(id);
  };
  const later = (incident: Incident): void => {
    const one = waiting.get(incident.id);
    if (one !== undefined) {
      one.incident = incident;
      return;
    }
    const cancel = clock.after(seconds(1), () => {
      const last = waiting.get(incident.id)?.incident ?? incident;
      waiting.delete(incident.id);
      say(last, 'changed');
    });
    waiting.set(incident.id, { incident, cancel });
  };
  const stop = incidents.onChange((incident, before) => {
    const isClosing = incident.closedAt !== undefined && before?.closedAt === undefined;
    if (before === undefined) return say(incident, 'opened');
    if (!isClosing) return later(incident);
    forget(incident.id);
    say(incident, 'closed');
  });
  return () => {
    stop();
    for (const id of waiting.keys()) forget(id);
  };
}

const missingMs = ({ streams }: Incident): number =>
  streams.flatMap(({ missing }) => missing).reduce((sum, { ms }) => sum + ms, 0);
