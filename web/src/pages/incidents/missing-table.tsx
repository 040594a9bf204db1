/** What nobody recorded, stretch by stretch, and why; the longest first. */
import type { VNode } from 'preact';
import type { IncidentReport, Part, StreamReport } from '../../api/incidents.ts';
import { t } from '../../messages/incidents/words.ts';
import { duration } from '../../ui/format.ts';
import { Icon } from '../../ui/icon.tsx';
import type { Column } from '../../ui/table.tsx';
import { streamName } from './parts.ts';
import { playbackPath } from './places.ts';
import { ReportTable } from './report-table.tsx';
import { causeText, timeBeside } from './sentence.ts';

type Lost = { readonly stream: StreamReport; readonly part: Part };

export function MissingTable({ report }: { readonly report: IncidentReport }): VNode {
  const { streams, serverName, totals, state } = report;
  const lost = streams
    .flatMap((stream) => stream.coverage.map((part): Lost => ({ stream, part })))
    .filter(({ part }) => part.state === 'missing')
    .sort((a, b) => b.part.end - b.part.start - (a.part.end - a.part.start));
  const isTold = streams.every(({ toldAt }) => toldAt !== undefined);
  return (
    <section class="card">
      <div class="card-head">
        <h2>{t('missing.title')}</h2>
        {totals.missingMs > 0 && (
          <span class="muted">{t('missing.total', { time: duration(totals.missingMs / 1000) })}</span>
        )}
      </div>
      {!isTold && state !== 'closed' && <p class="muted incident-note">{t('missing.later', { server: serverName })}</p>}
      {lost.length === 0 && isTold && (
        <p class="incident-whole">
          <Icon name="check" />
          {t('missing.none')}
        </p>
      )}
      {lost.length > 0 && (
        <div class="incident-table">
          <ReportTable
            label={t('missing.label')}
            rows={lost}
            idOf={({ stream, part }) => `${stream.cameraId} ${stream.stream} ${part.start}`}
            columns={columnsOf(report)}
          />
        </div>
      )}
    </section>
  );
}

const columnsOf = ({ openedAt }: IncidentReport): readonly Column<Lost>[] => [
  {
    key: 'camera',
    title: t('coverage.camera'),
    cell: ({ stream, part }) => <a href={playbackPath([stream.cameraId], part.start)}>{streamName(stream)}</a>,
  },
  { key: 'from', title: t('coverage.from'), class: 'fit num', cell: ({ part }) => timeBeside(part.start, openedAt) },
  {
    key: 'to',
    title: t('coverage.to'),
    class: 'fit num wide-only',
    cell: ({ part }) => timeBeside(part.end, openedAt),
  },
  {
    key: 'length',
    title: t('coverage.length'),
    class: 'fit num strong',
    cell: ({ part }) => duration((part.end - part.start) / 1000),
  },
  { key: 'why', title: t('coverage.why'), cell: ({ part }) => causeText(part.cause) },
];
