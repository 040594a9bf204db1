/** All incidents of the site, newest first, with filters in the address. */
import type { VNode } from 'preact';
import { query, setQuery } from '../../app/router.ts';
import { Page } from '../../app/shell.tsx';
import { now, server } from '../../app/stores.ts';
import { messageOf } from '../../app/toasts.tsx';
import { allIncidents, type Absent, type IncidentList as All, type Listed } from '../../api/incidents.ts';
import { t } from '../../messages/incidents/words.ts';
import { t as shell } from '../../messages/messages.ts';
import { Empty, Notice } from '../../ui/dialog.tsx';
import { SelectField } from '../../ui/field.tsx';
import { dateAndTime, duration } from '../../ui/format.ts';
import { Table, type Column } from '../../ui/table.tsx';
import { useFresh } from '../failover/fresh.ts';
import { pathOf } from './places.ts';
import { reasonText } from './sentence.ts';

const EVERY_MS = 10_000;
const DAY_MS = 86_400_000;
const SPANS = [
  ['', 'list.anyTime', Infinity],
  ['day', 'list.day', DAY_MS],
  ['week', 'list.week', 7 * DAY_MS],
  ['month', 'list.month', 30 * DAY_MS],
] as const;

export function IncidentList(): VNode {
  const id = server.value?.id ?? '';
  const { value, error } = useFresh(async (abort) => (id === '' ? undefined : await allIncidents(abort)), {
    key: id,
    everyMs: EVERY_MS,
    on: ['incident', 'server'],
  });
  return (
    <Page title={shell('nav.incidents')} fill>
      {error !== undefined && <Notice tone="bad">{messageOf(error)}</Notice>}
      {value === undefined && error === undefined && <Waiting />}
      {value !== undefined && <Filled all={value} />}
    </Page>
  );
}

function Waiting(): VNode {
  return (
    <div class="empty" aria-busy="true">
      <span class="spinner" />
      <span class="hidden-text">{shell('common.loading')}</span>
    </div>
  );
}

function Filled({ all }: { readonly all: All }): VNode {
  const shown = all.items.filter(isWanted);
  return (
    <>
      {all.items.length > 0 && <Filters all={all} />}
      <Missing absent={all.absent} />
      {all.items.length === 0 && <Nothing protectors={all.protectors} />}
      {all.items.length > 0 && shown.length === 0 && (
        <Empty icon="search" title={t('empty.filterTitle')} text={t('empty.filterText')} />
      )}
      {shown.length > 0 && <Table label={t('list.label')} rows={shown} idOf={({ id }) => id} columns={columns()} />}
    </>
  );
}

function isWanted({ serverId, state, startedAt, endedAt }: Listed): boolean {
  const from = query.value;
  const span = SPANS.find(([key]) => key === (from.get('time') ?? ''))?.[2] ?? Infinity;
  const end = endedAt === undefined ? now.value : Date.parse(endedAt);
  return (
    (from.get('server') ?? serverId) === serverId &&
    (from.get('state') ?? state) === state &&
    Math.max(end, Date.parse(startedAt)) >= now.value - span
  );
}

function Filters({ all }: { readonly all: All }): VNode {
  const value = (key: string): string => query.value.get(key) ?? '';
  const set = (key: string, to: string): void => setQuery({ [key]: to === '' ? undefined : to });
  const servers = new Map(all.items.map(({ serverId, serverName }) => [serverId, serverName]));
  return (
    <div class="incident-filter" role="search" aria-label={t('list.filter')}>
      <SelectField
        label={t('list.server')}
        hideLabel
        value={value('server')}
        onChange={(to) => set('server', to)}
        options={[['', t('list.allServers')], ...servers]}
      />
      <SelectField
        label={t('list.state')}
        hideLabel
        value={value('state')}
        onChange={(to) => set('state', to)}
        options={[
          ['', t('list.anyState')],
          ['open', t('list.open')],
          ['closed', t('list.closed')],
        ]}
      />
      <SelectField
        label={t('list.time')}
        hideLabel
        value={value('time')}
        onChange={(to) => set('time', to)}
        options={SPANS.map(([key, name]): [string, string] => [key, t(name)])}
      />
    </div>
  );
}

/** Who has incidents that are not in this list. */
function Missing({ absent }: { readonly absent: readonly Absent[] }): VNode | null {
  if (absent.length === 0) return null;
  return (
    <div class="incident-absent">
      {absent.map(({ name, message }) => (
        <Notice key={name} tone="warn">
          {message === undefined ? t('list.away', { name }) : t('list.refused', { name, message })}
        </Notice>
      ))}
    </div>
  );
}

function Nothing({ protectors }: { readonly protectors: readonly string[] }): VNode {
  const mode = server.value?.mode ?? 'recording';
  const isAlone = mode === 'recording' && protectors.length === 0;
  const text =
    mode !== 'recording'
      ? t(`empty.${mode}`)
      : t(isAlone ? 'empty.unprotected' : 'empty.recording', { names: protectors.join(', ') });
  return (
    <Empty icon={isAlone ? 'alert' : 'shield'} title={t('empty.title')} text={text}>
      <a class="button" href={mode === 'failover' ? '/failover/activity' : '/failover'}>
        {t(mode === 'failover' ? 'empty.toDrill' : 'empty.toFailover')}
      </a>
    </Empty>
  );
}

const columns = (): readonly Column<Listed>[] => [
  { key: 'state', title: t('list.state'), class: 'fit', cell: ({ state }) => <StateOf state={state} /> },
  {
    key: 'server',
    title: t('list.server'),
    cell: (incident) => (
      <a class="incident-link" href={pathOf(incident)}>
        {incident.serverName}
      </a>
    ),
  },
  { key: 'cause', title: t('list.cause'), class: 'wide-only', cell: ({ cause }) => reasonText(cause) },
  {
    key: 'start',
    title: t('list.time'),
    class: 'fit',
    cell: ({ startedAt }) => dateAndTime(Date.parse(startedAt)),
  },
  { key: 'lasted', title: t('list.lasted'), class: 'fit num wide-only', cell: lasted },
  {
    key: 'covered',
    title: t('list.covered'),
    class: 'wide-only',
    cell: ({ coveredCameras: n, cameras: of, by }) => (
      <span class="muted">{t('list.coveredOf', { n, of, by: by.name })}</span>
    ),
  },
  { key: 'missing', title: t('list.missing'), class: 'fit num', cell: missing },
];

function StateOf({ state }: Pick<Listed, 'state'>): VNode {
  return (
    <span class={`chip ${state === 'open' ? 'warn' : ''}`}>
      <span class="dot" />
      {t(`list.${state}`)}
    </span>
  );
}

function lasted({ startedAt, endedAt }: Listed): string {
  const from = Date.parse(startedAt);
  if (endedAt !== undefined) return duration((Date.parse(endedAt) - from) / 1000);
  return t('list.goesOn', { time: duration(Math.max(0, Math.floor((now.value - from) / 1000))) });
}

function missing({ state, missingSeconds }: Listed): VNode {
  if (missingSeconds > 0) return <span class="bad strong">{duration(missingSeconds)}</span>;
  return <span class="muted">{t(state === 'open' ? 'list.notYet' : 'list.none')}</span>;
}
