/** Cameras: the list with states, several at once, and the ways to add. */
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { SiteCamera } from '../../api/site.ts';
import { query, setQuery } from '../../app/router.ts';
import { can } from '../../app/session.ts';
import { Page } from '../../app/shell.tsx';
import { cameras, cameraServers, server } from '../../app/stores.ts';
import { t as word } from '../../messages/cameras/words.ts';
import { plural, t } from '../../messages/messages.ts';
import { Dialog, Empty, Waiting } from '../../ui/dialog.tsx';
import { SelectField } from '../../ui/field.tsx';
import { Icon } from '../../ui/icon.tsx';
import { NOTHING_SELECTED, type Selection } from '../../ui/selection.ts';
import { Table } from '../../ui/table.tsx';
import { BulkDialog, changeAll, DeleteDialog } from './bulk-dialogs.tsx';
import { CameraDialog } from './camera-dialog.tsx';
import { columnsOf } from './columns.tsx';
import { Discovery } from './discovery.tsx';
import { loadForecasts, loadPlaces } from './places.ts';
import './cameras.css';

type Open =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'add' }
  | { readonly kind: 'discover' }
  | { readonly kind: 'edit'; readonly camera: SiteCamera }
  | { readonly kind: 'bulk'; readonly ids: readonly string[] }
  | { readonly kind: 'delete'; readonly ids: readonly string[] };
const NOTHING: Open = { kind: 'nothing' };

export function CamerasPage(): VNode {
  const [open, setOpen] = useState<Open>(NOTHING);
  const box = server.value?.id;
  const known = cameraServers.value.map(({ id }) => id).join(' ');
  useEffect(() => void loadPlaces().catch(() => undefined), [box]);
  useEffect(() => void loadForecasts().catch(() => undefined), [known]);
  const actions = can('change') && (
    <>
      <button type="button" class="button" onClick={() => setOpen({ kind: 'discover' })}>
        <Icon name="search" />
        {t('cameras.discover')}
      </button>
      <button type="button" class="button primary" onClick={() => setOpen({ kind: 'add' })}>
        <Icon name="plus" />
        {t('cameras.add')}
      </button>
    </>
  );
  return (
    <Page title={t('nav.cameras')} actions={actions} fill>
      <Content onOpen={setOpen} />
      <Dialogs open={open} onClose={() => setOpen(NOTHING)} />
    </Page>
  );
}

function Dialogs({ open, onClose }: { readonly open: Open; readonly onClose: () => void }): VNode | null {
  switch (open.kind) {
    case 'nothing':
      return null;
    case 'discover':
      return (
        <Dialog title={t('cameras.discover')} onClose={onClose} wide>
          <Discovery auto />
        </Dialog>
      );
    case 'add':
      return <CameraDialog onClose={onClose} />;
    case 'edit':
      return <CameraDialog camera={open.camera} onClose={onClose} />;
    case 'bulk':
      return <BulkDialog ids={open.ids} onClose={onClose} />;
    case 'delete':
      return <DeleteDialog ids={open.ids} onClose={onClose} />;
    default:
      return open satisfies never;
  }
}

function Content({ onOpen }: { readonly onOpen: (open: Open) => void }): VNode {
  const [selection, setSelection] = useState<Selection>(NOTHING_SELECTED);
  const [filter, setFilter] = useState<Typed>({ text: '', state: '' });
  // In the address, so that others can lead here.
  const serverId = query.value.get('server') ?? '';
  const all = cameras.value;
  if (all === undefined) return <Waiting />;
  if (all.length === 0) {
    return (
      <Empty icon="camera" title={t('cameras.emptyTitle')} text={t('cameras.emptyText')}>
        {can('change') && (
          <button type="button" class="button primary" onClick={() => onOpen({ kind: 'discover' })}>
            {t('cameras.discover')}
          </button>
        )}
      </Empty>
    );
  }
  const rows = all.filter(matches({ ...filter, serverId }));
  return (
    <div class="cameras-page">
      <div class="select-bar">
        <Filters filter={filter} onChange={setFilter} serverId={serverId} />
        <Summary all={all} />
        <SelectionActions ids={[...selection.ids]} onOpen={onOpen} />
      </div>
      <Table
        label={t('nav.cameras')}
        rows={rows}
        idOf={({ id }) => id}
        columns={columnsOf((camera) => onOpen({ kind: 'edit', camera }))}
        selection={selection}
        onSelect={setSelection}
        onOpen={(camera) => onOpen({ kind: 'edit', camera })}
      />
      <p class="muted small not-phone">{rows.length === 0 ? word('filter.nothing') : t('cameras.selectHint')}</p>
    </div>
  );
}

