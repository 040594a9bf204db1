/** Playback: up to four cameras in step, the timeline of all, the controls between. */
import { useComputed } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { query, setQuery } from '../../app/router.ts';
import { Page } from '../../app/shell.tsx';
import { cameras } from '../../app/stores.ts';
import { toast } from '../../app/toasts.tsx';
import { t } from '../../messages/messages.ts';
import { attachKeys } from '../../timeline/keys.ts';
import { Timeline } from '../../timeline/timeline.tsx';
import { Empty } from '../../ui/dialog.tsx';
import { Icon } from '../../ui/icon.tsx';
import { Grid } from '../live/grid.tsx';
import { Controls } from './controls.tsx';
import { ExportDialog } from './export-dialog.tsx';
import { GapTable } from './gap-table.tsx';
import { PlaybackTile } from './playback-tile.tsx';
import { createPlaybackState, type PlaybackState } from './state.ts';
import './playback.css';

const MAX_CHOSEN = 4;
const BEHIND_NOW_MS = 60_000;

export function PlaybackPage(): VNode {
  const state = useMemo(() => {
    const asked = Date.parse(query.peek().get('at') ?? '');
    return createPlaybackState(Number.isNaN(asked) ? Date.now() - BEHIND_NOW_MS : asked);
  }, []);
  const [showGaps, setShowGaps] = useState(false);
  const [exporting, setExporting] = useState(false);
  useEffect(() => attachKeys(state, () => (cameras.peek() ?? []).map(({ id }) => id)), [state]);
  const all = cameras.value;
  const ids = useComputed(() => (cameras.value ?? []).map(({ id }) => id).join(','));
  useEffect(() => state.start(() => ids.value.split(',').filter(Boolean)), [state]);
  const chosen = chosenOf(
    query.value.get('cameras'),
    (all ?? []).map(({ id }) => id),
  );
  useEffect(() => {
    state.chosen.value = chosen;
  }, [chosen.join(',')]);
  const toggle = (id: string): void => {
    const next = chosen.includes(id) ? chosen.filter((other) => other !== id) : [...chosen, id];
    if (next.length > MAX_CHOSEN) toast(t('playback.atMost', { n: MAX_CHOSEN }), 'bad');
    else setQuery({ cameras: next.length === 0 ? 'none' : next.join(',') });
  };
  const actions = (
    <>
      <button type="button" class="button" aria-pressed={showGaps} onClick={() => setShowGaps(!showGaps)}>
        <Icon name="table" />
        {t('playback.gaps')}
      </button>
      <button type="button" class="button primary" disabled={chosen.length === 0} onClick={() => setExporting(true)}>
        <Icon name="exports" />
        {t('playback.export')}
      </button>
    </>
  );
  if (all?.length === 0) {
    return (
      <Page title={t('nav.playback')}>
        <Empty icon="playback" title={t('playback.emptyTitle')} text={t('playback.emptyText')}>
          <a class="button primary" href="/cameras">
            {t('cameras.add')}
          </a>
        </Empty>
      </Page>
    );
  }
  return (
    <Page title={t('nav.playback')} actions={actions} fill>
      <Stage state={state} chosen={chosen} />
      <Controls state={state} cameraIds={(all ?? []).map(({ id }) => id)} />
      {showGaps ? (
        <GapTable state={state} rows={all ?? []} />
      ) : (
        <Timeline state={state} rows={all ?? []} chosen={chosen} onToggle={toggle} />
      )}
      {exporting && <ExportDialog state={state} cameraIds={chosen} onClose={() => setExporting(false)} />}
    </Page>
  );
}

function chosenOf(asked: string | null, existing: readonly string[]): readonly string[] {
  if (asked === 'none') return [];
  const found = (asked ?? '').split(',').filter((id) => existing.includes(id));
  return found.length > 0 ? found.slice(0, MAX_CHOSEN) : existing.slice(0, 1);
}

function Stage({ state, chosen }: { readonly state: PlaybackState; readonly chosen: readonly string[] }): VNode {
  if (chosen.length === 0) {
    return (
      <div class="stage-empty">
        <Empty icon="playback" title={t('playback.chooseTitle')} text={t('playback.chooseText')} />
      </div>
    );
  }
  const shown = chosen.flatMap((id) => (cameras.value ?? []).filter((camera) => camera.id === id));
  return (
    <Grid kind="stage" columns={shown.length > 1 ? 2 : 1} count={shown.length} label={t('playback.grid')}>
      {shown.map((camera) => (
        <PlaybackTile key={camera.id} state={state} camera={camera} />
      ))}
    </Grid>
  );
}
