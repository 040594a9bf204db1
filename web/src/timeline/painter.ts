/** Repaints the canvas when what it shows has changed, at most once a frame; only rows in sight are drawn. */
import { effect, type ReadonlySignal } from '@preact/signals';
import { now } from '../app/stores.ts';
import type { PlaybackState } from '../pages/playback/state.ts';
import { draw, RULER_HEIGHT } from './draw.ts';
import { lookOf } from './look.ts';
import type { Row } from './rows.ts';

/** Pixels, as in timeline.css. */
export const ROW_HEIGHT = 24;
/** Rows in sight: the first of them, and one behind the last. */
export type Sight = { readonly from: number; readonly to: number };
export const sightOf = (count: number, scrolled: number, height: number): Sight => ({
  from: Math.min(count, Math.max(0, Math.floor(scrolled / ROW_HEIGHT))),
  to: Math.min(count, Math.max(0, Math.ceil((scrolled + height - RULER_HEIGHT) / ROW_HEIGHT))),
});

export type Pane = {
  readonly canvas: HTMLCanvasElement;
  /** As large as the canvas. */
  readonly box: HTMLElement;
  readonly rows: readonly Row[];
  /** Pixels that the rows are scrolled up. */
  readonly scrolled: ReadonlySignal<number>;
};

export function startPainter({ canvas, box, rows, scrolled }: Pane, state: PlaybackState): () => void {
  const context = canvas.getContext('2d');
  if (context === null) return () => undefined;
  const look = lookOf(context);
  let frame = 0;
  const paint = (): void => {
    frame = 0;
    const size = { width: box.clientWidth, height: box.clientHeight };
    const { from, to } = sightOf(rows.length, scrolled.peek(), size.height);
    draw(context, size, {
      look,
      view: state.view.peek(),
      rows: rows.slice(from, to).map((row) => (row.kind === 'camera' ? state.data.trackOf(row.camera.id) : undefined)),
      rowHeight: ROW_HEIGHT,
      top: RULER_HEIGHT + from * ROW_HEIGHT - scrolled.peek(),
      range: { from: state.rangeFrom.peek(), to: state.rangeTo.peek() },
      now: now.peek(),
    });
  };
  const request = (): void => {
    if (frame === 0) frame = requestAnimationFrame(paint);
  };
  const fit = (): void => {
    const ratio = devicePixelRatio;
    canvas.width = Math.round(box.clientWidth * ratio);
    canvas.height = Math.round(box.clientHeight * ratio);
    canvas.style.width = `${box.clientWidth}px`;
    canvas.style.height = `${box.clientHeight}px`;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    state.width.value = box.clientWidth;
    request();
  };
  const resize = new ResizeObserver(fit);
  resize.observe(box);
  fit();
  const stop = effect(() => {
    void [state.view.value, state.rangeFrom.value, state.rangeTo.value, state.data.version.value, scrolled.value];
    request();
  });
  return () => {
    stop();
    resize.disconnect();
    cancelAnimationFrame(frame);
  };
}
