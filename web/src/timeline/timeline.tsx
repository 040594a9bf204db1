/** The timeline: names on the left, a canvas, the playhead, a legend. Every movement has a key; what the pointer is over is said in words. */
import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { shownTheme } from '../app/theme.ts';
import { t } from '../messages/playback/words.ts';
import type { PlaybackState } from '../pages/playback/state.ts';
import { RULER_HEIGHT } from './draw.ts';
import { Legend } from './legend.tsx';
import { Names, type Picker } from './names.tsx';
import { ROW_HEIGHT, sightOf, startPainter } from './painter.ts';
import { Playhead } from './playhead.tsx';
import { attachPointer } from './pointer.ts';
import { runAt, type Run } from './runs.ts';
import type { Row } from './rows.ts';
import { timeOf } from './scale.ts';
import { runText, timeText } from './words.ts';
import './timeline.css';

type Props = Picker & { readonly state: PlaybackState };
type Hover = { readonly x: number; readonly y: number; readonly text: string };
const keyOf = (rows: readonly Row[]): string =>
  rows.map((row) => (row.kind === 'camera' ? row.camera.id : `${row.server.id}/`)).join(',');

export function Timeline(props: Props): VNode {
  const { state, rows, chosen } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const field = useRef<HTMLDivElement>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const scrolled = useSignal(0);
  const [hover, setHover] = useState<Hover>();
  const height = useHeight(scroller);
  const key = useMemo(() => keyOf(rows), [rows]);
  const pane = Math.min(height, RULER_HEIGHT + rows.length * ROW_HEIGHT);
  useEffect(() => {
    const [element, box] = [canvas.current, field.current];
    if (element === null || box === null) return undefined;
    const stopPainting = startPainter({ canvas: element, box, rows, scrolled }, state);
    const detach = attachPointer(box, state, (point) =>
      setHover(
        point === undefined ? undefined : hoverOf(state, rows, { width: box.clientWidth, top: scrolled.peek() }, point),
      ),
    );
    return () => {
      stopPainting();
      detach();
    };
  }, [state, key, shownTheme.value]);
  useWanted(props, key, scrolled.value, height);
  useFirstInSight(props, scroller, height);
  return (
    <div class="timeline">
      <div class="tl-scroll" ref={scroller} onScroll={(event) => (scrolled.value = event.currentTarget.scrollTop)}>
        <Names {...props} scrolled={scrolled.value} height={height} />
        <div class="tl-field" ref={field} style={{ height: `${pane}px` }}>
          <canvas ref={canvas} aria-hidden="true" />
          <Playhead state={state} chosen={chosen} field={field} />
          {hover !== undefined && <Tip hover={hover} />}
        </div>
      </div>
      <div class="tl-foot">
        <Legend />
        <Loading state={state} />
      </div>
    </div>
  );
}

/** Of the part of the page that scrolls. */
function useHeight(element: { readonly current: HTMLElement | null }): number {
  const [height, setHeight] = useState(0);
  useLayoutEffect(() => {
    const box = element.current;
    if (box === null) return undefined;
    const watch = new ResizeObserver(() => setHeight(box.clientHeight));
    watch.observe(box);
    setHeight(box.clientHeight);
    return () => watch.disconnect();
  }, []);
  return height;
}

/** Playback opens with a row of what it plays in sight; later nothing moves by itself. */
function useFirstInSight({ rows, chosen }: Props, box: { readonly current: HTMLElement | null }, height: number): void {
  const done = useRef(false);
  useEffect(() => {
    const first = rows.findIndex((row) => row.kind === 'camera' && chosen.includes(row.camera.id));
    if (done.current || height === 0 || first < 0) return;
    done.current = true;
    const bottom = RULER_HEIGHT + (first + 1) * ROW_HEIGHT;
    if (bottom > height) box.current?.scrollTo({ top: bottom - height / 2 });
  }, [rows.length, chosen.length, height]);
}

/** So many rows are loaded at once: scrolling on asks for the next. */
const CHUNK_ROWS = 64;
/** Rows in sight and cameras being played are loaded, no others. */
function useWanted({ state, rows, chosen }: Props, key: string, scrolled: number, height: number): void {
  const { from, to } = sightOf(rows.length, scrolled, height);
  const first = Math.floor(from / CHUNK_ROWS) * CHUNK_ROWS;
  const last = Math.ceil(Math.max(to, 1) / CHUNK_ROWS) * CHUNK_ROWS;
  useEffect(() => {
    const seen = rows.slice(first, last).flatMap((row) => (row.kind === 'camera' ? [row.camera.id] : []));
    state.wanted.value = [...new Set([...chosen, ...seen])];
  }, [state, key, first, last, chosen.join(',')]);
}

type Point = { readonly x: number; readonly y: number };
type Field = { readonly width: number; readonly top: number };
function hoverOf(
  state: PlaybackState,
  rows: readonly Row[],
  { width, top }: Field,
  { x, y }: Point,
): Hover | undefined {
  const row = rows[Math.floor((y + top - RULER_HEIGHT) / ROW_HEIGHT)];
  if (row?.kind !== 'camera' || y < RULER_HEIGHT) return undefined;
  const at = timeOf(state.view.value, width, x);
  const run = nearestRun(state, row.camera.id, width, x);
  return { x, y, text: `${row.camera.name} · ${timeText(at)} · ${runText(run)}` };
}

/** A gap within two pixels wins over the footage beside it: at day zoom it is hard to hit otherwise. */
function nearestRun(state: PlaybackState, cameraId: string, width: number, x: number): Run | undefined {
  const { runs } = state.data.trackOf(cameraId);
  const [from, to] = [timeOf(state.view.value, width, x - 3), timeOf(state.view.value, width, x + 1)];
  const gap = runs.find((run) => run.state === 3 && run.end > from && run.start < to);
  return gap ?? runAt(runs, timeOf(state.view.value, width, x));
}

function Tip({ hover: { x, y, text } }: { readonly hover: Hover }): VNode {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const tip = box.current;
    const width = tip?.parentElement?.clientWidth ?? 0;
    if (tip === null) return;
    tip.style.left = `${Math.max(0, Math.min(x + 12, width - tip.offsetWidth - 4))}px`;
    tip.style.top = `${Math.max(2, y - tip.offsetHeight - 10)}px`;
  });
  return (
    <div class="tl-tip" ref={box}>
      {text}
    </div>
  );
}

/** What takes longer than a moment says how far it is. */
function Loading({ state }: { readonly state: PlaybackState }): VNode | null {
  const progress = state.data.progress.value;
  const [late, setLate] = useState(false);
  const busy = progress !== undefined;
  useEffect(() => {
    const timer = setTimeout(() => setLate(busy), busy ? 700 : 0);
    return () => clearTimeout(timer);
  }, [busy]);
  if (progress === undefined || !late) return null;
  const text = t('loadingDays', { done: progress.done, total: progress.total });
  return (
    <span class="tl-loading">
      <progress value={progress.done} max={progress.total} aria-label={text} />
      {text}
    </span>
  );
}
