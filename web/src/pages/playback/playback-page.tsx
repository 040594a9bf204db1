/** Playback of the whole site: up to nine cameras in step, the timeline of all, the controls between. */
import { useComputed } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { SiteCamera } from '../../api/site.ts';
import { placeOf } from '../../app/playback-link.ts';
import { query, setQuery } from '../../app/router.ts';
import { can } from '../../app/session.ts';
import { Page } from '../../app/shell.tsx';
import { cameras } from '../../app/stores.ts';
import { toast } from '../../app/toasts.tsx';
import { t as shell } from '../../messages/messages.ts';
import { t } from '../../messages/playback/words.ts';
import { attachKeys } from '../../timeline/keys.ts';
import { camerasIn, rowsOf } from '../../timeline/rows.ts';
import { Timeline } from '../../timeline/timeline.tsx';
import { Empty } from '../../ui/dialog.tsx';
import { Icon } from '../../ui/icon.tsx';
import { Controls } from './controls.tsx';
import { ExportDialog } from './export-dialog.tsx';
import { GapTable } from './gap-table.tsx';
import { GoToDialog } from './go-to.tsx';
import { HelpDialog } from './help.tsx';
import { syncLink } from './link-sync.ts';
import { listServers } from './servers.ts';
import { Stage } from './stage.tsx';
import { createPlaybackState, type PlaybackState } from './state.ts';
import './playback.css';

export const MAX_CHOSEN = 9;
type Shown = 'export' | 'go-to' | 'help';

export function PlaybackPage(): VNode {
  const state = useMemo(() => createPlaybackState(placeOf(query.peek())), []);
  const [showGaps, setShowGaps] = useState(false);
  const [dialog, setDialog] = useState<Shown>();
  const all = useCameras();
  const chosen = chosenOf(placeOf(query.value).cameras, all ?? []);
  const picker = usePicker(all ?? [], chosen);
  useEffect(() => {
    state.chosen.value = chosen;
  }, [chosen.join(',')]);
  useEffect(() => {
    void listServers();
    const stops = [
      state.start(),
      syncLink(state),
      attachKeys(state, {
        export: () => setDialog('export'),
        goTo: () => setDialog('go-to'),
        help: () => setDialog('help'),
        table: () => setShowGaps((shown) => !shown),
        find: () => document.querySelector<HTMLInputElement>('.tl-find')?.focus(),
      }),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }, [state]);
  if (all?.length === 0) return <Nothing />;
  const actions = (
    <Actions showGaps={showGaps} onGaps={() => setShowGaps(!showGaps)} onOpen={setDialog} count={chosen.length} />
  );
  return (
    <Page title={shell('nav.playback')} actions={actions} fill>
      <Stage
        state={state}
        cameras={chosen.flatMap((id) => (all ?? []).filter((camera) => camera.id === id))}
        isChosen={all === undefined || chosen.length > 0}
        onExport={can('export') ? () => setDialog('export') : undefined}
      />
      <Controls state={state} onGoTo={() => setDialog('go-to')} />
      {showGaps ? <GapTable state={state} cameras={camerasIn(picker.rows)} /> : <Timeline state={state} {...picker} />}
      <Dialogs shown={dialog} state={state} chosen={chosen} onClose={() => setDialog(undefined)} />
    </Page>
  );
}

type DialogsProps = {
  readonly shown: Shown | undefined;
  readonly state: PlaybackState;
  readonly chosen: readonly string[];
  readonly onClose: () => void;
};
function Dialogs({ shown, state, chosen, onClose }: DialogsProps): VNode | null {
  if (shown === 'go-to') return <GoToDialog state={state} onClose={onClose} />;
  if (shown === 'help') return <HelpDialog onClose={onClose} />;
  const exports = shown === 'export' && chosen.length > 0 && can('export');
  return exports ? <ExportDialog state={state} cameraIds={chosen} onClose={onClose} /> : null;
}

/** The same list as long as nothing that playback shows has changed: a frame more of a camera is no reason to draw the page anew. */
function useCameras(): readonly SiteCamera[] | undefined {
  const shape = useComputed(() =>
    cameras.value
      ?.map(({ id, name, server, serverConnected, coveredBy, recordSub }) =>
        [id, name, server.id, server.name, serverConnected, coveredBy?.name, recordSub].join('\n'),
      )
      .join('\n'),
  ).value;
  return useMemo(() => cameras.peek(), [shape]);
}

type TimelinePicker = Omit<Parameters<typeof Timeline>[0], 'state'>;
function usePicker(all: readonly SiteCamera[], chosen: readonly string[]): TimelinePicker {
  const [text, setText] = useState('');
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const rows = useMemo(() => rowsOf(all, text, folded), [all, text, folded]);
  return {
    rows,
    chosen,
    text,
    onText: setText,
    onToggle: (id) => {
      const next = chosen.includes(id) ? chosen.filter((other) => other !== id) : [...chosen, id];
      if (next.length > MAX_CHOSEN) toast(t('atMost', { n: MAX_CHOSEN }), 'bad');
      else setQuery({ cameras: next.length === 0 ? 'none' : next.join(',') });
    },
    onFold: (id) =>
      setFolded((before) => new Set([...before].filter((other) => other !== id).concat(before.has(id) ? [] : id))),
  };
}

type ActionsProps = {
  readonly showGaps: boolean;
  readonly onGaps: () => void;
  readonly onOpen: (what: Shown) => void;
  readonly count: number;
};
function Actions({ showGaps, onGaps, onOpen, count }: ActionsProps): VNode {
  return (
    <>
      <button
        type="button"
        class="button quiet icon-only"
        aria-label={t('help')}
        title={`${t('help')} ?`}
        onClick={() => onOpen('help')}
      >
        <kbd aria-hidden="true">?</kbd>
      </button>
      <button type="button" class="button" aria-pressed={showGaps} onClick={onGaps}>
        <Icon name="table" />
        {t('gaps')}
      </button>
      {can('export') && (
        <button type="button" class="button primary" disabled={count === 0} onClick={() => onOpen('export')}>
          <Icon name="exports" />
          {t('export')}
        </button>
      )}
    </>
  );
}

function Nothing(): VNode {
  return (
    <Page title={shell('nav.playback')}>
      <Empty icon="playback" title={t('emptyTitle')} text={t('emptyText')}>
        <a class="button primary" href="/cameras">
          {shell('cameras.add')}
        </a>
      </Empty>
    </Page>
  );
}

function chosenOf(asked: readonly string[] | undefined, existing: readonly SiteCamera[]): readonly string[] {
  if (asked?.length === 0) return [];
  const known = new Set(existing.map(({ id }) => id));
  const found = [...new Set(asked)].filter((id) => known.has(id)).slice(0, MAX_CHOSEN);
  return found.length > 0 ? found : existing.slice(0, 1).map(({ id }) => id);
}
