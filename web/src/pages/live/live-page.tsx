/** Live: a grid of tiles, its layout and page in the address so that it can be shared and comes back after a reload. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { Page } from '../../app/shell.tsx';
import { query, setQuery } from '../../app/router.ts';
import { cameras, server } from '../../app/stores.ts';
import { t } from '../../messages/messages.ts';
import { Empty } from '../../ui/dialog.tsx';
import { Icon } from '../../ui/icon.tsx';
import { Grid } from './grid.tsx';
import { gridOf, isLayout, LAYOUTS, type Layout } from './layout.ts';
import { LiveTile } from './live-tile.tsx';
import './live.css';

const STORED = 'understudy.layout';

export function LivePage(): VNode {
  const stored = query.value.get('layout') ?? localStorage.getItem(STORED) ?? 'auto';
  const layout: Layout = isLayout(stored) ? stored : 'auto';
  const shown = (cameras.value ?? []).filter(({ enabled }) => enabled);
  const { perPage, columns } = gridOf(layout, shown.length, innerWidth < 720);
  const pages = Math.max(1, Math.ceil(shown.length / perPage));
  const page = Math.min(pages, Math.max(1, Number(query.value.get('page') ?? 1) || 1));
  const [large, setLarge] = useState<string>();
  const actions = (
    <>
      {pages > 1 && <Pager page={page} pages={pages} />}
      <Layouts layout={layout} />
    </>
  );
  const visible =
    large === undefined ? shown.slice((page - 1) * perPage, page * perPage) : shown.filter(({ id }) => id === large);
  return (
    <Page title={t('nav.live')} actions={actions} fill>
      {cameras.value !== undefined && shown.length === 0 ? (
        <Nothing />
      ) : (
        <Grid kind="live" columns={large === undefined ? columns : 1} count={visible.length} label={t('live.grid')}>
          {visible.map((camera) => (
            <LiveTile
              key={camera.id}
              camera={camera}
              large={large === camera.id}
              onLarge={(on) => setLarge(on ? camera.id : undefined)}
            />
          ))}
        </Grid>
      )}
    </Page>
  );
}

/** A failover server has no cameras of its own, and none to watch as long as all is well. */
function Nothing(): VNode {
  if (server.value?.mode === 'failover')
    return <Empty icon="live" title={t('live.standbyTitle')} text={t('live.standbyText')} />;
  return (
    <Empty icon="live" title={t('live.emptyTitle')} text={t('live.emptyText')}>
      <a class="button primary" href="/cameras">
        {t('cameras.add')}
      </a>
    </Empty>
  );
}

function Layouts({ layout }: { readonly layout: Layout }): VNode {
  const choose = (next: Layout): void => {
    localStorage.setItem(STORED, next);
    setQuery({ layout: next, page: undefined });
  };
  return (
    <div class="segmented" role="group" aria-label={t('live.layout')}>
      {LAYOUTS.map((key) => (
        <button
          key={key}
          type="button"
          aria-pressed={layout === key}
          aria-label={key === 'auto' ? undefined : t('live.layoutOf', { n: key })}
          onClick={() => choose(key)}
        >
          {key === 'auto' ? t('live.auto') : key}
        </button>
      ))}
    </div>
  );
}

function Pager({ page, pages }: { readonly page: number; readonly pages: number }): VNode {
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
