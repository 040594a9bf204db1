/** What is shown: named view, server, layout, page. */
import type { VNode } from 'preact';
import { setQuery } from '../../app/router.ts';
import { cameraServers } from '../../app/stores.ts';
import { t as word } from '../../messages/live/words.ts';
import { t } from '../../messages/messages.ts';
import { SelectField } from '../../ui/field.tsx';
import { Icon } from '../../ui/icon.tsx';
import { chosenServer, chosenView, draftOf, STORED_LAYOUT, views } from './chosen.ts';
import { LAYOUTS, type Layout } from './layout.ts';
import type { LiveView } from './views.ts';

type BarProps = {
  readonly layout: Layout;
  readonly page: number;
  readonly pages: number;
  readonly onEdit: (draft: LiveView) => void;
};
export function ViewBar({ layout, page, pages, onEdit }: BarProps): VNode {
  const view = chosenView();
  const choose = (next: Layout): void => {
    localStorage.setItem(STORED_LAYOUT, next);
    setQuery({ layout: next, page: undefined });
  };
  return (
    <>
      {pages > 1 && <Pager page={page} pages={pages} />}
      {view === undefined && <ServerChoice />}
      <Views view={view} />
      <button
        type="button"
        class="button quiet icon-only"
        aria-label={word(view === undefined ? 'view.new' : 'view.edit')}
        title={word(view === undefined ? 'view.new' : 'view.edit')}
        onClick={() => onEdit(view ?? draftOf(layout))}
      >
        <Icon name={view === undefined ? 'plus' : 'edit'} />
      </button>
      <Layouts layout={layout} onChoose={choose} />
    </>
  );
}

function ServerChoice(): VNode | null {
  const known = cameraServers.value;
  if (known.length < 2) return null;
  return (
    <SelectField
      label={word('filter.server')}
      hideLabel
      value={chosenServer() ?? ''}
      onChange={(id) => setQuery({ server: id === '' ? undefined : id, page: undefined })}
      options={[['', word('filter.all')], ...known.map(({ id, name }) => [id, name] as const)]}
    />
  );
}

function Views({ view }: { readonly view: LiveView | undefined }): VNode | null {
  const all = views();
  if (all.length === 0) return null;
  return (
    <SelectField
      label={word('view.label')}
      hideLabel
      value={view?.id ?? ''}
      onChange={(id) =>
        setQuery({ view: id === '' ? undefined : id, layout: undefined, server: undefined, page: undefined })
      }
      options={[['', word('view.all')], ...all.map(({ id, name }) => [id, name] as const)]}
    />
  );
}

export function Layouts({
  layout,
  onChoose,
}: {
  readonly layout: Layout;
  readonly onChoose: (next: Layout) => void;
}): VNode {
  return (
    <div class="segmented" role="group" aria-label={t('live.layout')}>
      {LAYOUTS.map((key) => (
        <button
          key={key}
          type="button"
          aria-pressed={layout === key}
          aria-label={labelOf(key)}
          onClick={() => onChoose(key)}
        >
          {key === 'auto' ? t('live.auto') : key === 'focus' ? word('layout.focus') : key}
        </button>
      ))}
    </div>
  );
}

function labelOf(layout: Layout): string | undefined {
  if (layout === 'auto') return undefined;
  return layout === 'focus' ? word('layout.focusOf') : t('live.layoutOf', { n: layout });
}

export function Pager({ page, pages }: { readonly page: number; readonly pages: number }): VNode {
  return (
    <div class="row">
      <button
        type="button"
        class="button quiet icon-only"
        aria-label={t('common.previous')}
        disabled={page === 1}
        onClick={() => setQuery({ page: String(page - 1) })}
      >
        <Icon name="chevronLeft" />
      </button>
      <span class="muted">{t('common.pageOf', { page, pages })}</span>
      <button
        type="button"
        class="button quiet icon-only"
        aria-label={t('common.next')}
        disabled={page === pages}
        onClick={() => setQuery({ page: String(page + 1) })}
      >
        <Icon name="chevronRight" />
      </button>
    </div>
  );
}
