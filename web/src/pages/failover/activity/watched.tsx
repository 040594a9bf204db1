/** The protected servers, each with the failover server that watches it: how it is, how ready its cameras are, when that was rehearsed. */
import type { VNode } from 'preact';
import type { KnownServer, Probe, ServerCheck } from '../../../api/activity.ts';
import { now } from '../../../app/stores.ts';
import { t, tOr } from '../../../messages/activity/words.ts';
import { t as watching } from '../../../messages/watching/words.ts';
import { ago } from '../../../ui/format.ts';
import { Icon } from '../../../ui/icon.tsx';
import { Table, type Column } from '../../../ui/table.tsx';
import { eachOf, lastDrill, type Of, type Spare } from './activity-data.ts';
import { DrillChip, startDrill } from './drills.tsx';
import { mayOrder, Section, timeOf, type Open } from './parts.tsx';

type Found = Of<KnownServer>;
type WatchState = NonNullable<KnownServer['watch']>['state'];
const TONES: Readonly<Record<WatchState, string>> = {
  unknown: '',
  connected: 'info',
  started: 'info',
  alive: 'good',
  suspected: 'warn',
  'shut-down': 'bad',
  failed: 'bad',
  'taken-over': 'warn',
  returning: 'info',
  restoring: 'info',
  disabled: '',
};
const compare = new Intl.Collator(undefined, { numeric: true }).compare;

type Props = { readonly spares: readonly Spare[]; readonly open: Open; readonly refresh: () => void };
export function Watched({ spares, open, refresh }: Props): VNode {
  const rows = eachOf(spares, ({ watched }) => watched).toSorted(
    (a, b) => compare(a.item.name, b.item.name) || compare(a.spare.name, b.spare.name),
  );
  return (
    <Section title={t('watched')}>
      {spares
        .filter(({ away }) => away !== undefined)
        .map((spare) => (
          <p key={spare.id} class="notice warn act-away">
            <Icon name="alert" />
            <span class="grow">{awayWords(spare)}</span>
          </p>
        ))}
      {rows.length === 0 ? (
        <p class="muted">
          {t('watched.none')} <a href="/failover/protection">{t('watched.assign')}</a>
        </p>
      ) : (
        <div class="act-watched">
          <Table
            label={t('watched')}
            rows={rows}
            idOf={({ spare, item }) => `${spare.id} ${item.id}`}
            columns={columnsFor(open, refresh)}
          />
        </div>
      )}
    </Section>
  );
}

/** In the words of the API where it says some. */
function awayWords({ name, away = '', awaySince }: Spare): string {
  if (away !== '') return t('away.says', { name, words: away });
  return awaySince === undefined ? t('away', { name }) : t('away.since', { name, time: timeOf(awaySince) });
}

export function WatchChip({ server: { watch } }: { readonly server: KnownServer }): VNode {
  const state = watch?.state ?? 'unknown';
  return (
    <span
      class={`chip ${TONES[state]}`}
      title={watch?.reason === undefined ? undefined : tOr(`reason.${watch.reason}`, watch.reason)}
    >
      <span class="dot" />
      {watching(`watch.${state}`)}
    </span>
  );
}

/** How many of its cameras answered their failover server, how many checks failed, and how long ago that was asked. */
export function ReadyChip({ found: { spare, item } }: { readonly found: Found }): VNode {
  const probes = spare.facts?.readiness.items.filter(({ serverId }) => serverId === item.id) ?? [];
  const failed = spare.facts?.readiness.servers.filter(({ serverId, ok }) => serverId === item.id && !ok) ?? [];
  const good = probes.filter(({ ok }) => ok).length;
  const isGood = good === probes.length && failed.length === 0;
  if (probes.length === 0 && failed.length === 0) return <span class="muted">{t('ready.none')}</span>;
  return (
    <span class={`chip ${isGood ? 'good' : 'bad'}`}>
      <span class="dot" />
      {readyWords(probes, failed)}
    </span>
  );
}
function readyWords(probes: readonly Probe[], failed: readonly ServerCheck[]): string {
  const n = failed.length;
  const oldest = (times: readonly string[]): string => ago(now.value - Math.min(...times.map((at) => Date.parse(at))));
  if (probes.length === 0) return t('ready.checks', { n, ago: oldest(failed.map(({ checkedAt }) => checkedAt)) });
  const good = probes.filter(({ ok }) => ok).length;
  const of = t('ready.cameras', { n: good, all: probes.length, ago: oldest(probes.map(({ at }) => at)) });
  return n === 0 ? of : t('ready.also', { of, n });
}

function columnsFor(open: Open, refresh: () => void): readonly Column<Found>[] {
  const columns: readonly Column<Found>[] = [
    {
      key: 'name',
      title: t('col.server'),
      cell: ({ spare, item }) => (
        <button
          type="button"
          class="act-link"
          onClick={() => open({ kind: 'detail', spareId: spare.id, serverId: item.id })}
        >
          <span class="name">{item.name}</span>
        </button>
      ),
    },
    {
      key: 'state',
      title: t('col.state'),
      cell: ({ item }) => (
        <span class="row wrap">
          <WatchChip server={item} />
          {item.watch !== undefined && item.watch.state !== 'alive' && (
            <span class="muted small">{t('since', { time: timeOf(item.watch.since) })}</span>
          )}
        </span>
      ),
    },
    { key: 'by', title: t('col.by'), class: 'not-phone', cell: ({ spare }) => <span class="name">{spare.name}</span> },
    { key: 'cameras', title: t('col.cameras'), class: 'fit not-phone', cell: ({ item }) => camerasOf(item) },
    { key: 'ready', title: t('col.ready'), class: 'fit not-phone', cell: (found) => <ReadyChip found={found} /> },
    {
      key: 'drill',
      title: t('col.drill'),
      class: 'fit not-phone',
      cell: ({ spare, item }) => (
        <DrillChip drill={lastDrill(spare.facts?.drills ?? [], item.id)} knownSince={item.knownSince} />
      ),
    },
  ];
  return mayOrder() ? [...columns, actions(open, refresh)] : columns;
}

const camerasOf = ({ watch }: KnownServer): string =>
  watch === undefined
    ? ''
    : watch.covered === 0
      ? String(watch.cameras)
      : t('col.covered', { n: watch.covered, all: watch.cameras });

function actions(open: Open, refresh: () => void): Column<Found> {
  return {
    key: 'actions',
    title: t('col.actions'),
    class: 'fit not-phone',
    cell: ({ spare, item }) => (
      <span class="row end">
        <button
          type="button"
          class="button quiet"
          aria-label={t('drill.runFor', { server: item.name, by: spare.name })}
          disabled={spare.facts?.drills.some(({ endedAt }) => endedAt === undefined)}
          onClick={() => void startDrill(spare, item.id, refresh)}
        >
          {t('drill.run')}
        </button>
        <button
          type="button"
          class="button quiet"
          aria-label={t('takeOver.of', { server: item.name, by: spare.name })}
          disabled={item.watch?.state === 'taken-over'}
          onClick={() => open({ kind: 'take-over', server: item })}
        >
          {t('takeOver')}
        </button>
      </span>
    ),
  };
}
