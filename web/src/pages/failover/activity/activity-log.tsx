/** What was written down about failover at one server, with filters and downloads; the columns are those of the Events page. */
import type { VNode } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { activityApi } from '../../../api/activity.ts';
import type { LogEntry } from '../../../api/api.ts';
import { attempt, messageOf } from '../../../app/toasts.tsx';
import { t } from '../../../messages/activity/words.ts';
import { t as shell } from '../../../messages/messages.ts';
import { SelectField } from '../../../ui/field.tsx';
import { Icon } from '../../../ui/icon.tsx';
import { Table } from '../../../ui/table.tsx';
import { logColumns, severityOptions } from '../../events/log-parts.tsx';
import { useFresh } from '../fresh.ts';
import { Section } from './parts.tsx';

const PAGE = 50;
const LOOK_EVERY_MS = 5000;

type Place = { readonly id: string; readonly name: string };
type Wanted = { readonly at: string; readonly severity: string; readonly text: string };
const filterOf = ({ severity, text }: Wanted): string =>
  `${severity === '' ? '' : `&severity=${severity}`}${text === '' ? '' : `&text=${encodeURIComponent(text)}`}`;

export function ActivityLog({ places }: { readonly places: readonly Place[] }): VNode {
  const [chosen, setChosen] = useState<Wanted>({ at: places[0]?.id ?? '', severity: '', text: '' });
  // The one chosen may be away by now.
  const at = places.some(({ id }) => id === chosen.at) ? chosen.at : (places[0]?.id ?? '');
  const wanted = { ...chosen, at };
  const { rows, loadOlder, error } = useLog(wanted);
  return (
    <Section title={t('log')} aside={<Downloads at={at} filter={filterOf(wanted)} />}>
      <Filter places={places} wanted={wanted} onChange={setChosen} />
      {rows === undefined ? (
        <p class="muted">{error === undefined ? '' : messageOf(error)}</p>
      ) : (
        <Rows rows={rows} isFiltered={filterOf(wanted) !== ''} />
      )}
      {loadOlder !== undefined && (
        <p class="act-more">
          <button type="button" class="button" onClick={() => void attempt(loadOlder)}>
            {shell('events.more')}
          </button>
        </p>
      )}
    </Section>
  );
}

type RowsProps = { readonly rows: readonly LogEntry[]; readonly isFiltered: boolean };
function Rows({ rows, isFiltered }: RowsProps): VNode {
  if (rows.length === 0) return <p class="muted">{t(isFiltered ? 'log.nothing' : 'log.empty')}</p>;
  const columns = logColumns().filter(({ key }) => key !== 'camera');
  return (
    <div class="act-log">
      <Table label={t('log')} rows={rows} idOf={({ id }) => id} columns={columns} />
    </div>
  );
}

type Found = {
  /** `undefined` until the first answer. */
  readonly rows: readonly LogEntry[] | undefined;
  /** Absent: there is nothing older. */
  readonly loadOlder: (() => Promise<void>) | undefined;
  readonly error: unknown;
};
function useLog(wanted: Wanted): Found {
  const { at } = wanted;
  const filter = filterOf(wanted);
  const key = `${at} ${filter}`;
  const [older, setOlder] = useState<Older>();
  const before = useRef<readonly LogEntry[] | undefined>(undefined);
  const { value, error } = useFresh(() => activityApi.log(at, `&limit=${PAGE}${filter}`), {
    key,
    everyMs: LOOK_EVERY_MS,
    on: ['log'],
  });
  const more = older?.key === key ? older : undefined;
  // While another filter is asked for, what was shown stays.
  const rows = value === undefined ? before.current : joined(value.items, more?.items ?? []);
  before.current = rows;
  const next = more === undefined ? value?.next : more.next;
  if (next === undefined || rows === undefined) return { rows, loadOlder: undefined, error };
  const loadOlder = async (): Promise<void> => {
    const page = await activityApi.log(at, `&limit=${PAGE}${filter}&cursor=${encodeURIComponent(next)}`);
    // Entries that came meanwhile push none out.
    setOlder({ key, items: joined(rows, page.items), next: page.next });
  };
  return { rows, loadOlder, error };
}

type FilterProps = {
  readonly places: readonly Place[];
  readonly wanted: Wanted;
  readonly onChange: (wanted: Wanted) => void;
};
function Filter({ places, wanted, onChange }: FilterProps): VNode {
  const set = (change: Partial<Wanted>): void => onChange({ ...wanted, ...change });
  return (
    <div class="act-filter" role="search" aria-label={t('log.filter')}>
      <input
        type="search"
        aria-label={shell('events.text')}
        placeholder={shell('events.text')}
        value={wanted.text}
        maxLength={200}
        onInput={(event) => set({ text: event.currentTarget.value })}
      />
      <SelectField
        label={shell('events.severity')}
        hideLabel
        value={wanted.severity}
        onChange={(severity) => set({ severity })}
        options={severityOptions()}
      />
      {places.length > 1 && (
        <SelectField
          label={t('log.server')}
          hideLabel
          value={wanted.at}
          onChange={(at) => set({ at })}
          options={places.map(({ id, name }): [string, string] => [id, name])}
        />
      )}
    </div>
  );
}

type Older = { readonly key: string; readonly items: readonly LogEntry[]; readonly next: string | undefined };
function joined(newer: readonly LogEntry[], older: readonly LogEntry[]): readonly LogEntry[] {
  const known = new Set(newer.map(({ id }) => id));
  return [...newer, ...older.filter(({ id }) => !known.has(id))];
}

function Downloads({ at, filter }: { readonly at: string; readonly filter: string }): VNode {
  return (
    <span class="row">
      {(['csv', 'json'] as const).map((format) => (
        <a
          key={format}
          class="button"
          href={activityApi.logFile(at, filter, format)}
          download={`understudy-failover.${format}`}
        >
          <Icon name="exports" />
          {format.toUpperCase()}
        </a>
      ))}
    </span>
  );
}
