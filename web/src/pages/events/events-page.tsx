/** Events: the log of this box, at a host that of its servers, with filters in the address, new entries as they come, downloads of what is filtered. */
import type { VNode } from 'preact';
import { useMemo } from 'preact/hooks';
import type { LogEntry } from '../../api/api.ts';
import { logApi } from '../../api/log.ts';
import { query, setQuery } from '../../app/router.ts';
import { Page } from '../../app/shell.tsx';
import { cameraById, hostAddress, server } from '../../app/stores.ts';
import { attempt } from '../../app/toasts.tsx';
import { t as word } from '../../messages/events/words.ts';
import { t } from '../../messages/messages.ts';
import { Empty, Notice, Waiting } from '../../ui/dialog.tsx';
import { SelectField } from '../../ui/field.tsx';
import { timesRead } from '../../ui/format.ts';
import { Icon } from '../../ui/icon.tsx';
import { Table, type Column } from '../../ui/table.tsx';
import './events.css';
import { logColumns, severityOptions } from './log-parts.tsx';
import { rowsOf, type Part, type Place, type Row } from './merged-log.ts';
import { camerasAt, usePlaces, type Places } from './places.ts';
import { useLog } from './use-log.ts';

const FILTERS = ['severity', 'cameraId', 'text'] as const;

export function EventsPage(): VNode {
  const filter = filterOf(query.value);
  const places = usePlaces(query.value.get('server'));
  return (
    <Page title={t('nav.events')} actions={<Downloads at={places?.chosen} filter={filter} />} fill>
      <Filters places={places} />
      <ToHost />
      {places === undefined ? <Waiting /> : <Log places={places} filter={filter} />}
    </Page>
  );
}

function Log({ places, filter }: { readonly places: Places; readonly filter: string }): VNode {
  const { parts, loadOlder } = useLog({
    places: places.read,
    filter,
    matches: (entry) => matches(entry, query.peek()),
  });
  const rows = useMemo(() => rowsOf(parts ?? []), [parts]);
  return (
    <>
      <Missing parts={parts ?? []} />
      {places.read.length < places.all.length && places.chosen === undefined && (
        <Notice>{word('part.some', { n: places.read.length, all: places.all.length })}</Notice>
      )}
      {rows.length === 0 && <NoRows parts={parts} filter={filter} />}
      {rows.length > 0 && (
        <Table
          label={t('nav.events')}
          rows={rows}
          idOf={({ id, place }) => `${place.id} ${id}`}
          columns={places.chosen === undefined ? siteColumns() : logColumns()}
        />
      )}
      {loadOlder !== undefined && (
        <p class="events-more">
          <button type="button" class="button" onClick={() => void attempt(loadOlder)}>
            {t('events.more')}
          </button>
        </p>
      )}
    </>
  );
}

type NoRowsProps = { readonly parts: readonly Part[] | undefined; readonly filter: string };
function NoRows({ parts, filter }: NoRowsProps): VNode | null {
  if (parts?.every(({ isRead }) => isRead) === true)
    return (
      <Empty
        icon="events"
        title={t('events.emptyTitle')}
        text={t(filter === '' ? 'events.emptyText' : 'events.emptyFilter')}
      />
    );
  const isComing = parts?.some(({ isRead, problem }) => !isRead && problem === undefined) !== false;
  return isComing ? <Waiting /> : null;
}

/** Who could not be asked, in the words of the API. */
function Missing({ parts }: { readonly parts: readonly Part[] }): VNode {
  return (
    <>
      {parts.map(
        ({ place: { id, name }, problem, isRead }) =>
          problem !== undefined && (
            <Notice key={id} tone="warn">
              {word(isRead ? 'part.stale' : 'part.missing', { name, words: problem })}
            </Notice>
          ),
      )}
    </>
  );
}

/** On a narrow screen its server stands below the message. */
function siteColumns(): readonly Column<Row>[] {
  const place: Column<Row> = {
    key: 'server',
    title: word('server'),
    class: 'events-server wide-only',
    cell: (row) => row.place.name,
  };
  return logColumns().flatMap((column): readonly Column<Row>[] => {
    if (column.key !== 'message') return [column];
    const message = (row: Row): VNode => (
      <>
        {timesRead(row.message)}
        <div class="small muted phone-only">{row.place.name}</div>
      </>
    );
    return [place, { ...column, cell: message }];
  });
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

function Filters({ places }: { readonly places: Places | undefined }): VNode {
  const value = (key: string): string => query.value.get(key) ?? '';
  const set = (key: string, to: string): void => setQuery({ [key]: to === '' ? undefined : to });
  const offered = camerasAt(places?.chosen);
  const wanted = value('cameraId');
  const isOffered = wanted === '' || offered.some(({ id }) => id === wanted);
  return (
    <div class="events-filter" role="search" aria-label={t('events.filter')}>
      <input
        type="search"
        aria-label={t('events.text')}
        placeholder={t('events.text')}
        value={value('text')}
        onInput={(event) => set('text', event.currentTarget.value)}
      />
      {places !== undefined && places.all.length > 1 && <ServerChoice places={places} />}
      <SelectField
        label={t('events.severity')}
        hideLabel
        value={value('severity')}
        onChange={(to) => set('severity', to)}
        options={severityOptions()}
      />
      <SelectField
        label={t('exports.camera')}
        hideLabel
        value={wanted}
        onChange={(to) => set('cameraId', to)}
        options={[
          ['', t('events.allCameras')],
          ...offered.map(({ id, name }): [string, string] => [id, name]),
          ...(isOffered ? [] : [[wanted, cameraById(wanted)?.name ?? wanted] as const]),
        ]}
      />
    </div>
  );
}

function ServerChoice({ places: { all, chosen } }: { readonly places: Places }): VNode {
  const choose = (id: string): void => {
    const at = all.find((one) => one.id === id);
    const camera = query.peek().get('cameraId');
    const isThere = camerasAt(at).some((one) => one.id === camera);
    setQuery({ server: at?.id, ...(isThere ? {} : { cameraId: undefined }) });
  };
  const nameOf = ({ id, name }: Place): string => (id === server.value?.id ? word('server.here', { name }) : name);
  return (
    <SelectField
      label={word('server')}
      hideLabel
      value={chosen?.id ?? ''}
      onChange={choose}
      options={[['', word('server.all')], ...all.map((one): [string, string] => [one.id, nameOf(one)])]}
    />
  );
}

/** A member knows what it wrote down itself. */
function ToHost(): VNode | null {
  const host = server.value?.site.host;
  if (host === undefined) return null;
  const to = hostAddress(host);
  return (
    <Notice>
      {word('host.elsewhere')} {to !== undefined && <a href={`${to}/events`}>{word('host.go', { name: host.name })}</a>}
    </Notice>
  );
}

/** Each server keeps a log of its own, so a file is one server's. */
function Downloads({ at, filter }: { readonly at: Place | undefined; readonly filter: string }): VNode {
  if (at === undefined) {
    const isSite = server.value?.mode === 'host';
    return <span class="muted small">{isSite ? word('files.choose') : ''}</span>;
  }
  return (
    <>
      {(['csv', 'json'] as const).map((format) => (
        <a
          key={format}
          class="button"
          href={logApi.file(at.id, filter, format)}
          download={`understudy-events.${format}`}
        >
          <Icon name="exports" />
          {format.toUpperCase()}
        </a>
      ))}
    </>
  );
}
