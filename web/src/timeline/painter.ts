/** Repaints the canvas when what it shows has changed, at most once a frame. */
import { effect } from '@preact/signals';
import { now } from '../app/stores.ts';
import type { PlaybackState } from '../pages/playback/state.ts';
import { draw, lookOf, RULER_HEIGHT } from './draw.ts';

/** Pixels, as in timeline.css. */
export const ROW_HEIGHT = 24;

export function startPainter(
  canvas: HTMLCanvasElement,
  box: HTMLElement,
  state: PlaybackState,
  cameraIds: readonly string[],
): () => void {
  const context = canvas.getContext('2d');
  if (context === null) return () => undefined;
  const height = RULER_HEIGHT + cameraIds.length * ROW_HEIGHT;
  const look = lookOf(context);
  let frame = 0;
  const paint = (): void => {
    frame = 0;
    draw(context, box.clientWidth, height, {
      look,
      view: state.view.peek(),
      tracks: cameraIds.map(state.data.trackOf),
      rowHeight: ROW_HEIGHT,
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
    canvas.height = Math.round(height * ratio);
    canvas.style.width = `${box.clientWidth}px`;
    canvas.style.height = `${height}px`;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    state.width.value = box.clientWidth;
    request();
  };
  const resize = new ResizeObserver(fit);
  resize.observe(box);
  fit();
  const stop = effect(() => {
    void [state.view.value, state.rangeFrom.value, state.rangeTo.value, state.data.version.value];
    request();
  });
  return () => {
    stop();
    resize.disconnect();
    cancelAnimationFrame(frame);
  };
}
