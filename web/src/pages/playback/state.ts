/** What playback is doing: view, playhead, speed, marked range. The clock runs here; videos follow it (camera-player.ts). */
import { effect, signal, type Signal } from '@preact/signals';
import { onEvent, resynced } from '../../api/event-stream.ts';
import { boxNow } from '../../app/box-clock.ts';
import { SPEEDS, type PlaybackPlace } from '../../app/playback-link.ts';
import { cameras, server } from '../../app/stores.ts';
import { createTimelineData, type TimelineData } from '../../timeline/data.ts';
import { footageAfter, gapFrom, runAt } from '../../timeline/runs.ts';
import { centre, contains, daysOf, MAX_SPAN_MS, MIN_SPAN_MS, reveal, type View } from '../../timeline/scale.ts';
import { advanced, mayAdvance } from './clock.ts';

type Signals = {
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
  /** The pointer drags the playhead. */
  readonly scrubbing: Signal<boolean>;
  readonly chosen: Signal<readonly string[]>;
  /** Cameras whose timeline is wanted. */
  readonly wanted: Signal<readonly string[]>;
  /** Chosen cameras without their picture, and since when. */
  readonly waiting: Signal<ReadonlyMap<string, number>>;
  /** The one camera whose sound is heard. */
  readonly heard: Signal<string | undefined>;
  /** Of chosen cameras: the wall time of the picture before or after the shown one. */
  readonly steppers: Map<string, (direction: 1 | -1) => Promise<number | undefined>>;
};
export type PlaybackState = Signals & {
  readonly seek: (to: number) => void;
  /** As `seek`, and the view goes along. */
  readonly goTo: (to: number) => void;
  readonly toggle: () => void;
  readonly faster: (direction: 1 | -1) => void;
  readonly stepFrame: (direction: 1 | -1) => void;
  readonly jumpGap: (direction: 1 | -1) => void;
  readonly mark: (edge: 'from' | 'to') => void;
  readonly clearMarks: () => void;
  /** The sound of the next chosen camera, after the last of none. */
  readonly nextSound: () => void;
  readonly start: () => () => void;
};
const HOUR_MS = 3_600_000;
const FRAME_MS = 40;
const GAP_LEAD_MS = 3000;
/** Stays this far behind what is being recorded, so that the next part can be fetched while the last one plays. */
const LIVE_LAG_MS = 6000;
const BEHIND_NOW_MS = 60_000;

export function createPlaybackState(place: PlaybackPlace): PlaybackState {
  const at = place.at ?? boxNow() - BEHIND_NOW_MS;
  const span = Math.min(MAX_SPAN_MS, Math.max(MIN_SPAN_MS, place.span ?? HOUR_MS));
  const signals: Signals = {
    data: createTimelineData(),
    view: signal<View>({ start: at - 0.75 * span, end: at + 0.25 * span }),
    width: signal(0),
    playhead: signal(at),
    playing: signal(place.play === true),
    speed: signal(place.speed ?? 1),
    rangeFrom: signal(place.from),
    rangeTo: signal(place.to),
    seeks: signal(0),
    scrubbing: signal(false),
    chosen: signal<readonly string[]>([]),
    wanted: signal<readonly string[]>([]),
    waiting: signal<ReadonlyMap<string, number>>(new Map()),
    heard: signal<string | undefined>(undefined),
    steppers: new Map(),
  };
  return { ...signals, ...actionsOf(signals), start: () => run(signals, place.at === undefined) };
}

function actionsOf(signals: Signals): Omit<PlaybackState, keyof Signals | 'start'> {
  const { playing, view, speed, rangeFrom, rangeTo, chosen, heard } = signals;
  const stepFrame = createStepper(signals);
  return {
    seek: (to) => seek(signals, to),
    goTo: (wanted) => {
      const to = Math.min(wanted, boxNow() - LIVE_LAG_MS);
      seek(signals, to);
      if (!contains(view.peek(), to)) view.value = centre(view.peek(), to);
    },
    toggle: () => {
      playing.value = !playing.value;
    },
    faster: (direction) => {
      speed.value = SPEEDS[SPEEDS.indexOf(speed.peek()) + direction] ?? speed.peek();
    },
    stepFrame,
    jumpGap: (direction) => jumpGap(signals, direction),
    mark: (edge) => mark(signals, edge),
    clearMarks: () => {
      rangeFrom.value = undefined;
      rangeTo.value = undefined;
    },
    nextSound: () => {
      const ids = chosen.peek();
      heard.value = ids[heard.peek() === undefined ? 0 : ids.indexOf(heard.peek() ?? '') + 1];
    },
  };
}

function seek({ playhead, seeks }: Signals, to: number): void {
  playhead.value = Math.min(to, boxNow());
  seeks.value += 1;
}

