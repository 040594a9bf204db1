/** Mouse, wheel, touch and pen on the timeline: drag pans, a click seeks, wheel and pinch zoom, dragging in the ruler scrubs with edge pan. */
import type { PlaybackState } from '../pages/playback/state.ts';
import { RULER_HEIGHT } from './draw.ts';
import { edgePan, pan, timeOf, zoom } from './scale.ts';

type Point = { readonly x: number; readonly y: number };
const CLICK_PIXELS = 4;

export function attachPointer(
  box: HTMLElement,
  state: PlaybackState,
  onHover: (point: Point | undefined) => void,
): () => void {
  const stop = new AbortController();
  const listen = { signal: stop.signal };
  const held = new Map<number, Point>();
  let moved = 0;
  let scrubbing = false;
  let edge = 0;
  const pointOf = (event: MouseEvent): Point => {
    const bounds = box.getBoundingClientRect();
    return { x: event.clientX - bounds.left, y: event.clientY - bounds.top };
  };
  const scrubTo = (x: number): void => state.seek(timeOf(state.view.peek(), box.clientWidth, x));
  const followEdge = (): void => {
    const [point] = held.values();
    if (!scrubbing || point === undefined) return;
    const shift = edgePan(state.view.peek(), box.clientWidth, point.x);
    if (shift !== 0) {
      state.view.value = pan(state.view.peek(), shift);
      scrubTo(point.x);
    }
    edge = requestAnimationFrame(followEdge);
  };

  box.addEventListener(
    'pointerdown',
    (event) => {
      if (event.button !== 0) return;
      const point = pointOf(event);
      box.setPointerCapture(event.pointerId);
      held.set(event.pointerId, point);
      moved = 0;
      const onHead = event.target instanceof Element && event.target.closest('.tl-head') !== null;
      scrubbing = held.size === 1 && (point.y < RULER_HEIGHT || onHead);
      if (!scrubbing) return;
      scrubTo(point.x);
      edge = requestAnimationFrame(followEdge);
    },
    listen,
  );
  box.addEventListener(
    'pointermove',
    (event) => {
      const point = pointOf(event);
      const before = held.get(event.pointerId);
      if (before === undefined) {
        onHover(point);
        return;
      }
      onHover(undefined);
      if (scrubbing) scrubTo(point.x);
      else state.view.value = held.size === 2 ? pinched(held, event.pointerId, point) : dragged(before, point);
      moved += Math.abs(point.x - before.x);
      held.set(event.pointerId, point);
    },
    listen,
  );
  const dragged = (before: Point, after: Point) => {
    const view = state.view.peek();
    return pan(view, timeOf(view, box.clientWidth, before.x) - timeOf(view, box.clientWidth, after.x));
  };
  const pinched = (points: ReadonlyMap<number, Point>, moving: number, to: Point) => {
    const [other] = [...points].filter(([id]) => id !== moving).map(([, point]) => point);
    const from = points.get(moving);
    const view = state.view.peek();
    if (other === undefined || from === undefined) return view;
    const factor = Math.max(8, Math.abs(from.x - other.x)) / Math.max(8, Math.abs(to.x - other.x));
    return zoom(view, timeOf(view, box.clientWidth, other.x), factor);
  };
  const release = (event: PointerEvent): void => {
    const point = held.get(event.pointerId);
    held.delete(event.pointerId);
    cancelAnimationFrame(edge);
    if (event.type === 'pointerup' && point !== undefined && !scrubbing && moved < CLICK_PIXELS) scrubTo(point.x);
    scrubbing = false;
  };
  box.addEventListener('pointerup', release, listen);
  box.addEventListener('pointercancel', release, listen);
  box.addEventListener('pointerleave', () => onHover(undefined), listen);
  box.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      const view = state.view.peek();
      const width = box.clientWidth;
      const sideways = event.shiftKey ? event.deltaY : event.deltaX;
      if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY))
        state.view.value = pan(view, ((view.end - view.start) / width) * sideways);
      else state.view.value = zoom(view, timeOf(view, width, pointOf(event).x), 1.0016 ** event.deltaY);
    },
    { ...listen, passive: false },
  );
  return () => stop.abort();
}
