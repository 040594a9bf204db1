/** Live: a grid of tiles over the whole site; layout, view, server and page stand in the address, so that they can be shared and come back. */
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { SiteCamera } from '../../api/site.ts';
import { query, setQuery } from '../../app/router.ts';
import { Page } from '../../app/shell.tsx';
import { cameras, server } from '../../app/stores.ts';
import { say } from '../../app/toasts.tsx';
import { t as word } from '../../messages/live/words.ts';
import { t } from '../../messages/messages.ts';
import { Empty } from '../../ui/dialog.tsx';
import { arrangingOf, type Changes } from './arrange-tools.tsx';
import { ArrangeBar, ArrangeList } from './arrange.tsx';
import { camerasOf, chosenServer, chosenView, layoutOf } from './chosen.ts';
import { Grid } from './grid.tsx';
import { gridOf, type GridShape } from './layout.ts';
import { LiveTile } from './live-tile.tsx';
import { ViewBar } from './view-bar.tsx';
import { moved, type LiveView } from './views.ts';
import './live.css';

export function LivePage(): VNode {
  const [draft, setDraft] = useState<LiveView>();
  const [large, setLarge] = useState<string>();
  const layout = layoutOf(draft);
  const shown = camerasOf(draft);
  const shape = gridOf(layout, shown.length, innerWidth < 720);
  const pages = Math.max(1, Math.ceil(shown.length / shape.perPage));
  const page = Math.min(pages, Math.max(1, Number(query.value.get('page') ?? 1) || 1));
  const one = shown.find(({ id }) => id === large);
  const actions =
    draft === undefined ? (
      <ViewBar layout={layout} page={page} pages={pages} onEdit={setDraft} />
    ) : (
      <ArrangeBar draft={draft} page={page} pages={pages} onChange={setDraft} onClose={() => setDraft(undefined)} />
    );
  const first = (page - 1) * shape.perPage;
  const tiles = one === undefined ? shown.slice(first, first + shape.perPage) : [one];
  return (
    <Page title={t('nav.live')} actions={actions} fill>
      {cameras.value !== undefined && shown.length === 0 && draft === undefined ? (
        <Nothing />
      ) : (
        <div class="live-body">
          <Tiles {...{ tiles, first, shape, large: one?.id, draft, onLarge: setLarge, onChange: setDraft }} />
          {draft !== undefined && <ArrangeList draft={draft} onChange={setDraft} />}
        </div>
      )}
    </Page>
  );
}

type TilesProps = {
  readonly tiles: readonly SiteCamera[];
  /** Place of the first one in the view. */
  readonly first: number;
  readonly shape: GridShape;
  readonly large: string | undefined;
  readonly draft: LiveView | undefined;
  readonly onLarge: (id: string | undefined) => void;
  readonly onChange: (draft: LiveView) => void;
};
/** Moving and taking out, with the focus staying where the hands are. */
function useChanges({ tiles, shape, draft, onChange }: TilesProps): Changes {
  const [focused, setFocused] = useState<string>();
  useEffect(() => {
    if (focused === undefined) return;
    document.querySelector<HTMLElement>(`[data-camera="${CSS.escape(focused)}"] video`)?.focus();
    setFocused(undefined);
  }, [focused]);
  const ids = draft?.cameras ?? [];
  const move = (id: string, to: number): void => {
    if (draft === undefined) return;
    onChange({ ...draft, cameras: moved(ids, id, to) });
    setQuery({ page: String(Math.floor(to / shape.perPage) + 1) });
    setFocused(id);
    const name = tiles.find((camera) => camera.id === id)?.name ?? '';
    say(word('view.moved', { name, place: to + 1, count: ids.length }));
  };
  const remove = (id: string): void => {
    if (draft !== undefined) onChange({ ...draft, cameras: ids.filter((other) => other !== id) });
    const at = ids.indexOf(id);
    setFocused(ids[at + 1] ?? ids[at - 1]);
  };
  return { move, remove };
}

function Tiles(props: TilesProps): VNode {
  const { tiles, first, shape, large, draft, onLarge } = props;
  const changes = useChanges(props);
  if (tiles.length === 0 && draft !== undefined) return <p class="muted live-choose">{word('view.choose')}</p>;
  const single = tiles.length === 1;
  return (
    <Grid
      kind="live"
      columns={single ? 1 : shape.columns}
      rows={single ? 1 : shape.rows}
      focus={shape.focus && !single}
      count={tiles.length}
      label={t('live.grid')}
    >
      {tiles.map((camera, index) => (
        <LiveTile
          key={camera.id}
          camera={camera}
          large={large === camera.id}
          single={single}
          onLarge={(on) => onLarge(on ? camera.id : undefined)}
          arranging={
            draft === undefined
              ? undefined
              : arrangingOf({ id: camera.id, index: first + index, count: draft.cameras.length }, changes)
          }
        />
      ))}
    </Grid>
  );
}

/** A failover server has no cameras of its own, and none to watch as long as all is well. */
function Nothing(): VNode {
  const mode = server.value?.mode;
  if (chosenView() !== undefined || chosenServer() !== undefined)
    return (
      <Empty icon="live" title={word('filter.nothingTitle')} text={word('filter.nothingText')}>
        <a class="button" href="/live">
          {word('filter.showAll')}
        </a>
      </Empty>
    );
  if (mode === 'failover')
    return (
      <Empty icon="live" title={t('live.standbyTitle')} text={t('live.standbyText')}>
        <a class="button" href="/failover">
          {word('standby.failover')}
        </a>
      </Empty>
    );
  return (
    <Empty icon="live" title={t('live.emptyTitle')} text={mode === 'host' ? word('empty.host') : t('live.emptyText')}>
      {mode === 'host' && (
        <a class="button primary" href="/failover">
          {word('empty.addServer')}
        </a>
      )}
      <a class={mode === 'host' ? 'button' : 'button primary'} href="/cameras">
        {t('cameras.add')}
      </a>
    </Empty>
  );
}
