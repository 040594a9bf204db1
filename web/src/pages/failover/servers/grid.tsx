/** The servers as a table: search, several at once, what is wrong with each in its second line. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { setQuery } from '../../../app/router.ts';
import { now } from '../../../app/stores.ts';
import { plural, t } from '../../../messages/servers/words.ts';
import { Empty } from '../../../ui/dialog.tsx';
import { ago } from '../../../ui/format.ts';
import { NOTHING_SELECTED, type Selection } from '../../../ui/selection.ts';
import { Table, type Column } from '../../../ui/table.tsx';
import { Toolbar } from './toolbar.tsx';
import { filtered, isUnprotected, type Named, type ServerRow } from './rows.ts';
import type { SetOpen } from './open.ts';
import { ModeLabel, ServerChip } from './server-chip.tsx';
import { filter } from './sidebar.tsx';
import { Version } from './version.tsx';

type Props = { readonly all: readonly ServerRow[]; readonly onOpen: SetOpen };
export function Grid({ all, onOpen }: Props): VNode {
  const [selection, setSelection] = useState<Selection>(NOTHING_SELECTED);
  const shown = filtered(all, filter.value);
  const chosen = shown.filter(({ id }) => selection.ids.has(id));
  const showAll = (): void => setQuery({ state: undefined, mode: undefined, q: undefined });
  return (
    <div class="servers-main">
      <div class="select-bar">
        <input
          class="filter"
          type="search"
          placeholder={t('search')}
          aria-label={t('search')}
          value={filter.value.text}
          onInput={(event) => setQuery({ q: event.currentTarget.value || undefined })}
        />
        <span class="muted grow" role="status">
          {shown.length === all.length
            ? plural(all.length, 'countOne', 'countMany')
            : t('countOf', { n: shown.length, all: all.length })}
        </span>
        <Toolbar chosen={chosen} onOpen={onOpen} />
      </div>
      {shown.length === 0 ? (
        <Empty icon="search" title={t('noMatch')} text={t('noMatchText')}>
          <button type="button" class="button" onClick={showAll}>
            {t('showAll')}
          </button>
        </Empty>
      ) : (
        <Table
          label={t('servers')}
          rows={shown}
          idOf={({ id }) => id}
          columns={columns(onOpen)}
          selection={selection}
          onSelect={setSelection}
          onOpen={({ id }) => onOpen({ kind: 'details', id })}
        />
      )}
      <p class="muted small not-phone">{t('selectHint')}</p>
    </div>
  );
}

function columns(onOpen: SetOpen): readonly Column<ServerRow>[] {
  return [
    { key: 'name', title: t('name'), class: 'server-cell', cell: (row) => <NameCell row={row} onOpen={onOpen} /> },
    { key: 'state', title: t('state'), class: 'fit', cell: ({ state }) => <ServerChip state={state} /> },
    { key: 'mode', title: t('mode'), class: 'fit wide-only', cell: ({ mode }) => <ModeLabel mode={mode} /> },
    { key: 'cameras', title: t('cameras'), class: 'num fit wide-only', cell: (row) => <Counts row={row} /> },
    {
      key: 'protection',
      title: t('protection'),
      class: 'names-cell wide-only',
      cell: (row) => <Protection row={row} />,
    },
    { key: 'backup', title: t('backup.short'), class: 'fit wide-only', cell: (row) => <Backup row={row} /> },
    { key: 'drill', title: t('drill'), class: 'fit wide-only', cell: (row) => <Drill row={row} /> },
    { key: 'version', title: t('version'), class: 'fit wide-only', cell: (row) => <Version row={row} /> },
  ];
}

type CellProps = { readonly row: ServerRow };
function NameCell({ row, onOpen }: CellProps & { readonly onOpen: SetOpen }): VNode {
  const { tone, text } = noteOf(row);
  return (
    <>
      <button type="button" class="server-name cut" onClick={() => onOpen({ kind: 'details', id: row.id })}>
        {row.name}
      </button>
      <div class={`small cut ${tone}`} title={text}>
        {text}
      </div>
    </>
  );
}

type Note = { readonly tone: 'bad' | 'warn' | 'muted'; readonly text: string };
/** The worst that is known of it, else where it is. */
function noteOf(row: ServerRow): Note {
  const { known, status, coveredBy, covers, state } = row;
  const ends = endOf(known);
  if (ends !== undefined) return ends;
  if (coveredBy.length > 0) return { tone: 'warn', text: t('note.coveredBy', { names: namesOf(coveredBy) }) };
  if (state === 'offline') return { tone: 'bad', text: awayText(row) };
  if (status?.backupProblem !== undefined) return { tone: 'bad', text: status.backupProblem };
  return { tone: 'muted', text: covers.length > 0 ? t('note.covers', { names: namesOf(covers) }) : placeText(row) };
}

