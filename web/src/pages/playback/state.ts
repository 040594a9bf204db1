/** What playback is doing: view, playhead, speed, marked range. The clock runs here; videos follow it (camera-player.ts). */
import { effect, signal, type Signal } from '@preact/signals';
import { onEvent } from '../../api/event-stream.ts';
import { createTimelineData, type TimelineData } from '../../timeline/data.ts';
import { footageAfter, gapFrom, runAt } from '../../timeline/runs.ts';
import { centre, contains, daysOf, reveal, type View } from '../../timeline/scale.ts';

export type PlaybackState = {
  readonly data: TimelineData;
  readonly view: Signal<View>;
  /** Pixels of the timeline. */
  readonly width: Signal<number>;
  /** Wall milliseconds. */
  readonly playhead: Signal<number>;
  readonly playing: Signal<boolean>;
  readonly speed: Signal<number>;
  readonly rangeFrom: Signal<number | undefined>;
  readonly rangeTo: Signal<number | undefined>;
  /** Counts jumps, so that videos know a seek from the passing of time. */
  readonly seeks: Signal<number>;
  readonly chosen: Signal<readonly string[]>;
  readonly waiting: Signal<ReadonlySet<string>>;
  /** The one camera whose sound is heard. */
  readonly heard: Signal<string | undefined>;
  readonly seek: (to: number) => void;
  readonly toggle: () => void;
  readonly stepFrame: (direction: 1 | -1) => void;
  readonly jumpGap: (direction: 1 | -1, cameraIds: readonly string[]) => void;
  readonly mark: (edge: 'from' | 'to') => void;
  readonly start: (cameraIds: () => readonly string[]) => () => void;
};
const HOUR_MS = 3_600_000;
const FRAME_MS = 40;
const GAP_LEAD_MS = 3000;
/** Stays this far behind what is being recorded, so that there is something to play. */
const LIVE_LAG_MS = 2000;

type Signals = Pick<
  PlaybackState,
  | 'data'
  | 'view'
  | 'width'
  | 'playhead'
  | 'playing'
  | 'speed'
  | 'rangeFrom'
  | 'rangeTo'
  | 'seeks'
  | 'chosen'
  | 'waiting'
  | 'heard'
>;

export function createPlaybackState(at: number): PlaybackState {
  const signals: Signals = {
    data: createTimelineData(),
    view: signal<View>({ start: at - 0.75 * HOUR_MS, end: at + 0.25 * HOUR_MS }),
    width: signal(0),
    playhead: signal(at),
    playing: signal(false),
    speed: signal(1),
    rangeFrom: signal<number | undefined>(undefined),
    rangeTo: signal<number | undefined>(undefined),
    seeks: signal(0),
    chosen: signal<readonly string[]>([]),
    waiting: signal<ReadonlySet<string>>(new Set()),
    heard: signal<string | undefined>(undefined),
  };
  const { playhead, playing } = signals;
  return {
    ...signals,
    seek: (to) => seek(signals, to),
    toggle: () => {
      playing.value = !playing.value;
    },
    stepFrame: (direction) => {
      playing.value = false;
      seek(signals, playhead.peek() + direction * FRAME_MS);
    },
    jumpGap: (direction, cameraIds) => jumpGap(signals, direction, cameraIds),
    mark: (edge) => mark(signals, edge),
    start: (cameraIds) => run(signals, cameraIds),
  };
}

function seek({ playhead, seeks }: Signals, to: number): void {
  playhead.value = Math.min(to, Date.now());
  seeks.value += 1;
}

/** On a box that is new the moment where playback opens may lie before everything: it then opens at the first footage. */
function beginAtFootage(signals: Signals): void {
  const { playhead, playing, seeks, chosen, data } = signals;
  if (seeks.peek() > 0 || playing.peek()) return;
  const all = chosen.peek().map((id) => data.trackOf(id).runs);
  if (all.some((runs) => runAt(runs, playhead.peek()) !== undefined)) return;
  const first = footageAfter(all, playhead.peek());
  if (first !== undefined) seek(signals, first);
}

function advance(signals: Signals, elapsed: number): void {
  const { playhead, speed, chosen, data, seeks, view } = signals;
  const from = playhead.peek();
  let to = Math.min(from + elapsed * speed.peek(), Date.now() - LIVE_LAG_MS);
  const all = chosen.peek().map((id) => data.trackOf(id).runs);
  const nothing = all.length > 0 && all.every((runs) => (runAt(runs, to)?.state ?? 3) === 3);
  const next = nothing ? footageAfter(all, to) : undefined;
  if (next !== undefined && next > to) {
    to = next; // no chosen camera has a picture here: go on where one has
    seeks.value += 1;
  }
  playhead.value = Math.max(to, Math.min(from, to));
  if (contains(view.peek(), from)) view.value = reveal(view.peek(), to);
}

function jumpGap(signals: Signals, direction: 1 | -1, cameraIds: readonly string[]): void {
  const { data, playhead, view } = signals;
  const from = playhead.peek() + GAP_LEAD_MS + direction;
  const all = cameraIds.map((id) => data.trackOf(id).runs);
  const gap = gapFrom(all, from, direction);
  if (gap === undefined) return;
  seek(signals, gap.start - GAP_LEAD_MS);
  if (!contains(view.peek(), gap.start)) view.value = centre(view.peek(), gap.start);
}

/** A mark on the wrong side of the other one replaces it. */
function mark({ playhead, rangeFrom, rangeTo }: Signals, edge: 'from' | 'to'): void {
  const [set, other] = edge === 'from' ? [rangeFrom, rangeTo] : [rangeTo, rangeFrom];
  set.value = playhead.peek();
  const [from, to] = [rangeFrom.peek(), rangeTo.peek()];
  if (from !== undefined && to !== undefined && from >= to) other.value = undefined;
}

function run(signals: Signals, cameraIds: () => readonly string[]): () => void {
  const { data, view, playing, waiting } = signals;
  const stopClock = runClock(playing, waiting, (elapsed) => advance(signals, elapsed));
  const stopLoading = effect(() => {
    const [days, ids] = [daysOf(view.value), cameraIds()];
    if (ids.length === 0) return;
    data.need(days, ids).then(
      () => beginAtFootage(signals),
      () => undefined, // the banner tells; moving the view asks again
    );
  });
  const stopEvents = onEvent((event) => {
    data.onEvent(event);
    if (event.kind === 'ledger') data.need(daysOf(view.peek()), cameraIds(), true).catch(() => undefined);
  });
  return () => {
    stopClock();
    stopLoading();
    stopEvents();
  };
}

/** Lets time pass while playing and while no video waits for data. */
function runClock(
  playing: Signal<boolean>,
  waiting: Signal<ReadonlySet<string>>,
  advance: (elapsed: number) => void,
): () => void {
  let last = performance.now();
  let frame = requestAnimationFrame(function tick(at) {
    const elapsed = Math.min(250, at - last);
    last = at;
    if (playing.peek() && waiting.peek().size === 0) advance(elapsed);
    frame = requestAnimationFrame(tick);
  });
  return () => cancelAnimationFrame(frame);
}
