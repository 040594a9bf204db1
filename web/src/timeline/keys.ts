/** The timeline's keys; each movement by pointer has one. */
import type { PlaybackState } from '../pages/playback/state.ts';
import { centre, pan, reveal, spanOf, zoom } from './scale.ts';

/** The keys of the whole page, wherever the focus is; what a field, list or dialog does with a key comes first. */
export function attachKeys(state: PlaybackState, cameraIds: () => readonly string[]): () => void {
  const onKey = (event: KeyboardEvent): void => onTimelineKey(event, state, cameraIds());
  document.addEventListener('keydown', onKey);
  return () => document.removeEventListener('keydown', onKey);
}

function onTimelineKey(event: KeyboardEvent, state: PlaybackState, cameraIds: readonly string[]): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  const target = event.target instanceof Element ? event.target : document.body;
  if (target.closest('dialog, table, select, textarea, nav, input:not([type=checkbox])') !== null) return;
  if (event.key === ' ' && target.closest('button, a, input') !== null) return;
  const act = actionOf(event.key, event.shiftKey, state, cameraIds);
  if (act === undefined) return;
  event.preventDefault();
  act();
}

function actionOf(
  key: string,
  shift: boolean,
  state: PlaybackState,
  cameraIds: readonly string[],
): (() => void) | undefined {
  const view = state.view.peek();
  const at = state.playhead.peek();
  const seek = (to: number): void => {
    state.seek(to);
    state.view.value = reveal(state.view.peek(), to);
  };
  const step = shift ? 10_000 : 1000;
  const moves: Readonly<Record<string, () => void>> = {
    ArrowLeft: () => seek(at - step),
    ArrowRight: () => seek(at + step),
    PageUp: () => seek(at - spanOf(view) / 4),
    PageDown: () => seek(at + spanOf(view) / 4),
    Home: () => seek(view.start),
    End: () => seek(Math.min(view.end, Date.now())),
    '+': () => zoomAround(state, 0.5),
    '=': () => zoomAround(state, 0.5),
    '-': () => zoomAround(state, 2),
    '[': () => state.jumpGap(-1, cameraIds),
    ']': () => state.jumpGap(1, cameraIds),
    ',': () => state.stepFrame(-1),
    '.': () => state.stepFrame(1),
    i: () => state.mark('from'),
    o: () => state.mark('to'),
    h: () => (state.view.value = pan(view, -spanOf(view) / 4)),
    l: () => (state.view.value = pan(view, spanOf(view) / 4)),
    c: () => (state.view.value = centre(view, at)),
    ' ': () => state.toggle(),
  };
  return moves[key];
}

export function zoomAround(state: PlaybackState, factor: number): void {
  const view = state.view.peek();
  const at = state.playhead.peek();
  const anchor = at >= view.start && at <= view.end ? at : (view.start + view.end) / 2;
  state.view.value = zoom(view, anchor, factor);
}