/** It is gone, is to leave, or ends when its footage is home. */
function endOf(known: ServerRow['known']): Note | undefined {
  if (known?.forgottenSince !== undefined) return { tone: 'bad', text: t('note.forgotten') };
  const pending = known?.detachPending;
  if (pending !== undefined) return { tone: 'warn', text: pending.problem ?? t('note.leaves') };
  const waits = known?.securing;
  return waits && { tone: 'warn', text: t(`note.securing.${waits.action}`) };
}

function placeText({ isOwn, isManager, host, status }: ServerRow): string {
  if (isOwn) return t('note.own');
  return isManager ? t('note.manager') : [host ?? t('note.dialsIn'), status?.model].filter(Boolean).join(' · ');
}

function awayText({ status, known, host }: ServerRow): string {
  const at = status?.lastContactAt ?? known?.lastContactAt;
  const where = host ?? t('note.dialsIn');
  return at === undefined ? t('note.neverHeard', { where }) : t('note.heard', { where, ago: agoOf(at) });
}

const agoOf = (iso: string): string => ago(now.value - Date.parse(iso));
const namesOf = (names: readonly Named[]): string => names.map(({ name }) => name).join(', ');

/** Cameras of its own, or channels for those of others. */
function Counts({ row: { mode, status, known } }: CellProps): VNode | null {
  const channels = status?.channels ?? known?.channels;
  if (mode === 'failover')
    return channels === undefined ? null : <Count n={channels.used} of={channels.max} word={t('ofChannels')} />;
  const { total = 0, recording = 0 } = status?.cameras ?? {};
  return total === 0 ? null : <Count n={recording} of={total} word={t('recorded')} />;
}

function Count({ n, of, word }: { readonly n: number; readonly of: number; readonly word: string }): VNode {
  return (
    <>
      {n} / {of}
      <div class="small muted">{word}</div>
    </>
  );
}

function Protection({ row }: CellProps): VNode | null {
  const { mode, watchedBy, watches, known } = row;
  if (known?.unsuited !== undefined) return <span class="warn">{t('unsuited')}</span>;
  if (mode === 'failover') return watches.length === 0 ? null : <Names word={t('watches')} names={watches} />;
  if (watchedBy.length > 0) return <Names word={t('by')} names={watchedBy} />;
  return isUnprotected(row) ? <span class="warn">{t('unprotected')}</span> : null;
}

function Names({ word, names }: { readonly word: string; readonly names: readonly Named[] }): VNode {
  return (
    <span class="cut" title={namesOf(names)}>
      <span class="muted small">{word}</span> {namesOf(names)}
    </span>
  );
}

function Backup({ row: { status, known } }: CellProps): VNode | null {
  const at = status?.lastBackupAt ?? known?.watch?.backupAt;
  return at === undefined ? null : <span class="muted">{agoOf(at)}</span>;
}

function Drill({ row: { status } }: CellProps): VNode | null {
  const drill = status?.lastDrill;
  if (drill === undefined) return null;
  const { at, cameras, recorded } = drill;
  const failed = cameras - recorded;
  return (
    <>
      <span class="muted">{agoOf(at)}</span>
      {failed > 0 && <div class="small warn">{t('drill.failed', { n: failed })}</div>}
    </>
  );
}
