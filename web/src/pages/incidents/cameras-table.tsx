/** Each camera of an incident: last frame there, first frame here, handed back, returned. */
import type { VNode } from 'preact';
import type { IncidentReport, StreamReport } from '../../api/incidents.ts';
import { t } from '../../messages/incidents/words.ts';
import { tOr } from '../../messages/messages.ts';
import { duration, size } from '../../ui/format.ts';
import type { Column } from '../../ui/table.tsx';
import { streamName } from './parts.ts';
import { ReportTable } from './report-table.tsx';
import { timeBeside } from './sentence.ts';

export function CamerasTable({ report }: { readonly report: IncidentReport }): VNode | null {
  if (report.streams.length === 0) return null;
  return (
    <section class="card">
      <div class="card-head">
        <h2>{t('cameras.title')}</h2>
      </div>
      <div class="incident-table">
        <ReportTable
          label={t('cameras.label')}
          rows={report.streams}
          idOf={({ cameraId, stream }) => `${cameraId} ${stream}`}
          columns={columnsOf(report)}
        />
      </div>
    </section>
  );
}

const columnsOf = ({ openedAt, by }: IncidentReport): readonly Column<StreamReport>[] => [
  { key: 'camera', title: t('coverage.camera'), cell: (stream) => streamName(stream) },
  {
    key: 'priority',
    title: t('cameras.priority'),
    class: 'fit wide-only',
    cell: ({ priority }) => (priority === undefined ? '' : tOr(`priority.${priority}`, priority)),
  },
  {
    key: 'last',
    title: t('cameras.lastThere'),
    class: 'fit num wide-only',
    cell: ({ lastFrame }) => timeBeside(lastFrame, openedAt),
  },
  {
    key: 'first',
    title: t('cameras.firstHere', { by: by.name }),
    class: 'fit num wide-only',
    cell: ({ firstCovered }) =>
      firstCovered === undefined ? t('cameras.notCovered') : timeBeside(firstCovered, openedAt),
  },
  { key: 'gap', title: t('cameras.gap'), class: 'fit num', cell: gapText },
  {
    key: 'back',
    title: t('cameras.handedBack'),
    class: 'fit num',
    cell: ({ releasedAt }) => (releasedAt === undefined ? t('cameras.notYet') : timeBeside(releasedAt, openedAt)),
  },
  {
    key: 'returned',
    title: t('cameras.returned'),
    class: 'fit num wide-only',
    cell: ({ returned: { files, bytes } }) =>
      files === 0 ? '–' : t('cameras.returnedText', { files, size: size(bytes) }),
  },
];

function gapText({ gapMs }: StreamReport): string {
  if (gapMs === undefined) return t('cameras.notCovered');
  return gapMs === 0 ? t('cameras.noGap') : duration(gapMs / 1000);
}
