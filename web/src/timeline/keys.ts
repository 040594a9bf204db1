/** The keys of playback; each movement by pointer has one. The list that `?` shows stands in pages/playback/help.tsx. */
import { boxNow } from '../app/box-clock.ts';
import type { PlaybackState } from '../pages/playback/state.ts';
import { centre, pan, reveal, spanOf, zoom } from './scale.ts';

/** What the page around does with a key. */
export type PageActions = {
  readonly export: () => void;
  readonly goTo: () => void;
  readonly table: () => void;
  readonly find: () => void;
  readonly help: () => void;
};

/** The keys of the whole page, wherever the focus is; what a field, list or dialog does with a key comes first. */
export function attachKeys(state: PlaybackState, page: PageActions): () => void {
  const onKey = (event: KeyboardEvent): void => onTimelineKey(event, state, page);
  document.addEventListener('keydown', onKey);
  return () => document.removeEventListener('keydown', onKey);
}

function onTimelineKey(event: KeyboardEvent, state: PlaybackState, page: PageActions): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  const target = event.target instanceof Element ? event.target : document.body;
  if (target.closest('dialog, table, select, textarea, nav, input:not([type=checkbox])') !== null) return;
  if (event.key === ' ' && target.closest('button, a, input') !== null) return;
  const act = movesOf(state, event.shiftKey)[event.key] ?? actsOf(state, page)[event.key];
  if (act === undefined) return;
  event.preventDefault();
  act();
}

type Acts = Readonly<Record<string, () => void>>;
function movesOf(state: PlaybackState, shift: boolean): Acts {
  const view = state.view.peek();
  const at = state.playhead.peek();
  const seek = (to: number): void => {
    state.seek(to);
    state.view.value = reveal(state.view.peek(), to);
  };
  const step = shift ? 10_000 : 1000;
  return {
    ArrowLeft: () => seek(at - step),
    ArrowRight: () => seek(at + step),
    PageUp: () => seek(at - spanOf(view) / 4),
    PageDown: () => seek(at + spanOf(view) / 4),
    Home: () => seek(view.start),
    End: () => seek(Math.min(view.end, boxNow())),
    '+': () => zoomAround(state, 0.5),
    '=': () => zoomAround(state, 0.5),
    '-': () => zoomAround(state, 2),
    h: () => (state.view.value = pan(view, -spanOf(view) / 4)),
    l: () => (state.view.value = pan(view, spanOf(view) / 4)),
    c: () => (state.view.value = centre(view, at)),
  };
}

function actsOf(state: PlaybackState, page: PageActions): Acts {
  return {
    '[': () => state.jumpGap(-1),
    ']': () => state.jumpGap(1),
    ',': () => state.stepFrame(-1),
    '.': () => state.stepFrame(1),
    '<': () => state.faster(-1),
    '>': () => state.faster(1),
    i: () => state.mark('from'),
    o: () => state.mark('to'),
    s: state.nextSound,
    n: () => state.goTo(boxNow()),
    e: page.export,
    g: page.goTo,
    t: page.table,
    f: page.find,
    '?': page.help,
    ' ': state.toggle,
  };
}

export function zoomAround(state: PlaybackState, factor: number): void {
  const view = state.view.peek();
  const at = state.playhead.peek();
  const anchor = at >= view.start && at <= view.end ? at : (view.start + view.end) / 2;
  state.view.value = zoom(view, anchor, factor);
}