type Filter = { readonly text: string; readonly serverId: string; readonly state: SiteCamera['state'] | '' };
function matches({ text, serverId, state }: Filter): (camera: SiteCamera) => boolean {
  const wanted = text.trim().toLowerCase();
  return (camera) => {
    if (serverId !== '' && camera.server.id !== serverId) return false;
    if (state !== '' && camera.state !== state) return false;
    return `${camera.name} ${camera.main.url} ${camera.server.name}`.toLowerCase().includes(wanted);
  };
}

const STATES = ['recording', 'watching', 'connecting', 'failed', 'disabled'] as const;
type Typed = Omit<Filter, 'serverId'>;
type FilterProps = {
  readonly filter: Typed;
  readonly onChange: (filter: Typed) => void;
  readonly serverId: string;
};
function Filters({ filter, onChange, serverId }: FilterProps): VNode {
  const known = cameraServers.value;
  return (
    <>
      <input
        class="filter"
        type="search"
        placeholder={t('cameras.filter')}
        aria-label={t('cameras.filter')}
        value={filter.text}
        onInput={(event) => onChange({ ...filter, text: event.currentTarget.value })}
      />
      {known.length > 1 && (
        <SelectField
          label={word('server.title')}
          hideLabel
          value={serverId}
          onChange={(id) => setQuery({ server: id || undefined })}
          options={[['', word('server.all')], ...known.map(({ id, name }) => [id, name] as const)]}
        />
      )}
      <SelectField<Filter['state']>
        label={word('state.filter')}
        hideLabel
        value={filter.state}
        onChange={(state) => onChange({ ...filter, state })}
        options={[['', word('state.all')], ...STATES.map((state) => [state, t(`state.${state}`)] as const)]}
      />
      {serverId !== '' && (
        <button type="button" class="chip info only-server" onClick={() => setQuery({ server: undefined })}>
          <span class="cut">
            {word('server.only', { name: known.find(({ id }) => id === serverId)?.name ?? serverId })}
          </span>
          <Icon name="close" />
          <span class="hidden-text">{word('server.clear')}</span>
        </button>
      )}
    </>
  );
}

function Summary({ all }: { readonly all: readonly SiteCamera[] }): VNode {
  const failed = all.filter(({ state }) => state === 'failed').length;
  return (
    <span class="muted grow">
      {plural(all.length, 'cameras.one', 'cameras.many')}
      {failed > 0 && <span class="bad"> · {t('cameras.failedCount', { n: failed })}</span>}
    </span>
  );
}

function SelectionActions({
  ids,
  onOpen,
}: {
  readonly ids: readonly string[];
  readonly onOpen: (open: Open) => void;
}): VNode | null {
  if (ids.length === 0 || !can('change')) return null;
  const enable = (enabled: boolean): void => void changeAll(ids, { enabled });
  return (
    <>
      <span class="strong">{t('cameras.selected', { n: ids.length })}</span>
      <button type="button" class="button" onClick={() => onOpen({ kind: 'bulk', ids })}>
        <Icon name="edit" />
        {t('common.edit')}
      </button>
      <button type="button" class="button" onClick={() => enable(true)}>
        {t('cameras.enable')}
      </button>
      <button type="button" class="button" onClick={() => enable(false)}>
        {t('cameras.disable')}
      </button>
      <button type="button" class="button" onClick={() => onOpen({ kind: 'delete', ids })}>
        <Icon name="trash" />
        {t('common.delete')}
      </button>
    </>
  );
}
