/** Mouse, wheel, touch and pen on the timeline: drag pans, a click seeks, wheel and pinch zoom, dragging in the ruler scrubs with edge pan. */
import type { PlaybackState } from '../pages/playback/state.ts';
import { RULER_HEIGHT } from './draw.ts';
import { edgePan, pan, timeOf, zoom, type View } from './scale.ts';

type Point = { readonly x: number; readonly y: number };
type Gesture = { readonly held: Map<number, Point>; moved: number; scrubbing: boolean; frame: number };
type Context = { readonly box: HTMLElement; readonly state: PlaybackState; readonly gesture: Gesture };
const CLICK_PIXELS = 4;

export function attachPointer(
  box: HTMLElement,
  state: PlaybackState,
  onHover: (point: Point | undefined) => void,
): () => void {
  const stop = new AbortController();
  const listen = { signal: stop.signal };
  const context: Context = { box, state, gesture: { held: new Map(), moved: 0, scrubbing: false, frame: 0 } };
  box.addEventListener('pointerdown', (event) => press(context, event), listen);
  box.addEventListener('pointermove', (event) => onHover(move(context, event)), listen);
  box.addEventListener('pointerup', (event) => release(context, event), listen);
  box.addEventListener('pointercancel', (event) => release(context, event), listen);
  box.addEventListener('pointerleave', () => onHover(undefined), listen);
  box.addEventListener('wheel', (event) => wheel(context, event), { ...listen, passive: false });
  return () => {
    stop.abort();
    cancelAnimationFrame(context.gesture.frame);
  };
}

function pointOf({ box }: Context, event: MouseEvent): Point {
  const bounds = box.getBoundingClientRect();
  return { x: event.clientX - bounds.left, y: event.clientY - bounds.top };
}
function scrubTo({ box, state }: Context, x: number): void {
  state.seek(timeOf(state.view.peek(), box.clientWidth, x));
}

function press(context: Context, event: PointerEvent): void {
  if (event.button !== 0) return;
  const { box, gesture } = context;
  const point = pointOf(context, event);
  box.setPointerCapture(event.pointerId);
  gesture.held.set(event.pointerId, point);
  gesture.moved = 0;
  const onHead = event.target instanceof Element && event.target.closest('.tl-head') !== null;
  gesture.scrubbing = gesture.held.size === 1 && (point.y < RULER_HEIGHT || onHead);
  context.state.scrubbing.value = gesture.scrubbing;
  if (!gesture.scrubbing) return;
  scrubTo(context, point.x);
  gesture.frame = requestAnimationFrame(() => followEdge(context));
}

/** While scrubbing near an edge, time goes on under the pointer. */
function followEdge(context: Context): void {
  const { box, state, gesture } = context;
  const [point] = gesture.held.values();
  if (!gesture.scrubbing || point === undefined) return;
  const shift = edgePan(state.view.peek(), box.clientWidth, point.x);
  if (shift !== 0) {
    state.view.value = pan(state.view.peek(), shift);
    scrubTo(context, point.x);
  }
  gesture.frame = requestAnimationFrame(() => followEdge(context));
}

/** The point that is only hovered; `undefined` while something is held. */
function move(context: Context, event: PointerEvent): Point | undefined {
  const { state, gesture } = context;
  const point = pointOf(context, event);
  const before = gesture.held.get(event.pointerId);
  if (before === undefined) return point;
  if (gesture.scrubbing) scrubTo(context, point.x);
  else if (gesture.held.size === 2) state.view.value = pinched(context, event.pointerId, point);
  else state.view.value = dragged(context, before, point);
  gesture.moved += Math.abs(point.x - before.x);
  gesture.held.set(event.pointerId, point);
  return undefined;
}

function dragged({ box, state }: Context, before: Point, after: Point): View {
  const view = state.view.peek();
  return pan(view, timeOf(view, box.clientWidth, before.x) - timeOf(view, box.clientWidth, after.x));
}

function pinched({ box, state, gesture }: Context, moving: number, to: Point): View {
  const [other] = [...gesture.held].filter(([id]) => id !== moving).map(([, point]) => point);
  const from = gesture.held.get(moving);
  const view = state.view.peek();
  if (other === undefined || from === undefined) return view;
  const factor = Math.max(8, Math.abs(from.x - other.x)) / Math.max(8, Math.abs(to.x - other.x));
  return zoom(view, timeOf(view, box.clientWidth, other.x), factor);
}

function release(context: Context, event: PointerEvent): void {
  const { gesture } = context;
  const point = gesture.held.get(event.pointerId);
  gesture.held.delete(event.pointerId);
  cancelAnimationFrame(gesture.frame);
  const clicked = event.type === 'pointerup' && !gesture.scrubbing && gesture.moved < CLICK_PIXELS;
  if (clicked && point !== undefined) scrubTo(context, point.x);
  gesture.scrubbing = false;
  context.state.scrubbing.value = false;
}

function wheel(context: Context, event: WheelEvent): void {
  event.preventDefault();
  const { box, state } = context;
  const view = state.view.peek();
  const width = box.clientWidth;
  const sideways = event.shiftKey ? event.deltaY : event.deltaX;
  if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
    state.view.value = pan(view, ((view.end - view.start) / width) * sideways);
  } else state.view.value = zoom(view, timeOf(view, width, pointOf(context, event).x), 1.0016 ** event.deltaY);
}