/** By the pictures of the first chosen camera that has one; without any by what most cameras send. */
function createStepper(signals: Signals): (direction: 1 | -1) => void {
  let busy = false;
  const step = async (direction: 1 | -1): Promise<void> => {
    const { playhead, chosen, steppers } = signals;
    const from = playhead.peek();
    let to: number | undefined;
    for (const id of chosen.peek()) to ??= await steppers.get(id)?.(direction);
    if (playhead.peek() === from) seek(signals, to ?? from + direction * FRAME_MS);
  };
  return (direction) => {
    signals.playing.value = false;
    if (busy) return;
    busy = true;
    void step(direction).finally(() => (busy = false));
  };
}

/** What is newest at the box is known with the first sign of its clock, which may be another than the browser's. */
function openAtNewest(signals: Signals): () => void {
  const { playhead, seeks, view } = signals;
  let isKnown = false;
  return effect(() => {
    if (isKnown || server.value === undefined) return;
    isKnown = true;
    const wrong = boxNow() - BEHIND_NOW_MS - playhead.peek();
    if (seeks.peek() > 0 || Math.abs(wrong) < BEHIND_NOW_MS / 2) return;
    const { start, end } = view.peek();
    view.value = { start: start + wrong, end: end + wrong };
    seek(signals, playhead.peek() + wrong);
  });
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
  const all = chosen.peek().map((id) => data.trackOf(id).runs);
  const { to, jumped } = advanced(all, from, Math.min(from + elapsed * speed.peek(), boxNow() - LIVE_LAG_MS));
  if (jumped) seeks.value += 1;
  playhead.value = to;
  if (contains(view.peek(), from)) view.value = reveal(view.peek(), to);
}

function jumpGap(signals: Signals, direction: 1 | -1): void {
  const { data, playhead, view, wanted } = signals;
  const from = playhead.peek() + GAP_LEAD_MS + direction;
  const all = wanted.peek().map((id) => data.trackOf(id).runs);
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

/** Several events in one breath make one request. */
const COALESCE_MS = 1000;
function run(signals: Signals, isNewest: boolean): () => void {
  const { data, view, wanted } = signals;
  const stopClock = runClock(signals);
  const stopOpening = isNewest ? openAtNewest(signals) : (): void => undefined;
  const stopLoading = effect(() => {
    const [days, ids] = [nearestFirst(daysOf(view.value), signals), wanted.value];
    if (ids.length === 0) return;
    data.need(days, ids).then(
      () => beginAtFootage(signals),
      () => undefined, // the banner tells; moving the view asks again
    );
  });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const again = (): void => {
    timer ??= setTimeout(() => {
      timer = undefined;
      data.need(nearestFirst(daysOf(view.peek()), signals), wanted.peek(), true).catch(() => undefined);
    }, COALESCE_MS);
  };
  const stopEvents = onEvent((event) => {
    if (event.kind === 'recorded') data.onEvent(event, recorderState(event));
    if (event.kind === 'ledger') again();
  });
  const stopWatching = watchServers(again);
  // What was recorded while nothing was told.
  const breaks = resynced.peek();
  const stopResync = resynced.subscribe((count) => {
    if (count !== breaks) again();
  });
  return () => {
    clearTimeout(timer);
    for (const stop of [stopClock, stopOpening, stopLoading, stopEvents, stopWatching, stopResync]) stop();
  };
}

/** What another than the owner records lies on a failover server. */
function recorderState(event: { readonly cameraId: string; readonly serverId?: string | undefined }): 0 | 1 {
  const camera = cameras.peek()?.find(({ id }) => id === event.cameraId);
  if (camera === undefined) return 0;
  return (event.serverId ?? camera.server.id) === camera.server.id ? 0 : 1;
}

/** When a server goes or comes back, or another records in its place, the account of its days is another. */
function watchServers(onChange: () => void): () => void {
  let before: string | undefined;
  return effect(() => {
    const now = (cameras.value ?? [])
      .map(({ id, serverConnected, coveredBy }) => `${id} ${serverConnected} ${coveredBy?.id ?? ''}`)
      .join();
    if (before !== undefined && before !== '' && before !== now) onChange();
    before = now;
  });
}

function nearestFirst(days: readonly string[], { playhead }: Signals): readonly string[] {
  const at = playhead.peek() - HOUR_MS * 12;
  return days.toSorted((a, b) => Math.abs(Date.parse(a) - at) - Math.abs(Date.parse(b) - at));
}

/** Lets time pass while playing and while the pictures keep up. */
function runClock(signals: Signals): () => void {
  const { playing, waiting, chosen, scrubbing } = signals;
  let last = performance.now();
  let frame = requestAnimationFrame(function tick(at) {
    const elapsed = Math.min(250, at - last);
    last = at;
    const goes = playing.peek() && !scrubbing.peek() && mayAdvance(chosen.peek(), waiting.peek(), performance.now());
    if (goes) advance(signals, elapsed);
    frame = requestAnimationFrame(tick);
  });
  return () => cancelAnimationFrame(frame);
}
