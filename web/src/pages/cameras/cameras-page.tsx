/** Cameras: the list with states, several at once, and the ways to add. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { api, type Camera } from '../../api/api.ts';
import { can } from '../../app/session.ts';
import { Page } from '../../app/shell.tsx';
import { cameras, now, refreshCameras } from '../../app/stores.ts';
import { attempt, toast } from '../../app/toasts.tsx';
import { plural, t } from '../../messages/messages.ts';
import { Dialog, Empty } from '../../ui/dialog.tsx';
import { ago, bitrate, size } from '../../ui/format.ts';
import { Icon } from '../../ui/icon.tsx';
import { NOTHING_SELECTED, type Selection } from '../../ui/selection.ts';
import { problemOf, StateChip } from '../../ui/state-chip.tsx';
import { Table, type Column } from '../../ui/table.tsx';
import { BulkDialog, DeleteDialog } from './bulk-dialogs.tsx';
import { CameraDialog } from './camera-dialog.tsx';
import { Discovery } from './discovery.tsx';
import './cameras.css';

type Open =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'add' }
  | { readonly kind: 'discover' }
  | { readonly kind: 'edit'; readonly camera: Camera }
  | { readonly kind: 'bulk'; readonly ids: readonly string[] }
  | { readonly kind: 'delete'; readonly ids: readonly string[] };
const NOTHING: Open = { kind: 'nothing' };

export function CamerasPage(): VNode {
  const [open, setOpen] = useState<Open>(NOTHING);
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
  const [filter, setFilter] = useState('');
  const all = cameras.value;
  if (all === undefined)
    return (
      <div class="empty" aria-busy="true">
        <span class="spinner" />
      </div>
    );
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
  const wanted = filter.trim().toLowerCase();
  const rows = all.filter(({ name, main }) => `${name} ${main.url}`.toLowerCase().includes(wanted));
  return (
    <div class="cameras-page">
      <div class="select-bar">
        <input
          class="filter"
          type="search"
          placeholder={t('cameras.filter')}
          aria-label={t('cameras.filter')}
          value={filter}
          onInput={(event) => setFilter(event.currentTarget.value)}
        />
        <Summary all={all} />
        <SelectionActions ids={[...selection.ids]} onOpen={onOpen} />
      </div>
      <Table
        label={t('nav.cameras')}
        rows={rows}
        idOf={({ id }) => id}
        columns={columns(onOpen)}
        selection={selection}
        onSelect={setSelection}
        onOpen={(camera) => onOpen({ kind: 'edit', camera })}
      />
      <p class="muted small not-phone">{t('cameras.selectHint')}</p>
    </div>
  );
}

function Summary({ all }: { readonly all: readonly Camera[] }): VNode {
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
  const enable = (enabled: boolean): void => {
    void attempt(async () => {
      await api.updateCameras(ids, { enabled });
      await refreshCameras();
      toast(plural(ids.length, 'cameras.changedOne', 'cameras.changedMany'));
    });
  };
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

function columns(onOpen: (open: Open) => void): readonly Column<Camera>[] {
  return [
    { key: 'name', title: t('cameras.name'), cell: (camera) => <NameCell camera={camera} onOpen={onOpen} /> },
    { key: 'state', title: t('cameras.state'), class: 'fit', cell: (camera) => <StateChip camera={camera} /> },
    { key: 'video', title: t('cameras.video'), class: 'fit wide-only', cell: videoText },
    { key: 'rate', title: t('cameras.rate'), class: 'num fit wide-only', cell: rateText },
    {
      key: 'last',
      title: t('cameras.lastFrame'),
      class: 'fit wide-only',
      cell: (camera) => <LastFrame camera={camera} />,
    },
    {
      key: 'priority',
      title: t('camera.priority'),
      class: 'fit wide-only',
      cell: ({ priority }) => t(`priority.${priority}`),
    },
    {
      key: 'footage',
      title: t('cameras.footage'),
      class: 'num fit wide-only',
      cell: ({ footageBytes }) => size(footageBytes),
    },
  ];
}

function NameCell({ camera, onOpen }: { readonly camera: Camera; readonly onOpen: (open: Open) => void }): VNode {
  const problem = problemOf(camera);
  return (
    <>
      <button type="button" class="camera-name" onClick={() => onOpen({ kind: 'edit', camera })}>
        {camera.name}
      </button>
      <div class={`small ${problem === undefined ? 'muted' : 'bad'}`}>
        {problem ?? camera.main.url.replace(/^\w+:\/\//, '')}
      </div>
    </>
  );
}

const mainOf = ({ streams }: Camera): Camera['streams'][number] | undefined =>
  streams.find(({ stream }) => stream === 'main');

function codecName(codec: string): string {
  if (/^(hvc|hev)/.test(codec)) return 'H.265';
  return codec.startsWith('avc') ? 'H.264' : codec;
}

function videoText(camera: Camera): string {
  const main = mainOf(camera);
  const codec = codecName(main?.codec ?? '');
  return main?.width === undefined ? '' : `${codec} ${main.width}×${main.height ?? ''}`;
}
function rateText(camera: Camera): string {
  const rate = mainOf(camera)?.bitsPerSecond ?? 0;
  return rate > 0 ? bitrate(rate) : '';
}
function LastFrame({ camera: { lastFrameAt } }: { readonly camera: Camera }): VNode {
  return (
    <span class="muted">
      {lastFrameAt === undefined ? t('cameras.never') : ago(now.value - Date.parse(lastFrameAt))}
    </span>
  );
}
