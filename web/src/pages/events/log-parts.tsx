/** Entries of the log as rows of a table, for every page that shows some. */
import type { LogEntry } from '../../api/api.ts';
import { cameraById } from '../../app/stores.ts';
import { t } from '../../messages/messages.ts';
import { dateAndTime, timesRead } from '../../ui/format.ts';
import type { Column } from '../../ui/table.tsx';
import './events.css';

/** For a <select>: all, or one severity. */
export const severityOptions = (): readonly (readonly [string, string])[] => [
  ['', t('events.allSeverities')],
  ...(['info', 'warning', 'error'] as const).map((key): readonly [string, string] => [key, t(`severity.${key}`)]),
];

const TONES: Readonly<Record<LogEntry['severity'], string>> = { info: '', warning: 'warn', error: 'bad' };
export const logColumns = (): readonly Column<LogEntry>[] => [
  {
    key: 'at',
    title: t('events.time'),
    class: 'fit',
    cell: ({ at }) => <span class="muted">{dateAndTime(Date.parse(at))}</span>,
  },
  {
    key: 'severity',
    title: t('events.severity'),
    class: 'fit wide-only',
    cell: ({ severity }) => (
      <span class={`chip ${TONES[severity]}`}>
        <span class="dot" />
        {t(`severity.${severity}`)}
      </span>
    ),
  },
  { key: 'message', title: t('events.message'), cell: ({ message }) => timesRead(message) },
  {
    key: 'camera',
    title: t('exports.camera'),
    class: 'fit wide-only',
    cell: ({ cameraId }) => (cameraId === undefined ? '' : (cameraById(cameraId)?.name ?? cameraId)),
  },
  {
    key: 'code',
    title: t('events.code'),
    class: 'fit wide-only',
    cell: ({ code }) => <span class="mono muted">{code}</span>,
  },
];
