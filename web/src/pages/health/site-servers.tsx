/** The servers of the site, one line each; one of them is looked at below. */
import type { VNode } from 'preact';
import type { KnownServer } from '../../api/health.ts';
import type { SiteServerView } from '../../api/site.ts';
import { setQuery } from '../../app/router.ts';
import { cameras, now, server } from '../../app/stores.ts';
import { t as word } from '../../messages/health/words.ts';
import { t } from '../../messages/messages.ts';
import { ago, decimal, duration } from '../../ui/format.ts';
import { Table, type Column } from '../../ui/table.tsx';

export type SiteHealth = {
  readonly servers: readonly SiteServerView[];
  readonly known: ReadonlyMap<string, KnownServer>;
};
type Props = { readonly site: SiteHealth; readonly chosen: string };

export function SiteServers({ site, chosen }: Props): VNode {
  return (
    <div class="card health-servers">
      <div class="card-head">
        <h2>{word('servers.title')}</h2>
      </div>
      <Table
        label={word('servers.title')}
        rows={site.servers}
        idOf={({ id }) => id}
        columns={columnsOf(site.known, chosen)}
      />
    </div>
  );
}

const TONES: Readonly<Record<SiteServerView['state'], string>> = {
  online: 'good',
  covering: 'info',
  covered: 'warn',
  offline: 'bad',
  disabled: '',
  'detach-pending': '',
};

function columnsOf(known: ReadonlyMap<string, KnownServer>, chosen: string): readonly Column<SiteServerView>[] {
  return [
    {
      key: 'name',
      title: word('servers.name'),
      cell: (row) => <NameCell row={row} isChosen={row.id === chosen} />,
    },
    { key: 'state', title: word('servers.state'), class: 'fit', cell: (row) => <StateCell row={row} /> },
    {
      key: 'cameras',
      title: word('servers.cameras'),
      class: 'fit wide-only',
      cell: recordingOf,
    },
    { key: 'load', title: word('servers.load'), class: 'load-cell wide-only', cell: (row) => <Load row={row} /> },
    {
      key: 'clock',
      title: word('servers.clock'),
      class: 'fit wide-only',
      cell: ({ id }) => <Clock offsetMs={known.get(id)?.clockOffsetMs} />,
    },
    { key: 'version', title: word('servers.version'), class: 'fit wide-only', cell: ({ version }) => version ?? '–' },
    {
      key: 'contact',
      title: word('servers.contact'),
      class: 'fit wide-only',
      cell: ({ id, lastContactAt }) =>
        id === server.value?.id || lastContactAt === undefined ? '–' : ago(now.value - Date.parse(lastContactAt)),
    },
  ];
}

function NameCell({ row, isChosen }: { readonly row: SiteServerView; readonly isChosen: boolean }): VNode {
  const isHere = row.id === server.value?.id;
  return (
    <>
      <button
        type="button"
        class="server-name"
        aria-pressed={isChosen}
        title={word('servers.show', { name: row.name })}
        onClick={() => setQuery({ server: isHere ? undefined : row.id })}
      >
        {row.name}
      </button>
      <div class="small muted">
        {t(`mode.${row.mode}`)}
        {isHere && ` · ${word('servers.here')}`}
        {row.model !== undefined && ` · ${row.model}`}
      </div>
    </>
  );
}

function StateCell({ row: { state, coveredBy } }: { readonly row: SiteServerView }): VNode {
  return (
    <span class={`chip ${TONES[state]}`}>
      <span class="dot" />
      {word(`state.${state}`, { names: coveredBy.map(({ name }) => name).join(', ') })}
    </span>
  );
}

/** Also of one whose cameras are covered: what it told last is not how it is now. */
const isAway = ({ id, state }: SiteServerView): boolean =>
  state === 'offline' ||
  (cameras.value ?? []).some(({ server: owner, serverConnected }) => owner.id === id && !serverConnected);

/** A server that is away records nothing itself, whatever its settings say; a failover server records for others. */
function recordingOf({ id, mode, state, cameras: own }: SiteServerView): string {
  const seen = cameras.value ?? [];
  const forOthers = seen.filter(({ coveredBy }) => coveredBy?.id === id);
  if (forOthers.length > 0) {
    const names = new Set(forOthers.map(({ server: owner }) => owner.name));
    return word('cameras.covering', { n: forOthers.length, names: [...names].join(', ') });
  }
  if (own === undefined || own.total === 0 || mode === 'failover') return '–';
  if (state === 'covered') {
    const n = seen.filter(({ server: owner, coveredBy }) => owner.id === id && coveredBy !== undefined).length;
    return word('cameras.covered', { n, total: own.total });
  }
  return state === 'offline' ? word('cameras.away') : word('servers.of', own);
}

/** Above, a server may be too slow to record all it should. */
const HIGH_LOAD = 0.8;
function Load({ row }: { readonly row: SiteServerView }): VNode {
  const { load, name } = row;
  if (load === undefined || isAway(row)) return <>–</>;
  const percent = word('load.percent', { n: decimal(load * 100, 0) });
  const text = word('load.value', { n: decimal(load * 100, 0) });
  const isHigh = load > HIGH_LOAD;
  return (
    <span class="row" title={text}>
      <progress
        class={`meter grow ${isHigh ? 'short' : 'plain'}`}
        max={1}
        value={Math.min(1, load)}
        aria-label={`${name}: ${text}`}
      />
      <span class={`load-value ${isHigh ? 'warn strong' : ''}`}>{percent}</span>
    </span>
  );
}

/** Below, the difference is that of asking. */
const IN_STEP_MS = 250;
/** Above, footage of two servers is hard to compare. */
const FAR_MS = 2000;
function Clock({ offsetMs }: { readonly offsetMs: number | undefined }): VNode {
  if (offsetMs === undefined) return <>–</>;
  const off = Math.abs(offsetMs);
  if (off < IN_STEP_MS) return <span class="muted">{word('clock.same')}</span>;
  const text = word(offsetMs > 0 ? 'clock.ahead' : 'clock.behind', { time: duration(off / 1000) });
  return <span class={off > FAR_MS ? 'warn' : ''}>{text}</span>;
}
