/** The timeline: names on the left, a canvas, the playhead as a slider. Every movement has a key; what the pointer is over is said in words. */
import { useSignalEffect } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Camera } from '../api/api.ts';
import { shownTheme } from '../app/theme.ts';
import { t } from '../messages/messages.ts';
import type { PlaybackState } from '../pages/playback/state.ts';
import { clockTime, dateAndTime, duration } from '../ui/format.ts';
import { RULER_HEIGHT } from './draw.ts';
import { ROW_HEIGHT, startPainter } from './painter.ts';
import { attachPointer } from './pointer.ts';
import { runAt, type Run } from './runs.ts';
import { timeOf, xOf } from './scale.ts';
import { causeText, coverageText } from './words.ts';
import './timeline.css';

type Props = {
  readonly state: PlaybackState;
  readonly rows: readonly Camera[];
  readonly chosen: readonly string[];
  readonly onToggle: (cameraId: string) => void;
};
type Hover = { readonly x: number; readonly y: number; readonly text: string };

export function Timeline({ state, rows, chosen, onToggle }: Props): VNode {
  const canvas = useRef<HTMLCanvasElement>(null);
  const field = useRef<HTMLDivElement>(null);
  const [hover, setHover] = useState<Hover>();
  useEffect(() => {
    const [element, box] = [canvas.current, field.current];
    if (element === null || box === null) return undefined;
    const stopPainting = startPainter(
      element,
      box,
      state,
      rows.map(({ id }) => id),
    );
    const detach = attachPointer(box, state, (point) =>
      setHover(point === undefined ? undefined : hoverOf(state, rows, box.clientWidth, point)),
    );
    return () => {
      stopPainting();
      detach();
    };
  }, [state, rows.map(({ id }) => id).join(','), shownTheme.value]);
  return (
    <div class="timeline">
      <ul class="tl-names" aria-label={t('playback.cameras')}>
        {rows.map(({ id, name }) => (
          <li key={id}>
            <label class="check">
              <input type="checkbox" checked={chosen.includes(id)} onChange={() => onToggle(id)} />
              <span class="cut">{name}</span>
            </label>
          </li>
        ))}
      </ul>
      <div class="tl-field" ref={field}>
        <canvas ref={canvas} aria-hidden="true" />
        <Playhead state={state} chosen={chosen} field={field} />
        {hover !== undefined && <Tip hover={hover} />}
      </div>
    </div>
  );
}

type Point = { readonly x: number; readonly y: number };
function hoverOf(state: PlaybackState, rows: readonly Camera[], width: number, { x, y }: Point): Hover | undefined {
  const camera = rows[Math.floor((y - RULER_HEIGHT) / ROW_HEIGHT)];
  if (camera === undefined || y < RULER_HEIGHT) return undefined;
  const at = timeOf(state.view.value, width, x);
  const run = nearestRun(state, camera.id, width, x);
  return {
    x,
    y,
    text: `${camera.name} · ${clockTime(at)} · ${run === undefined ? t('playback.nothing') : wordsOf(run)}`,
  };
}

/** A gap within two pixels wins over the footage beside it: at day zoom it is hard to hit otherwise. */
function nearestRun(state: PlaybackState, cameraId: string, width: number, x: number): Run | undefined {
  const { runs } = state.data.trackOf(cameraId);
  const found = [0, -2, -1, 1, 2].map((shift) => runAt(runs, timeOf(state.view.value, width, x + shift)));
  const [from, to] = [timeOf(state.view.value, width, x - 3), timeOf(state.view.value, width, x + 1)];
  return runs.find((run) => run.state === 3 && run.end > from && run.start < to) ?? found[0];
}

const wordsOf = (run: Run): string =>
  run.state === 3
    ? `${t('playback.missingFor', { time: duration((run.end - run.start) / 1000) })}: ${causeText(run.cause)}`
    : coverageText(run);

function Tip({ hover: { x, y, text } }: { readonly hover: Hover }): VNode {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const tip = box.current;
    const width = tip?.parentElement?.clientWidth ?? 0;
    if (tip === null) return;
    tip.style.left = `${Math.max(0, Math.min(x + 12, width - tip.offsetWidth - 4))}px`;
    tip.style.top = `${y - tip.offsetHeight - 10}px`;
  });
  return (
    <div class="tl-tip" ref={box}>
      {text}
    </div>
  );
}

type PlayheadProps = {
  readonly state: PlaybackState;
  readonly chosen: readonly string[];
  readonly field: { readonly current: HTMLDivElement | null };
};
function Playhead({ state, chosen, field }: PlayheadProps): VNode {
  const head = useRef<HTMLDivElement>(null);
  useSignalEffect(() => {
    const x = xOf(state.view.value, field.current?.clientWidth ?? 0, state.playhead.value);
    if (head.current !== null) head.current.style.transform = `translateX(${x}px)`;
  });
  const at = Math.round(state.playhead.value / 1000) * 1000;
  const [first] = chosen;
  const run = first === undefined ? undefined : runAt(state.data.trackOf(first).runs, at);
  const spoken = `${dateAndTime(at)}, ${run === undefined ? t('playback.nothing') : wordsOf(run)}`;
  const { start, end } = state.view.value;
  return (
    <div
      ref={head}
      class="tl-head"
      role="slider"
      tabIndex={0}
      aria-label={t('playback.playhead')}
      aria-orientation="horizontal"
      aria-valuemin={Math.round(start / 1000)}
      aria-valuemax={Math.round(end / 1000)}
      aria-valuenow={at / 1000}
      aria-valuetext={spoken}
    >
      <span>{clockTime(at)}</span>
    </div>
  );
}
