/** The same failure as another failover server saw it, which covered other cameras: links to its account. */
import type { VNode } from 'preact';
import { allIncidents, type IncidentReport, type Listed } from '../../api/incidents.ts';
import { t } from '../../messages/incidents/words.ts';
import { useFresh } from '../failover/fresh.ts';
import { pathOf } from './places.ts';

const EVERY_MS = 30_000;

export function Related({ report }: { readonly report: IncidentReport }): VNode | null {
  const { value } = useFresh(allIncidents, { key: report.id, everyMs: EVERY_MS });
  const others = (value?.items ?? []).filter((one) => isSameFailure(one, report));
  if (others.length === 0) return null;
  return (
    <p class="row wrap no-print">
      {others.map((one) => (
        <a key={one.id} class="button" href={pathOf(one)}>
          {t('page.related', { name: one.by.name })}
        </a>
      ))}
    </p>
  );
}

function isSameFailure({ id, serverId, startedAt, endedAt }: Listed, report: IncidentReport): boolean {
  const [from, to] = [Date.parse(startedAt), endedAt === undefined ? Infinity : Date.parse(endedAt)];
  return (
    id !== report.id && serverId === report.serverId && from < (report.closedAt ?? Infinity) && to > report.openedAt
  );
}
