/** A view while it is made: its name and layout above, the cameras to choose from beside the tiles. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { setQuery } from '../../app/router.ts';
import { cameras, cameraServers } from '../../app/stores.ts';
import { toast } from '../../app/toasts.tsx';
import { t as word } from '../../messages/live/words.ts';
import { t } from '../../messages/messages.ts';
import { ConfirmDialog } from '../../ui/dialog.tsx';
import { Icon } from '../../ui/icon.tsx';
import { keepViews, views } from './chosen.ts';
import { Layouts, Pager } from './view-bar.tsx';
import { MAX_VIEW_CAMERAS, MAX_VIEW_NAME, withView, type LiveView } from './views.ts';

type DraftProps = { readonly draft: LiveView; readonly onChange: (draft: LiveView) => void };
type BarProps = DraftProps & { readonly page: number; readonly pages: number; readonly onClose: () => void };

export function ArrangeBar({ draft, page, pages, onChange, onClose }: BarProps): VNode {
  const [deleting, setDeleting] = useState(false);
  const name = draft.name.trim();
  const canSave = name !== '' && draft.cameras.length > 0;
  const save = (): void => {
    keepViews(withView(views(), { ...draft, name }));
    setQuery({ view: draft.id, layout: undefined, server: undefined, page: undefined });
    toast(word('view.saved', { name }));
    onClose();
  };
  return (
    <>
      <form
        class="row wrap"
        noValidate
        aria-label={word('view.editing')}
        onSubmit={(event) => {
          event.preventDefault();
          if (canSave) save();
        }}
      >
        {pages > 1 && <Pager page={page} pages={pages} />}
        <input
          class="view-name"
          type="text"
          autoFocus
          aria-label={word('view.name')}
          placeholder={word('view.name')}
          maxLength={MAX_VIEW_NAME}
          value={draft.name}
          onInput={(event) => onChange({ ...draft, name: event.currentTarget.value })}
        />
        <Layouts layout={draft.layout} onChoose={(layout) => onChange({ ...draft, layout })} />
        <BarButtons draft={draft} canSave={canSave} onDelete={() => setDeleting(true)} onClose={onClose} />
      </form>
      {deleting && <DeleteView draft={draft} onClose={() => setDeleting(false)} onDone={onClose} />}
    </>
  );
}

type ButtonsProps = {
  readonly draft: LiveView;
  readonly canSave: boolean;
  readonly onDelete: () => void;
  readonly onClose: () => void;
};
function BarButtons({ draft, canSave, onDelete, onClose }: ButtonsProps): VNode {
  return (
    <>
      {views().some(({ id }) => id === draft.id) && (
        <button type="button" class="button" onClick={onDelete}>
          <Icon name="trash" />
          {word('view.delete')}
        </button>
      )}
      <button type="button" class="button" onClick={onClose}>
        {t('common.cancel')}
      </button>
      <button type="submit" class="button primary" disabled={!canSave}>
        {word('view.save')}
      </button>
    </>
  );
}

type DeleteProps = { readonly draft: LiveView; readonly onClose: () => void; readonly onDone: () => void };
function DeleteView({ draft, onClose, onDone }: DeleteProps): VNode {
  const drop = async (): Promise<void> => {
    keepViews(views().filter(({ id }) => id !== draft.id));
    setQuery({ view: undefined, page: undefined });
    await Promise.resolve();
    onDone();
  };
  return (
    <ConfirmDialog
      title={word('view.deleteTitle', { name: draft.name })}
      confirm={word('view.delete')}
      onConfirm={drop}
      onClose={onClose}
      danger
    >
      <p>{word('view.deleteText')}</p>
    </ConfirmDialog>
  );
}

export function ArrangeList({ draft, onChange }: DraftProps): VNode {
  const [filter, setFilter] = useState('');
  const wanted = filter.trim().toLowerCase();
  const chosen = new Set(draft.cameras);
  const several = cameraServers.value.length > 1;
  const toggle = (id: string, on: boolean): void => {
    const rest = draft.cameras.filter((other) => other !== id);
    onChange({ ...draft, cameras: on ? [...rest, id].slice(-MAX_VIEW_CAMERAS) : rest });
  };
  const rows = (cameras.value ?? []).filter(
    ({ enabled, name, server }) => enabled && `${name} ${server.name}`.toLowerCase().includes(wanted),
  );
  return (
    <section class="card arrange-list" aria-label={word('view.cameras')}>
      <p class="muted small">{word('view.hint')}</p>
      <input
        type="search"
        class="filter"
        aria-label={word('view.filter')}
        placeholder={word('view.filter')}
        value={filter}
        onInput={(event) => setFilter(event.currentTarget.value)}
      />
      <ul>
        {rows.map(({ id, name, server }) => (
          <li key={id}>
            <label class="check">
              <input
                type="checkbox"
                checked={chosen.has(id)}
                onChange={(event) => toggle(id, event.currentTarget.checked)}
              />
              <span class="cut">
                {name}
                {several && <small class="cut">{server.name}</small>}
              </span>
            </label>
          </li>
        ))}
      </ul>
    </section>
  );
}
