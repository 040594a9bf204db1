/** Events: the log with filters in the address, new entries as they come, downloads of what is filtered. */
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { api, type LogEntry } from '../../api/api.ts';
import { API } from '../../api/client.ts';
import { onEvent, resynced } from '../../api/event-stream.ts';
import { query, setQuery } from '../../app/router.ts';
import { Page } from '../../app/shell.tsx';
import { cameraById, cameras } from '../../app/stores.ts';
import { attempt, messageOf, toast } from '../../app/toasts.tsx';
import { t } from '../../messages/messages.ts';
import { Empty } from '../../ui/dialog.tsx';
import { SelectField } from '../../ui/field.tsx';
import { dateAndTime } from '../../ui/format.ts';
import { Icon } from '../../ui/icon.tsx';
import { Table, type Column } from '../../ui/table.tsx';
import './events.css';

const PAGE = 200;
const MAX_SHOWN = 20_000;
const DOWNLOAD = 1000;
const FILTERS = ['severity', 'cameraId', 'text'] as const;
type Shown = { readonly filter: string; readonly items: readonly LogEntry[]; readonly next: string | undefined };

export function EventsPage(): VNode {
  const filter = filterOf(query.value);
  const resync = resynced.value;
  const [shown, setShown] = useState<Shown>();
  const load = async (cursor?: string): Promise<void> => {
    const page = await api.log(
      `limit=${PAGE}${filter}${cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
    );
    setShown((before) => ({
      filter,
      items: cursor === undefined ? page.items : [...(before?.items ?? []), ...page.items].slice(0, MAX_SHOWN),
      next: page.next,
    }));
  };
  useEffect(() => {
    void attempt(load);
    return onEvent((event) => {
      if (event.kind === 'log' && matches(event.entry, query.peek())) {
        setShown((before) =>
          before === undefined ? before : { ...before, items: [event.entry, ...before.items].slice(0, MAX_SHOWN) },
        );
      }
    });
  }, [filter, resync]);
  return (
    <Page title={t('nav.events')} actions={<Downloads filter={filter} />} fill>
      <Filters />
      {shown?.items.length === 0 && (
        <Empty
          icon="events"
          title={t('events.emptyTitle')}
          text={t(filter === '' ? 'events.emptyText' : 'events.emptyFilter')}
        />
      )}
      {shown !== undefined && shown.items.length > 0 && (
        <Table label={t('nav.events')} rows={shown.items} idOf={({ id }) => id} columns={columns()} />
      )}
      {shown?.next !== undefined && (
        <p class="events-more">
          <button type="button" class="button" onClick={() => void attempt(() => load(shown.next))}>
            {t('events.more')}
          </button>
        </p>
      )}
    </Page>
  );
}

const filterOf = (from: URLSearchParams): string =>
  FILTERS.flatMap((key) => {
    const value = from.get(key);
    return value === null || value === '' ? [] : [`&${key}=${encodeURIComponent(value)}`];
  }).join('');

const matches = (entry: LogEntry, from: URLSearchParams): boolean =>
  (from.get('severity') ?? entry.severity) === entry.severity &&
  (from.get('cameraId') ?? entry.cameraId) === entry.cameraId &&
  entry.message.toLowerCase().includes((from.get('text') ?? '').toLowerCase());

function Filters(): VNode {
  const value = (key: string): string => query.value.get(key) ?? '';
  const set = (key: string, to: string): void => setQuery({ [key]: to === '' ? undefined : to });
  return (
    <div class="events-filter" role="search" aria-label={t('events.filter')}>
      <input
        type="search"
        aria-label={t('events.text')}
        placeholder={t('events.text')}
        value={value('text')}
        onInput={(event) => set('text', event.currentTarget.value)}
      />
      <SelectField
        label={t('events.severity')}
        hideLabel
        value={value('severity')}
        onChange={(to) => set('severity', to)}
        options={[
          ['', t('events.allSeverities')],
          ...(['info', 'warning', 'error'] as const).map((key): [string, string] => [key, t(`severity.${key}`)]),
        ]}
      />
      <SelectField
        label={t('exports.camera')}
        hideLabel
        value={value('cameraId')}
        onChange={(to) => set('cameraId', to)}
        options={[
          ['', t('events.allCameras')],
          ...(cameras.value ?? []).map(({ id, name }): [string, string] => [id, name]),
        ]}
      />
    </div>
  );
}

const TONES: Readonly<Record<LogEntry['severity'], string>> = { info: '', warning: 'warn', error: 'bad' };
const columns = (): readonly Column<LogEntry>[] => [
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
  { key: 'message', title: t('events.message'), cell: ({ message }) => message },
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

function Downloads({ filter }: { readonly filter: string }): VNode {
  return (
    <>
      <button type="button" class="button" onClick={() => void download('text/csv', 'csv', filter)}>
        <Icon name="exports" />
        CSV
      </button>
      <button type="button" class="button" onClick={() => void download('application/json', 'json', filter)}>
        <Icon name="exports" />
        JSON
      </button>
    </>
  );
}

async function download(accept: string, ending: string, filter: string): Promise<void> {
  try {
    const response = await fetch(`${API}/log?limit=${DOWNLOAD}${filter}`, { headers: { Accept: accept } });
    if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
    const link = document.createElement('a');
    link.href = URL.createObjectURL(await response.blob());
    link.download = `understudy-events.${ending}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  } catch (error) {
    toast(messageOf(error), 'bad');
  }
}
